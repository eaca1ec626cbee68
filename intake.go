package frontdesk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// contentError says why a content is not kept: it is over a limit, or not what was announced.
type contentError struct {
	detail string
	again  bool // fetching it once more may help
}

func (e *contentError) Error() string { return "frontdesk: the content " + e.detail }

// sniffed is how many bytes of a content its type is told by.
const sniffed = 512

// intake reads a content in and looks at it as it goes by: its size, its hash, its first bytes, and what it unpacks to. It fails at the
// limits and, at the end, where the content is not what was announced, so that whoever stores what it reads stores nothing then.
type intake struct {
	r        io.Reader
	limit    int64
	size     int64 // read so far
	expected int64 // -1: not known
	hash     string
	sum      hash.Hash
	head     []byte
	unpacked unpacking
	beat     func() error // called before each read; may be nil
	err      error        // the first
}

// take begins to read a content of at most limit bytes. expected is its announced size, or -1; announced its SHA-256 in hex, or "".
func take(r io.Reader, limit, expected int64, announced string) *intake {
	if len(announced) != 2*sha256.Size {
		announced = ""
	}
	return &intake{r: r, limit: limit, expected: expected, hash: strings.ToLower(announced), sum: sha256.New()}
}

func (in *intake) Read(p []byte) (int, error) {
	if in.err == nil && in.beat != nil {
		in.err = in.beat()
	}
	if in.err != nil {
		return 0, in.err
	}
	n, err := in.r.Read(p)
	if in.size += int64(n); in.size > in.limit {
		in.err = &contentError{detail: fmt.Sprintf("has more than %d bytes", in.limit)}
		return 0, in.err
	}
	_, _ = in.sum.Write(p[:n]) // a hash takes everything
	if left := sniffed - len(in.head); left > 0 {
		in.head = append(in.head, p[:min(n, left)]...)
	}
	if in.err = in.unpacked.look(in.head, p[:n]); in.err != nil {
		return 0, in.err
	}
	if errors.Is(err, io.EOF) {
		err = in.end()
	}
	in.err = err
	return n, err
}

// end checks a content that was read to its end.
func (in *intake) end() error {
	switch {
	case in.expected >= 0 && in.size != in.expected:
		return &contentError{detail: fmt.Sprintf("broke off: %d of %d bytes", in.size, in.expected), again: true}
	case in.hash != "" && in.hash != hex.EncodeToString(in.sum.Sum(nil)):
		return &contentError{detail: "is not what was announced: its hash differs", again: true}
	}
	if err := in.unpacked.end(); err != nil {
		return err
	}
	return io.EOF
}

// close ends looking at a content that may not have been read to its end.
func (in *intake) close() { _ = in.unpacked.end() }

// file is what was read, as it is kept.
func (in *intake) file(name, announced string, n int) conversation.File {
	mime := conversation.FileType(announced, http.DetectContentType(in.head))
	return conversation.File{State: conversation.FileStored, Name: conversation.FileName(name, mime, n), Type: mime, Size: in.size,
		Hash: hex.EncodeToString(in.sum.Sum(nil))}
}

// proved reads a kept content and fails at its end with ErrDamaged if it is not what was stored.
type proved struct {
	io.ReadCloser
	file conversation.File
	sum  hash.Hash
	size int64
}

// ErrDamaged is returned at the end of reading a kept file that is not what was stored.
var ErrDamaged = errors.New("frontdesk: the file is not what was stored")

func (v *proved) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	_, _ = v.sum.Write(p[:n])
	v.size += int64(n)
	want, _ := hex.DecodeString(v.file.Hash)
	if v.size > v.file.Size || errors.Is(err, io.EOF) && (v.size != v.file.Size || !bytes.Equal(v.sum.Sum(nil), want)) {
		return n, ErrDamaged
	}
	return n, err
}

package frontdesk

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What a packed file may unpack to. DEFLATE reaches 1,032 times; office documents and logs stay below 100 times.
const (
	maxUnpackRatio = 100              // times its size, beyond MaxAttachment
	maxUnpacked    = int64(2) << 30   // bytes in all
	zip64          = int64(1)<<32 - 1 // stands for a size that is given elsewhere, being larger
)

// unpacking unpacks a ZIP or gzip content as it goes by and drops what comes out, to find one that unpacks to far more than it is. The
// zero value has not looked yet.
type unpacking struct {
	begun bool
	w     *io.PipeWriter // nil: nothing to unpack
	done  chan error
	read  int64 // bytes handed on; the unpacking goroutine sees those it was given
}

var errUnpacked = errors.New("unpacks to too much")

// look takes the next bytes; head are the content's first so far. Error: *contentError.
func (u *unpacking) look(head, p []byte) error {
	if !u.begun {
		if len(head) < 4 {
			if len(p) > 0 {
				u.read += int64(len(p)) // too few to tell; handed on once there are more
			}
			return nil
		}
		u.begin(head)
		p = append(bytes.Clone(head[:u.read]), p...)
	}
	if u.w == nil || len(p) == 0 {
		return nil
	}
	if _, err := u.w.Write(p); errors.Is(err, errUnpacked) {
		return tooMuch()
	}
	return nil
}

func tooMuch() error {
	return &contentError{detail: fmt.Sprintf("unpacks to more than %d times its size, or to more than %d bytes", maxUnpackRatio, maxUnpacked)}
}

func (u *unpacking) begin(head []byte) {
	u.begun = true
	unpack := map[string]func(*counted, io.Writer) error{"PK\x03\x04": unzip, "\x1f\x8b\x08": gunzip}
	for magic, f := range unpack {
		if !bytes.HasPrefix(head, []byte(magic)) {
			continue
		}
		r, w := io.Pipe()
		u.w, u.done = w, make(chan error, 1)
		go func() {
			in := &counted{Reader: bufio.NewReaderSize(r, 32<<10)}
			err := f(in, &ratio{in: in})
			if !errors.Is(err, errUnpacked) { // what cannot be unpacked is no danger here
				err = nil
				_, _ = io.Copy(io.Discard, r)
			}
			_ = r.CloseWithError(err)
			u.done <- err
		}()
	}
}

// end waits for the verdict. Error: *contentError.
func (u *unpacking) end() error {
	if u.w == nil {
		return nil
	}
	_ = u.w.Close()
	err := <-u.done
	u.w = nil
	if err != nil {
		return tooMuch()
	}
	return nil
}

// counted counts what is read through it.
type counted struct {
	*bufio.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.Reader.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// skip reads on by n bytes.
func (c *counted) skip(n int64) error {
	_, err := io.CopyN(io.Discard, c, n)
	return err
}

// ratio fails once too much has been written for what was read.
type ratio struct {
	in *counted
	n  int64
}

func (r *ratio) Write(p []byte) (int, error) { return len(p), r.grow(int64(len(p))) }

func (r *ratio) grow(n int64) error {
	r.n += n
	if r.n > maxUnpacked || r.n > MaxAttachment && r.n/maxUnpackRatio > r.in.n {
		return errUnpacked
	}
	return nil
}

func gunzip(in *counted, out io.Writer) error {
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, z)
	return err
}

// unzip walks an archive from its beginning, entry by entry, and then sums up the sizes that its directory promises, since entries may
// lie over one another.
func unzip(in *counted, out io.Writer) error {
	promised := &ratio{in: in}
	for {
		var head [46]byte
		if _, err := io.ReadFull(in, head[:4]); err != nil {
			return err
		}
		var err error
		switch string(head[:4]) {
		case "PK\x03\x04":
			if _, err = io.ReadFull(in, head[4:30]); err == nil {
				err = entry(in, out, head[:30])
			}
		case "PK\x01\x02":
			if _, err = io.ReadFull(in, head[4:46]); err == nil {
				err = errors.Join(promised.grow(size(head[24:])), in.skip(length(head[28:])+length(head[30:])+length(head[32:])))
			}
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func size(b []byte) int64   { return int64(binary.LittleEndian.Uint32(b)) }
func length(b []byte) int64 { return int64(binary.LittleEndian.Uint16(b)) }

// errEntry is an entry that cannot be walked over: what follows is not looked at.
var errEntry = errors.New("unknown form of entry")

// entry unpacks one entry, behind its local header.
func entry(in *counted, out io.Writer, head []byte) error {
	const deflated, later = 8, 1 << 3 // later: the sizes follow the content
	method, sizesFollow := length(head[8:]), length(head[6:])&later != 0
	if err := in.skip(length(head[26:]) + length(head[28:])); err != nil {
		return err
	}
	if method != deflated {
		if packed := size(head[18:]); !sizesFollow && packed != zip64 {
			return in.skip(packed)
		}
		return errEntry
	}
	// flate reads no byte more than it needs from what has ReadByte.
	if _, err := io.Copy(out, flate.NewReader(in)); err != nil || !sizesFollow {
		return err
	}
	return descriptor(in)
}

// descriptor skips the sizes behind a content: 12 bytes, or 20 of a large entry, with or without a signature.
func descriptor(in *counted) error {
	if b, err := in.Peek(4); err == nil && string(b) == "PK\x07\x08" {
		if err := in.skip(4); err != nil {
			return err
		}
	}
	if b, err := in.Peek(14); err == nil && string(b[12:]) == "PK" {
		return in.skip(12)
	}
	return in.skip(20)
}

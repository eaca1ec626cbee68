// Package blob keeps contents too large for a row: the files of messages.
//
// [Blobs] has three methods. A host gives its own, over a bucket for example, or takes [Dir]; [Memory] is for tests. What every
// implementation must do stands at the methods, and blobtest.Run checks it.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNotFound is returned by Open for a name that is not there. It is checked with errors.Is.
var ErrNotFound = errors.New("blob: not found")

// Blobs keeps contents under names. Its methods are safe for concurrent use, by several processes as well.
//
// The library chooses the names; CheckName says what they look like. The first element stands for the tenant. The library writes no name
// twice, but to repeat a write of which it does not know how it ended.
type Blobs interface {
	// Put stores what r gives until io.EOF, whole or not at all: after an error, of r as well, or when ctx ends, nothing is there that
	// was not there before. It reads no more into memory at a time than its own buffer. A name that is there is replaced. What Put
	// has acknowledged is seen by every later Open, and survives the end of the process.
	Put(ctx context.Context, name string, r io.Reader) error

	// Open returns the content, read as it is asked for. The caller closes it. Error: ErrNotFound.
	Open(ctx context.Context, name string) (io.ReadCloser, error)

	// Delete removes a name. One that is not there is no error. What was opened before may be read on, or fail.
	Delete(ctx context.Context, name string) error
}

// MaxName is how long a name may be, in bytes.
const MaxName = 512

// maxElement is how long an element of a name may be, in bytes: what file systems take, less what Dir may put before it.
const maxElement = 240

// CheckName says what is wrong with a name; "" if nothing is. A name is two or more elements, parted by slashes, of lower-case letters,
// digits, "-" and "_": safe as a path, also where case does not count, and as the key of a bucket.
func CheckName(name string) string {
	if len(name) > MaxName {
		return fmt.Sprintf("is %d bytes, at most %d", len(name), MaxName)
	}
	elements := strings.Split(name, "/")
	if len(elements) < 2 {
		return "has one element, at least 2"
	}
	for _, e := range elements {
		if e == "" || len(e) > maxElement || strings.Trim(e, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Sprintf("holds the element %.300q; use 1 to %d lower-case letters, digits, - and _", e, maxElement)
		}
	}
	return ""
}

// Element makes any text an element of a name, two texts never the same one. Text of more than 79 bytes may become too long for it.
func Element(text string) string {
	var b strings.Builder
	b.WriteString("t-")
	for i := range len(text) {
		if c := text[i]; c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

func checked(name string) error {
	if problem := CheckName(name); problem != "" {
		return fmt.Errorf("blob: name %.300q %s", name, problem)
	}
	return nil
}

// reader reads on as long as its context has not ended.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

package crash_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// wire is what lies between a program and PostgreSQL, and is cut in the middle of a commit: before the server has heard of it, or after it
// has carried it out and before the program hears of that.
type wire struct {
	server string // the server's socket

	mu    sync.Mutex
	left  int  // commits until it is cut; 0: it is not
	after bool // the server has heard of it
	cut   bool
}

// through returns a wire to a server, and a data source name that leads through it.
func through(t *testing.T, o *stores.Opened) (*wire, string) {
	t.Helper()
	dir, _, _ := strings.Cut(strings.TrimPrefix(o.DSN, "host="), " ")
	w := &wire{server: filepath.Join(dir, ".s.PGSQL.5432")}
	near := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(near, ".s.PGSQL.5432"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w, strings.Replace(o.DSN, dir, near, 1)
}

// arm has the wire cut at a commit from now, counted from 1; 0: not.
func (w *wire) arm(commit int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.after, w.cut = commit, after, false
}

func (w *wire) wasCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// commits counts a commit, and reports whether it is the one.
func (w *wire) commits() (cut, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left--
	w.cut = w.cut || w.left == 0
	return w.left == 0, w.after
}

// carry takes the bytes of one connection there and back.
func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("unix", w.server)
	if err != nil {
		return
	}
	defer far.Close()
	deaf, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer near.Close()
		back(near, far, deaf)
	}()
	w.there(near, far, deaf)
	select {
	case <-deaf:
		<-done // the server has carried it out
	default:
	}
}

// there takes the program's messages to the server until it is cut. A commit is the statement of that name, or the execution of one that is a whole
// commit by itself. https://www.postgresql.org/docs/current/protocol-message-formats.html
func (w *wire) there(near io.Reader, far io.Writer, deaf chan struct{}) {
	header := 4 // of the first message, which has no type
	whole := map[string]bool{}
	for last := byte(0); ; {
		message, err := message(near, header)
		if err != nil {
			return
		}
		header = 5
		if last == 0 && commits(message, whole) {
			cut, after := w.commits()
			if cut && !after {
				return
			}
			if cut {
				last = end(message[0])
				close(deaf)
			}
		}
		if _, err := far.Write(message); err != nil || last != 0 && message[0] == last {
			return
		}
	}
}

// commits reports whether a message asks for a commit. It notes which prepared statements are one.
func commits(message []byte, whole map[string]bool) bool {
	first, rest, _ := bytes.Cut(message[5:], []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch message[0] {
	case 'Q':
		return string(first) == "commit"
	case 'P': // a statement's name and text
		whole[string(first)] = bytes.HasPrefix(second, []byte("with absent as"))
	case 'B': // a portal's name and its statement's
		return whole[string(second)]
	}
	return false
}

// end is the message after which the server carries out what a message began.
func end(began byte) byte {
	if began == 'B' {
		return 'S'
	}
	return began
}

func message(r io.Reader, header int) ([]byte, error) {
	b := make([]byte, header)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(b[header-4:])) - 4
	b = append(b, make([]byte, n)...)
	_, err := io.ReadFull(r, b[header:])
	return b, err
}

// back takes the server's answers to the program, until the program is to hear nothing more and the server has committed.
func back(near io.Writer, far io.Reader, deaf chan struct{}) {
	b := make([]byte, 64<<10)
	for {
		n, err := far.Read(b)
		select {
		case <-deaf:
			if bytes.Contains(b[:n], []byte("Z\x00\x00\x00\x05I")) { // ready, and in no transaction
				return
			}
		default:
			_, _ = near.Write(b[:n])
		}
		if err != nil {
			return
		}
	}
}

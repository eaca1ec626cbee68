package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/frontdesk-go/frontdesk/blob"
)

var cases = []kase{
	{"content", "Open gives what Put was given, byte for byte, also of nothing", content},
	{"absent", "Open of a name that is not there is ErrNotFound", absent},
	{"delete", "a deleted name is not there at once, and deleting what is not there is no error", deleting},
	{"replace", "Put on a name that is there replaces the whole content", replace},
	{"names", "names that differ in an element, in their length or in where a slash is are different contents", names},
	{"long", "a name of the greatest length works", long},
	{"short", "a reader that fails leaves nothing, and its error is found in that of Put", short},
	{"kept", "a Put that fails leaves what was there before", kept},
	{"cancel", "a context that ends while Put reads leaves nothing and is an error", cancel},
	{"done", "a call whose context has ended already is an error and changes nothing", done},
	{"copy", "what is read from Open and changed changes nothing in the store", copied},
	{"large", "a content of some megabytes is stored while it is read, not only when its end is known", large},
	{"together", "Puts, Opens and Deletes of many callers at once do not mix", together},
	{"one name", "of Puts on one name at once, one is whole afterwards", oneName},
}

const name = "t-acme/0123456789-0-1"

func (p *probe) put(name, content string) {
	p.Helper()
	if err := p.Put(p.ctx, name, strings.NewReader(content)); err != nil {
		p.bad("Put %s: %v", name, err)
	}
}

// has checks what a name holds.
func (p *probe) has(name, want string) {
	p.Helper()
	got, err := p.read(p.ctx, name)
	if err != nil || got != want {
		p.bad("%s holds %.60q, %v, want %.60q", name, got, err, want)
	}
}

func (p *probe) hasNot(name string) {
	p.Helper()
	if got, err := p.read(p.ctx, name); !errors.Is(err, blob.ErrNotFound) {
		p.bad("%s holds %.60q, %v, want ErrNotFound", name, got, err)
	}
}

func (p *probe) read(ctx context.Context, name string) (string, error) {
	r, err := p.Open(ctx, name)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

func content(p *probe) {
	for i, want := range []string{"", "x", "\x00\xff\r\n", strings.Repeat("0123456789", 10000)} {
		n := fmt.Sprintf("%s%d", name, i)
		p.put(n, want)
		p.has(n, want)
		p.has(n, want)
	}
}

func absent(p *probe) {
	p.hasNot(name)
	p.put(name, "x")
	p.hasNot(name + "0")
	p.hasNot("t-other/0123456789-0-1")
}

func deleting(p *probe) {
	for range 2 {
		p.put(name, "x")
		for range 2 {
			if err := p.Delete(p.ctx, name); err != nil {
				p.bad("Delete: %v", err)
			}
			p.hasNot(name)
		}
	}
}

func replace(p *probe) {
	p.put(name, "a long content")
	p.put(name, "short")
	p.has(name, "short")
}

func names(p *probe) {
	all := []string{"t-a/b-c", "t-a-b/c", "t-a/b_c", "t-a/b", "t-b/b", "t-a_2fb/c", "t-a/x/b", "t-a/b-c0"}
	for _, n := range all {
		p.put(n, n)
	}
	for _, n := range all {
		p.has(n, n)
	}
	if err := p.Delete(p.ctx, all[0]); err != nil {
		p.bad("Delete: %v", err)
	}
	for _, n := range all[1:] {
		p.has(n, n)
	}
}

func long(p *probe) {
	n := strings.Repeat("a", 240) + "/" + strings.Repeat("b", 240)
	p.put(n, "x")
	p.has(n, "x")
	p.hasNot(n[:len(n)-1])
}

var errBroken = errors.New("the connection broke")

// broken gives some bytes and then fails.
func broken(size int) io.Reader {
	return io.MultiReader(strings.NewReader(strings.Repeat("x", size)), readFunc(func([]byte) (int, error) { return 0, errBroken }))
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func short(p *probe) {
	for _, size := range []int{0, 10, 1 << 20} {
		if err := p.Put(p.ctx, name, broken(size)); !errors.Is(err, errBroken) {
			p.bad("Put of a reader that fails after %d bytes: %v", size, err)
		}
		p.hasNot(name)
	}
}

func kept(p *probe) {
	p.put(name, "before")
	if err := p.Put(p.ctx, name, broken(1<<20)); err == nil {
		p.bad("Put of a reader that fails is no error")
	}
	p.has(name, "before")
}

func cancel(p *probe) {
	ctx, stop := context.WithCancel(p.ctx)
	defer stop()
	left := 1 << 20
	err := p.Put(ctx, name, readFunc(func(b []byte) (int, error) {
		if left -= len(b); left < 0 {
			stop()
		}
		if left < -1<<26 { // nobody looks at the context: the end comes all the same
			return 0, io.EOF
		}
		return len(b), nil
	}))
	if err == nil {
		p.bad("Put is no error")
	}
	p.hasNot(name)
}

func done(p *probe) {
	p.put(name, "before")
	ctx, stop := context.WithCancel(p.ctx)
	stop()
	if err := p.Put(ctx, name, strings.NewReader("after")); err == nil {
		p.bad("Put is no error")
	}
	if err := p.Delete(ctx, name); err == nil {
		p.bad("Delete is no error")
	}
	if got, err := p.read(ctx, name); err == nil {
		p.bad("Open and reading are no error: %q", got)
	}
	p.has(name, "before")
}

func copied(p *probe) {
	data := []byte("content")
	if err := p.Put(p.ctx, name, bytes.NewReader(data)); err != nil {
		p.bad("Put: %v", err)
	}
	copy(data, "CHANGED")
	r, err := p.Open(p.ctx, name)
	if err != nil {
		p.bad("Open: %v", err)
		return
	}
	read := make([]byte, 3)
	_, _ = io.ReadFull(r, read)
	copy(read, "XXX")
	_ = r.Close()
	p.has(name, "content")
}

// large looks at how the reader is asked: whoever wants all of it into one buffer asks for ever more at once.
func large(p *probe) {
	const size = 16 << 20
	most, left, sum := 0, size, sha256.New()
	err := p.Put(p.ctx, name, readFunc(func(b []byte) (int, error) {
		if left == 0 {
			return 0, io.EOF
		}
		most = max(most, len(b))
		n := min(len(b), left, 8<<10)
		for i := range n {
			b[i] = byte((left - i) * 7 >> 3)
		}
		sum.Write(b[:n])
		left -= n
		return n, nil
	}))
	if err != nil {
		p.bad("Put: %v", err)
		return
	}
	r, err := p.Open(p.ctx, name)
	if err != nil {
		p.bad("Open: %v", err)
		return
	}
	defer func() { _ = r.Close() }()
	got := sha256.New()
	if n, err := io.Copy(got, r); err != nil || n != size || !bytes.Equal(got.Sum(nil), sum.Sum(nil)) {
		p.bad("%d bytes come back, %v, want the same %d", n, err, size)
	}
	if most > 8<<20 {
		p.bad("the reader was asked for %d bytes at once", most)
	}
}

func together(p *probe) {
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			n, want := fmt.Sprintf("t-acme/x%d", i), strings.Repeat(fmt.Sprint(i), 5000+i)
			for range 5 {
				p.put(n, want)
				p.has(n, want)
				if err := p.Delete(p.ctx, n); err != nil {
					p.bad("Delete: %v", err)
				}
				p.hasNot(n)
			}
		})
	}
	all.Wait()
}

func oneName(p *probe) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { p.put(name, strings.Repeat(string(rune('a'+i)), 100000)) })
	}
	all.Wait()
	got, err := p.read(p.ctx, name)
	if err != nil || len(got) != 100000 || strings.Trim(got, got[:1]) != "" {
		p.bad("%d bytes, %v, of several", len(got), err)
	}
}

package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/blob"
)

// liar is a Memory of which one method is replaced.
type liar struct {
	blob.Memory
	put    func(l *liar, ctx context.Context, name string, r io.Reader) error
	open   func(l *liar, ctx context.Context, name string) (io.ReadCloser, error)
	delete func(l *liar, ctx context.Context, name string) error
}

func (l *liar) Put(ctx context.Context, name string, r io.Reader) error {
	if l.put != nil {
		return l.put(l, ctx, name, r)
	}
	return l.Memory.Put(ctx, name, r)
}

func (l *liar) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if l.open != nil {
		return l.open(l, ctx, name)
	}
	return l.Memory.Open(ctx, name)
}

func (l *liar) Delete(ctx context.Context, name string) error {
	if l.delete != nil {
		return l.delete(l, ctx, name)
	}
	return l.Memory.Delete(ctx, name)
}

func cut(name string, n int) string { return name[:min(n, len(name))] }

// liars break one promise each, and are named after the case that finds out.
var liars = map[string]func() *liar{
	"content": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			all, err := io.ReadAll(r)
			return errors.Join(err, l.Memory.Put(ctx, name, bytes.NewReader(bytes.ReplaceAll(all, []byte("\r\n"), []byte("\n")))))
		}}
	},
	"absent": func() *liar {
		return &liar{open: func(l *liar, ctx context.Context, name string) (io.ReadCloser, error) {
			r, err := l.Memory.Open(ctx, name)
			if err != nil {
				return nil, errors.New("HTTP 404")
			}
			return r, nil
		}}
	},
	"delete": func() *liar {
		return &liar{delete: func(l *liar, ctx context.Context, name string) error {
			r, err := l.Memory.Open(ctx, name)
			return errors.Join(err, l.Memory.Delete(ctx, name), func() error {
				if r == nil {
					return nil
				}
				return r.Close()
			}())
		}}
	},
	"replace": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			if slices.Contains(l.Names(), name) {
				return nil
			}
			return l.Memory.Put(ctx, name, r)
		}}
	},
	"names": func() *liar {
		flat := func(name string) string { return "x/" + strings.ReplaceAll(name, "/", "-") }
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			return l.Memory.Put(ctx, flat(name), r)
		}, open: func(l *liar, ctx context.Context, name string) (io.ReadCloser, error) {
			return l.Memory.Open(ctx, flat(name))
		}}
	},
	"long": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			return l.Memory.Put(ctx, cut(name, 255), r)
		}, open: func(l *liar, ctx context.Context, name string) (io.ReadCloser, error) {
			return l.Memory.Open(ctx, cut(name, 255))
		}}
	},
	"short": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			all, err := io.ReadAll(r)
			return errors.Join(err, l.Memory.Put(ctx, name, bytes.NewReader(all)))
		}}
	},
	"kept": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			return errors.Join(l.Memory.Delete(ctx, name), l.Memory.Put(ctx, name, r))
		}}
	},
	"cancel": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return l.Memory.Put(context.WithoutCancel(ctx), name, r)
		}}
	},
	"done": func() *liar {
		return &liar{delete: func(l *liar, ctx context.Context, name string) error {
			return l.Memory.Delete(context.WithoutCancel(ctx), name)
		}}
	},
	"copy": func() *liar {
		var mu sync.Mutex
		shared := map[string][]byte{}
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			all, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			shared[name] = all
			return l.Memory.Put(ctx, name, bytes.NewReader(all))
		}, open: func(l *liar, _ context.Context, name string) (io.ReadCloser, error) {
			mu.Lock()
			defer mu.Unlock()
			if _, ok := shared[name]; !ok {
				return nil, blob.ErrNotFound
			}
			return &consuming{shared, name}, nil
		}}
	},
	"large": func() *liar {
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			whole, n := make([]byte, 64<<20), 0
			for {
				more, err := r.Read(whole[n:])
				n += more
				if errors.Is(err, io.EOF) {
					return l.Memory.Put(ctx, name, bytes.NewReader(whole[:n]))
				}
				if err != nil {
					return err
				}
			}
		}}
	},
	"together": func() *liar {
		var mu sync.Mutex
		var last string
		return &liar{put: func(l *liar, ctx context.Context, name string, r io.Reader) error {
			mu.Lock()
			last = name
			mu.Unlock()
			runtime.Gosched() // to another caller
			return l.Memory.Put(ctx, name, r)
		}, open: func(l *liar, ctx context.Context, name string) (io.ReadCloser, error) {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(path.Base(name), "x") {
				name = last
			}
			return l.Memory.Open(ctx, name)
		}}
	},
	"one name": func() *liar {
		var mu sync.Mutex
		parts := map[string][]byte{}
		return &liar{put: func(_ *liar, _ context.Context, name string, r io.Reader) error {
			all, err := io.ReadAll(r)
			mu.Lock()
			defer mu.Unlock()
			parts[name] = append(parts[name], all...)
			return err
		}, open: func(_ *liar, _ context.Context, name string) (io.ReadCloser, error) {
			mu.Lock()
			defer mu.Unlock()
			return io.NopCloser(bytes.NewReader(parts[name])), nil
		}}
	},
}

// consuming gives a content away once.
type consuming struct {
	shared map[string][]byte
	name   string
}

func (c *consuming) Read(p []byte) (int, error) {
	n := copy(p, c.shared[c.name])
	c.shared[c.name] = c.shared[c.name][n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (c *consuming) Close() error { return nil }

// recorder takes failures down instead of failing.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed []string
}

func (r *recorder) Errorf(format string, _ ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, format)
}

func TestEveryLiarIsCaughtByItsCase(t *testing.T) {
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			make, ok := liars[k.name]
			if !assert.True(t, ok, "a case that nobody has broken proves nothing") {
				return
			}
			r := &recorder{TB: t}
			k.run(&probe{TB: r, Blobs: make(), ctx: t.Context(), rule: k.rule})
			assert.NotEmpty(t, r.failed)
			for _, f := range r.failed {
				assert.True(t, strings.HasPrefix(f, k.rule), f)
			}
		})
	}
	assert.Len(t, liars, len(cases))
}

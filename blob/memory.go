package blob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
)

// Memory keeps contents in memory: for tests and demonstrations. The zero value is ready to use; a Memory must not be copied.
type Memory struct {
	mu       sync.RWMutex
	contents map[string][]byte
}

var _ Blobs = (*Memory)(nil)

// Put stores a content.
func (m *Memory) Put(ctx context.Context, name string, r io.Reader) error {
	if err := checked(name); err != nil {
		return err
	}
	var content bytes.Buffer
	_, err := io.Copy(struct{ io.Writer }{&content}, reader{ctx, r})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("blob: put %s: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.contents == nil {
		m.contents = map[string][]byte{}
	}
	m.contents[name] = content.Bytes()
	return nil
}

// Open returns a content.
func (m *Memory) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	content, ok := m.contents[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return io.NopCloser(reader{ctx, bytes.NewReader(content)}), nil
}

// Delete removes a content.
func (m *Memory) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.contents, name)
	return nil
}

// Names returns the names of all contents, in no order.
func (m *Memory) Names() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	names := make([]string, 0, len(m.contents))
	for name := range m.contents {
		names = append(names, name)
	}
	return names
}

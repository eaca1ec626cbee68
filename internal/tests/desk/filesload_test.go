package desk_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/blob"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// zeros gives size zeros.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

func (z *zeros) Close() error { return nil }

// sizes keeps the sizes of contents and gives zeros. The heap is looked at when all callers are in the middle of a content.
type sizes struct {
	mu    sync.Mutex
	of    map[string]int64
	half  int64
	meet  sync.WaitGroup // everybody who puts is halfway
	most  atomic.Uint64  // the heap then
	start uint64
}

func (s *sizes) Put(_ context.Context, name string, r io.Reader) error {
	n, err := io.CopyN(io.Discard, r, s.half)
	if err != nil {
		return err
	}
	s.meet.Done()
	s.meet.Wait()
	s.look()
	rest, err := io.Copy(io.Discard, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[name] = n + rest
	return err
}

func (s *sizes) Open(_ context.Context, name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, ok := s.of[name]
	if !ok {
		return nil, blob.ErrNotFound
	}
	return &zeros{size}, nil
}

func (s *sizes) Delete(context.Context, string) error { return nil }

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (s *sizes) look() { s.most.Store(max(s.most.Load(), heap())) }

func (s *sizes) grown() int64 { return int64(s.most.Load()) - int64(s.start) }

// Twenty files of 100 MB are fetched, uploaded and read at the same time in 16 MB.
func TestC15_LargeFilesAreStreamed(t *testing.T) {
	const together, limit = 20, int64(16 << 20)
	size := int64(frontdesk.MaxAttachment)
	if testing.Short() {
		size = 4 << 20 // 80 MB in all, still far beyond the limit
	}
	kept := &sizes{of: map[string]int64{}, half: size / 2}
	w := newWorld(t, stores.Memory(t), keeping(kept), func(c *frontdesk.Config) { c.Workers, c.Now = together, time.Now })
	var ids []string
	for i := range together {
		m := w.sends("c"+strconv.Itoa(i), w.provider.AddStream("shop", "film.mp4", "video/mp4", size, func() io.Reader { return &zeros{size} }))
		ids = append(ids, m.ID)
	}
	kept.start = heap()
	kept.meet.Add(together)
	stop, end := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- w.desk.Run(stop) }()
	kept.meet.Wait()
	require.Eventually(t, func() bool {
		kept.mu.Lock()
		defer kept.mu.Unlock()
		return len(kept.of) == together
	}, time.Minute, 10*time.Millisecond)
	end()
	require.NoError(t, <-done)
	assert.Less(t, kept.grown(), limit, "while fetching")
	t.Logf("%d files of %d MB: the heap grew by %d KB", together, size>>20, kept.grown()>>10)

	var all sync.WaitGroup
	kept.meet.Add(together)
	for range together {
		all.Go(func() {
			a, err := w.jane.Upload(ctx, "film.mp4", "video/mp4", &zeros{size})
			assert.NoError(t, err)
			assert.Equal(t, size, a.Size)
		})
	}
	all.Wait()
	assert.Less(t, kept.grown(), limit, "while uploading")
	sum := sha256.New()
	_, err := io.Copy(sum, &zeros{size})
	require.NoError(t, err)
	for _, id := range ids {
		all.Go(func() {
			f, err := w.jane.Attachment(ctx, id, 0)
			if assert.NoError(t, err) {
				got := sha256.New()
				_, err = io.CopyN(got, f.Body, size/2)
				assert.NoError(t, err)
				kept.look()
				_, err = io.Copy(got, f.Body)
				assert.NoError(t, err)
				assert.Equal(t, hex.EncodeToString(sum.Sum(nil)), hex.EncodeToString(got.Sum(nil)))
			}
		})
	}
	all.Wait()
	assert.Less(t, kept.grown(), limit, "while reading")
	require.NoError(t, w.jane.ConversationZIP(ctx, w.current("c0").ID, io.Discard))
	kept.look()
	assert.Less(t, kept.grown(), limit, "after zipping")
}

// A provider that is slow with files holds up no other work.
func TestC15_SlowFilesHoldUpNoSending(t *testing.T) {
	synctest.Test(t, slowFiles)
}

func slowFiles(t *testing.T) {
	kept := &faulty{}
	w := newWorld(t, stores.Memory(t), keeping(kept), func(c *frontdesk.Config) { c.Workers, c.Now = 2, time.Now })
	released := make(chan struct{})
	var begun atomic.Int64
	slow := func() io.Reader {
		begun.Add(1)
		<-released
		return &zeros{10}
	}
	var ids []string
	for i := range 6 {
		ids = append(ids, w.sends("c"+strconv.Itoa(i), w.provider.AddStream("shop", "a", "video/mp4", -1, slow)).ID)
	}
	stop, end := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- w.desk.Run(stop) }()
	require.Eventually(t, func() bool { return begun.Load() == 2 }, 10*time.Second, time.Millisecond, "as many as there are workers")
	_, err := w.jane.Reply(ctx, w.current("c0").ID, frontdesk.Draft{Text: "Meanwhile"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(w.provider.Sent("shop")) == 1 }, 10*time.Second, time.Millisecond, "the answer leaves")
	assert.Equal(t, int64(2), begun.Load())
	close(released)
	require.Eventually(t, func() bool {
		for _, id := range ids {
			if w.fileStates(id)[0] != conversation.FileStored {
				return false
			}
		}
		return true
	}, 30*time.Second, 10*time.Millisecond, "and all are fetched in the end")
	end()
	require.NoError(t, <-done)
}

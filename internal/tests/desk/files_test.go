package desk_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/blob"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

func init() {
	commands["Upload"] = command{works, false, false, func(s *frontdesk.Session, _ *scene) error {
		_, err := s.Upload(ctx, "a.txt", "text/plain", strings.NewReader("x"))
		if e := (*frontdesk.InvalidError)(nil); errors.As(err, &e) && e.Field == "Blobs" {
			return nil // he may, and there is nowhere to keep it
		}
		return err
	}}
	commands["FetchAgain"] = command{works, true, false, func(s *frontdesk.Session, x *scene) error {
		if err := s.FetchAgain(ctx, x.inbound, 0); !errors.Is(err, conversation.ErrState) {
			return err
		}
		return nil // he may, and it has not failed
	}}
	commands["MessageZIP"] = command{reads, true, false, func(s *frontdesk.Session, x *scene) error { return s.MessageZIP(ctx, x.inbound, io.Discard) }}
	commands["ConversationZIP"] = command{reads, true, false, func(s *frontdesk.Session, x *scene) error { return s.ConversationZIP(ctx, x.conv, io.Discard) }}
	commands["LinkAttachment"] = command{works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.LinkAttachment(ctx, x.inbound, 0, "return", "17"))
	}}
	commands["UnlinkAttachment"] = command{works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.UnlinkAttachment(ctx, x.inbound, 0, "return", "17"))
	}}
	commands["LinkedAttachments"] = command{reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.LinkedAttachments(ctx, "return", "17", "", 0))
	}}
}

// faulty keeps contents in memory and fails as it is told.
type faulty struct {
	blob.Memory
	mu      sync.Mutex
	puts    []error // of the next calls, one each
	deletes []error
	late    func() // called once, by the next Put between reading and storing
	after   func() // called once, after the next Put
	damage  bool   // what is opened differs from what was put
}

func next(mu *sync.Mutex, errs *[]error) error {
	mu.Lock()
	defer mu.Unlock()
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}

func (f *faulty) Put(ctx context.Context, name string, r io.Reader) error {
	if err := next(&f.mu, &f.puts); err != nil {
		return err
	}
	if late := f.late; late != nil {
		f.late = nil
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		late()
		r = bytes.NewReader(data)
	}
	err := f.Memory.Put(ctx, name, r)
	if after := f.after; err == nil && after != nil {
		f.after = nil
		after()
	}
	return err
}

func (f *faulty) Delete(ctx context.Context, name string) error {
	if err := next(&f.mu, &f.deletes); err != nil {
		return err
	}
	return f.Memory.Delete(ctx, name)
}

func (f *faulty) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := f.Memory.Open(ctx, name)
	if err != nil || !f.damage {
		return r, err
	}
	data, err := io.ReadAll(r)
	data[len(data)-1]++
	return io.NopCloser(bytes.NewReader(data)), err
}

// keeping configures a Desk that keeps files.
func keeping(b blob.Blobs) func(*frontdesk.Config) {
	return func(c *frontdesk.Config) { c.Blobs, c.LinkKey = b, []byte("0123456789abcdef0123456789abcdef") }
}

// eachKeeping runs a test on every store, with a place for files.
func eachKeeping(t *testing.T, run func(t *testing.T, w *world, kept *faulty)) {
	t.Helper()
	stores.Each(t, func(t *testing.T, s store.Store) {
		kept := &faulty{}
		run(t, newWorld(t, s, keeping(kept)), kept)
	})
}

// sends delivers a customer's message with files and returns it.
func (w *world) sends(who string, files ...conversation.Attachment) conversation.Message {
	w.t.Helper()
	in := w.says(who, "See")
	in.Message.Attachments = files
	w.takes(in)
	all := w.timeline(w.current(who).ID)
	return all[len(all)-1]
}

// reads opens a file and returns its content.
func (w *world) reads(s *frontdesk.Session, message string, n int) (string, error) {
	f, err := s.Attachment(ctx, message, n)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(f.Body)
	return string(data), errors.Join(err, f.Body.Close())
}

func (w *world) fileStates(message string) (out []conversation.FileState) {
	for _, f := range w.message(message).Files {
		out = append(out, f.State)
	}
	return out
}

// unsent takes a message back at the provider.
func (w *world) unsent(providerID string) {
	w.t.Helper()
	w.takes(w.item(channel.Item{Unsend: &channel.Unsend{ID: providerID}}))
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func TestC15_FilesThatComeInAreFetchedByJobs(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		m := w.sends("ann",
			w.provider.AddFile("shop", "../../etc/\u202egpj.exe", "image/png", []byte(png)),
			w.provider.AddFile("shop", "note.txt", "text/plain", []byte("a note")),
			w.provider.AddFile("shop", "bill.pdf", "application/pdf", []byte("<html><script>alert(1)</script>")))
		assert.Len(t, m.Attachments, 3, "the count is on the message")
		pending := []conversation.FileState{conversation.FilePending, conversation.FilePending, conversation.FilePending}
		assert.Equal(t, pending, w.fileStates(m.ID))
		got, err := w.reads(w.jane, m.ID, 1)
		require.NoError(t, err)
		assert.Equal(t, "a note", got, "until it is fetched it is opened at the provider")

		w.run()
		files := w.message(m.ID).Files
		require.Len(t, files, 3)
		assert.Equal(t, conversation.File{State: conversation.FileStored, Name: "gpj.exe", Type: "image/png", Size: int64(len(png)), Hash: hashOf(png), Tries: 1}, files[0])
		assert.Equal(t, conversation.File{State: conversation.FileStored, Name: "note.txt", Type: "text/plain", Size: 6, Hash: hashOf("a note"), Tries: 1}, files[1])
		assert.Equal(t, "text/html", files[2].Type, "what a content looks like is believed before what it is announced as")
		assert.Len(t, kept.Names(), 3)
		for _, name := range kept.Names() {
			assert.True(t, strings.HasPrefix(name, "t-acme/"+m.ID), name)
		}
		assert.Equal(t, 3, w.count(conversation.EventFile))

		w.provider.Fail("shop", loopback.Fetch, errors.New("gone"), errors.New("gone"))
		got, err = w.reads(w.jane, m.ID, 1)
		require.NoError(t, err)
		assert.Equal(t, "a note", got)
		_, err = w.reads(w.mia, m.ID, 1)
		require.ErrorIs(t, err, frontdesk.ErrNotFound, "who does not see the message does not see its files")
		for _, n := range []int{-1, 3} {
			_, err = w.reads(w.jane, m.ID, n)
			require.ErrorIs(t, err, frontdesk.ErrNotFound)
		}
		f, err := w.jane.Attachment(ctx, m.ID, 0)
		require.NoError(t, err)
		assert.Equal(t, "image/png", f.Type)
		assert.Equal(t, int64(len(png)), f.Size)
		require.NoError(t, f.Body.Close())
		kept.damage = true
		_, err = w.reads(w.jane, m.ID, 1)
		require.ErrorIs(t, err, frontdesk.ErrDamaged)
	})
}

// endless gives zeros, and counts how often it was asked for.
type endless struct{ opened, read int64 }

func (e *endless) open() io.Reader { e.opened++; return e }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += int64(len(p))
	return len(p), nil
}

// packed is a content that unpacks to far more than it is.
func packed(t *testing.T, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.CopyN(z, &endless{}, size)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestC15_LimitsAreCheckedBeforeReading(t *testing.T) {
	bomb := packed(t, 200<<20)
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		announced, said, silent := &endless{}, &endless{}, &endless{}
		a := w.provider.AddStream("shop", "a", "video/mp4", -1, announced.open)
		a.Size = frontdesk.MaxAttachment + 1
		wrong := w.provider.AddFile("shop", "wrong", "image/png", []byte(png))
		wrong.Hash = hashOf("another")
		m := w.sends("ann", a, w.provider.AddStream("shop", "b", "video/mp4", frontdesk.MaxAttachment+1, said.open),
			w.provider.AddFile("shop", "c", "application/gzip", bomb))
		w.run()
		assert.Zero(t, announced.opened, "one that is announced too large is not asked for")
		assert.Zero(t, said.read, "of one that the provider says is too large nothing is read")
		failed := []conversation.FileState{conversation.FileFailed, conversation.FileFailed, conversation.FileFailed}
		assert.Equal(t, failed, w.fileStates(m.ID))
		for n, want := range []string{"announced", "104857600", "unpacks"} {
			assert.Contains(t, w.message(m.ID).Files[n].Failure.Detail, want)
			_, err := w.reads(w.jane, m.ID, n)
			var refused *channel.Error
			require.ErrorAs(t, err, &refused, "what was refused is not handed out either")
			assert.Equal(t, channel.Content, refused.Class)
		}
		assert.Equal(t, 3, w.count(conversation.EventFile)+1, "the first was refused in the commit of its message")

		many := make([]conversation.Attachment, conversation.MaxAttachments+1)
		for i := range many {
			many[i] = w.provider.AddFile("shop", "x.txt", "text/plain", []byte("x"))
		}
		m = w.sends("bob", many...)
		w.run()
		states := w.fileStates(m.ID)
		assert.Len(t, kept.Names(), conversation.MaxAttachments)
		assert.Equal(t, conversation.FileFailed, states[conversation.MaxAttachments])
		assert.Equal(t, conversation.FileStored, states[conversation.MaxAttachments-1])

		if testing.Short() {
			return
		}
		m = w.sends("cid", w.provider.AddStream("shop", "d", "video/mp4", -1, silent.open))
		w.run()
		assert.Equal(t, conversation.FileFailed, w.fileStates(m.ID)[0])
		assert.Less(t, silent.read, int64(frontdesk.MaxAttachment)+1<<20, "it is not read on beyond the limit")
		assert.Len(t, kept.Names(), conversation.MaxAttachments, "and nothing of it is left")
	})
}

func TestC15_FetchingIsTriedAgainAndFailsVisibly(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		down := &channel.Error{Class: channel.Retry, Code: "503", Detail: "busy"}
		a := w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content"))
		m := w.sends("ann", a)
		w.provider.Fail("shop", loopback.Fetch, down)
		kept.puts = []error{nil, errors.New("no disk")}
		w.run()
		f := w.message(m.ID).Files[0]
		assert.Equal(t, conversation.FilePending, f.State)
		assert.Equal(t, &conversation.Failure{Class: "retry", Code: "503", Detail: "busy", Retry: true}, f.Failure)
		w.run()
		assert.Equal(t, 1, w.message(m.ID).Files[0].Tries, "it waits for its time")
		kept.puts = []error{errors.New("no disk")}
		w.clock.Advance(5 * time.Second)
		w.run()
		f = w.message(m.ID).Files[0]
		assert.Equal(t, 2, f.Tries)
		assert.Equal(t, conversation.FilePending, f.State)
		w.clock.Advance(30 * time.Second)
		w.run()
		f = w.message(m.ID).Files[0]
		assert.Equal(t, conversation.FileStored, f.State)
		assert.Nil(t, f.Failure)
		assert.Len(t, kept.Names(), 1)

		// A content that is not what was announced, and one that breaks off, are tried again as well; at last they fail.
		a.Hash = strings.ToUpper(hashOf("another"))
		short := w.provider.AddStream("shop", "s.txt", "text/plain", 10, func() io.Reader { return strings.NewReader("short") })
		gone := conversation.Attachment{ID: "gone", Name: "gone.txt"}
		m = w.sends("bob", a, short, gone)
		w.run()
		assert.Equal(t, []conversation.FileState{conversation.FilePending, conversation.FilePending, conversation.FileFailed}, w.fileStates(m.ID))
		for range 9 {
			w.clock.Advance(12 * time.Hour)
			w.run()
		}
		files := w.message(m.ID).Files
		assert.Equal(t, 9, files[0].Tries)
		for n, detail := range []string{"hash", "5 of 10", "does not have it"} {
			assert.Equal(t, conversation.FileFailed, files[n].State)
			assert.Contains(t, files[n].Failure.Detail, detail)
		}
		assert.Len(t, kept.Names(), 1, "nothing is left of what failed")
		assert.Equal(t, 1+3, w.count(conversation.EventFile))

		require.ErrorIs(t, w.mia.FetchAgain(ctx, m.ID, 2), frontdesk.ErrNotFound)
		require.ErrorIs(t, w.jane.FetchAgain(ctx, m.ID, 3), frontdesk.ErrNotFound)
		require.NoError(t, w.jane.FetchAgain(ctx, m.ID, 2))
		require.ErrorIs(t, w.jane.FetchAgain(ctx, m.ID, 2), conversation.ErrState)
		w.provider.Fail("shop", loopback.Fetch, down)
		w.run()
		assert.Equal(t, conversation.FilePending, w.message(m.ID).Files[2].State)
	})
}

// A process may be killed at any commit: the file is kept once, and when its message is erased nothing is left.
func TestC15_KilledWhileFetching(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		for kill := 1; ; kill++ {
			for _, after := range []bool{false, true} {
				m := w.sends("ann", w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content")), w.provider.AddFile("shop", "b.txt", "text/plain", []byte("more")))
				dying := &mortal{Store: w.store, kill: kill, after: after}
				w.run2(keeping(kept), func(c *frontdesk.Config) { c.Store = dying })
				w.clock.Advance(afterLease)
				w.run()
				w.clock.Advance(afterLease)
				w.run()
				for n, want := range []string{"content", "more"} {
					require.Equal(t, conversation.FileStored, w.fileStates(m.ID)[n], "killed at commit %d", kill)
					got, err := w.reads(w.jane, m.ID, n)
					require.NoError(t, err)
					require.Equal(t, want, got)
				}
				require.Len(t, kept.Names(), 2, "what the dead have left is gone")
				w.unsent(m.ProviderID)
				w.run()
				require.Empty(t, kept.Names(), "killed at commit %d", kill)
				if !dying.dead {
					require.Greater(t, kill, 5)
					return
				}
			}
		}
	})
}

// Two workers fetch the same file, because the first was held up for longer than his lease: one content is kept, and nothing else.
func TestC15_TwoWorkersFetchTheSame(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		for _, second := range []string{"fetches it", "takes it back"} {
			var m conversation.Message
			first := true
			m = w.sends("ann", w.provider.AddStream("shop", "a.txt", "text/plain", -1, func() io.Reader {
				if first {
					first = false
					w.clock.Advance(afterLease)
					if second == "takes it back" {
						w.unsent(m.ProviderID)
					}
					w.run2(keeping(kept))
				}
				return strings.NewReader("content")
			}))
			w.run()
			if second == "fetches it" {
				assert.Equal(t, []conversation.FileState{conversation.FileStored}, w.fileStates(m.ID))
				require.Len(t, kept.Names(), 1)
				got, err := w.reads(w.jane, m.ID, 0)
				require.NoError(t, err)
				assert.Equal(t, "content", got)
				w.unsent(m.ProviderID)
				w.run()
			}
			assert.Empty(t, kept.Names(), second)
			assert.Empty(t, w.message(m.ID).Files)
		}
	})
}

func TestC15_DeletedAfterTheMessage(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		m := w.sends("ann", w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content")))
		w.run()
		require.Len(t, kept.Names(), 1)
		_, err := w.jane.LinkAttachment(ctx, m.ID, 0, "order", "7")
		require.NoError(t, err)
		w.unsent(m.ProviderID)
		gone := w.message(m.ID)
		assert.Empty(t, gone.Attachments)
		assert.Empty(t, gone.Files)
		assert.Empty(t, gone.Linked)
		kept.deletes = []error{errors.New("no network"), errors.New("no network")}
		for range 2 {
			w.run()
			require.Len(t, kept.Names(), 1, "it could not be deleted yet")
			w.clock.Advance(time.Minute)
		}
		w.run()
		assert.Empty(t, kept.Names())
	})
}

// Without a place for files all is as it was: they stay with the provider.
func TestC15_WithoutBlobs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.sends("ann", w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content")))
		w.run()
		assert.Empty(t, w.message(m.ID).Files)
		got, err := w.reads(w.jane, m.ID, 0)
		require.NoError(t, err)
		assert.Equal(t, "content", got)
		_, err = w.jane.Upload(ctx, "a.txt", "text/plain", strings.NewReader("x"))
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Attachments: []conversation.Attachment{{URL: "upload:x"}}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

// A worker that was held up after storing finds that another has deleted what he stored and is to try again: his result does not count.
func TestC15_ALateResultDoesNotCount(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		m := w.sends("ann", w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content")))
		kept.after = func() {
			w.clock.Advance(afterLease)
			w.provider.Fail("shop", loopback.Fetch, &channel.Error{Class: channel.Retry})
			w.run2(keeping(kept))
		}
		w.run()
		assert.Equal(t, conversation.FilePending, w.message(m.ID).Files[0].State)
		w.clock.Advance(time.Hour)
		w.run()
		got, err := w.reads(w.jane, m.ID, 0)
		require.NoError(t, err)
		assert.Equal(t, "content", got)
		assert.Equal(t, 3, w.message(m.ID).Files[0].Tries)
	})
}

// A worker that stored late and died before he deleted it has left a content that nothing refers to. It goes with the message.
func TestC15_WhatALateWorkerLeftGoesWithTheMessage(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		m := w.sends("ann", w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content")))
		kept.late = func() {
			w.clock.Advance(afterLease)
			w.run2(keeping(kept))
			kept.after = func() { kept.deletes = []error{errors.New("killed")} }
		}
		w.run()
		require.Equal(t, 2, w.message(m.ID).Files[0].Tries)
		require.Len(t, kept.Names(), 2)
		w.unsent(m.ProviderID)
		w.run()
		assert.Empty(t, kept.Names())
	})
}

// steps calls step before each byte.
type steps struct {
	io.Reader
	step func()
}

func (s *steps) Read(p []byte) (int, error) {
	s.step()
	return s.Reader.Read(p[:1])
}

// A file that takes longer than a lease stays with its worker as long as it comes.
func TestC15_TheLeaseIsProlongedWhileAFileComes(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		m := w.sends("ann", w.provider.AddStream("shop", "a.txt", "text/plain", 7, func() io.Reader {
			return &steps{strings.NewReader("content"), func() {
				w.clock.Advance(40 * time.Second)
				w.run2(keeping(kept))
			}}
		}))
		w.run()
		f := w.message(m.ID).Files[0]
		assert.Equal(t, conversation.FileStored, f.State)
		assert.Equal(t, 1, f.Tries, "nobody else took it")
	})
}

// What is one file too many stays unfetched, whoever asks for it.
func TestC15_FilesOneTooManyAreNotFetchedAgain(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		many := make([]conversation.Attachment, conversation.MaxAttachments+2)
		for i := range many {
			many[i] = w.provider.AddFile("shop", "x.txt", "text/plain", []byte("x"))
		}
		m := w.sends("bob", many...)
		w.run()
		err := w.jane.FetchAgain(ctx, m.ID, conversation.MaxAttachments)
		require.ErrorIs(t, err, conversation.ErrState)
		assert.ErrorContains(t, err, "at most 50 files")
		w.run()
		assert.Equal(t, conversation.FileFailed, w.fileStates(m.ID)[conversation.MaxAttachments])
		assert.Len(t, kept.Names(), conversation.MaxAttachments)
	})
}

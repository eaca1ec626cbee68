package desk_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

func (w *world) uploads(name, mime, content string) conversation.Attachment {
	w.t.Helper()
	a, err := w.jane.Upload(ctx, name, mime, strings.NewReader(content))
	require.NoError(w.t, err)
	return a
}

// fetch asks for the address of an upload as a provider does.
func (w *world) fetch(d *frontdesk.Desk, method, address string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	d.Files().ServeHTTP(rec, httptest.NewRequest(method, address, nil))
	return rec
}

func TestC15_UploadsAreSent(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		c := w.hears("ann", "Hi")
		a := w.uploads(`C:\pics\a.png`, "image/png", png)
		assert.Equal(t, conversation.Attachment{URL: a.URL, Name: "a.png", Type: "image/png", Size: int64(len(png)), Hash: hashOf(png)}, a)
		draft := frontdesk.Draft{Text: "See", Attachments: []conversation.Attachment{a, files(1)[0]}, Key: "k"}
		measured, err := w.jane.Measure(ctx, c.ID, draft)
		require.NoError(t, err)
		assert.Empty(t, measured.Problems)
		m, err := w.jane.Reply(ctx, c.ID, draft)
		require.NoError(t, err)
		again, err := w.jane.Reply(ctx, c.ID, draft)
		require.NoError(t, err)
		assert.Equal(t, m.ID, again.ID)
		w.run()
		sent := w.provider.Sent("shop")
		require.Len(t, sent, 1)
		part := sent[0].Part
		require.Len(t, part.Attachments, 2)
		assert.Equal(t, files(1)[0], part.Attachments[1], "what has an address keeps it")
		address := part.Attachments[0].URL
		require.True(t, strings.HasPrefix(address, "https://desk.example.com/files/"), address)
		assert.True(t, strings.HasSuffix(address, "/a.png"), address)
		body, err := part.Open(ctx, part.Attachments[0])
		require.NoError(t, err)
		data, err := io.ReadAll(body.Body)
		require.NoError(t, errors.Join(err, body.Body.Close()))
		assert.Equal(t, png, string(data), "a driver may take the content itself")
		_, err = part.Open(ctx, part.Attachments[1])
		require.ErrorIs(t, err, channel.ErrNotFound)

		got := w.fetch(w.open(keeping(kept)), http.MethodGet, address) // any process serves it
		assert.Equal(t, http.StatusOK, got.Code)
		assert.Equal(t, png, got.Body.String())
		assert.Equal(t, "image/png", got.Header().Get("Content-Type"))
		assert.Equal(t, "nosniff", got.Header().Get("X-Content-Type-Options"))
		assert.Equal(t, `attachment; filename=a.png`, got.Header().Get("Content-Disposition"))
		assert.Empty(t, w.fetch(w.desk, http.MethodHead, address).Body.String())
		assert.Equal(t, http.StatusMethodNotAllowed, w.fetch(w.desk, http.MethodPost, address).Code)

		for _, s := range []*frontdesk.Session{w.jane, w.joe} {
			text, err := w.reads(s, m.ID, 0)
			require.NoError(t, err)
			assert.Equal(t, png, text)
		}
		_, err = w.reads(w.mia, m.ID, 0)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Empty(t, w.message(m.ID).Attachments[0].URL, "the address is the provider's alone")

		w.clock.Advance(23 * time.Hour)
		assert.Equal(t, http.StatusOK, w.fetch(w.desk, http.MethodGet, address).Code)
		w.clock.Advance(2 * time.Hour)
		assert.Equal(t, http.StatusNotFound, w.fetch(w.desk, http.MethodGet, address).Code, "it is good for a day")
		w.run()
		_, err = w.reads(w.jane, m.ID, 0)
		require.NoError(t, err, "what a message holds stays")
		w.unsent(sent[0].ID)
		w.run()
		assert.Empty(t, kept.Names(), "until the message is gone")
	})
}

func TestC15_ForgedAddressesOfUploads(t *testing.T) {
	onKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Attachments: []conversation.Attachment{w.uploads("a.png", "image/png", png)}})
		require.NoError(t, err)
		w.run()
		address := w.provider.Sent("shop")[0].Part.Attachments[0].URL
		require.Equal(t, http.StatusOK, w.fetch(w.desk, http.MethodGet, address).Code)
		part := strings.Split(address, "/")
		for i := 4; i < 8; i++ {
			forged := append([]string{}, part...)
			forged[i] = "0" + forged[i]
			assert.Equal(t, http.StatusNotFound, w.fetch(w.desk, http.MethodGet, strings.Join(forged, "/")).Code, "part %d", i)
		}
		for _, short := range []string{"https://desk.example.com/files/", "https://desk.example.com/files/a/b/c/d/e", "https://desk.example.com/other"} {
			assert.Equal(t, http.StatusNotFound, w.fetch(w.desk, http.MethodGet, short).Code)
		}
		other := w.open(keeping(kept), func(c *frontdesk.Config) { c.LinkKey = bytes.Repeat([]byte("x"), 32) })
		assert.Equal(t, http.StatusNotFound, w.fetch(other, http.MethodGet, address).Code)
		none := w.open(keeping(kept), func(c *frontdesk.Config) { c.LinkKey = nil })
		assert.Equal(t, http.StatusNotFound, w.fetch(none, http.MethodGet, address).Code)
		_, err = frontdesk.New(frontdesk.Config{Store: w.store, BaseURL: "https://desk.example.com", LinkKey: []byte("short")})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)

		kept.damage = true
		assert.Panics(t, func() { w.fetch(w.desk, http.MethodGet, address) }, "a content that is not what was stored is broken off")
	})
}

func onKeeping(t *testing.T, run func(t *testing.T, w *world, kept *faulty)) {
	t.Helper()
	kept := &faulty{}
	run(t, newWorld(t, stores.Memory(t), keeping(kept)), kept)
}

func TestC15_UploadsThatNoMessageHolds(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		c := w.hears("ann", "Hi")
		a, b := w.uploads("a.txt", "text/plain", "one"), w.uploads("b.txt", "text/plain", "two")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Attachments: []conversation.Attachment{a, a}})
		require.NoError(t, err)
		whisper, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Attachments: []conversation.Attachment{a}, Whisper: true})
		require.NoError(t, err)
		text, err := w.reads(w.jane, whisper.ID, 0)
		require.NoError(t, err)
		assert.Equal(t, "one", text, "whispers have files too")
		w.run()
		w.clock.Advance(frontdesk.KeepUpload)
		w.run()
		require.Len(t, kept.Names(), 1, "what no message holds is deleted after a day")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Attachments: []conversation.Attachment{b}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Attachments: []conversation.Attachment{{URL: "upload:\x00"}}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.setup.SaveReply(ctx, frontdesk.SavedReply{Title: "T", Content: "C", Attachments: []conversation.Attachment{a}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "m"}))
		_, err = other.Compose(ctx, frontdesk.Start{Mailbox: "m", Draft: frontdesk.Draft{Attachments: []conversation.Attachment{a}}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "another tenant's upload is not there")

		w.unsent(w.provider.Sent("shop")[0].ID)
		w.run()
		text, err = w.reads(w.jane, whisper.ID, 0)
		require.NoError(t, err, "the whisper holds it still")
		assert.Equal(t, "one", text)
	})
}

func TestC15_UploadsThatFail(t *testing.T) {
	broken := errors.New("broken")
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		_, err := w.jane.Upload(ctx, "a", "", strings.NewReader(""))
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Upload(ctx, "a", "\xff", strings.NewReader("x"))
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Upload(ctx, "a", "", io.MultiReader(strings.NewReader("x"), brokenReader{broken}))
		require.ErrorIs(t, err, broken)
		_, err = w.jane.Upload(ctx, "a", "", io.LimitReader(&endless{}, frontdesk.MaxAttachment+1))
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		kept.puts = []error{broken}
		_, err = w.jane.Upload(ctx, "a", "", strings.NewReader("x"))
		require.ErrorIs(t, err, broken)
		w.run()
		assert.Empty(t, kept.Names())

		// A process that is killed while it uploads leaves something for a day at most.
		for kill := 1; kill <= 3; kill++ {
			for _, after := range []bool{false, true} {
				dying := w.open(keeping(kept), func(c *frontdesk.Config) { c.Store = &mortal{Store: w.store, kill: kill, after: after} })
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_, _ = dying.As(frontdesk.System(tenant)).Upload(ctx, "a", "", strings.NewReader("x"))
				}()
				<-ended
			}
		}
		assert.NotEmpty(t, kept.Names())
		w.clock.Advance(frontdesk.KeepUpload + time.Hour)
		w.run()
		assert.Empty(t, kept.Names())
	})
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

func TestC15_UploadsAreCheckedAgainstTheChannel(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		w.capable("pics", func(c *channel.Capabilities) {
			c.Attachments = channel.AttachmentRules{Max: 1, Types: []channel.Type{{Pattern: "image/*", MaxBytes: 20}}}
		})
		c := w.arrives("pics", "bob", "Hi")
		for name, list := range map[string][]conversation.Attachment{
			"count": {w.uploads("a.png", "image/png", png), w.uploads("b.png", "image/png", png)},
			"size":  {w.uploads("a.png", "image/png", png+"more than that")},
			"type":  {w.uploads("a.png", "image/png", "<html><body>")},
		} {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Attachments: list})
			require.ErrorIs(t, err, frontdesk.ErrCapability, name)
		}
		w.run()
		assert.Empty(t, w.provider.Sent("pics"))
		w.clock.Advance(frontdesk.KeepUpload)
		w.run()
		assert.Empty(t, kept.Names(), "a refused draft holds nothing")
	})
}

func unzipped(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.NotContains(t, out, f.Name, "no name twice")
		out[f.Name] = string(text)
	}
	return out
}

func TestC15_AllFilesAsAZIP(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, _ *faulty) {
		m := w.sends("ann", w.provider.AddFile("shop", "../a.txt", "text/plain", []byte("one")), w.provider.AddFile("shop", "A.txt", "text/plain", []byte("two")),
			conversation.Attachment{ID: "gone", Name: "missing.txt"}, w.provider.AddFile("shop", "", "image/png", []byte(png)))
		w.run()
		_, err := w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Attachments: []conversation.Attachment{w.uploads("a.txt", "text/plain", "three")}})
		require.NoError(t, err)
		later := w.sends("ann", w.provider.AddFile("shop", "late.txt", "text/plain", []byte("not fetched yet")))
		var b bytes.Buffer
		require.NoError(t, w.jane.MessageZIP(ctx, m.ID, &b))
		got := unzipped(t, b.Bytes())
		assert.Contains(t, got["MISSING.txt"], "does not have it")
		delete(got, "MISSING.txt")
		assert.Equal(t, map[string]string{"a.txt": "one", "A (2).txt": "two", "file-4.png": png}, got)
		b.Reset()
		require.NoError(t, w.jane.ConversationZIP(ctx, m.Conversation, &b))
		got = unzipped(t, b.Bytes())
		delete(got, "MISSING.txt")
		assert.Equal(t, map[string]string{"a.txt": "one", "A (2).txt": "two", "file-4.png": png, "a (3).txt": "three", "late.txt": "not fetched yet"}, got)

		b.Reset()
		require.ErrorIs(t, w.mia.MessageZIP(ctx, m.ID, &b), frontdesk.ErrNotFound)
		require.ErrorIs(t, w.mia.ConversationZIP(ctx, m.Conversation, &b), frontdesk.ErrNotFound)
		assert.Empty(t, b.Bytes())
		broken := errors.New("the browser has gone")
		require.ErrorIs(t, w.jane.MessageZIP(ctx, later.ID, brokenWriter{broken}), broken)

		_, err = w.jane.TrashMessage(ctx, later.ID)
		require.NoError(t, err)
		b.Reset()
		require.NoError(t, w.jane.ConversationZIP(ctx, m.Conversation, &b))
		assert.NotContains(t, unzipped(t, b.Bytes()), "late.txt", "what is in the trash is left out")

		many := make([]conversation.Attachment, frontdesk.MaxZIPFiles)
		for i := range many {
			many[i] = conversation.Attachment{ID: "x"}
		}
		w.sends("ann", many...)
		require.ErrorIs(t, w.jane.ConversationZIP(ctx, m.Conversation, io.Discard), frontdesk.ErrInvalid)
	})
}

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

func TestC15_FilesAreLinkedToRecords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.sends("ann", w.provider.AddFile("shop", "a.png", "image/png", []byte(png)), w.provider.AddFile("shop", "b.png", "image/png", []byte(png)))
		w.clock.Advance(time.Second)
		other := w.sends("bob", w.provider.AddFile("shop", "c.png", "image/png", []byte(png)))
		for range 2 {
			for n := 1; n >= 0; n-- {
				got, err := w.jane.LinkAttachment(ctx, m.ID, n, "return", "R-17")
				require.NoError(t, err)
				assert.Len(t, got.Linked, len(w.message(m.ID).Linked))
			}
			_, err := w.jane.LinkAttachment(ctx, other.ID, 0, "return", "R-17")
			require.NoError(t, err)
		}
		assert.Equal(t, []conversation.FileLink{{File: 0, Kind: "return", ID: "R-17"}, {File: 1, Kind: "return", ID: "R-17"}}, w.message(m.ID).Linked)
		assert.Equal(t, 3, w.count(conversation.EventRecord), "linking what is linked does nothing")
		page, err := w.jane.LinkedAttachments(ctx, "return", "R-17", "", 1)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.Equal(t, other.ID, page.Items[0].ID)
		page, err = w.jane.LinkedAttachments(ctx, "return", "R-17", page.Next, 10)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.Equal(t, m.ID, page.Items[0].ID)
		page, err = w.mia.LinkedAttachments(ctx, "return", "R-17", "", 0)
		require.NoError(t, err)
		assert.Empty(t, page.Items, "what one may not see one does not see through a record")

		for range 2 {
			_, err = w.jane.UnlinkAttachment(ctx, other.ID, 0, "return", "R-17")
			require.NoError(t, err)
		}
		page, err = w.jane.LinkedAttachments(ctx, "return", "R-17", "", 0)
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)
		assert.Equal(t, 4, w.count(conversation.EventRecord))

		for name, call := range map[string]func() error{
			"no kind":   func() error { return only(w.jane.LinkAttachment(ctx, m.ID, 0, "", "1")) },
			"bad kind":  func() error { return only(w.jane.LinkAttachment(ctx, m.ID, 0, "a/b", "1")) },
			"no id":     func() error { return only(w.jane.LinkAttachment(ctx, m.ID, 0, "order", " ")) },
			"long id":   func() error { return only(w.jane.LinkAttachment(ctx, m.ID, 0, "order", strings.Repeat("x", 121))) },
			"bad limit": func() error { return only(w.jane.LinkedAttachments(ctx, "order", "1", "", -1)) },
		} {
			require.ErrorIs(t, call(), frontdesk.ErrInvalid, name)
		}
		for name, call := range map[string]func() error{
			"no file":    func() error { return only(w.jane.LinkAttachment(ctx, m.ID, 2, "order", "1")) },
			"no message": func() error { return only(w.jane.LinkAttachment(ctx, "x", 0, "order", "1")) },
			"unseen":     func() error { return only(w.mia.LinkAttachment(ctx, m.ID, 0, "order", "1")) },
		} {
			require.ErrorIs(t, call(), frontdesk.ErrNotFound, name)
		}
		for i := range 98 {
			_, err := w.jane.LinkAttachment(ctx, m.ID, 0, "order", strings.Repeat("x", i+1))
			require.NoError(t, err)
		}
		_, err = w.jane.LinkAttachment(ctx, m.ID, 0, "order", "one more")
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

// A message with an upload is forwarded with it, and keeps it when the first is no more.
func TestC15_UploadsAreForwarded(t *testing.T) {
	eachKeeping(t, func(t *testing.T, w *world, kept *faulty) {
		from, to := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		m, err := w.jane.Reply(ctx, from.ID, frontdesk.Draft{Text: "See", Attachments: []conversation.Attachment{w.uploads("a.png", "image/png", png)}})
		require.NoError(t, err)
		w.run()
		forwarded, err := w.jane.Forward(ctx, m.ID, frontdesk.Forward{Conversation: to.ID})
		require.NoError(t, err)
		w.run()
		require.Equal(t, conversation.Sent, w.message(forwarded.ID).Delivery)
		sent := w.provider.Sent("shop")
		require.Len(t, sent, 2)
		require.Len(t, sent[1].Part.Attachments, 1)
		w.do(w.setup, from.ID, frontdesk.Trash{})
		w.clock.Advance(time.Second)
		_, err = w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		w.clock.Advance(2 * frontdesk.KeepUpload)
		w.run()
		_, err = w.setup.Message(ctx, m.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		f, err := w.jane.Attachment(ctx, forwarded.ID, 0)
		require.NoError(t, err)
		data, err := io.ReadAll(f.Body)
		require.NoError(t, errors.Join(err, f.Body.Close()))
		assert.Equal(t, png, string(data))
	})
}

func TestC15_EditedUploadsAreLetGo(t *testing.T) {
	for name, keep := range map[string]bool{"the edit drops the file": false, "the edit keeps the file": true} {
		t.Run(name, func(t *testing.T) {
			onKeeping(t, func(t *testing.T, w *world, kept *faulty) {
				c := w.hears("ann", "Hi")
				a := w.uploads("a.png", "image/png", png)
				m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Attachments: []conversation.Attachment{a}, At: w.clock.Now().Add(48 * time.Hour)})
				require.NoError(t, err)
				d := frontdesk.Draft{Text: "y"}
				if keep {
					d.Attachments = []conversation.Attachment{a}
				}
				_, err = w.jane.EditScheduled(ctx, m.ID, d)
				require.NoError(t, err)
				w.clock.Advance(49 * time.Hour)
				w.run()
				w.unsent(w.provider.Sent("shop")[0].ID)
				w.clock.Advance(49 * time.Hour)
				w.run()
				assert.Empty(t, kept.Names(), "no message holds it any more")
			})
		})
	}
}

package frontdesk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/blob"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// MaxAttachment is the largest attachment that is fetched from a provider or uploaded, in bytes: WhatsApp's documents are the largest that
// a provider documents.
const MaxAttachment = 100 << 20

// errNoBlobs says that this process has nowhere to keep contents, though another had.
var errNoBlobs = errors.New("frontdesk: Config.Blobs is not set")

// Contents have names that follow from what they belong to, so that everything that was ever written of a message can be found and
// deleted, also what a process wrote that died: each try of fetching a file has a name of its own.

// fetchedName is the name of what a try of fetching a message's n-th file stores.
func fetchedName(tenant, message string, n, try int) string {
	return fmt.Sprintf("%s/%s-%d-%d", blob.Element(tenant), message, n, try)
}

func uploadedName(tenant, upload string) string { return blob.Element(tenant) + "/" + upload + "-u" }

// contentName is the name of the content of a message's n-th file.
func contentName(tenant, message string, n int, f conversation.File) string {
	if f.Upload != "" {
		return uploadedName(tenant, f.Upload)
	}
	return fetchedName(tenant, message, n, f.Tries)
}

// openFile opens a kept content. It fails with ErrDamaged at its end if it is not what was stored.
func (d *Desk) openFile(ctx context.Context, name string, f conversation.File) (channel.File, error) {
	if d.cfg.Blobs == nil {
		return channel.File{}, errNoBlobs
	}
	body, err := d.cfg.Blobs.Open(ctx, name)
	if errors.Is(err, blob.ErrNotFound) {
		return channel.File{}, fmt.Errorf("the content of %q: %w", f.Name, ErrNotFound)
	}
	if err != nil {
		return channel.File{}, err
	}
	return channel.File{Type: f.Type, Size: f.Size, Body: &proved{ReadCloser: body, file: f, sum: sha256.New()}}, nil
}

// Attachment opens the n-th attachment of a message, from 0: the content kept in Config.Blobs, or else as the provider holds it. It is
// streamed, and stops with channel.ErrTooLarge after MaxAttachment. From the provider it takes ten minutes at the most. A kept content that is not what was stored ends with ErrDamaged. The
// message's Files hold its safe name. The caller closes its body. Errors: ErrNotFound, *channel.Error, also for a file that was refused, and
// ErrCapability, also for a file of a message that was written here, unless it was uploaded: it is where its writer said.
func (s *Session) Attachment(ctx context.Context, messageID string, n int) (channel.File, error) {
	var open opener
	err := s.read(ctx, "attachment", messageID, func(t *txn, c caller) error {
		m, _, err := t.visibleMessage(c, messageID)
		if err != nil {
			return err
		}
		if n < 0 || n >= len(m.Attachments) {
			return fmt.Errorf("attachment %d of %d: %w", n, len(m.Attachments), ErrNotFound)
		}
		open, err = t.opener(&m, n)
		return err
	})
	if err != nil {
		return channel.File{}, err
	}
	file, err := open(ctx)
	return file, wrap("attachment", messageID, err)
}

// opener opens a file outside the reading that found it.
type opener func(context.Context) (channel.File, error)

// opener finds where the content of a message's n-th file is.
func (t *txn) opener(m *conversation.Message, n int) (opener, error) {
	f, a, desk := m.File(n), m.Attachments[n], t.desk
	switch {
	case f.State == conversation.FileStored:
		name := contentName(t.tenant, m.ID, n, f)
		return func(ctx context.Context) (channel.File, error) { return desk.openFile(ctx, name, f) }, nil
	case f.State == conversation.FileFailed && f.Failure != nil && !f.Failure.Retry:
		return nil, &channel.Error{Class: channel.Class(f.Failure.Class), Code: f.Failure.Code, Detail: f.Failure.Detail}
	case m.Channel == "":
		return nil, &CapabilityError{Problems: []string{"an internal message's files are the host's"}}
	}
	if m.Direction != conversation.Inbound && !m.Echo { // its writer named the file, and the channel's login is not for what he names
		return nil, &CapabilityError{Channel: m.Channel, Problems: []string{"the file is where the message's writer said, and is not kept here"}}
	}
	_, conn, err := t.opened(m.Channel)
	if err != nil {
		return nil, err
	}
	fetcher, ok := conn.(channel.Fetcher)
	if !ok {
		return nil, &CapabilityError{Channel: m.Channel, Problems: []string{"its files cannot be fetched"}}
	}
	return func(ctx context.Context) (channel.File, error) {
		ctx, cancel := context.WithTimeout(ctx, fetchFor)
		file, err := fetcher.Fetch(ctx, a, MaxAttachment)
		if err != nil {
			cancel()
			return file, err
		}
		file.Body = &timed{file.Body, cancel}
		return file, nil
	}, nil
}

// timed ends the time for reading a body when it is closed.
type timed struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (t *timed) Close() error {
	t.cancel()
	return t.ReadCloser.Close()
}

// dropJob deletes contents that nothing holds any more.
type dropJob struct {
	Contents []string `json:"contents"`
}

// dropFiles lets go of a message's files, in the commit that removes it or its content: what only it held is deleted afterwards. m is the
// message as it was before.
func (t *txn) dropFiles(m *conversation.Message) error {
	var contents []string
	pending := false
	for n, f := range m.Files {
		if f.Upload != "" {
			free, err := t.letUploadGo(f.Upload)
			if err != nil {
				return err
			}
			if free {
				contents = append(contents, uploadedName(t.tenant, f.Upload))
			}
			continue
		}
		for try := 1; try <= f.Tries; try++ {
			contents = append(contents, fetchedName(t.tenant, m.ID, n, try))
		}
		pending = pending || f.State == conversation.FilePending
	}
	if err := t.dropContents(m.ID, contents, time.Time{}); err != nil || !pending {
		return err
	}
	// A worker that is storing one at this moment deletes it himself when he finds the message gone, unless he dies before.
	return t.dropContents(m.ID+"/again", contents, t.now.Add(fetchFor+time.Hour))
}

// dropContents queues the deletion of contents; id names what held them.
func (t *txn) dropContents(id string, contents []string, due time.Time) error {
	if len(contents) == 0 {
		return nil
	}
	return t.enqueue("drop/"+id, "drop/"+id, due, dropJob{Contents: contents})
}

// dropPause is waited after a deletion failed.
const dropPause = time.Minute

// drop deletes contents, until it is done.
func (w *work) drop(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j dropJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		if err := w.deleteAll(ctx, j.Contents); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			w.desk.log.ErrorContext(ctx, "contents not deleted yet", "tenant", w.lease.Tenant, "job", job.ID, "error", err)
			return w.hold(ctx, dropPause)
		}
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			w.finish(t, job, i == len(w.lease.Jobs)-1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *work) deleteAll(ctx context.Context, contents []string) error {
	if w.desk.cfg.Blobs == nil {
		return errNoBlobs
	}
	for _, name := range contents {
		// Deleting twice does no harm, so a lease that ends meanwhile is no reason to stop.
		if err := w.desk.deleteContent(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// deleteContent deletes one content, within callFor.
func (d *Desk) deleteContent(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	return d.cfg.Blobs.Delete(ctx, name)
}

// uploadScheme begins the address that Upload gives a file.
const uploadScheme = "upload:"

// uploadID is the ID of the upload that an attachment of a draft is.
func uploadID(a conversation.Attachment) (id string, ok bool) {
	return strings.CutPrefix(a.URL, uploadScheme)
}

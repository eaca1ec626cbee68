package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// KeepUpload is how long an upload is kept that no message holds.
const KeepUpload = 24 * time.Hour

// upload is a content that messages are to hold. It is written before the content, so that one whose upload broke off is deleted too.
type upload struct {
	File   conversation.File `json:"file"`             // Stored once the content is there
	Uses   int               `json:"uses,omitempty"`   // files of messages that are it
	Author string            `json:"author,omitempty"` // who uploaded it, as an actor
}

func uploadKey(id string) store.Key { return document("upload", id) }

// Upload keeps a file for a message to be sent, at most MaxAttachment, and returns the attachment to put into drafts. It is read as it
// comes. Its type is the one given where the content does not contradict it. It can go into several messages, and is deleted after
// KeepUpload if no message holds it. Errors: ErrForbidden, ErrInvalid, and what reading r fails with.
func (s *Session) Upload(ctx context.Context, name, mime string, r io.Reader) (a conversation.Attachment, err error) {
	id := newID(s.desk.now())
	a, err = s.upload(ctx, id, name, mime, r)
	return a, wrap("upload", name, err)
}

func (s *Session) upload(ctx context.Context, id, name, mime string, r io.Reader) (a conversation.Attachment, err error) {
	d := s.desk
	err = d.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "upload", toWork)
		if err != nil {
			return err
		}
		if err := d.mayUpload(mime); err != nil {
			return err
		}
		t.absent(uploadKey(id))
		if err := t.put(store.Row{Key: uploadKey(id)}, formatDocument, upload{Author: string(c.who().Kind) + ":" + c.who().ID}); err != nil {
			return err
		}
		return t.enqueue("upload/"+id, "upload/"+id, t.now.Add(KeepUpload), uploadJob{Upload: id})
	})
	if err != nil {
		return a, err
	}
	in := take(r, MaxAttachment, -1, "")
	defer in.close()
	if err = d.cfg.Blobs.Put(ctx, uploadedName(s.actor.Tenant, id), in); err == nil && in.size == 0 {
		err = &contentError{detail: "is empty"}
	}
	if err == nil {
		f := in.file(name, mime, 0)
		err = s.uploaded(ctx, id, f)
		a = conversation.Attachment{URL: uploadScheme + id, Name: f.Name, Type: f.Type, Size: f.Size, Hash: f.Hash}
	}
	if err != nil {
		d.brokenOff(ctx, s.actor.Tenant, id)
		return conversation.Attachment{}, uploadError(err, in.err)
	}
	return a, nil
}

func (d *Desk) mayUpload(mime string) error {
	switch {
	case d.cfg.Blobs == nil:
		return invalid("Blobs", "is not set: there is nowhere to keep an upload; set Config.Blobs")
	case d.bound:
		return invalid("In", "a host's transaction cannot take a content back; upload outside it")
	}
	if problems := conversation.CheckText(mime, store.MaxID); len(problems) > 0 {
		return &InvalidError{Field: "type", Problems: problems}
	}
	return nil
}

// uploadError is why an upload was not kept: what was wrong with the content, before what the place where it goes made of that.
func uploadError(err, read error) error {
	var c *contentError
	if errors.As(err, &c) || errors.As(read, &c) {
		return invalid("content", "%s", c.detail)
	}
	if read != nil && !errors.Is(read, io.EOF) {
		return read
	}
	return err
}

// uploaded makes an upload one that messages can hold.
func (s *Session) uploaded(ctx context.Context, id string, f conversation.File) error {
	return s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		if err := t.load(uploadKey(id)); err != nil {
			return err
		}
		row, ok := t.row(uploadKey(id))
		if !ok {
			return invalid("content", "took longer to come than %v; upload it again", KeepUpload)
		}
		u, err := decode[upload](t, row)
		if err != nil {
			return err
		}
		u.File = f
		return t.put(store.Row{Key: row.Key}, formatDocument, u)
	})
}

// brokenOff deletes what there is of an upload that failed. If that fails too, the upload's job does it in its time.
func (d *Desk) brokenOff(ctx context.Context, tenant, id string) {
	ctx, cancel := unbroken(ctx)
	defer cancel()
	err := d.write(ctx, tenant, "", func(t *txn) error { return t.expireUpload(id) })
	if err != nil {
		d.log.WarnContext(ctx, "an upload that broke off is left for a day", "tenant", tenant, "upload", id, "error", err)
	}
}

// uploadJob deletes an upload that no message holds.
type uploadJob struct {
	Upload string `json:"upload"`
}

// expire does the jobs of uploads whose time is over.
func (w *work) expire(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j uploadJob) error { return t.expireUpload(j.Upload) })
}

// expireUpload removes an upload unless a message holds it.
func (t *txn) expireUpload(id string) error {
	if err := t.load(uploadKey(id)); err != nil {
		return err
	}
	row, ok := t.row(uploadKey(id))
	if !ok {
		return nil
	}
	if u, err := decode[upload](t, row); err != nil || u.Uses > 0 {
		return err
	}
	t.remove(row.Key)
	return t.dropContents(id, []string{uploadedName(t.tenant, id)}, time.Time{})
}

// letUploadGo lets go of one use of an upload. free: it was the last, and the upload is no more.
func (t *txn) letUploadGo(id string) (free bool, err error) {
	if err := t.load(uploadKey(id)); err != nil {
		return false, err
	}
	row, ok := t.row(uploadKey(id))
	if !ok {
		return false, nil
	}
	u, err := decode[upload](t, row)
	if err != nil {
		return false, err
	}
	if u.Uses--; u.Uses > 0 {
		return false, t.put(store.Row{Key: row.Key}, formatDocument, u)
	}
	t.remove(row.Key)
	return true, nil
}

// attach makes the attachments of a message of a draft's. The message holds the uploads among them from now on.
func (t *txn) attach(m *conversation.Message, list []conversation.Attachment) (err error) {
	if m.Attachments, m.Files, err = t.attachments(list); err != nil {
		return err
	}
	for _, f := range m.Files {
		if f.Upload == "" {
			continue
		}
		row, _ := t.row(uploadKey(f.Upload))
		u, err := decode[upload](t, row)
		if err != nil {
			return err
		}
		u.Uses++
		if err := t.put(store.Row{Key: row.Key}, formatDocument, u); err != nil {
			return err
		}
	}
	return nil
}

// attachments are a draft's as a message has them, with what is kept of each if there are uploads among them. An upload has no address of
// its own: it gets one when it is sent.
func (t *txn) attachments(list []conversation.Attachment) (out []conversation.Attachment, files []conversation.File, err error) {
	for n, a := range list {
		id, ok := uploadID(a)
		if !ok {
			continue
		}
		f, err := t.uploadOf(id)
		if err != nil {
			return nil, nil, err
		}
		if files == nil {
			files, out = make([]conversation.File, len(list)), slices.Clone(list)
		}
		f.Upload = id
		files[n] = f
		out[n] = conversation.Attachment{Name: f.Name, Type: f.Type, Size: f.Size, Hash: f.Hash}
	}
	if files == nil {
		out = list
	}
	return out, files, nil
}

func (t *txn) uploadOf(id string) (f conversation.File, err error) {
	gone := invalid("Attachments", "there is no upload %.50q, or no longer: one that no message holds is kept for %v; upload it again", id, KeepUpload)
	if store.CheckText("upload/"+id, false) != "" {
		return f, gone
	}
	if err := t.load(uploadKey(id)); err != nil {
		return f, err
	}
	row, ok := t.row(uploadKey(id))
	if !ok {
		return f, gone
	}
	u, err := decode[upload](t, row)
	if err == nil && u.File.State != conversation.FileStored {
		err = gone
	}
	return u.File, err
}

// hand gives the uploads of an outgoing message what a driver sends them by: an address for the provider, if there is a LinkKey, and what
// opens the content.
func (d *Desk) hand(tenant string, m *conversation.Message, out *channel.Outgoing) {
	if len(m.Files) == 0 {
		return
	}
	out.Attachments = slices.Clone(out.Attachments)
	held := map[string]conversation.File{}
	for n, f := range m.Files {
		if f.Upload != "" && n < len(out.Attachments) {
			out.Attachments[n].URL = d.link(tenant, f)
			held[f.Hash] = f
		}
	}
	out.Open = func(ctx context.Context, a conversation.Attachment) (channel.File, error) {
		f, ok := held[a.Hash]
		if !ok {
			return channel.File{}, fmt.Errorf("%w: %q is not kept here", channel.ErrNotFound, a.Name)
		}
		return d.openFile(ctx, uploadedName(tenant, f.Upload), f)
	}
}

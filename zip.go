package frontdesk

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Limits of a ZIP of attachments.
const (
	MaxZIPFiles = 1000
	MaxZIP      = int64(1) << 30 // bytes of all files
)

// missingName is the entry that lists what a ZIP lacks.
const missingName = "MISSING.txt"

// MessageZIP writes a ZIP of all attachments of a message. Names are safe and unique in it. A file whose content cannot be had is listed,
// with the reason, in the entry MISSING.txt. It is written as it is read; after an error what was written is no whole ZIP. Errors:
// ErrNotFound, ErrInvalid for one of more than MaxZIPFiles or MaxZIP, the store's, and what writing fails with.
func (s *Session) MessageZIP(ctx context.Context, messageID string, w io.Writer) error {
	z := newZip(w)
	err := s.read(ctx, "zip", messageID, func(t *txn, c caller) error {
		m, _, err := t.visibleMessage(c, messageID)
		if err != nil {
			return err
		}
		return z.plan(t, &m)
	})
	if err == nil {
		err = errors.Join(z.write(ctx), z.close())
	}
	return wrap("zip", messageID, err)
}

// ConversationZIP writes a ZIP of all attachments of a conversation and its parts, as far as the caller may see them, oldest first, without those
// of messages in the trash. It is as MessageZIP otherwise.
func (s *Session) ConversationZIP(ctx context.Context, id string, w io.Writer) error {
	z := newZip(w)
	for cursor, more := "", true; more; {
		err := s.read(ctx, "zip", id, func(t *txn, c caller) error {
			conv, err := t.visible(c, id)
			if err != nil {
				return err
			}
			all, next, err := t.entries(c, &conv, store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: conv.ID, Ascending: true,
				Limit: 100, Cursor: cursor})
			for i := range all {
				if err == nil && all[i].Trashed.IsZero() {
					err = z.plan(t, &all[i])
				}
			}
			cursor, more = next, next != ""
			return err
		})
		if err != nil {
			return wrap("zip", id, err)
		}
		if err := z.write(ctx); err != nil {
			return wrap("zip", id, err)
		}
	}
	return wrap("zip", id, z.close())
}

// zipping is a ZIP being written.
type zipping struct {
	*zip.Writer
	planned []zipEntry
	taken   map[string]bool // names, in lower case: some systems do not tell them apart
	files   int
	left    int64
	missing []string
}

type zipEntry struct {
	name string
	at   time.Time
	open opener
	err  error // why it cannot be opened
}

func newZip(w io.Writer) *zipping {
	return &zipping{Writer: zip.NewWriter(w), taken: map[string]bool{strings.ToLower(missingName): true}, left: MaxZIP}
}

// plan finds where a message's files are. Nothing is written yet, so that a reading can be repeated and holds nothing meanwhile.
func (z *zipping) plan(t *txn, m *conversation.Message) error {
	if z.files += len(m.Attachments); z.files > MaxZIPFiles {
		return invalid("ZIP", "more than %d files; take them message by message", MaxZIPFiles)
	}
	var known int64
	for n, a := range m.Attachments {
		f := m.File(n)
		known += f.Size
		name := f.Name
		if name == "" {
			name = conversation.FileName(a.Name, a.Type, n)
		}
		e := zipEntry{name: name, at: m.At}
		e.open, e.err = t.opener(m, n)
		z.planned = append(z.planned, e)
	}
	if known > z.left {
		return tooLargeZip()
	}
	return nil
}

func tooLargeZip() error {
	return invalid("ZIP", "its files have more than %d bytes; take them one by one", MaxZIP)
}

// write writes the planned files.
func (z *zipping) write(ctx context.Context) error {
	for _, e := range z.planned {
		name := z.unique(e.name)
		var file channel.File
		err := e.err
		if err == nil {
			file, err = e.open(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			z.missing = append(z.missing, name+": "+err.Error())
			continue
		}
		if err := z.add(name, e.at, file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	z.planned = nil
	return nil
}

func (z *zipping) add(name string, at time.Time, file channel.File) error {
	defer func() { _ = file.Body.Close() }()
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(file.Body, z.left+1))
	if z.left -= n; z.left < 0 {
		return tooLargeZip()
	}
	return err
}

// unique returns a name that no other file of the ZIP has: "a.txt", "a (2).txt", and so on.
func (z *zipping) unique(name string) string {
	out, extension := name, path.Ext(name)
	for n := 2; z.taken[strings.ToLower(out)]; n++ {
		out = strings.TrimSuffix(name, extension) + " (" + strconv.Itoa(n) + ")" + extension
	}
	z.taken[strings.ToLower(out)] = true
	return out
}

// close writes the list of what is missing, and the directory.
func (z *zipping) close() error {
	if len(z.missing) > 0 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: missingName, Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, strings.Join(z.missing, "\n")+"\n"); err != nil {
			return err
		}
	}
	return z.Close()
}

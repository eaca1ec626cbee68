package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Times of fetching.
const (
	fetchFor  = 10 * time.Minute // how long one try may take
	fetchBeat = leaseFor / 3     // how often the lease is prolonged meanwhile
)

// fetchJob fetches a message's files.
type fetchJob struct {
	Message string `json:"message"`
}

// toKeep says what is to become of the files of a message that came in: each is fetched, but those that are refused unread.
func toKeep(attachments []conversation.Attachment) (files []conversation.File) {
	for n, a := range attachments {
		f := conversation.File{State: conversation.FilePending, Name: conversation.FileName(a.Name, a.Type, n)}
		switch {
		case n >= conversation.MaxAttachments:
			refuse(&f, "is not fetched: a message has at most %d files", conversation.MaxAttachments)
		case a.Size > MaxAttachment:
			refuse(&f, "is not fetched: %d bytes are announced, at most %d", a.Size, MaxAttachment)
		}
		files = append(files, f)
	}
	return files
}

func refuse(f *conversation.File, format string, args ...any) {
	f.State, f.Failure = conversation.FileFailed, fetchError(&contentError{detail: fmt.Sprintf(format, args...)}).Failure()
}

// queueFetch queues the fetching of a message's files.
func (t *txn) queueFetch(message string) error {
	return t.enqueue("fetch/"+message, "fetch/"+message, time.Time{}, fetchJob{Message: message})
}

// fetch does a message's jobs of fetching.
func (w *work) fetch(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j fetchJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		wait, err := w.fetchFiles(ctx, j.Message)
		if err != nil {
			return err
		}
		if wait > 0 {
			return w.hold(ctx, wait)
		}
		err = w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			w.finish(t, job, i == len(w.lease.Jobs)-1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fetchFiles tries each file of a message that is still to be fetched once. wait is when one of them is to be tried again.
func (w *work) fetchFiles(ctx context.Context, message string) (wait time.Duration, err error) {
	for n := 0; ; n++ {
		f, err := w.nextFile(ctx, message, n)
		if err != nil || f == nil {
			return wait, err
		}
		n = f.n
		got, err := f.keep(ctx)
		if err != nil && ctx.Err() != nil { // the program is told to end: that says nothing of the file
			return 0, ctx.Err()
		}
		if errors.Is(err, errLeaseLost) {
			return 0, err
		}
		pause, err := f.note(ctx, got, err)
		if err != nil {
			return 0, err
		}
		if wait == 0 || pause > 0 && pause < wait {
			wait = pause
		}
	}
}

// fetching is one try of fetching a file.
type fetching struct {
	*work
	message string
	n       int // which of the message's files
	try     int
	from    conversation.Attachment
	conn    channel.Conn
	notOpen error // why there is no conn
	beaten  time.Time
}

// nextFile begins the next try: of the message's first file from the n-th on that is still to be fetched; nil if there is none. The try
// is counted before it is made, for its number is part of the name under which it stores.
func (w *work) nextFile(ctx context.Context, message string, n int) (f *fetching, err error) {
	if err := w.held(); err != nil {
		return nil, err
	}
	if w.desk.cfg.Blobs == nil {
		return nil, errNoBlobs
	}
	err = w.desk.write(ctx, w.lease.Tenant, "message/"+message, func(t *txn) error {
		f = nil
		m, ok, err := t.messageWithFiles(message)
		if err != nil || !ok {
			return err
		}
		i := slices.IndexFunc(m.Files[min(n, len(m.Files)):], func(f conversation.File) bool { return f.State == conversation.FilePending })
		if i < 0 {
			return nil
		}
		i += n
		m.Files[i].Tries++
		f = &fetching{work: w, message: message, n: i, try: m.Files[i].Tries, from: m.Attachments[i], beaten: t.now}
		_, f.conn, f.notOpen = t.opened(m.Channel)
		w.prolong(t)
		m.Changed = conversation.Later(m.Changed, t.now)
		return t.putMessage(&m)
	})
	return f, err
}

// messageWithFiles loads a message whose files may be changed; ok is false if it is gone, or its files are.
func (t *txn) messageWithFiles(id string) (m conversation.Message, ok bool, err error) {
	if err := t.load(messageKey(id)); err != nil {
		return m, false, err
	}
	m, err = t.message(id)
	if errors.Is(err, ErrNotFound) {
		return m, false, nil
	}
	m.Files = slices.Clone(m.Files)
	return m, err == nil && len(m.Files) > 0 && len(m.Files) == len(m.Attachments), err
}

// keep fetches the file and stores it. An error is final unless fetchError says that it is of a class that is tried again.
func (f *fetching) keep(ctx context.Context) (got conversation.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &channel.Error{Class: channel.Retry, Detail: fmt.Sprintf("panic: %v", p)}
		}
	}()
	if f.notOpen != nil {
		return got, &channel.Error{Class: channel.ChannelDown, Detail: f.notOpen.Error()}
	}
	fetcher, ok := f.conn.(channel.Fetcher)
	if !ok {
		return got, &contentError{detail: "cannot be fetched: the channel's driver does not"}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchFor)
	defer cancel()
	if f.try > 1 { // a worker that died may have left something
		if err := f.desk.deleteContent(ctx, f.name(f.try-1)); err != nil {
			return got, &channel.Error{Class: channel.Retry, Detail: "Config.Blobs fails", Err: err}
		}
	}
	file, err := fetcher.Fetch(ctx, f.from, MaxAttachment)
	if err != nil {
		return got, err
	}
	defer func() { _ = file.Body.Close() }()
	if file.Size > MaxAttachment {
		return got, channel.ErrTooLarge
	}
	in := take(file.Body, MaxAttachment, file.Size, f.from.Hash)
	defer in.close()
	in.beat = func() error { return f.beat(ctx) }
	if err := f.desk.cfg.Blobs.Put(ctx, f.name(f.try), in); err != nil {
		if in.err != nil && !errors.Is(err, errLeaseLost) {
			err = in.err
		}
		return got, err
	}
	return in.file(f.from.Name, cmp.Or(f.from.Type, file.Type), f.n), nil
}

// name is where a try stores.
func (f *fetching) name(try int) string {
	return fetchedName(f.lease.Tenant, f.message, f.n, try)
}

// beat prolongs the lease while a large file comes.
func (f *fetching) beat(ctx context.Context) error {
	if f.desk.now().Sub(f.beaten) < fetchBeat {
		return nil
	}
	if err := f.held(); err != nil {
		return err
	}
	f.beaten = f.desk.now()
	return f.hold(ctx, leaseFor)
}

// note commits what came of a try. If the message or its content is gone meanwhile, or another worker has taken over, what was stored is
// deleted again.
func (f *fetching) note(ctx context.Context, got conversation.File, fetchErr error) (wait time.Duration, err error) {
	ctx, cancel := unbroken(ctx)
	defer cancel()
	useless := false
	err = f.desk.write(ctx, f.lease.Tenant, "message/"+f.message, func(t *txn) error {
		wait, useless = 0, fetchErr != nil
		m, ok, err := t.messageWithFiles(f.message)
		if err != nil {
			return err
		}
		if !ok || f.n >= len(m.Files) || m.Files[f.n].State != conversation.FilePending || m.Files[f.n].Tries != f.try {
			useless = true
			return nil
		}
		file := &m.Files[f.n]
		if fetchErr == nil {
			got.Tries = f.try
			*file = got
		} else {
			wait = f.failed(file, fetchErr)
		}
		m.Changed = conversation.Later(m.Changed, t.now)
		if err := t.putMessage(&m); err != nil || file.State == conversation.FilePending {
			return err
		}
		t.tell(m.Changed, conversation.Event{Type: conversation.EventFile, At: t.now, Actor: conversation.Actor{Kind: conversation.BySystem},
			Conversation: m.Conversation, Message: m.ID, Subject: strconv.Itoa(f.n), To: string(file.State)})
		return nil
	})
	if err != nil || !useless {
		return wait, err
	}
	if err := f.desk.deleteContent(ctx, f.name(f.try)); err != nil {
		f.desk.log.WarnContext(ctx, "a content is left until its message is erased", "tenant", f.lease.Tenant, "message", f.message, "error", err)
	}
	return wait, nil
}

// failed notes why a try failed, and returns when to try again; 0: never.
func (f *fetching) failed(file *conversation.File, err error) time.Duration {
	e := fetchError(err)
	f.desk.log.Warn("a file was not fetched", "tenant", f.lease.Tenant, "message", f.message, "file", f.n, "try", f.try, "class", e.Class, "code", e.Code, "error", err)
	file.Failure = e.Failure()
	if ladder := f.desk.cfg.Retry; file.Failure.Retry && f.try <= len(ladder) {
		return max(ladder[f.try-1], min(e.RetryAfter, maxRetryAfter))
	}
	file.State = conversation.FileFailed
	return 0
}

// fetchError sorts what went wrong: of class Content for what trying again does not help, else as the driver sorted it or Retry.
func fetchError(err error) *channel.Error {
	var e *channel.Error
	var c *contentError
	sorted := errors.As(err, &e)
	switch {
	case errors.As(err, &c) && !c.again:
		return &channel.Error{Class: channel.Content, Detail: "the content " + c.detail}
	case c != nil:
		return &channel.Error{Class: channel.Retry, Detail: "the content " + c.detail}
	case errors.Is(err, channel.ErrTooLarge):
		return &channel.Error{Class: channel.Content, Detail: fmt.Sprintf("the content has more than %d bytes", MaxAttachment)}
	case sorted && e.Class == channel.Retry: // a file may appear some seconds after the delivery that names it
		return e
	case errors.Is(err, channel.ErrNotFound):
		return &channel.Error{Class: channel.Content, Detail: "the provider does not have it, or no longer"}
	case sorted:
		return e
	}
	return &channel.Error{Class: channel.Retry, Detail: "it could not be read or stored", Err: err}
}

// FetchAgain tries once more to fetch the n-th file of a message, from 0, which has failed. Errors: ErrNotFound, ErrForbidden, and
// conversation.ErrState, also of a file that is one more than a message may have.
func (s *Session) FetchAgain(ctx context.Context, messageID string, n int) error {
	err := s.desk.write(ctx, s.actor.Tenant, "message/"+messageID, func(t *txn) error {
		c, err := t.caller(s.actor, "fetch again", toWork)
		if err != nil {
			return err
		}
		m, _, err := t.visibleMessage(c, messageID)
		if err != nil {
			return err
		}
		if n < 0 || n >= len(m.Attachments) {
			return fmt.Errorf("attachment %d of %d: %w", n, len(m.Attachments), ErrNotFound)
		}
		if state := m.File(n).State; state != conversation.FileFailed {
			return &conversation.StateError{Command: "fetch again", Reason: fmt.Sprintf("the file is %s, not failed", cmp.Or(state, "not kept here"))}
		}
		if n >= conversation.MaxAttachments {
			return &conversation.StateError{Command: "fetch again", Reason: fmt.Sprintf("a message has at most %d files", conversation.MaxAttachments)}
		}
		m.Files = slices.Clone(m.Files)
		m.Files[n].State = conversation.FilePending
		m.Changed = conversation.Later(m.Changed, t.now)
		if err := t.putMessage(&m); err != nil {
			return err
		}
		return t.enqueue("fetch/"+m.ID, "fetch/"+m.ID+"/"+itoa(m.Changed.UnixMicro()), time.Time{}, fetchJob{Message: m.ID})
	})
	return wrap("fetch again", messageID, err)
}

// Times of waiting for a place among those that fetch.
const (
	fetchTurn  = time.Second     // how long a worker waits for it
	fetchPause = 5 * time.Second // how long the message then waits
)

// beginFetch waits for a place among those that fetch: there are as many as workers, and a provider who is slow with files holds up no
// other work. Without one the group is given back for a while.
func (r *runner) beginFetch(ctx context.Context, lease store.Lease) (done func(), ok bool) {
	turn, cancel := context.WithTimeout(ctx, fetchTurn)
	defer cancel()
	select {
	case r.fetching <- struct{}{}:
		return func() { <-r.fetching }, true
	case <-turn.Done():
	}
	wait := fetchPause
	if ctx.Err() != nil {
		wait = 0
	}
	ctx, cancel = unbroken(ctx)
	defer cancel()
	if err := (&work{desk: r.desk, lease: lease, until: lease.Until}).hold(ctx, wait); err != nil {
		r.desk.log.ErrorContext(ctx, "lease not given back", "error", err)
	}
	return nil, false
}

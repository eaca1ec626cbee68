package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/store"
)

// defaultPoll is how often a channel is asked for what no webhook brought.
const defaultPoll = 5 * time.Minute

// maxPolls bounds one round of polling, so that a provider that always has more holds a worker for a while only.
const maxPolls = 100

// pollJob asks a channel's provider for news.
type pollJob struct {
	Channel string `json:"channel"`
}

// pollDoc is how far the provider's news are in, and the one job that will ask for more: a job that a change of settings has made
// obsolete is told by it.
type pollDoc struct {
	Cursor string `json:"cursor"`
	Job    string `json:"job,omitempty"`
}

// pollState reads a channel's pollDoc.
func (t *txn) pollState(channelID string) (p pollDoc, err error) {
	key := document("poll", channelID)
	if err := t.load(key); err != nil {
		return p, err
	}
	if row, ok := t.row(key); ok {
		p, err = decode[pollDoc](t, row)
	}
	return p, err
}

func (t *txn) savePollState(channelID string, p pollDoc) error {
	return t.put(store.Row{Key: document("poll", channelID)}, formatDocument, p)
}

// schedulePoll queues the next poll of a channel, in the place of one that is queued.
func (t *txn) schedulePoll(ch Channel, due time.Time) error {
	if ch.PollEvery < 0 || ch.Inactive {
		return nil
	}
	p, err := t.pollState(ch.ID)
	if err != nil {
		return err
	}
	p.Job = "poll/" + newID(t.now)
	if err := t.savePollState(ch.ID, p); err != nil {
		return err
	}
	return t.enqueue("poll/"+ch.ID, p.Job, due, pollJob{Channel: ch.ID})
}

func (t *txn) saveCursor(channelID, cursor string) error {
	p, err := t.pollState(channelID)
	if err != nil {
		return err
	}
	p.Cursor = cursor
	return t.savePollState(channelID, p)
}

// pollSettings returns a channel as it is now, and whether it is to be polled in these jobs.
func (w *work) pollSettings(t *txn, channelID string) (ch Channel, polls bool, err error) {
	p, err := t.pollState(channelID)
	if err != nil {
		return ch, false, err
	}
	// Not from the cache: no commit would find an old one out.
	if err := t.load(document("channel", channelID)); err != nil {
		return ch, false, err
	}
	ch, err = t.channel(channelID)
	if errors.Is(err, ErrNotFound) {
		return ch, false, nil
	}
	mine := slices.ContainsFunc(w.lease.Jobs, func(job store.Job) bool { return job.ID == p.Job })
	return ch, mine && ch.PollEvery >= 0 && !ch.Inactive, err
}

// poll asks a channel's provider for news until there are none, and queues the next poll.
func (w *work) poll(ctx context.Context) error {
	d, id, polls := w.desk, strings.TrimPrefix(w.lease.Group, "poll/"), false
	err := d.view(ctx, w.lease.Tenant, func(t *txn) (err error) {
		_, polls, err = w.pollSettings(t, id)
		return err
	})
	if err != nil {
		return err
	}
	if polls {
		target, err := d.target(ctx, "", route{Tenant: w.lease.Tenant, Channel: id})
		if err != nil {
			return err
		}
		if err := w.pollAll(ctx, target); errors.Is(err, errLeaseLost) || ctx.Err() != nil {
			return cmp.Or(err, ctx.Err())
		} else if err != nil {
			d.log.WarnContext(ctx, "poll", "tenant", w.lease.Tenant, "channel", id, "error", err)
		}
	}
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		done := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		for _, job := range w.lease.Jobs {
			done.Jobs = append(done.Jobs, job.ID)
		}
		t.batch.Done(done)
		ch, polls, err := w.pollSettings(t, id)
		if err != nil || !polls {
			return err
		}
		return t.schedulePoll(ch, t.now.Add(cmp.Or(ch.PollEvery, defaultPoll)))
	})
}

// pollAll takes in what came since the cursor, batch by batch.
func (w *work) pollAll(ctx context.Context, target *target) error {
	poller, ok := target.conn.(channel.Poller)
	if !ok {
		return fmt.Errorf("the driver of kind %q does not poll", target.doc.Kind)
	}
	for range maxPolls {
		more, err := w.pollOnce(ctx, target, poller)
		if err != nil || !more {
			return err
		}
		if err := cmp.Or(ctx.Err(), w.held()); err != nil {
			return err
		}
		if err := w.hold(ctx, leaseFor); err != nil {
			return err
		}
	}
	return nil
}

// pollOnce takes one batch in. The cursor moves in the commit of the last item before it, or of what is kept for a person.
func (w *work) pollOnce(ctx context.Context, target *target, poller channel.Poller) (more bool, err error) {
	d := w.desk
	var state pollDoc
	err = d.view(ctx, target.Tenant, func(t *txn) (err error) {
		state, err = t.pollState(target.Channel)
		return err
	})
	if err != nil {
		return false, err
	}
	polled, err := askForNews(ctx, poller, state.Cursor)
	if err != nil {
		return false, err
	}
	err = d.receiveAll(ctx, target, polled.Items, polled.Cursor)
	switch {
	case isRaw(err):
		err = d.keepPolled(ctx, target, polled, err)
	case err == nil && len(polled.Items) == 0 && polled.Cursor != state.Cursor:
		err = d.write(ctx, target.Tenant, "", func(t *txn) error { return t.saveCursor(target.Channel, polled.Cursor) })
	}
	return polled.More && polled.Cursor != state.Cursor, err
}

func askForNews(ctx context.Context, poller channel.Poller, cursor string) (polled channel.Polled, err error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return poller.Poll(ctx, cursor)
}

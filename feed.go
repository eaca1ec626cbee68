package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// groupFeed is the group of a tenant's untold events.
const groupFeed = "feed"

// eventsJob carries the events of one commit.
type eventsJob struct {
	Events []conversation.Event `json:"events"`
}

// feedHead is where a tenant's feed ends and begins.
type feedHead struct {
	Last  int64 `json:"last"`  // position of the newest event
	First int64 `json:"first"` // position of the oldest event that is still there

	// Oldest is when the oldest event was, which is not looked at before it has its age; zero if that is not known.
	Oldest time.Time `json:"oldest,omitzero"`

	// Jobs are those whose events were written last. Whoever leased them before that was committed leaves them out.
	Jobs []string `json:"jobs,omitempty"`
}

func eventKey(position int64) store.Key {
	return store.Key{Kind: store.Event, ID: fmt.Sprintf("%019d", position)}
}

// stamp writes the events of leased jobs under the next positions, in order, and drops events that are older than the feed keeps.
func (w *work) stamp(ctx context.Context) error {
	d, again := w.desk, false
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		if again {
			// The feed's head was not where it was read, so another has the lease and has numbered these events.
			return errLeaseLost
		}
		again = true
		key := document("feed", "head")
		if err := t.load(append(tapKeys(), key)...); err != nil {
			return err
		}
		t.batch.Ignore(tapKeys()...)
		// Whoever had the lease before and still commits has read the head before this worker got the lease. Only one of them can: his commit
		// is a conflict for the others. Either it is one for this worker too, or the head says which jobs it was about.
		if err := w.held(); err != nil {
			return err
		}
		head := feedHead{First: 1}
		if row, ok := t.row(key); ok {
			var err error
			if head, err = decode[feedHead](t, row); err != nil {
				return err
			}
		}
		from, news := head.Last, false
		people, err := t.peopleOf(w.lease.Jobs)
		if err != nil {
			return err
		}
		finish := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		numbered := head.Jobs
		head.Jobs = nil
		for _, job := range w.lease.Jobs {
			finish.Jobs = append(finish.Jobs, job.ID)
			head.Jobs = append(head.Jobs, job.ID)
			if slices.Contains(numbered, job.ID) {
				continue
			}
			var j eventsJob
			if _, err := store.Decode(job.Body, &j); err != nil {
				return err
			}
			for _, e := range j.Events {
				head.Last++
				news = news || concernsNotices(&e)
				if err := t.putEvent(head.Last, e, people[e.Conversation]); err != nil {
					return err
				}
			}
		}
		if err := t.expire(&head, 2*int(head.Last-from)); err != nil {
			return err
		}
		t.batch.Done(finish)
		for name := range d.cfg.Subscribers {
			if err := t.enqueue("sub/"+name, "sub/"+name+"/"+itoa(head.Last), time.Time{}, subJob{}); err != nil {
				return err
			}
		}
		if news {
			if err := t.queueNotices(from, head.Last); err != nil {
				return err
			}
		}
		if err := t.queueTaps(head.Last); err != nil {
			return err
		}
		return t.put(store.Row{Key: key}, formatDocument, head)
	})
}

// putEvent writes an event. A contact's activity lists what is told of him and of his conversations.
func (t *txn) putEvent(position int64, e conversation.Event, people []string) error {
	t.absent(eventKey(position))
	row := store.Row{Key: eventKey(position), Facts: []store.Fact{{Name: "feed", Order: position}, {Name: "type", Value: e.Type}}}
	if e.Contact != "" && !slices.Contains(people, e.Contact) {
		people = append(slices.Clone(people), e.Contact)
	}
	for _, id := range people {
		row.Facts = append(row.Facts, store.Fact{Name: "contact", Value: id, Order: position})
	}
	return t.put(row, formatEvent, Event{Tenant: t.tenant, Position: position, Event: e})
}

// maxPeople bounds the contacts of a conversation whose activity an event is listed in.
const maxPeople = 100

// peopleOf returns the contacts of the conversations that jobs tell of. The commit does not rest on them: whoever a conversation has when
// it is told is right.
func (t *txn) peopleOf(jobs []store.Job) (map[string][]string, error) {
	people := map[string][]string{}
	var keys []store.Key
	for _, job := range jobs {
		var j eventsJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return nil, err
		}
		for _, e := range j.Events {
			if _, known := people[e.Conversation]; !known && e.Conversation != "" {
				people[e.Conversation] = nil
				keys = append(keys, conversationKey(e.Conversation))
			}
		}
	}
	if len(keys) == 0 {
		return people, nil
	}
	rows, err := t.desk.store.Load(t.ctx, t.tenant, keys, nil)
	if err != nil {
		return nil, err
	}
	for key, row := range rows.Found {
		for _, f := range row.Facts {
			if f.Name == "contact" && len(people[key.ID]) < maxPeople {
				people[key.ID] = append(people[key.ID], f.Value)
			}
		}
	}
	return people, nil
}

// expire drops events from the feed's beginning that are older than it keeps: more than the n that came, so that it shrinks to what it keeps.
func (t *txn) expire(head *feedHead, n int) error {
	if t.now.Sub(head.Oldest) < t.desk.cfg.KeepEvents || head.Last-head.First < expireFrom {
		return nil
	}
	q := store.Query{Tenant: t.tenant, Kind: store.Event, Fact: "feed", Ascending: true, Limit: expireStep}
	for q.Limit < 2*n && q.Limit < store.MaxLimit { // few different limits, for which a database makes as many plans
		q.Limit = min(4*q.Limit, store.MaxLimit)
	}
	page, err := t.desk.store.List(t.ctx, q)
	if err != nil {
		return err
	}
	head.Oldest = time.Time{}
	for _, row := range page.Rows {
		var e Event
		if _, err := store.Decode(row.Body, &e); err != nil {
			return err
		}
		if t.now.Sub(e.At) < t.desk.cfg.KeepEvents || e.Position >= head.Last {
			head.Oldest = e.At
			break
		}
		t.adopt([]store.Row{row})
		t.remove(row.Key)
		head.First = e.Position + 1
	}
	return nil
}

const expireStep = 16 // events that are looked at, at least

// expireFrom spares small feeds the look at their oldest events.
const expireFrom = 1000

// Head returns the position of the newest event of a tenant's feed, 0 if there is none. Who takes it, then reads the state, and then the events
// after it misses nothing. Error: ErrInvalid.
func (d *Desk) Head(ctx context.Context, tenant string) (position int64, err error) {
	if err := checkTenant(tenant); err != nil {
		return 0, wrap("head of events", "", err)
	}
	key := document("feed", "head")
	err = d.view(ctx, tenant, func(t *txn) error {
		if err := t.load(key); err != nil {
			return err
		}
		row, ok := t.row(key)
		if !ok {
			return nil
		}
		head, err := decode[feedHead](t, row)
		position = head.Last
		return err
	})
	return position, wrap("head of events", tenant, err)
}

// Events returns up to limit events of a tenant after a position; 0 begins with the oldest. The events are in order and without gaps.
// limit is 1 to 1,000. Errors: ErrInvalid, and ErrCursorExpired when the feed no longer holds what follows the position.
func (d *Desk) Events(ctx context.Context, tenant string, after int64, limit int) ([]Event, error) {
	err := checkTenant(tenant)
	if problem := conversation.CheckID(tenant); err == nil && problem != "" {
		err = invalid("tenant", "%s", problem)
	}
	if err != nil {
		return nil, wrap("events", "", err)
	}
	events, err := d.events(ctx, tenant, after, limit)
	return events, wrap("events", tenant, err)
}

func (d *Desk) events(ctx context.Context, tenant string, after int64, limit int) ([]Event, error) {
	if after < 0 || limit < 1 || limit > store.MaxLimit {
		return nil, invalid("limit", "after must be 0 or more, limit within 1 and %d", store.MaxLimit)
	}
	q := store.Query{Tenant: tenant, Kind: store.Event, Fact: "feed", Ascending: true, Limit: limit}
	if after > 0 {
		q.Cursor = q.At(store.Position{Order: after, ID: eventKey(after).ID})
	}
	page, err := d.store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	events, err := decodeAll[Event](page.Rows)
	if err == nil && len(events) > 0 && after > 0 && events[0].Position != after+1 {
		return nil, ErrCursorExpired
	}
	return events, err
}

package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// What a contact is given reaches his conversations by jobs, so that no command is as large as what he has written in years.

// followJob gives a contact's labels to all his conversations, and links to those that are open.
type followJob struct {
	Contact string              `json:"contact"`
	Links   []conversation.Link `json:"links,omitempty"`
}

// follow queues that a contact's conversations follow him.
func (t *txn) follow(p *conversation.Contact, links []conversation.Link) error {
	return t.enqueue("follow/"+p.ID, "follow/"+p.ID+"/"+newID(t.now), time.Time{}, followJob{Contact: p.ID, Links: links})
}

// followUp does a contact's follow jobs, each conversation in a commit of its own. Doing one again changes nothing.
func (w *work) followUp(ctx context.Context) error {
	release := w.keep(ctx)
	defer release()
	for i, job := range w.lease.Jobs {
		var j followJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		if err := w.desk.followAll(ctx, w.lease.Tenant, j); err != nil {
			return err
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

func (d *Desk) followAll(ctx context.Context, tenant string, j followJob) error {
	var ids []string
	var links []conversation.Link
	err := d.view(ctx, tenant, func(t *txn) (err error) {
		if ids, err = t.setOf(j.Contact); err != nil {
			return err
		}
		p, err := t.remembered(j.Contact)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		// What he was untied from meanwhile is not his any more, and shows nobody his conversations.
		links = slices.DeleteFunc(slices.Clone(j.Links), func(l conversation.Link) bool {
			return !slices.ContainsFunc(p.Links, func(o conversation.Link) bool { return o.Record() == l.Record() })
		})
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		q := store.Query{Tenant: tenant, Kind: store.Conversation, Fact: "contact", Value: id, Ascending: true, Limit: 200}
		for {
			page, err := d.store.List(ctx, q)
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				if err := d.followOne(ctx, tenant, row.ID, links); err != nil {
					return err
				}
			}
			if page.Cursor == "" {
				break
			}
			q.Cursor = page.Cursor
		}
	}
	return nil
}

// followOne brings a conversation up to date with its contacts.
func (d *Desk) followOne(ctx context.Context, tenant, id string, links []conversation.Link) error {
	return d.write(ctx, tenant, "conversation/"+id, func(t *txn) error {
		if err := t.load(conversationKey(id)); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var more []conversation.Command
		if conv.Status == conversation.Open && conv.Place == conversation.Inbox && len(links) > 0 {
			more = append(more, conversation.Found{Links: links})
		}
		_, err = t.relabel(&conv, more...)
		return err
	})
}

// relabel gives a conversation the labels its contacts have now, and carries out more commands with it.
func (t *txn) relabel(conv *conversation.Conversation, more ...conversation.Command) (conversation.Conversation, error) {
	people, err := t.people(conv)
	if err != nil {
		return *conv, err
	}
	env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
	if err != nil {
		return *conv, err
	}
	change, err := t.apply(conv, false, env, append([]conversation.Command{conversation.Relabel{Labels: labels(people)}}, more...)...)
	if err != nil {
		return *conv, err
	}
	return change.Conversation, nil
}

// labels are those of all of a conversation's people, sorted.
func labels(people []conversation.Contact) (out []string) {
	for _, p := range people {
		out = append(out, p.Labels...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func idsOf(people []conversation.Contact) (out []string) {
	for _, p := range people {
		out = append(out, p.ID)
	}
	return out
}

// links are those that people bring to a conversation that begins, each record once.
func links(people []conversation.Contact) (out []conversation.Link) {
	for _, p := range people {
		for _, l := range p.Links {
			if !slices.ContainsFunc(out, func(o conversation.Link) bool { return o.Record() == l.Record() }) {
				out = append(out, l)
			}
		}
	}
	return out
}

// Candidate is one of the host's records that may be a contact's, such as a customer.
type Candidate struct {
	Kind  string // such as "customer"
	ID    string // the host's, at most 100 bytes
	Title string // for people
}

// matchJob asks the host which records are a contact's.
type matchJob struct {
	Contact string `json:"contact"`
}

// matchSoon queues that the host is asked about a contact, if it can be.
func (t *txn) matchSoon(p *conversation.Contact) error {
	if t.desk.cfg.Records == nil {
		return nil
	}
	return t.enqueue("match/"+p.ID, "match/"+p.ID+"/"+newID(t.now), time.Time{}, matchJob{Contact: p.ID})
}

// Times of asking the host.
const (
	matchCallFor = 10 * time.Second
	matchFirst   = 5 * time.Second // the first pause after an error; each is as long as it has been tried already
	matchPause   = time.Hour       // the longest pause
	matchGiveUp  = 7 * 24 * time.Hour
)

// askedAtOnce is how many questions to the host a process has under way.
const askedAtOnce = 16

// match asks the host for the records of a contact. Exactly one is linked, to him and his open conversations; none or several are left to
// a person.
func (w *work) match(ctx context.Context) error {
	select {
	case w.desk.asking <- struct{}{}:
		defer func() { <-w.desk.asking }()
	default: // a slow host is asked about so many and no more
		return w.hold(ctx, matchFirst+rand.N(3*matchFirst))
	}
	release := w.keep(ctx)
	defer release()
	job := w.lease.Jobs[0] // the first is as good as all: the contact is read as he is now
	var j matchJob
	if _, err := store.Decode(job.Body, &j); err != nil {
		return err
	}
	var p conversation.Contact
	err := w.desk.view(ctx, w.lease.Tenant, func(t *txn) (err error) {
		p, err = t.contact(j.Contact)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	var found []Candidate
	if sure := vouchedOf(&p); len(sure) > 0 && w.desk.cfg.Records != nil {
		if found, err = w.desk.records(ctx, w.lease.Tenant, sure); err != nil {
			return w.matchLater(ctx, job, err)
		}
	}
	return w.desk.write(ctx, w.lease.Tenant, "contact/"+p.ID, func(t *txn) error {
		w.finishAll(t)
		if len(found) != 1 {
			return nil
		}
		return t.linkMatch(p.ID, conversation.Link{Kind: found[0].Kind, ID: found[0].ID, By: conversation.ByMatch})
	})
}

// finishAll says that all jobs of the group are done.
func (w *work) finishAll(t *txn) {
	f := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
	for _, job := range w.lease.Jobs {
		f.Jobs = append(f.Jobs, job.ID)
	}
	t.batch.Done(f)
}

// matchLater leaves the job for later: the pauses grow with its age.
func (w *work) matchLater(ctx context.Context, job store.Job, failure error) error {
	age := w.desk.now().Sub(time.UnixMicro(job.Order))
	w.desk.log.WarnContext(ctx, "the host was asked for records in vain", "tenant", w.lease.Tenant, "group", w.lease.Group, "error", failure)
	if age > matchGiveUp {
		return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			w.finishAll(t)
			return nil
		})
	}
	return w.hold(ctx, min(max(age, matchFirst), matchPause))
}

func (t *txn) linkMatch(id string, l conversation.Link) error {
	p, err := t.remembered(id) // he may have been forgotten while the host was asked
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkLink(l); err != nil {
		t.desk.log.WarnContext(t.ctx, "the host named a record that cannot be linked", "tenant", t.tenant, "error", err)
		return nil
	}
	added, err := p.AddLink(l)
	if err != nil { // asking again would change nothing
		t.desk.log.WarnContext(t.ctx, "the host named a record that cannot be linked", "tenant", t.tenant, "contact", p.ID, "error", err)
		return nil
	}
	if !added {
		return nil
	}
	if err := t.follow(&p, []conversation.Link{l}); err != nil {
		return err
	}
	return t.changeContact(conversation.Actor{Kind: conversation.BySystem}, &p, profileEvent("link", l.Record())...)
}

// vouchedOf are the identities that a link may rest on without a person: phone numbers, and what the platform vouches for.
func vouchedOf(p *conversation.Contact) (out []conversation.Identity) {
	for _, i := range p.Identities {
		if i.Verified || i.Scope == conversation.ScopePhone {
			out = append(out, i)
		}
	}
	return out
}

// maxCandidates is how many records of the host are looked at.
const maxCandidates = 50

// records asks the host, each record once. The host's code may take its time or panic.
func (d *Desk) records(ctx context.Context, tenant string, ids []conversation.Identity) (out []Candidate, err error) {
	ctx, cancel := context.WithTimeout(ctx, matchCallFor)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	all, err := d.cfg.Records(ctx, tenant, slices.Clone(ids))
	for _, c := range all {
		if len(out) < maxCandidates && !slices.ContainsFunc(out, func(o Candidate) bool { return o.Kind == c.Kind && o.ID == c.ID }) {
			out = append(out, c)
		}
	}
	return out, err
}

// MatchRecords asks the host which of its records may be a contact's, for a person to choose from: at most 50. Identities that nobody
// vouches for are asked about too. Errors: ErrNotFound, and the host's.
func (s *Session) MatchRecords(ctx context.Context, contact string) ([]Candidate, error) {
	p, err := s.Contact(ctx, contact)
	if err != nil || s.desk.cfg.Records == nil {
		return nil, err
	}
	ids := slices.Clone(p.Identities)
	for _, scope := range []string{conversation.ScopePhone, conversation.ScopeEmail} {
		for _, address := range p.Fields[scope].Values {
			ids = append(ids, conversation.Identity{Scope: scope, Address: address})
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.desk.records(ctx, s.actor.Tenant, ids)
	return found, wrap("match records", contact, err)
}

package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// queuePage is how many waiting conversations of a mailbox are read at once, queueMore how many on the pages after the first: most rounds
// find whom to give something to among the oldest.
const (
	queuePage = 20
	queueMore = 500
)

// handOut gives waiting conversations to agents until there is no pair left, and finishes the jobs that were there when it began. Whatever
// changes meanwhile has queued a job of its own. It is the group's only lessee, but nothing rests on that: every pair is a conditional
// commit.
func (w *work) handOut(ctx context.Context) error {
	for {
		f, err := w.desk.floor(ctx, w.lease.Tenant)
		if err != nil {
			return err
		}
		again, err := w.round(ctx, f)
		if err != nil {
			return err
		}
		if !again {
			return w.handedOut(ctx, f)
		}
		if err := cmp.Or(ctx.Err(), w.stay(ctx)); err != nil {
			return err
		}
	}
}

// stay prolongs the lease when half of it is over.
func (w *work) stay(ctx context.Context) error {
	if err := w.held(); err != nil {
		return err
	}
	if w.until.Sub(w.desk.now()) > leaseFor/2 {
		return nil
	}
	return w.hold(ctx, leaseFor)
}

// handedOut finishes the jobs, and queues a look at the next opening hour.
func (w *work) handedOut(ctx context.Context, f *floor) error {
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		done := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		for _, job := range w.lease.Jobs {
			done.Jobs = append(done.Jobs, job.ID)
		}
		t.batch.Done(done)
		if f.opens.IsZero() || f.queued.At.Equal(f.opens) {
			return nil
		}
		key := document("dispatch", "opening")
		if err := t.load(key); err != nil {
			return err
		}
		if err := t.dispatchAt(f.opens); err != nil {
			return err
		}
		return t.put(store.Row{Key: key}, formatDocument, openingDoc{At: f.opens})
	})
}

// round hands out once, the longest waiting first. It reports whether to look again, since something was not as it was read.
func (w *work) round(ctx context.Context, f *floor) (again bool, err error) {
	lines := w.lines(f)
	for {
		row, conv, err := next(ctx, f, lines)
		if err != nil || row == nil {
			return again, err
		}
		chat, err := f.chat(conv)
		if err != nil {
			return again, err
		}
		pairs := f.pool.Assign(f.now, []routing.Chat{chat})
		if len(pairs) == 0 {
			continue
		}
		given, err := w.give(ctx, f, *row, chat, pairs[0].Agent)
		if err != nil {
			return again, err
		}
		again = again || !given
		if err := cmp.Or(ctx.Err(), w.stay(ctx)); err != nil {
			return again, err
		}
	}
}

// line is the waiting conversations of one mailbox, the longest waiting first.
type line struct {
	box   *Mailbox
	query store.Query
	rows  []store.Row
	head  *conversation.Conversation // of rows[0]
	ended bool
	given int // how many were given out when somebody was last known to have a slot for it
}

// lines are those of the mailboxes that hand out now.
func (w *work) lines(f *floor) (lines []*line) {
	for i := range f.boxes {
		box := &f.boxes[i]
		q := store.Query{Tenant: w.lease.Tenant, Kind: store.Conversation, Fact: "handover", Value: box.ID, Ascending: true, Limit: queuePage}
		if box.AssignOnFirst {
			q.Fact = "queue"
		}
		lines = append(lines, &line{box: box, query: q, given: -1})
	}
	return lines
}

// next takes the longest waiting conversation out of all lines; nil if there is none that anybody has a slot for.
func next(ctx context.Context, f *floor, lines []*line) (*store.Row, *conversation.Conversation, error) {
	var empty []*line
	for _, l := range lines {
		if !l.ended && l.given != f.given {
			if l.given = f.given; !f.free(l.box) {
				l.ended, l.head = true, nil
			}
		}
		if !l.ended && l.head == nil {
			empty = append(empty, l)
		}
	}
	if err := f.desk.together(len(empty), func(i int) error { return empty[i].fill(ctx, f) }); err != nil {
		return nil, nil, err
	}
	var first *line
	for _, l := range lines {
		if l.head != nil && (first == nil || older(l.head, first.head)) {
			first = l
		}
	}
	if first == nil {
		return nil, nil, nil
	}
	row, conv := first.rows[0], first.head
	first.rows, first.head = first.rows[1:], nil
	return &row, conv, nil
}

func older(a, b *conversation.Conversation) bool {
	return cmp.Or(a.WaitsSince().Compare(b.WaitsSince()), cmp.Compare(a.ID, b.ID)) < 0
}

// fill makes the head of a line known.
func (l *line) fill(ctx context.Context, f *floor) error {
	for l.head == nil && !l.ended {
		if len(l.rows) > 0 {
			var c conversation.Conversation
			if _, err := store.Decode(l.rows[0].Body, &c); err != nil {
				return err
			}
			l.head = &c
			return nil
		}
		if l.query.Limit == queueMore && l.query.Cursor == "" {
			l.ended = true
			return nil
		}
		page, err := f.desk.store.List(ctx, l.query)
		if err != nil {
			return err
		}
		l.rows, l.query.Cursor, l.query.Limit = page.Rows, page.Cursor, queueMore
	}
	return nil
}

// give makes a pair, if it still is one. The first attempt rests on what the floor was read from, later ones on fresh readings.
func (w *work) give(ctx context.Context, f *floor, row store.Row, chat routing.Chat, agent string) (given bool, err error) {
	d, tried := w.desk, false
	hand := f.hands[agent]
	var presence store.Row
	var used int
	err = d.write(ctx, w.lease.Tenant, "conversation/"+row.ID, func(t *txn) error {
		given, used = false, hand.Used
		if tried {
			if used, err = t.readPair(row.Key, chat, agent); err != nil {
				return err
			}
		} else {
			t.adoptPair(f, row, chat, agent)
		}
		tried = true
		conv, err := t.conversation(row.ID)
		if err != nil {
			return err
		}
		ok, err := t.isPair(&conv, chat.LastAgent, agent, used)
		if err != nil {
			return err
		}
		if !ok {
			return errStop
		}
		given = true
		if err := t.assign(&conv, agent); err != nil {
			return err
		}
		presence, _ = t.row(document("presence", agent))
		return nil
	})
	if errors.Is(err, ErrBusy) || errors.Is(err, ErrNotFound) || errors.Is(err, conversation.ErrState) {
		given, err = false, nil
	}
	if err == nil && given {
		f.given++
		hand.Used = used + 1
		f.pool.Count(agent, hand.Used)
		f.rows[presence.Key] = presence
	}
	return given, err
}

// assign gives a conversation to an agent. One that a bot has answered opens.
func (t *txn) assign(conv *conversation.Conversation, agent string) error {
	env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
	if err != nil {
		return err
	}
	commands := []conversation.Command{conversation.Assign{Agent: agent, Team: conv.Team}}
	if conv.Status == conversation.Closed {
		commands = slices.Insert(commands, 0, conversation.Command(conversation.SetStatus{Status: conversation.Open}))
	}
	_, err = t.apply(conv, false, env, commands...)
	return err
}

// pairKeys are the documents that decide on a pair: of the agent, the mailbox, and the team with its fallback.
func pairKeys(chat routing.Chat, agent string) []store.Key {
	return []store.Key{document("settings", "tenant"), document("agent", agent), document("presence", agent), document("mailbox", chat.Mailbox)}
}

// adoptPair takes the rows of a pair from what the floor was read from.
func (t *txn) adoptPair(f *floor, row store.Row, chat routing.Chat, agent string) {
	keys := pairKeys(chat, agent)
	if team, ok := f.teams[chat.Team]; ok {
		keys = append(keys, document("team", team.ID))
		if _, ok := f.teams[team.Fallback]; ok {
			keys = append(keys, document("team", team.Fallback))
		}
	}
	t.adopt([]store.Row{row})
	for _, key := range keys {
		if row, ok := f.row(key); ok {
			t.adopt([]store.Row{row})
		} else {
			t.absent(key)
		}
	}
}

// readPair reads the rows of a pair, the presence before the slots that are used.
func (t *txn) readPair(conv store.Key, chat routing.Chat, agent string) (used int, err error) {
	if err := t.load(append(pairKeys(chat, agent), conv)...); err != nil {
		return 0, err
	}
	counter := slotCounter(agent)
	counts, err := t.loadCounters(nil, []string{counter})
	return int(counts[counter]), err
}

// isPair decides by the rules of routing whether an agent can be given a conversation now.
func (t *txn) isPair(conv *conversation.Conversation, prefer, agent string, used int) (bool, error) {
	settings, err := t.settings()
	if err != nil {
		return false, err
	}
	box, err := t.mailbox(conv.Mailbox)
	if err != nil {
		return false, err
	}
	a, err := t.agent(agent)
	if err != nil {
		return false, err
	}
	p, err := t.presence(agent)
	if err != nil {
		return false, err
	}
	round := routing.Round{Now: t.now}
	if conv.Team != "" {
		if round.Teams, err = t.teamRules(conv.Team); err != nil {
			return false, err
		}
	}
	m, _, err := box.forRouting(t.now)
	if err != nil {
		return false, err
	}
	chat := routing.Waiting(conv)
	chat.LastAgent = prefer
	round.Mailboxes, round.Waiting = []routing.Mailbox{m}, []routing.Chat{chat}
	round.Candidates = []routing.Candidate{candidate(a, p, used, []Mailbox{box}, t.now, settings.idle())}
	return len(routing.Assign(round)) == 1, nil
}

// teamRules returns the rules of a team and of its fallback.
func (t *txn) teamRules(id string) ([]routing.Team, error) {
	var rules []routing.Team
	for id != "" && len(rules) < 2 {
		team, ok, err := doc[Team](t, document("team", id))
		if err != nil || !ok {
			return rules, err
		}
		rules = append(rules, team.forRouting())
		id = team.Fallback
	}
	return rules, nil
}

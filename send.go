package frontdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Reply answers in a conversation, or whispers in it. The message is queued in the commit that this call makes; a worker hands it to the
// provider. Errors: ErrNotFound, ErrForbidden, ErrInvalid, ErrWindow, ErrCapability, ErrOptedOut, ErrNoConsent, ErrBlocked, ErrKeyReused,
// ErrBusy, conversation.ErrState, conversation.ErrValue of Then, *reply.MissingError and *reply.SyntaxError.
func (s *Session) Reply(ctx context.Context, id string, draft Draft) (conversation.Message, error) {
	msg, err := s.reply(ctx, id, draft)
	return msg, wrap("reply to conversation", id, err)
}

// Whisper adds an internal message to a conversation. It is never handed to a channel.
func (s *Session) Whisper(ctx context.Context, id, text string) (conversation.Message, error) {
	return s.Reply(ctx, id, Draft{Text: text, Whisper: true, Verbatim: true})
}

func (s *Session) reply(ctx context.Context, id string, draft Draft) (msg conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "conversation/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, "reply", toWork)
		if err != nil {
			return err
		}
		sent, key, err := t.already(c, draft, "conversation/"+id)
		if err != nil || sent != nil {
			if sent != nil {
				msg = *sent
			}
			return err
		}
		if c.agent.ID != "" && store.CheckText(id, false) == "" { // in one call
			if err := t.load(conversationKey(id), draftKey(c.agent.ID, id, false), draftKey(c.agent.ID, id, true), noticeKey(c.agent.ID, id)); err != nil {
				return err
			}
		}
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		m, err := t.answer(c, &conv, draft, key, false)
		msg = m
		return err
	})
	return msg, err
}

// sendBody is what the caller's key remembers: what was sent with it, and where to.
type sendBody struct {
	Hash string `json:"hash"`
}

// MaxKey is how long a caller's key may be, in bytes.
const MaxKey = 200

// already returns the message that the caller's key has sent. The key's name is loaded so that two calls at once make one message.
func (t *txn) already(c caller, draft Draft, where string) (*conversation.Message, *keyUse, error) {
	if draft.Key == "" {
		return nil, nil, nil
	}
	if problems := conversation.CheckText(draft.Key, MaxKey); len(problems) > 0 {
		return nil, nil, &InvalidError{Field: "Key", Problems: problems}
	}
	hash, err := hashDraft(draft, where)
	if err != nil {
		return nil, nil, err
	}
	actor := c.who()
	use := &keyUse{name: sendName(string(actor.Kind)+":"+actor.ID, draft.Key), hash: hash}
	if err := t.load(use.name); err != nil {
		return nil, nil, err
	}
	row, ok := t.row(use.name)
	if !ok {
		return nil, use, nil
	}
	body, err := decode[sendBody](t, row)
	if err != nil {
		return nil, nil, err
	}
	if body.Hash != use.hash {
		return nil, nil, ErrKeyReused
	}
	led, ok := t.led(use.name)
	if !ok {
		return nil, nil, fmt.Errorf("message of key %q: %w", draft.Key, ErrNotFound)
	}
	m, err := decode[conversation.Message](t, led)
	if err != nil {
		return nil, use, err
	}
	switch _, _, err := t.visibleMessage(c, m.ID); {
	case errors.Is(err, ErrNotFound): // it is done, and no longer his to read
		m = conversation.Message{ID: m.ID, Conversation: m.Conversation, Direction: m.Direction, Stored: m.Stored, Key: m.Key, Delivery: m.Delivery}
	case err != nil:
		return nil, use, err
	}
	return &m, use, nil
}

type keyUse struct {
	name store.Key
	hash string
}

// sameForm is a value as it prints the same for the same content: without what is empty, and with its times in UTC. An error is of a time that
// has no such form.
func sameForm(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	return inUTC(tree), nil
}

func inUTC(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if v[name] = inUTC(member); v[name] == nil {
				delete(v, name)
			}
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = inUTC(v[i])
		}
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
		return strconv.Quote(v)
	}
	return v
}

// hashDraft tells two drafts under one key apart. Error: ErrInvalid, of a time that no command takes.
func hashDraft(d Draft, where string) (string, error) {
	actions := ""
	for _, a := range d.Then {
		form, err := sameForm(a)
		if err != nil {
			return "", invalid("Then", "%T: %v", a, err)
		}
		actions += fmt.Sprintf("%T %v\n", a, form)
	}
	// None and empty are the same.
	d.At = d.At.UTC()
	d.Then, d.Attachments, d.To, d.CC, d.BCC, d.Tags = nil, orNil(d.Attachments), orNil(d.To), orNil(d.CC), orNil(d.BCC), orNil(d.Tags)
	d.Mentions = orNil(d.Mentions)
	text, err := json.Marshal(struct {
		Draft Draft
		Then  string
		Where string
	}{d, actions, where})
	if err != nil { // all else of it is plain
		return "", invalid("At", "%v", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// leadHere makes a thread that nobody used yet lead to the conversation, so that what the customer answers on it comes there.
func (t *txn) leadHere(th conversation.Thread, id string) error {
	name := threadName(th.Channel, th.Key)
	if err := t.load(name); err != nil {
		return err
	}
	if _, ok := t.row(name); !ok {
		t.putRow(store.Row{Key: name, Target: conversationKey(id)})
	}
	return nil
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// answer checks a draft, carries it out on a conversation with what is to be done in the same act, and queues the sending.
func (t *txn) answer(c caller, conv *conversation.Conversation, draft Draft, key *keyUse, isNew bool) (msg conversation.Message, err error) {
	settings, err := t.settings()
	if err != nil {
		return msg, err
	}
	whisper := draft.Whisper || settings.WhisperDefault && !draft.Public
	p, err := t.prepare(c, conv, draft, whisper)
	if err != nil {
		return msg, err
	}
	if err := t.markDraft(c, draft, whisper, &p.message); err != nil {
		return msg, err
	}
	if p.message.Mentions, err = t.mentions(c, conv, draft, whisper); err != nil {
		return msg, err
	}
	due, err := t.sendTime(c, settings, draft, whisper)
	if err != nil {
		return msg, err
	}
	if err := t.checkActions(c, conv, draft.Then); err != nil {
		return msg, err
	}
	if msg, err = t.enter(c, conv, p, draft, whisper, due, isNew); err != nil {
		return msg, err
	}
	if !isNew {
		if err := t.dropDraft(c, conv, whisper); err != nil {
			return msg, err
		}
		if err := t.noticed(c, conv); err != nil {
			return msg, err
		}
	}
	if !whisper {
		if err := t.leadHere(p.thread, conv.ID); err != nil {
			return msg, err
		}
	}
	if key != nil {
		if err := t.put(store.Row{Key: key.name, Target: messageKey(msg.ID)}, formatDocument, sendBody{Hash: key.hash}); err != nil {
			return msg, err
		}
	}
	switch {
	case whisper:
		return msg, nil
	case !due.IsZero():
		return msg, t.queueLater(&msg)
	}
	return msg, t.queueSend(&msg)
}

// enter carries a checked draft out on its conversation, with what is to be done in the same act.
func (t *txn) enter(c caller, conv *conversation.Conversation, p prepared, draft Draft, whisper bool, due time.Time, isNew bool) (msg conversation.Message, err error) {
	env, err := t.env(c.who(), conv.Mailbox, t.ids)
	if err != nil {
		return msg, err
	}
	first := conversation.Command(conversation.Reply{Message: p.message, Thread: p.thread})
	switch {
	case whisper:
		first = conversation.Whispering{Message: p.message}
	case !due.IsZero():
		msg = t.scheduled(conv, p, draft, due)
		gone, err := t.notWaiting(conv)
		if err != nil {
			return msg, err
		}
		first = conversation.Schedule{ID: msg.ID, Due: due, Thread: p.thread, Gone: gone}
	}
	change, err := t.apply(conv, isNew, env, slices.Concat([]conversation.Command{first}, subscribed(p.message.Mentions), draft.Then)...)
	if err != nil {
		return msg, err
	}
	*conv = change.Conversation
	if due.IsZero() {
		return change.Messages[0], nil
	}
	t.absent(messageKey(msg.ID))
	return msg, t.putMessage(&msg)
}

// queueSend queues a message's job behind those of its thread.
func (t *txn) queueSend(m *conversation.Message) error { return t.queueSendAt(m, time.Time{}) }

// queueSendAt queues it for a time; the zero time is at once.
func (t *txn) queueSendAt(m *conversation.Message, due time.Time) error {
	t.order = max(t.order, m.Stored.UnixMicro())
	return t.enqueue(outGroup(m.Channel, m.Thread), "send/"+m.ID+"/"+itoa(m.Changed.UnixMicro()), due, outJob{Message: m.ID, Channel: m.Channel})
}

// prepared is a draft that was checked and filled.
type prepared struct {
	message conversation.Message
	thread  conversation.Thread
	conn    channel.Conn
	doc     Channel
	filled  Filled
	asks    bool // for consent
}

// prepare fills a draft and checks it against the channel it goes out on: everything but what only time may change.
func (t *txn) prepare(c caller, conv *conversation.Conversation, draft Draft, whisper bool) (p prepared, err error) {
	if err := checkDraft(draft); err != nil {
		return p, err
	}
	p.asks = draft.asks
	if !whisper && len(draft.Mentions) > 0 {
		return p, invalid("Mentions", "only whispers mention; set Whisper, or leave them out")
	}
	if !whisper {
		if p.thread, p.doc, p.conn, err = t.outgoing(c, conv, draft.Channel); err != nil {
			return p, err
		}
	}
	if p.filled, err = t.fill(c, conv, p.doc, draft); err != nil {
		return p, err
	}
	p.message = conversation.Message{Subject: subject(conv, draft, capabilities(p.conn)), Text: p.filled.Text, HTML: draft.HTML, Key: draft.Key, Author: c.who(),
		Forwards: draft.forwards, Of: draft.of}
	if err := t.attach(&p.message, append(p.filled.attachments, draft.Attachments...)); err != nil {
		return p, err
	}
	if n := len(p.message.Attachments); n > conversation.MaxAttachments {
		return p, invalid("Attachments", "%d files with those of the saved reply, at most %d", n, conversation.MaxAttachments)
	}
	if draft.ReplyTo != "" {
		if p.message.ReplyTo, err = t.replyTo(c, conv, draft.ReplyTo); err != nil {
			return p, err
		}
	}
	if whisper {
		if draft.Template != nil {
			return p, invalid("Template", "a whisper is never sent, so it cannot be a template")
		}
		if len(draft.To)+len(draft.CC)+len(draft.BCC) > 0 {
			return p, invalid("recipients", "a whisper is sent to nobody; leave To, CC and BCC out")
		}
		addOrigin(&p.message, draft)
		return p, empty(&p.message)
	}
	filled, err := t.fillParams(c, conv, p.doc, draft)
	if err != nil {
		return p, err
	}
	if p.message.Template, err = template(p.doc, filled); err != nil {
		return p, err
	}
	if p.message.Template != nil && (p.message.Text != "" || p.message.HTML != "") {
		return p, invalid("Template", "a draft is a template or a text, not both")
	}
	if err := p.reachable(draft); err != nil {
		return p, err
	}
	if err := p.recipients(draft); err != nil {
		return p, err
	}
	if err := t.frame(c, conv, p.doc, draft, p.filled.language, &p.message); err != nil {
		return p, err
	}
	addOrigin(&p.message, draft)
	if err := empty(&p.message); err != nil {
		return p, err
	}
	return p, t.carries(c, conv, &p)
}

package frontdesk

import (
	"cmp"
	"context"
	"fmt"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// maxOptInText is how long the question of a double opt-in may be, in bytes.
const maxOptInText = 1000

// optInText is the question of a double opt-in where a channel has no other.
const optInText = "Reply YES to receive messages from us. Reply STOP at any time to end them."

// SetConsent notes what a contact said about being written to on a channel: conversation.OptedIn or conversation.OptedOut. Who opted out by
// himself is opted in again by himself, or by an admin. Errors: ErrNotFound, ErrForbidden, ErrInvalid.
func (s *Session) SetConsent(ctx context.Context, contact, channelID string, state conversation.ConsentState) (conversation.Contact, error) {
	if state != conversation.OptedIn && state != conversation.OptedOut {
		return conversation.Contact{}, wrap("set contact consent", contact, invalid("state", "%q; use %q or %q", state, conversation.OptedIn, conversation.OptedOut))
	}
	return s.profile(ctx, "set contact consent", contact, func(t *txn, c caller, p *conversation.Contact) ([]conversation.Event, error) {
		ch, err := t.channel(channelID)
		if err == nil && !c.sees(ch.Mailbox) {
			err = fmt.Errorf("channel %q: %w", channelID, ErrNotFound)
		}
		if err != nil {
			return nil, err
		}
		old := p.ConsentOn(channelID)
		if own := old.By.Kind != conversation.ByAgent; old.State == conversation.OptedOut && own && state == conversation.OptedIn && !c.manages() {
			return nil, &ForbiddenError{Command: "opt in", Needs: "an admin, for the contact opted out by himself"}
		}
		return consentEvents(p, channelID, t.word(c.who(), state))
	})
}

func (t *txn) word(by conversation.Actor, state conversation.ConsentState) conversation.Consent {
	return conversation.Consent{State: state, At: t.now, By: by}
}

// consentEvents notes a word on a contact, and returns what tells of it if it says anything new.
func consentEvents(p *conversation.Contact, channelID string, word conversation.Consent) ([]conversation.Event, error) {
	changed, err := p.SetConsent(channelID, word)
	if err != nil || !changed {
		return nil, err
	}
	return []conversation.Event{{Type: conversation.EventConsent, Subject: channelID, To: string(word.State)}}, nil
}

// AskConsent sends a contact the channel's question for a double opt-in. He has opted in once he answers YES or Y. However often it is called
// under one key, he is asked once, as with Draft.Key; with "" each time. Errors: those of Reply, and conversation.ErrState if he has opted in
// already.
func (s *Session) AskConsent(ctx context.Context, contact, channelID, key string) (msg conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "contact/"+contact, func(t *txn) error {
		c, err := t.caller(s.actor, "ask contact for consent", toWork)
		if err != nil {
			return err
		}
		sent, use, err := t.already(c, Draft{Key: key}, "consent/"+channelID+"/"+contact)
		if err != nil || sent != nil {
			if sent != nil {
				msg = *sent
			}
			return err
		}
		p, err := t.visibleContact(c, contact)
		if err != nil {
			return err
		}
		if p.ConsentOn(channelID).State == conversation.OptedIn {
			return &conversation.StateError{Command: "ask for consent", Reason: "the contact has opted in"}
		}
		ch, err := t.channel(channelID)
		if err != nil {
			return err
		}
		start := Start{Channel: channelID, Contact: p.ID, Draft: Draft{Key: key, Text: cmp.Or(ch.OptInText, optInText), Verbatim: true, Public: true, asks: true}}
		if msg, err = t.compose(c, start, use); err != nil {
			return err
		}
		if p, err = t.contact(p.ID); err != nil { // as composing left him
			return err
		}
		events, err := consentEvents(&p, channelID, t.word(c.who(), conversation.OptInAsked))
		if err != nil || len(events) == 0 {
			return err
		}
		return t.changeContact(c.who(), &p, events...)
	})
	return msg, wrap("ask contact for consent", contact, err)
}

// mayWrite refuses a message to people who are blocked, have opted out, or have not opted in where that is needed.
func mayWrite(c caller, people []conversation.Contact, p *prepared) error {
	for i := range people {
		state := people[i].ConsentOn(p.doc.ID).State
		begins := p.thread.LastInbound.IsZero() || c.who().Kind != conversation.ByAgent
		switch {
		case people[i].Blocked:
			return fmt.Errorf("%w: contact %s; unblock him first", ErrBlocked, people[i].ID)
		case state == conversation.OptedOut:
			return fmt.Errorf("%w: channel %s", ErrOptedOut, p.doc.ID)
		case p.doc.OptIn && begins && !p.asks && state != conversation.OptedIn:
			return fmt.Errorf("%w: channel %s; ask with AskConsent", ErrNoConsent, p.doc.ID)
		}
	}
	return nil
}

// refusedBy says what people have said or done since a message was accepted that keeps it from them.
func refusedBy(people []conversation.Contact, channelID string) *channel.Error {
	for i := range people {
		if people[i].Blocked {
			return &channel.Error{Class: channel.Recipient, Detail: "the contact is blocked"}
		}
		if people[i].ConsentOn(channelID).State == conversation.OptedOut {
			return &channel.Error{Class: channel.Recipient, Detail: "the contact has opted out", OptedOut: true}
		}
	}
	return nil
}

// heed notes what a customer's text says about being written to: a yes to a double opt-in, and where the platform leaves it to us a stop or
// a start.
func (in *inbound) heed(item channel.Item) error {
	m := item.Message
	stop, start, yes := conversation.SaysStop(m.Text), conversation.SaysStart(m.Text), conversation.SaysYes(m.Text)
	if in.contact == nil || m.Automatic || len(m.Attachments) > 0 || !stop && !start && !yes {
		return nil
	}
	state := in.contact.ConsentOn(in.ch.ID).State
	if yes && state == conversation.OptInAsked {
		return in.says(item, conversation.OptedIn)
	}
	if !stop && (!start || state != conversation.OptedOut && state != conversation.OptInAsked) {
		return nil
	}
	_, conn, err := in.opened(in.ch.ID)
	if err != nil || !conn.Capabilities().StopWords {
		return err
	}
	if stop {
		return in.says(item, conversation.OptedOut)
	}
	return in.says(item, conversation.OptedIn)
}

// says notes the contact's own word on the channel. A yes that comes late does not undo what was said since.
func (in *inbound) says(item channel.Item, state conversation.ConsentState) error {
	if state == conversation.OptedIn && at(item, in.now).Before(in.contact.ConsentOn(in.ch.ID).At) {
		return nil
	}
	events, err := consentEvents(in.contact, in.ch.ID, in.word(in.actor(), state))
	if err != nil || len(events) == 0 {
		return err
	}
	return in.changeContact(in.actor(), in.contact, events...)
}

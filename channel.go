package frontdesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Bounds of a channel's settings.
const (
	maxAllowed   = 500 // senders
	maxTemplates = 500
	maxOptions   = 50
	maxRuleWords = 50 // words and hosts of a rule

	maxPoll = 7 * 24 * time.Hour
)

// checkChannel checks what can be checked of a channel's settings by themselves, and brings its lists in order.
func checkChannel(ch *Channel) error {
	if len(conversation.CheckText(ch.Name, conversation.MaxSubject)) > 0 || strings.ContainsAny(ch.Name, "\r\n") {
		return invalid("Name", "at most %d bytes of text in one line", conversation.MaxSubject)
	}
	if ch.PollEvery > 0 && ch.PollEvery < time.Second || ch.PollEvery > maxPoll {
		return invalid("PollEvery", "%s is not within 1s and %s", ch.PollEvery, maxPoll)
	}
	if len(ch.Templates) > maxTemplates || len(ch.Options) > maxOptions {
		return invalid("Templates", "at most %d templates and %d options", maxTemplates, maxOptions)
	}
	for _, tpl := range ch.Templates {
		if tpl.Name == "" || tpl.Params < 0 {
			return invalid("Templates", "each needs a name, and a count of parameters from 0")
		}
	}
	for _, check := range []func(*Channel) error{checkAllowed, checkRules, checkStart, func(ch *Channel) error { return checkLayouts(ch.Layouts) }} {
		if err := check(ch); err != nil {
			return err
		}
	}
	ch.Removed = time.Time{}
	return nil
}

func checkAllowed(ch *Channel) error {
	if len(ch.Allowed) > maxAllowed {
		return invalid("Allowed", "%d senders, at most %d", len(ch.Allowed), maxAllowed)
	}
	for _, a := range ch.Allowed {
		if a != strings.TrimSpace(a) || strings.Trim(a, "@") == "" || len(conversation.CheckText(a, maxAddress)) > 0 || strings.ContainsAny(a, "*\r\n") {
			return invalid("Allowed", "%q; use an address, or \"@example.com\" for everybody of a domain", a)
		}
	}
	ch.Allowed = sorted(ch.Allowed)
	return nil
}

func checkRules(ch *Channel) error {
	for _, list := range [][]string{ch.Rules.LinkHosts, ch.Rules.SubjectWords} {
		if len(list) > maxRuleWords {
			return invalid("Rules", "%d words or hosts, at most %d", len(list), maxRuleWords)
		}
		for _, w := range list {
			if strings.TrimSpace(w) == "" || len(conversation.CheckText(w, conversation.MaxSubject)) > 0 {
				return invalid("Rules", "%q; use a word or a host of at most %d bytes", w, conversation.MaxSubject)
			}
		}
	}
	if len(ch.Rules.LinkHosts) > 0 && !ch.Rules.NoLinks {
		return invalid("Rules", "LinkHosts are exceptions of NoLinks; set that")
	}
	return nil
}

// checkStart checks what a conversation gets that begins on the channel; whether it is there, checkStarters does.
func checkStart(ch *Channel) error {
	for _, list := range []struct {
		field   string
		n, most int
	}{{"Tags", len(ch.Tags), conversation.MaxTags}, {"Subscribers", len(ch.Subscribers), conversation.MaxSubscribers}, {"Owners", len(ch.Owners), conversation.MaxOwners}} {
		if list.n > list.most {
			return invalid(list.field, "%d, at most %d", list.n, list.most)
		}
	}
	if err := checkTagIDs("Tags", ch.Tags); err != nil {
		return err
	}
	if ch.Stage != "" && ch.Type == "" {
		return invalid("Stage", "%q is a stage of a type; give the Type", ch.Stage)
	}
	for _, s := range ch.Subscribers {
		kind, id, _ := strings.Cut(s, "/")
		if kind != "agent" && kind != "role" || conversation.CheckID(id) != "" {
			return invalid("Subscribers", "%q; use SubscriberAgent or SubscriberRole of package conversation", s)
		}
	}
	ch.Tags, ch.Subscribers = sorted(ch.Tags), sorted(ch.Subscribers)
	ch.Owners = slices.Clone(ch.Owners)
	slices.SortFunc(ch.Owners, func(a, b conversation.Owner) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Agent, b.Agent))
	})
	ch.Owners = slices.Compact(ch.Owners)
	return nil
}

// sorted returns a list in order and without doubles; nil for none.
func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// checkStarters refuses what a conversation could not be given by hand either. What the channel has already it may keep.
func (t *txn) checkStarters(ch, old Channel) error {
	if err := t.checkType(&conversation.Conversation{Type: old.Type, Stage: old.Stage}, SetType{Type: ch.Type, Stage: ch.Stage}); err != nil {
		return err
	}
	added := slices.DeleteFunc(slices.Clone(ch.Owners), func(o conversation.Owner) bool { return slices.Contains(old.Owners, o) })
	if err := t.checkOwners(ch.Mailbox, ChangeOwners{Add: added}); err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(ch.Subscribers), func(s string) bool { return slices.Contains(old.Subscribers, s) })
	return t.checkSubscribers(ch.Mailbox, ChangeSubscribers{Add: fresh})
}

// with gives a conversation what its channel gives to all that begin there.
func with(ch Channel, create conversation.Create) conversation.Create {
	create.Tags, create.Subscribers, create.Owners = ch.Tags, ch.Subscribers, ch.Owners
	create.Type, create.Stage = ch.Type, ch.Stage
	return create
}

// allows reports whether a sender may begin a conversation here. A domain is compared whole: another that ends in it is another. A mail
// address that the channel does not vouch for is nobody's.
func (ch *Channel) allows(from []conversation.Identity) bool {
	if len(ch.Allowed) == 0 {
		return true
	}
	return slices.ContainsFunc(from, func(i conversation.Identity) bool {
		_, domain, _ := strings.Cut(i.Address, "@")
		return vouched(i) && slices.ContainsFunc(ch.Allowed, func(a string) bool {
			return strings.EqualFold(a, i.Address) || domain != "" && strings.EqualFold(a, "@"+domain)
		})
	})
}

// moveDefault makes a channel its mailbox's only default. The name has two who set one at once conflict.
func (t *txn) moveDefault(c caller, ch Channel) error {
	name := name("default", ch.Mailbox)
	if err := t.load(name); err != nil {
		return err
	}
	if row, ok := t.row(name); !ok || row.Target != document("channel", ch.ID) {
		t.putRow(store.Row{Key: name, Target: document("channel", ch.ID)})
	}
	all, err := documents[Channel](t, "channel/")
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID == ch.ID || other.Mailbox != ch.Mailbox || !other.Default {
			continue
		}
		if other, _, err = doc[Channel](t, document("channel", other.ID)); err != nil {
			return err
		}
		other.Default = false
		if err := t.saveDocument(c, document("channel", other.ID), other); err != nil {
			return err
		}
	}
	return nil
}

// connected finds the channel that an account is, or was before it was disconnected; the zero Channel if it is new.
func (t *txn) connected(ch Channel) (Channel, error) {
	all, err := documents[Channel](t, "channel/")
	i := slices.IndexFunc(all, func(o Channel) bool { return o.Kind == ch.Kind && o.Account == ch.Account })
	if err != nil || i < 0 {
		return Channel{}, err
	}
	return all[i], nil
}

// UpdateChannel replaces a channel's settings, found by its ID. Kind and Account stay as they are: another account is another channel. It
// opens the channel, so settings and secret are checked. It needs an admin. Errors: ErrInvalid, ErrNotFound.
func (s *Session) UpdateChannel(ctx context.Context, ch Channel) (Channel, error) {
	err := s.readFor(ctx, "update channel", toManage, func(t *txn, _ caller) error {
		old, err := t.channel(ch.ID)
		switch {
		case err != nil:
			return err
		case !old.Removed.IsZero():
			return fmt.Errorf("channel %q: %w", ch.ID, ErrNotFound)
		case ch.Kind != "" && ch.Kind != old.Kind || ch.Account != "" && ch.Account != old.Account:
			return invalid("Account", "channel %q is %s %q; add another account with AddChannel", ch.ID, old.Kind, old.Account)
		}
		ch.Kind, ch.Account = old.Kind, old.Account
		return nil
	})
	if err == nil {
		ch, err = s.addChannel(ctx, ch)
	}
	return ch, wrap("update channel", ch.ID, err)
}

// RemoveChannel disconnects a channel: it sends and receives nothing any more, and its account can be connected again, here or elsewhere.
// Its conversations stay; what still waits to be sent on it fails, where people see it. Adding the account again to the same tenant goes
// on with them. Removing it again does nothing. It needs an admin. Error: ErrNotFound.
func (s *Session) RemoveChannel(ctx context.Context, id string) error {
	var ch Channel
	err := s.desk.write(ctx, s.actor.Tenant, "channel/"+id, func(t *txn) (err error) {
		c, err := t.caller(s.actor, "remove channel", toManage)
		if err != nil {
			return err
		}
		if ch, err = t.channel(id); err != nil || !ch.Removed.IsZero() {
			return err
		}
		gone := ch
		gone.Inactive, gone.Default, gone.Removed = true, false, t.now
		return t.saveDocument(c, document("channel", id), gone)
	})
	if err == nil {
		err = s.desk.release(ctx, s.actor.Tenant, ch)
	}
	return wrap("remove channel", id, err)
}

// release gives a disconnected account back to the directory, unless somebody has it by now. What a broken-off RemoveChannel has left is
// given back by the next.
func (d *Desk) release(ctx context.Context, tenant string, ch Channel) error {
	account, token := accountName(ch.Kind, ch.Account), tokenName(ch.Token)
	err := d.write(ctx, directoryWrite, "", func(t *txn) error {
		if err := t.load(account, token); err != nil {
			return err
		}
		for _, key := range []store.Key{account, token} {
			row, ok := t.row(key)
			if !ok {
				continue
			}
			r, err := decode[claimed](t, row)
			if err != nil {
				return err
			}
			// An account that was connected again has another token.
			if r.route == (route{Tenant: tenant, Channel: ch.ID}) && (key == token || r.Token == ch.Token) {
				t.remove(key)
			}
		}
		return nil
	})
	d.routesCache().drop(account.ID)
	d.routesCache().drop(token.ID)
	return err
}

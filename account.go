package frontdesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// AddChannel connects an account to a mailbox and returns the channel with its ID. Adding the same account again changes its settings and
// nothing else. It opens the channel, so settings and secret are checked. It needs an admin. Errors: ErrInvalid (a
// marketplace's also where its group, type or stage is missing), ErrForbidden, ErrNotFound (the mailbox, an owner or a subscriber), ErrTaken
// (another tenant has the account), and what Config.Secrets fails with.
func (s *Session) AddChannel(ctx context.Context, ch Channel) (Channel, error) {
	added, err := s.addChannel(ctx, ch)
	return added, wrap("add channel", ch.Kind+" "+ch.Account, err)
}

func (s *Session) addChannel(ctx context.Context, ch Channel) (Channel, error) {
	d := s.desk
	if d.drivers[ch.Kind] == nil {
		return ch, invalid("Kind", "no driver of kind %q; give one in Config.Drivers", ch.Kind)
	}
	if ch.Account == "" || len(conversation.CheckText(ch.Account, 500)) > 0 {
		return ch, invalid("Account", "%q; give the number, page or address at the provider, at most 500 bytes of text", ch.Account)
	}
	if problems := conversation.CheckText(ch.OptInText, maxOptInText); len(problems) > 0 {
		return ch, &InvalidError{Field: "OptInText", Problems: problems}
	}
	former := ""
	err := d.view(ctx, s.actor.Tenant, func(t *txn) (err error) {
		if _, err := t.caller(s.actor, "add channel", toManage); err != nil {
			return err
		}
		if _, err := t.mailbox(ch.Mailbox); err != nil {
			return err
		}
		if err := t.checkMarketplace(ch.Kind); err != nil {
			return err
		}
		if err := checkChannel(&ch); err != nil {
			return err
		}
		old, err := t.connected(ch)
		former = old.ID
		if err != nil {
			return err
		}
		return t.checkStarters(ch, old) // before the account is claimed
	})
	if err != nil {
		return ch, err
	}
	// Opened before anything is written, so that a channel that cannot work is never there.
	conn, err := d.conn(ctx, s.actor.Tenant, ch, 0)
	if err != nil {
		return ch, err
	}
	ch.Method = conn.Capabilities().Method
	if ch.ID, ch.Token, err = d.claim(ctx, s.actor.Tenant, ch, former); err != nil {
		return ch, err
	}
	err = d.write(ctx, s.actor.Tenant, "channel/"+ch.ID, func(t *txn) error { return t.saveChannel(s.actor, &ch, conn) })
	return ch, err
}

// claimed is what the directory keeps of an account.
type claimed struct {
	route
	Token string `json:"token,omitempty"`
}

// claim makes the account the tenant's own in the directory. What a broken-off AddChannel has claimed is found again.
// former is the channel that it is or was: one that was disconnected goes on as that.
func (d *Desk) claim(ctx context.Context, tenant string, ch Channel, former string) (id, token string, err error) {
	account := accountName(ch.Kind, ch.Account)
	err = d.write(ctx, directoryWrite, "", func(t *txn) error {
		if err := t.load(account); err != nil {
			return err
		}
		if row, ok := t.row(account); ok {
			c, err := decode[claimed](t, row)
			if err != nil {
				return err
			}
			if c.Tenant != tenant {
				return fmt.Errorf("%w: account %s", ErrTaken, ch.Account)
			}
			id, token = c.Channel, c.Token
			return errStop
		}
		id, token = cmp.Or(former, t.id(0)), t.id(1)
		r := route{Tenant: tenant, Channel: id}
		t.absent(tokenName(token))
		if err := t.put(store.Row{Key: tokenName(token)}, formatDocument, r); err != nil {
			return err
		}
		return t.put(store.Row{Key: account}, formatDocument, claimed{r, token})
	})
	return id, token, err
}

// directoryWrite is the directory's tenant for write; only the Desk itself writes there.
const directoryWrite = directory

func (t *txn) saveChannel(actor Actor, ch *Channel, conn channel.Conn) error {
	c, err := t.caller(actor, "add channel", toManage)
	if err != nil {
		return err
	}
	box, err := t.mailbox(ch.Mailbox)
	if err != nil {
		return err
	}
	if !slices.Contains(box.Methods, ch.Method) {
		box.Methods = append(slices.Clone(box.Methods), ch.Method)
		slices.Sort(box.Methods)
		if err := t.saveDocument(c, document("mailbox", box.ID), box); err != nil {
			return err
		}
	}
	old, existed, err := doc[Channel](t, document("channel", ch.ID))
	if err != nil {
		return err
	}
	if err := t.checkStarters(*ch, old); err != nil {
		return err
	}
	if err := t.useTags(c, ch.Tags); err != nil {
		return err
	}
	if ch.Default {
		if err := t.moveDefault(c, *ch); err != nil {
			return err
		}
	}
	if err := t.saveDocument(c, document("channel", ch.ID), *ch); err != nil {
		return err
	}
	if _, polls := conn.(channel.Poller); polls && (!existed || old.PollEvery != ch.PollEvery || old.Inactive && !ch.Inactive) {
		return t.schedulePoll(*ch, t.now)
	}
	return nil
}

// Channels returns the channels of a mailbox, or of all with "". Who may not change them is not told their login details.
func (s *Session) Channels(ctx context.Context, mailbox string) ([]Channel, error) {
	var out []Channel
	err := s.read(ctx, "channels", mailbox, func(t *txn, c caller) error {
		all, err := documents[Channel](t, "channel/")
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(all, func(ch Channel) bool {
			return !ch.Removed.IsZero() || !c.sees(ch.Mailbox) || mailbox != "" && ch.Mailbox != mailbox
		})
		for i := range out {
			if !c.system && !c.has(toManage) {
				out[i].Secret, out[i].Token, out[i].Options = "", "", nil
			}
		}
		return nil
	})
	return out, err
}

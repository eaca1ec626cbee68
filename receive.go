package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// rawError says that items could not be decided for a reason that is not the store's: delivering them again would not help.
type rawError struct{ err error }

func (e *rawError) Error() string { return e.err.Error() }
func (e *rawError) Unwrap() error { return e.err }

func isRaw(err error) bool {
	var raw *rawError
	return errors.As(err, &raw)
}

// idsForItems is how many IDs the items of one batch may need: those of a command without the conversation that one of them may begin
// and the activity entries of its coming back.
const idsForItems = idsPerCommand - 1 - (conversation.MaxEntries - 1)

// together is how many of the items, from the first, are decided in one batch: those of a thread that follow one another. A word on
// consent stays with the message that said it, for it is recognised by that message when it is delivered again.
func together(items []channel.Item) int {
	cost := ids(&items[0])
	for n := 1; n < len(items); n++ {
		before, item := &items[n-1], &items[n]
		said := item.Consent != nil && item.Consent.Message != "" && before.Message != nil && before.Message.ID == item.Consent.Message
		cost += ids(item)
		if !said && (item.Thread == "" || item.Thread != items[0].Thread || cost > idsForItems) {
			return n
		}
	}
	return len(items)
}

// ids is how many IDs an item may need: a message its own and its contact's, a receipt one for each message it speaks of.
func ids(item *channel.Item) int {
	if item.Receipt != nil {
		return max(1, len(item.Receipt.IDs))
	}
	return 2
}

// splitReceipts makes several of a receipt that speaks of more messages than are decided in one batch.
func splitReceipts(items []channel.Item) []channel.Item {
	if !slices.ContainsFunc(items, func(i channel.Item) bool { return ids(&i) > idsForItems }) {
		return items
	}
	var out []channel.Item
	for _, item := range items {
		if ids(&item) <= idsForItems {
			out = append(out, item)
			continue
		}
		for some := range slices.Chunk(item.Receipt.IDs, idsForItems) {
			r := *item.Receipt
			r.IDs, item.Receipt = some, &r
			out = append(out, item)
		}
	}
	return out
}

// receiveAll stores the items of one channel: those of a thread in one batch as long as they follow one another. Items that cannot be
// decided do not stop the others; the error then is a rawError. cursor, if not "", is stored with the last item.
func (d *Desk) receiveAll(ctx context.Context, target *target, items []channel.Item, cursor string) error {
	items, raw := complete(items)
	items = splitReceipts(items)
	for len(items) > 0 {
		n := together(items)
		last := ""
		if n == len(items) && raw == nil { // what is not in must not be behind the cursor
			last = cursor
		}
		if err := d.receive(ctx, target, items[:n], last); err != nil {
			if !isRaw(err) {
				return err
			}
			raw = errors.Join(raw, err)
		}
		items = items[n:]
	}
	if raw != nil {
		return &rawError{raw}
	}
	return nil
}

// complete returns the items without messages that nobody could recognise or place, and an error that names those: a driver gives none, but one
// that does costs the others of its thread nothing.
func complete(items []channel.Item) (good []channel.Item, err error) {
	for i, item := range items {
		switch {
		case item.Message != nil && item.Message.ID == "":
			err = errors.Join(err, fmt.Errorf("item %d of %d: a message without the provider's ID", i+1, len(items)))
		case item.Message != nil && item.Thread == "":
			err = errors.Join(err, fmt.Errorf("item %d of %d: a message without a thread's key", i+1, len(items)))
		default:
			good = append(good, item)
		}
	}
	return good, err
}

// errSwitchedOff says that another process has switched the channel off: nothing of it is in, and the caller must not say so.
var errSwitchedOff = errors.New("frontdesk: the channel was switched off meanwhile")

// receive stores a few items of one thread in one batch, or of no thread one by one.
func (d *Desk) receive(ctx context.Context, target *target, items []channel.Item, cursor string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &rawError{fmt.Errorf("panic: %v", p)}
		}
	}()
	for i := range items {
		cleanItem(&items[i], d.now())
	}
	lock := "thread/" + target.Channel + "/" + items[0].Thread
	var in *inbound
	err = d.write(ctx, target.Tenant, lock, func(t *txn) (err error) {
		in, err = t.inbound(target.doc.ID, items[0].Thread, items)
		if err != nil {
			return err
		}
		if in.ch.Inactive {
			return errSwitchedOff
		}
		if err := in.takeAll(items); err != nil {
			return err
		}
		if cursor != "" {
			if err := t.saveCursor(target.Channel, cursor); err != nil {
				return err
			}
		}
		return in.finish()
	})
	// Refusals of the domain, of the codec and of the limits are no fault of the store.
	if Refused(err) || errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrNewer) {
		return &rawError{err}
	}
	if err == nil && in != nil {
		target.refused = append(target.refused, in.refused...)
	}
	return err
}

// cleanItem makes a driver's text valid, so that nothing foreign stops a row from being stored.
func cleanItem(item *channel.Item, now time.Time) {
	item.At = cleanTime(item.At, now)
	if item.Receipt != nil {
		r := *item.Receipt
		r.Watermark = cleanTime(r.Watermark, now)
		item.Receipt = &r
	}
	if m := item.Message; m != nil {
		m.Text, m.HTML, m.Subject = conversation.CleanText(m.Text), conversation.CleanText(m.HTML), conversation.CleanText(m.Subject)
		m.Button, m.Unsupported = conversation.CleanText(m.Button), conversation.CleanText(m.Unsupported)
		m.Subject = strings.Map(oneLine, m.Subject)
		m.From = slices.Clone(m.From)
		for i := range m.From {
			m.From[i].Name = conversation.CleanText(m.From[i].Name)
		}
	}
	if item.Edit != nil {
		item.Edit.Text = conversation.CleanText(item.Edit.Text)
	}
}

// maxAhead is how far a provider's clock may be ahead of ours.
const maxAhead = 24 * time.Hour

// cleanTime makes no time of one that no provider means and no body can hold, and now of one that has not come: it would keep a window open,
// and what comes later from counting.
func cleanTime(t, now time.Time) time.Time {
	t = t.UTC()
	switch {
	case t.Year() < 1970 || t.Year() > 9999:
		return time.Time{}
	case t.After(now.Add(maxAhead)):
		return now.UTC().Truncate(time.Microsecond)
	}
	return t
}

// oneLine drops what could break a header: line ends and the controls that turn text around.
func oneLine(r rune) rune {
	switch {
	case r == '\r' || r == '\n' || r == '\t':
		return ' '
	case r < ' ' || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069:
		return -1
	}
	return r
}

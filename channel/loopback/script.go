package loopback

import (
	"bytes"
	"io"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// Outcome is what the provider does with one call of Send. The zero Outcome takes the message and answers with a fresh ID.
type Outcome struct {
	Sent  channel.Sent    // the answer; its ID defaults to a fresh one
	Err   error           // answered instead
	Taken bool            // with Err: the provider has the message all the same
	Panic any             // if not nil, the call panics with it after the message was taken or not
	Begun chan<- struct{} // closed when the call arrives, before Wait
	Wait  <-chan struct{} // the answer comes when this is closed; a context that ends first leaves the call in doubt
}

// Op names a call that Fail scripts.
type Op string

// The calls that Fail scripts.
const (
	Find  Op = "find"
	Poll  Op = "poll"
	Fetch Op = "fetch"
	Do    Op = "act"
	Test  Op = "test"
)

// Call is one call of Send that reached the provider.
type Call struct {
	Part  channel.Part
	ID    string // the provider's; "" if it did not take the message
	Taken bool   // the provider has the message
	Err   error  // what the caller was told
}

// Act is an action that was carried out.
type Act struct {
	Thread string
	Action conversation.Action
	Input  string
}

// Next scripts the next calls of Send on an account, one outcome each, after those already scripted. Further calls work.
func (d *Driver) Next(account string, outcomes ...Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.account(account)
	a.next = append(a.next, outcomes...)
}

// Fail makes the next calls of op on an account fail, one error each. A nil error lets its call through.
func (d *Driver) Fail(account string, op Op, errs ...error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.account(account)
	a.fails[op] = append(a.fails[op], errs...)
}

// Sent returns every call of Send that reached the provider, in order, also those that it refused.
func (d *Driver) Sent(account string) []Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.account(account).calls)
}

// Acts returns the actions carried out on an account, in order.
func (d *Driver) Acts(account string) []Act {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.account(account).acts)
}

// AddBatch lets polls of an account find one more batch. The cursor after it counts the batches so far.
func (d *Driver) AddBatch(account string, items ...channel.Item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.account(account)
	for i := range items {
		if items[i].Account == "" {
			items[i].Account = account
		}
	}
	a.polls = append(a.polls, slices.Clone(items))
}

// AddFile stores a file that can be fetched by the attachment it returns.
func (d *Driver) AddFile(account, name, mime string, data []byte) conversation.Attachment {
	data = slices.Clone(data)
	a := d.AddStream(account, name, mime, int64(len(data)), func() io.Reader { return bytes.NewReader(data) })
	a.Size = int64(len(data))
	return a
}

// AddStream stores a file whose content is made when it is fetched: open is called for each fetch, and what it returns is closed if it can
// be. size is what the provider says of it when it is fetched, -1 for nothing; the attachment that is returned announces no size.
func (d *Driver) AddStream(account, name, mime string, size int64, open func() io.Reader) conversation.Attachment {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := d.id("file")
	d.account(account).files[id] = file{mime, size, open}
	return conversation.Attachment{ID: id, Name: name, Type: mime}
}

// fail takes the next scripted error of op.
func (d *Driver) fail(account string, op Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.account(account)
	if len(a.fails[op]) == 0 {
		return nil
	}
	err := a.fails[op][0]
	a.fails[op] = a.fails[op][1:]
	return err
}

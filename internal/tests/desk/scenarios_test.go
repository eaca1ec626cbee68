package desk_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
)

// scenario is something that is done through a Desk. prepare makes what it needs and returns how to do it: through the Desk given, again
// whenever it is called, as a provider, a user or a worker would who got no answer.
type scenario struct {
	name    string
	prepare func(w *world) func(d *frontdesk.Desk) error
	work    bool // many commits, of jobs: there are states between

	// more finds the rows of which there may be more than in an untouched run, with the reason beside it.
	more *regexp.Regexp
}

// sessionOf is an agent's session on another Desk.
func sessionOf(d *frontdesk.Desk, agent string) *frontdesk.Session {
	return d.As(frontdesk.Actor{Tenant: tenant, Agent: agent})
}

// delivers is a webhook call, as the provider makes it again and again.
func delivers(w *world, item channel.Item) func(*frontdesk.Desk) error {
	req := w.provider.Request(item)
	return func(d *frontdesk.Desk) error {
		again := *req
		if code := serve(d, &again); code != http.StatusOK {
			return fmt.Errorf("status %d", code)
		}
		return nil
	}
}

// does is a command of an agent. What is refused because it is done already is done.
func does(id string, actions ...frontdesk.Action) func(*frontdesk.Desk) error {
	return func(d *frontdesk.Desk) error {
		_, err := sessionOf(d, "jd").Do(ctx, id, actions...)
		if errors.Is(err, conversation.ErrState) {
			return nil
		}
		return err
	}
}

// doesWork has the work done that is due.
func doesWork(d *frontdesk.Desk) error { return d.RunDue(ctx) }

var scenarios = []scenario{
	{name: "the first message of a contact", prepare: func(w *world) func(*frontdesk.Desk) error { return delivers(w, w.says("ann", "Hi")) }},
	{name: "a message on a conversation that is there", prepare: func(w *world) func(*frontdesk.Desk) error {
		w.hears("ann", "Hi")
		w.run()
		return delivers(w, w.says("ann", "Hello?"))
	}},
	{name: "a redelivery", prepare: func(w *world) func(*frontdesk.Desk) error {
		do := delivers(w, w.says("ann", "Hi"))
		require.NoError(w.t, do(w.desk))
		w.run()
		return do
	}},
	{name: "several messages in one delivery", prepare: func(w *world) func(*frontdesk.Desk) error {
		w.hears("ann", "Hi")
		w.run()
		req := w.provider.Request(w.says("ann", "1"), w.says("ann", "2"), w.says("ann", "3"))
		return func(d *frontdesk.Desk) error {
			again := *req
			if code := serve(d, &again); code != http.StatusOK {
				return fmt.Errorf("status %d", code)
			}
			return nil
		}
	}},
	{name: "a reply", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello", Key: "k"})
			return err
		}
	}},
	{name: "a whisper", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Reply(ctx, c.ID, frontdesk.Draft{Text: "Who knows her, @joe?", Whisper: true, Key: "k"})
			return err
		}
	}},
	{name: "a message to somebody new, with a key", prepare: func(w *world) func(*frontdesk.Desk) error {
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "bob", Draft: frontdesk.Draft{Text: "Hello", Key: "k"}})
			return err
		}
	}},
	{name: "completing", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return does(c.ID, frontdesk.Complete{})
	}},
	{name: "snoozing", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return does(c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(24 * time.Hour)})
	}},
	{name: "assigning, with a tag", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return does(c.ID, frontdesk.Assign{Agent: "jd"}, frontdesk.Tag{Add: []string{"vip"}})
	}},
	{name: "reading", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").MarkRead(ctx, c.ID)
			return err
		}
	}},
	{name: "merging", prepare: func(w *world) func(*frontdesk.Desk) error {
		a, b := w.hears("ann", "a"), w.hears("bob", "b")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Merge(ctx, a.ID, b.ID)
			if errors.Is(err, conversation.ErrState) || errors.Is(err, frontdesk.ErrInvalid) && len(w.get(a.ID).Parts) > 0 {
				return nil // it is merged already
			}
			return err
		}
	}},
	{name: "moving to the trash and back", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Trash{})
		w.run()
		return does(c.ID, frontdesk.Restore{})
	}},
	{name: "signing in", prepare: func(w *world) func(*frontdesk.Desk) error {
		return func(d *frontdesk.Desk) error { return sessionOf(d, "jd").SignIn(ctx) }
	}},
	// A message whose state "sending" was in doubt is asked for at the provider, and is queued again: that is told too.
	{name: "work: sending a reply and telling of it", work: true, more: regexp.MustCompile(`"type":"message.delivery"|^document/feed/head`), prepare: func(w *world) func(*frontdesk.Desk) error {
		w.replies(w.hears("ann", "Hi").ID, "Hello")
		return doesWork
	}},
	{name: "work: waking", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		w.run()
		w.clock.Advance(2 * time.Hour)
		return doesWork
	}},
	{name: "work: handing out a round", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		w.slots(2)
		w.queue(3, "c")
		w.run() // who is told of the messages depends on who has them by then
		w.signIn(w.jane, w.joe)
		return doesWork
	}},
	{name: "work: a bulk", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		w.queue(3, "c")
		w.run()
		w.bulk(w.jane, frontdesk.Bulk{Query: &frontdesk.Query{}, Actions: []frontdesk.Action{frontdesk.Tag{Add: []string{"x"}}}})
		return doesWork
	}},
	{name: "work: a sweep", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		ids := w.queue(3, "c")
		w.do(w.jane, ids[2], frontdesk.Trash{})
		w.keeps(retention.Policy{ArchiveDays: 1, TrashDays: 1})
		w.run()
		w.clock.Advance(25 * time.Hour)
		return doesWork
	}},
	{name: "work: forgetting a person", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.run()
		_, err := w.setup.Forget(ctx, c.Contacts[0])
		require.NoError(w.t, err)
		return doesWork
	}},
}

// Quickstart: a desk on a SQLite file with a Twilio number and a WhatsApp number. The providers are stand-ins on this machine, which speak
// the real providers' formats. Run it twice: the second run goes on with the same file.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

func main() {
	log.SetFlags(0)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	st, err := open(ctx)
	if err != nil {
		return err
	}
	world := startProviders()
	defer world.close()

	// The ten lines that a host writes: a desk, its webhooks, its worker.
	desk, err := frontdesk.New(frontdesk.Config{
		Store:   st,
		Drivers: channel.Drivers{&twilio.Driver{BaseURL: world.sms.URL}, &whatsapp.Driver{BaseURL: world.waURL}},
		BaseURL: world.deskURL,
		Secrets: world.secret, // by default secrets come from the environment
	})
	if err != nil {
		return err
	}
	world.serve(desk.Webhooks())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- desk.Run(ctx) }()

	if err := story(ctx, desk, world); err != nil {
		return err
	}
	stop()
	return <-done
}

// open opens the SQLite file and its tables.
func open(ctx context.Context) (*sqlstore.Store, error) {
	dir := os.Getenv("FRONTDESK_EXAMPLE_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "frontdesk-quickstart")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "desk.db")
	say("The desk keeps everything in %s", file)
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		return nil, err
	}
	st, err := sqlstore.New(db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		return nil, err
	}
	return st, st.Migrate(ctx)
}

// story plays a morning.
func story(ctx context.Context, desk *frontdesk.Desk, world *world) error {
	setup := desk.As(frontdesk.System("acme")) // the host itself; calling all of this at every start changes nothing
	sms, wa, err := configure(ctx, setup)
	if err != nil {
		return err
	}
	me := desk.As(frontdesk.Actor{Tenant: "acme", Agent: "jd"})
	say("Channels: %s (%s), %s (%s)\n", sms.Name, sms.Account, wa.Name, wa.Account)

	world.smsArrives("Anna writes a text", anna, "Where is my order 4711?", nil)
	world.smsArrives("Anna sends a picture", anna, "", []byte("\xff\xd8\xff picture"))
	world.again("Twilio delivers the picture again")
	world.forged("somebody forges a delivery")
	world.waArrives("Ben writes on WhatsApp, late: yesterday morning's message", ben, "text", map[string]any{"body": "Is the blue one in stock?"}, 25*time.Hour)
	world.waArrives("Ben's app sends a poll, which WhatsApp does not pass on", ben, "unsupported", nil, 24*time.Hour+time.Minute)

	page, err := inbox(ctx, me)
	if err != nil {
		return err
	}
	for _, c := range page.Items {
		name := ""
		if full, err := me.Conversation(ctx, c.ID); err == nil && len(full.People) > 0 {
			name = full.People[0].DisplayName()
		}
		say("  #%d %-14s unread=%-5v %d messages, latest %q", c.Number, name, c.Unread, c.Messages, c.Preview)
	}
	for _, c := range page.Items {
		if c.Threads[0].Channel == sms.ID && c.Threads[0].Key == anna {
			if err := answerAnna(ctx, me, world, c.ID); err != nil {
				return err
			}
		}
		if c.Threads[0].Channel == wa.ID {
			if err := answerBen(ctx, me, world, c.ID); err != nil {
				return err
			}
		}
	}
	if _, err := inbox(ctx, me); err != nil {
		return err
	}
	return told(ctx, desk)
}

// configure saves the mailbox, the agent, a saved reply and both channels.
func configure(ctx context.Context, setup *frontdesk.Session) (sms, wa frontdesk.Channel, err error) {
	err = errors.Join(
		setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Name: "Berlin"}),
		setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}}),
	)
	if err != nil {
		return sms, wa, err
	}
	if _, err = setup.SaveReply(ctx, frontdesk.SavedReply{ID: "on-its-way", Title: "On its way", Shortcut: "way", Content: onItsWay}); err != nil {
		return sms, wa, err
	}
	if sms, err = setup.AddChannel(ctx, frontdesk.Channel{Kind: "twilio", Name: "SMS", Mailbox: "berlin", Account: ourNumber, Secret: "twilio-main", Default: true}); err != nil {
		return sms, wa, err
	}
	wa, err = setup.AddChannel(ctx, frontdesk.Channel{Kind: "whatsapp", Name: "WhatsApp", Mailbox: "berlin", Account: ourPhoneID, Secret: "whatsapp-main",
		Templates: []frontdesk.Template{{Name: "back_in_stock", Language: "en", Params: 1}}})
	return sms, wa, err
}

const onItsWay = "Hello {{contact.first_name|there}}, thank you for writing to us in {{mailbox.name}}. Your order has left our warehouse this morning, " +
	"and the parcel service promises it for tomorrow before 12 noon. Kind regards, {{agent.name}}"

func inbox(ctx context.Context, me *frontdesk.Session) (frontdesk.Page[frontdesk.Conversation], error) {
	counts, err := me.Counts(ctx)
	if err != nil {
		return frontdesk.Page[frontdesk.Conversation]{}, err
	}
	say("\nJane's inbox: %d unread, %d of them unassigned", counts.All, counts.Unassigned)
	return me.Conversations(ctx, frontdesk.Query{View: frontdesk.Inbox})
}

// answerAnna whispers, takes the conversation, and answers with a saved reply.
func answerAnna(ctx context.Context, me *frontdesk.Session, world *world, id string) error {
	say("\nJane opens Anna's conversation")
	if _, err := me.View(ctx, id); err != nil {
		return err
	}
	if _, err := me.Whisper(ctx, id, "4711 left this morning, I checked."); err != nil {
		return err
	}
	say("  she whispers to her colleagues: no channel ever sees it")
	draft := frontdesk.Draft{Reply: "on-its-way", Key: world.run + "-anna", Then: []frontdesk.Action{frontdesk.Assign{Agent: "jd"}}}
	m, err := me.Measure(ctx, id, draft)
	if err != nil {
		return err
	}
	say("  she picks a saved reply: %d segments, %d left", m.SMS.Segments, m.SMS.Remaining)
	sent, err := me.Reply(ctx, id, draft)
	if err != nil {
		return err
	}
	again, err := me.Reply(ctx, id, draft) // the button was clicked twice
	if err != nil {
		return err
	}
	say("  she clicks twice; it is one message: %v", again.ID == sent.ID)
	return delivered(ctx, me, sent.ID, "Anna's phone has it; the receipt came before Twilio's answer to our call")
}

// answerBen is refused free text, and sends the template.
func answerBen(ctx context.Context, me *frontdesk.Session, world *world, id string) error {
	say("\nJane opens Ben's conversation")
	if _, err := me.View(ctx, id); err != nil {
		return err
	}
	_, err := me.Reply(ctx, id, frontdesk.Draft{Text: "Yes, it is!", Key: world.run + "-ben-text"})
	var window *frontdesk.WindowError
	if !errors.As(err, &window) {
		return fmt.Errorf("free text outside the window was not refused: %w", err)
	}
	say("  free text is refused: the window is closed; %s", window.Instead)
	sent, err := me.Reply(ctx, id, frontdesk.Draft{Template: &conversation.Template{Params: []string{"The blue one"}}, Key: world.run + "-ben"})
	if err != nil {
		return err
	}
	return delivered(ctx, me, sent.ID, "Ben has the template")
}

// delivered waits until the provider has the message and said so.
func delivered(ctx context.Context, me *frontdesk.Session, id, then string) error {
	for {
		m, err := me.Message(ctx, id)
		if err != nil {
			return err
		}
		switch m.Delivery {
		case conversation.Delivered:
			say("  %s: %q", then, conversation.Preview(&m))
			return nil
		case conversation.Failed, conversation.Unknown:
			return fmt.Errorf("message %s is %s: %+v", id, m.Delivery, m.Failure)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("message %s is still %s: %w", id, m.Delivery, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// told prints what happened, as subscribers are told it.
func told(ctx context.Context, desk *frontdesk.Desk) error {
	counts, last := map[string]int{}, int64(0)
	for {
		events, err := desk.Events(ctx, "acme", last, 500)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			counts[e.Type]++
			last = e.Position
		}
	}
	say("\nThe feed holds %d events, numbered without gaps: %d messages received, %d sent, %d whispered", last,
		counts[conversation.EventReceived], counts[conversation.EventOutgoing], counts[conversation.EventWhispered])
	say("Run it again: the next run goes on from here.")
	return nil
}

// out is where the story is told.
var out io.Writer = os.Stdout

func say(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }

// status words an HTTP answer.
func status(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }

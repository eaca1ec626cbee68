package whatsapp_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp/whatsapptest"
)

// A customer writes and is answered, at a stand-in of the provider.
func Example() {
	provider := whatsapptest.New()
	server := httptest.NewServer(provider)
	defer server.Close()

	driver := &whatsapp.Driver{BaseURL: server.URL}
	ctx := context.Background()
	conn, err := driver.Open(ctx, provider.Settings(provider.Accounts[0], server.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}

	delivery := provider.Delivery(whatsapptest.Change{
		Account:  provider.Accounts[0],
		Contacts: []map[string]any{whatsapptest.Contact("4915112345678", "DE.13491208655302741918", "Jane")},
		Messages: []map[string]any{whatsapptest.Text("wamid.1", "4915112345678", "Where is my parcel?", time.Now())},
	})
	if err := conn.(channel.Verifier).Verify(delivery); err != nil {
		fmt.Println(err)
		return
	}
	items, err := driver.Parse(delivery)
	if err != nil {
		fmt.Println(err)
		return
	}
	in := items[0]
	fmt.Printf("%s in thread %s: %s\n", in.Message.From[0].Name, in.Thread, in.Message.Text)

	answer := channel.Outgoing{Message: "m1", Thread: in.Thread, To: in.Message.From, Text: "On its way!", ReplyTo: in.Message.ID}
	parts, err := conn.(channel.Planner).Plan(answer)
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, err := conn.Send(ctx, parts[0])
	fmt.Println(sent.Delivery, err, provider.Taken()[0].Text)
	// Output:
	// Jane in thread +4915112345678: Where is my parcel?
	// sent <nil> On its way!
}

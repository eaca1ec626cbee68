package twilio_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
)

// A customer writes, and is answered, with the stand-in in Twilio's place.
func Example() {
	ctx := context.Background()
	stand := twiliotest.New("+15005550006")
	api := httptest.NewServer(stand)
	defer api.Close()
	driver := &twilio.Driver{BaseURL: api.URL}
	conn, err := driver.Open(ctx, channel.Settings{Account: "+15005550006", Secret: stand.Secret(), CallbackURL: "https://desk.example.com/hooks/twilio"})
	if err != nil {
		panic(err)
	}

	hook := stand.Webhook("https://desk.example.com/hooks/twilio", stand.Receive(twiliotest.Message{From: "+31612345678", To: "+15005550006", Body: "Where is my order?"}))
	body, err := io.ReadAll(hook.Body)
	if err != nil {
		panic(err)
	}
	request := &channel.Request{Method: hook.Method, URL: hook.URL.String(), Header: hook.Header, Body: body}
	fmt.Println("genuine:", conn.(channel.Verifier).Verify(request) == nil)
	items, err := driver.Parse(request)
	if err != nil {
		panic(err)
	}
	fmt.Println(items[0].Thread+":", items[0].Message.Text)

	_, err = conn.Send(ctx, channel.Part{Outgoing: channel.Outgoing{Message: "m1", Thread: items[0].Thread, To: items[0].Message.From, Text: "On its way!"}, Of: 1})
	fmt.Println(stand.Sent()[0].To+":", stand.Sent()[0].Body, err)
	// Output:
	// genuine: true
	// +31612345678: Where is my order?
	// +31612345678: On its way! <nil>
}

package loopback_test

import (
	"context"
	"fmt"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// The provider refuses the first call and takes the second.
func Example() {
	ctx := context.Background()
	d := loopback.New()
	conn, err := d.Open(ctx, channel.Settings{Account: "shop"})
	if err != nil {
		panic(err)
	}
	d.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry, Code: "busy"}})

	answer := channel.Part{Outgoing: channel.Outgoing{Message: "m1", Text: "On its way!", To: []conversation.Identity{{Address: "ann"}}}, Of: 1}
	_, err = conn.Send(ctx, answer)
	fmt.Println(err)
	sent, err := conn.Send(ctx, answer)
	fmt.Println(sent.ID, err)
	for _, call := range d.Sent("shop") {
		fmt.Println(call.Part.Text, call.Taken)
	}
	// Output:
	// channel: retry busy
	// sent-1 <nil>
	// On its way! false
	// On its way! true
}

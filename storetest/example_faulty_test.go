package storetest_test

import (
	"context"
	"fmt"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/store/memstore"
	"github.com/frontdesk-go/frontdesk/storetest"
)

// A host saves a mailbox when a customer signs up. The store's answer gets lost at each call in turn, after the call had its effect, and
// the host does it again.
func ExampleFaulty() {
	ctx := context.Background()
	for at := 1; ; at++ {
		s := &storetest.Faulty{Store: memstore.New()}
		desk, err := frontdesk.New(frontdesk.Config{Store: s})
		if err != nil {
			panic(err)
		}
		setup := desk.As(frontdesk.System("acme"))
		s.Inject(storetest.Fault{At: at, After: true})
		err = setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"})
		if s.Struck() == 0 {
			break // every call has been tried
		}
		if at == 1 {
			fmt.Println("at the first call:", err)
		}
		if err := setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}); err != nil {
			fmt.Println("again, after call", at, "failed:", err)
		}
	}
	fmt.Println("saved, whichever call failed")
	// Output:
	// at the first call: save mailbox mailbox/berlin: storetest: injected fault
	// saved, whichever call failed
}

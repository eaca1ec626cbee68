package spam_test

import (
	"fmt"

	"github.com/frontdesk-go/frontdesk/channel/spam"
)

func Example() {
	var m spam.Model
	for range 30 { // what people marked
		m.Learn("You WIN a FREE prize! Call 09061701461 now to claim it", true)
		m.Learn("Could you tell me when my order is coming? I need it on Monday", false)
	}
	v := m.Explain("Call now, a free prize is waiting", 2)
	fmt.Println(v.Spam, v.Advice)
	for _, w := range v.Words {
		fmt.Printf("%s: %d spam, %d not\n", w.Text, w.Spam, w.Ham)
	}
	fmt.Println(m.Classify("When is my free sample coming?").Spam)
	// Output:
	// true false
	// call: 30 spam, 0 not
	// now: 30 spam, 0 not
	// false
}

func ExampleParseHeaders() {
	u, ok := spam.ParseHeaders(map[string][]string{"X-Spamd-Result": {"default: True [17.25 / 15.00]; R_SPF_FAIL(1.00)[]"}})
	fmt.Println(ok, u.Spam, u.Score, u.Limit)
	// Output: true true 17.25 15
}

package sms_test

import (
	"fmt"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

func Example() {
	text := "We’ve shipped your order — it’s on its way. Please reply if you’d like to change the address."
	info := sms.Count(text)
	fmt.Println(info.Encoding, info.Units, "units,", info.Segments, "segments,", info.Remaining, "left")

	preview := sms.Smart(text, sms.Punctuation)
	for _, r := range preview.Replaced {
		fmt.Printf("%s becomes %s, %d times\n", r.From, r.To, r.Count)
	}
	fmt.Println(preview.After.Encoding, "saves", preview.Saved)

	for i, part := range (sms.Options{Graphemes: true}).Split(text) {
		fmt.Println(i+1, part)
	}
	// Output:
	// UCS-2 93 units, 2 segments, 41 left
	// ’ becomes ', 3 times
	// — becomes -, 1 times
	// GSM-7 saves 1
	// 1 We’ve shipped your order — it’s on its way. Please reply if you’d l
	// 2 ike to change the address.
}

func ExampleOptions_Count() {
	o := sms.Options{Languages: []sms.Language{sms.Turkish}}
	info := o.Count("Siparişiniz yarın sabah saatlerinde adresinize ulaşacaktır, iyi günler.")
	fmt.Println(info.Encoding, info.Language, info.Shift, info.Units, info.Segments)
	// Output: GSM-7 Turkish locking 71 1
}

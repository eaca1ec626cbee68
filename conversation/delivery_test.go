package conversation

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// All pairs: a row is the state, a column what is reported; q s u S F D R are the states in the order below.
func TestAdvance(t *testing.T) {
	all := []Delivery{Queued, Sending, Unknown, Sent, Failed, Delivered, Read}
	letter := map[byte]Delivery{'q': Queued, 's': Sending, 'u': Unknown, 'S': Sent, 'F': Failed, 'D': Delivered, 'R': Read}
	want := []string{
		//          q s u S F D R
		/* queued    */ "qsuSFDR",
		/* sending   */ "ssuSFDR",
		/* unknown   */ "uuuSFDR", // what may have gone out is not sent again
		/* sent      */ "SSSSFDR", // a receipt may report a failure after the provider took it
		/* failed    */ "FFFFFDR", // only a confirmed delivery proves it wrong
		/* delivered */ "DDDDDDR",
		/* read      */ "RRRRRRR",
	}
	for i, from := range all {
		for j, to := range all {
			assert.Equal(t, letter[want[i][j]], from.Advance(to), "%s, then %s", from, to)
		}
		assert.Equal(t, from, from.Advance(""), "nothing said")
		assert.Equal(t, from, from.Advance("bounced"), "a word we do not know")
		assert.Equal(t, from, Delivery("").Advance(from))
		assert.True(t, from.Valid())
	}
	assert.Equal(t, Delivery(""), Delivery("").Advance("bounced"))
	assert.False(t, Delivery("").Valid())
	assert.False(t, Delivery("SENT").Valid())
}

// Receipts in any order and number lead to the same state.
func TestAdvanceInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	receipts := []Delivery{Sending, Sent, Delivered, Read, Sent, Failed, Delivered}
	for range 200 {
		r.Shuffle(len(receipts), func(i, j int) { receipts[i], receipts[j] = receipts[j], receipts[i] })
		d := Queued
		for _, to := range receipts {
			d = d.Advance(to)
		}
		assert.Equal(t, Read, d, "%v", receipts)
	}
}

func TestSettled(t *testing.T) {
	for d, want := range map[Delivery]bool{"": false, Queued: false, Sending: false, Unknown: false, Sent: true, Failed: true, Delivered: true, Read: true} {
		assert.Equal(t, want, d.Settled(), "%q", d)
	}
}

func TestOutcome(t *testing.T) {
	one, two := &Failure{Class: "one"}, &Failure{Class: "two"}
	for _, tc := range []struct {
		name    string
		parts   []Part
		want    Delivery
		failure *Failure
	}{
		{"no parts yet", nil, Queued, nil},
		{"one", []Part{{Delivery: Sent}}, Sent, nil},
		{"the least advanced", []Part{{Delivery: Read}, {Delivery: Sent}, {Delivery: Delivered}}, Sent, nil},
		{"part of it waits", []Part{{Delivery: Sent}, {Delivery: Queued}}, Queued, nil},
		{"the second is being sent", []Part{{Delivery: Delivered}, {Delivery: Sending}}, Sending, nil},
		{"unknown wins over less advanced", []Part{{Delivery: Queued}, {Delivery: Unknown, Failure: one}, {Delivery: Sending}}, Unknown, one},
		{"unknown first", []Part{{Delivery: Unknown, Failure: one}, {Delivery: Queued}}, Unknown, one},
		{"the first unknown's reason", []Part{{Delivery: Unknown, Failure: one}, {Delivery: Unknown, Failure: two}}, Unknown, one},
		{"failed wins over all", []Part{{Delivery: Unknown, Failure: one}, {Delivery: Read}, {Delivery: Failed, Failure: two}, {Delivery: Queued}}, Failed, two},
		{"the first failure's reason", []Part{{Delivery: Failed, Failure: one}, {Delivery: Failed, Failure: two}}, Failed, one},
		{"all delivered", []Part{{Delivery: Delivered}, {Delivery: Delivered}}, Delivered, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, failure := Outcome(tc.parts)
			assert.Equal(t, tc.want, got)
			assert.Same(t, tc.failure, failure)
		})
	}
}

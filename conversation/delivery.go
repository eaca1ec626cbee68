package conversation

import "time"

// Delivery is how far an outbound message got.
type Delivery string

// The delivery states. A message moves queued → sending → sent → delivered → read, and may skip steps. Unknown: the provider may or
// may not have it; a receipt, an echo, the driver's finder or a person resolves that. Scheduled comes before queued, and Cancelled is the
// end of a message that never left: no provider has heard of either, so no receipt moves them.
const (
	Scheduled Delivery = "scheduled"
	Cancelled Delivery = "cancelled"
	Queued    Delivery = "queued"
	Sending   Delivery = "sending"
	Unknown   Delivery = "unknown"
	Sent      Delivery = "sent"
	Failed    Delivery = "failed"
	Delivered Delivery = "delivered"
	Read      Delivery = "read"
)

var deliveryRank = map[Delivery]int{Queued: 1, Sending: 2, Unknown: 3, Sent: 4, Failed: 5, Delivered: 6, Read: 7}

// Advance returns the later of two states. Receipts come late, repeated and out of order, so a state never moves back; a failure never
// overwrites a delivery, and a delivery that is confirmed after a failure does overwrite it.
func (d Delivery) Advance(to Delivery) Delivery {
	if d.Waiting() || d == Cancelled {
		return d
	}
	if deliveryRank[to] > deliveryRank[d] {
		return to
	}
	return d
}

// Valid reports whether d is one of the states.
func (d Delivery) Valid() bool { return deliveryRank[d] > 0 || d == Scheduled || d == Cancelled }

// Settled reports whether nothing is left for a worker to do.
func (d Delivery) Settled() bool { return deliveryRank[d] >= deliveryRank[Sent] || d == Cancelled }

// Waiting reports whether the message waits for its time and has no place in the timeline yet.
func (d Delivery) Waiting() bool { return d == Scheduled }

// Outcome is the state of a whole message, from its parts: failed if one failed, unknown if one is unknown, else the least advanced.
func Outcome(parts []Part) (Delivery, *Failure) {
	if len(parts) == 0 {
		return Queued, nil
	}
	worst := parts[0]
	for _, p := range parts {
		if outcomeRank(p.Delivery) < outcomeRank(worst.Delivery) {
			worst = p
		}
	}
	return worst.Delivery, worst.Failure
}

func outcomeRank(d Delivery) int {
	switch d {
	case Failed:
		return -2
	case Unknown:
		return -1
	}
	return deliveryRank[d]
}

// Receipt is what a provider said of a message that was sent.
type Receipt struct {
	ProviderID string    `json:"providerId,omitempty"` // the part it speaks of
	Delivery   Delivery  `json:"delivery"`
	At         time.Time `json:"at"`
	Failure    *Failure  `json:"failure,omitempty"`
}

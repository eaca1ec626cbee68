package routing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// floor is a pool with agents in some of 20 mailboxes, all with free slots.
func floor(agents, slots int) (*routing.Pool, []routing.Candidate) {
	var mailboxes []routing.Mailbox
	for i := range 20 {
		mailboxes = append(mailboxes, routing.Mailbox{ID: fmt.Sprintf("m%d", i), Limit: slots, Automatic: true})
	}
	p := routing.NewPool(mailboxes, []routing.Team{{ID: "t0"}, {ID: "t1"}})
	var all []routing.Candidate
	for i := range agents {
		c := routing.Candidate{ID: fmt.Sprintf("a%05d", i), Presence: routing.Online, Teams: []string{fmt.Sprintf("t%d", i%2)}}
		for k := range 3 {
			c.Permits = append(c.Permits, routing.Permit{Mailbox: fmt.Sprintf("m%d", (i+k)%20)})
		}
		all = append(all, c)
		p.Put(c)
	}
	return p, all
}

func queue(n int) []routing.Chat {
	var waiting []routing.Chat
	for i := range n {
		c := chat(fmt.Sprintf("c%06d", i), 0, at(fmt.Sprintf("m%d", i%20), "sms"))
		c.Since = noon.Add(time.Duration(i) * time.Second)
		if i%4 == 0 {
			c.Shelf, c.Team = conversation.ShelfTeam, fmt.Sprintf("t%d", i%8/4)
		}
		waiting = append(waiting, c)
	}
	return waiting
}

// Handing out a full round, per pair, the pool's building left out.
func BenchmarkRound(b *testing.B) {
	for _, n := range []int{50, 1_000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			p, all := floor(n, 5)
			waiting := queue(2 * n)
			pairs := 0
			b.ReportAllocs()
			for b.Loop() {
				pairs += len(p.Assign(noon, waiting))
				b.StopTimer()
				for _, c := range all {
					p.Put(c)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
		})
	}
}

// One slot is freed and the oldest waiting chat given to it, everybody else being full.
func BenchmarkFreedSlot(b *testing.B) {
	for _, n := range []int{50, 1_000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			p, all := floor(n, 1)
			for _, c := range all {
				c.Used = 1
				p.Put(c)
			}
			waiting := queue(20)
			p.Assign(noon, waiting)
			pairs, i := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				k := i % n
				i++
				p.Count(all[k].ID, 0)
				pairs += len(p.Assign(noon.Add(time.Duration(i)*time.Millisecond), waiting[k%20:k%20+1]))
			}
			if pairs < b.N/2 {
				b.Fatalf("%d pairs in %d rounds", pairs, b.N)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, pairs)), "ns/pair")
		})
	}
}

// Everybody is full and 10,000 chats wait: what a round that gives nothing costs per chat.
func BenchmarkAllFull(b *testing.B) {
	p, all := floor(1_000, 1)
	for _, c := range all {
		c.Used = 1
		p.Put(c)
	}
	waiting := queue(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Assign(noon, waiting)) > 0 {
			b.Fatal("a full agent was given a chat")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(waiting)), "ns/chat")
}

// A round with a pool made for it, as a process does that has just taken the dispatcher over: per pair, the making included.
func BenchmarkFirstRound(b *testing.B) {
	for _, n := range []int{50, 1_000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			_, all := floor(n, 5)
			r := routing.Round{Now: noon, Candidates: all, Waiting: queue(2 * n)}
			for i := range 20 {
				r.Mailboxes = append(r.Mailboxes, routing.Mailbox{ID: fmt.Sprintf("m%d", i), Limit: 5, Automatic: true})
			}
			pairs := 0
			b.ReportAllocs()
			for b.Loop() {
				pairs += len(routing.Assign(r))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
		})
	}
}

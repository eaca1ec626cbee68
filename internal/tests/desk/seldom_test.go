package desk_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// This file is of things that seldom come together.

func (w *world) merges(head, part string) {
	w.t.Helper()
	_, err := w.jane.Merge(ctx, head, part)
	require.NoError(w.t, err)
}

// forgets forgets a contact, and returns when nothing is left to do.
func (w *world) forgets(contact string) frontdesk.Receipt {
	w.t.Helper()
	r, err := w.setup.Forget(ctx, contact)
	require.NoError(w.t, err)
	w.run()
	r, err = w.setup.Receipt(ctx, r.ID)
	require.NoError(w.t, err)
	require.False(w.t, r.Done.IsZero())
	return r
}

// What is to go out later to somebody who is forgotten before does not, though the conversation is also others'.
func TestK9_NothingMoreGoesOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob, zaphod := w.hearsAt("bob", "b1"), w.hearsAt("zaphod", "z1")
		w.merges(bob.ID, zaphod.ID)
		m := w.later(bob.ID, "See you, zaphod", time.Hour)
		w.forgets(zaphod.Contacts[0])
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Empty(t, w.texts())
		assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)
		assert.Empty(t, w.traces("zaphod"))
	})
}

// What a conversation was before it was merged is forgotten with it, and does not come back when they are taken apart.
func TestK9_WhatWasBeforeAMerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		zaphod, bob := w.hearsAt("zaphod", "zaphod's"), w.hearsAt("bob", "bob's")
		w.merges(zaphod.ID, bob.ID)
		w.forgets(zaphod.Contacts[0])
		assert.Empty(t, w.traces("zaphod"))
		_, err := w.jane.Unmerge(ctx, bob.ID)
		require.NoError(t, err)
		assert.Empty(t, w.traces("zaphod"))
		assert.Equal(t, "bob's", w.get(bob.ID).Preview)
	})
}

// In conversations that others are in, too, his reactions, the key of his thread, the subject he began with and his labels go.
func TestK9_AmongOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hi := w.says("zaphod", "z1")
		hi.Message.Subject = "zaphod is ill"
		w.takes(hi)
		zaphod, bob := w.current("zaphod"), w.hearsAt("bob", "b1")
		_, err := w.setup.ChangeLabels(ctx, zaphod.Contacts[0], []string{"betelgeuse"}, nil)
		require.NoError(t, err)
		w.run()
		w.merges(bob.ID, zaphod.ID)
		w.replies(bob.ID, "To you both")
		w.run()
		last := w.says("bob", "b2")
		w.takes(last)
		w.takes(channel.Item{Account: "shop", Thread: "bob", At: w.clock.Now(), Reaction: &channel.Reaction{ID: last.Message.ID, From: "zaphod", Emoji: "x"}})
		require.NotEmpty(t, w.traces("zaphod"))
		w.forgets(zaphod.Contacts[0])
		assert.Empty(t, w.traces("zaphod"))
		assert.Empty(t, w.get(bob.ID).Labels)
		for _, text := range []string{"b1", "b2", "To you both"} {
			assert.Contains(t, w.said(bob.ID, 100, true), text)
		}
	})
}

// Who was forgotten is not there: nobody is merged into him, who could then not be forgotten, and nothing is noted of him.
func TestK9_TheForgottenAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		zaphod, ann := w.hearsAt("zaphod", "z1"), w.hearsAt("annabel", "a1")
		w.forgets(zaphod.Contacts[0])
		_, err := w.setup.MergeContacts(ctx, zaphod.Contacts[0], ann.Contacts[0])
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.MergeContacts(ctx, ann.Contacts[0], zaphod.Contacts[0])
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.Note(ctx, zaphod.Contacts[0], "zaphod is back")
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.AddIdentity(ctx, zaphod.Contacts[0], "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "zaphod@example.com"})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Empty(t, w.traces("zaphod"))
		w.forgets(ann.Contacts[0])
		assert.Empty(t, w.traces("annabel"))
	})
}

// An answer cancels what waits for it, and what is let go is the whole's answer, though it was written to a part before they were merged.
func TestS15_WrittenBeforeAMerge(t *testing.T) {
	for _, answers := range []bool{false, true} {
		t.Run(fmt.Sprint(answers), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ann, bob := w.hearsAt("ann", "a1"), w.hearsAt("bob", "b1")
				m := w.later(bob.ID, "Still there?", time.Hour, onAnswer)
				w.merges(ann.ID, bob.ID)
				if answers {
					w.hearsAt("bob", "I am")
				}
				w.clock.Advance(2 * time.Hour)
				w.run()
				if answers {
					assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)
					assert.Empty(t, w.texts())
					return
				}
				assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
				assert.Equal(t, []string{"Still there?"}, w.texts())
				got := w.get(ann.ID)
				assert.Equal(t, "Still there?", got.Preview)
				assert.Equal(t, 3, got.Messages)
				assert.True(t, got.WaitingSince.IsZero())
				_, err := w.jane.Unmerge(ctx, bob.ID)
				require.NoError(t, err)
				assert.Equal(t, 3, w.get(ann.ID).Messages+w.get(bob.ID).Messages)
				assert.Equal(t, 1, w.get(bob.ID).Messages)
			})
		})
	}
}

// Of several people in a conversation, opted out is whom the message was for, and nobody because another was already.
func TestS16_WhichOfThemOptedOut(t *testing.T) {
	outs := func(w *world, contacts []string) (out []bool) {
		for _, id := range contacts {
			p, err := w.setup.Contact(ctx, id)
			require.NoError(w.t, err)
			out = append(out, p.ConsentOn(w.chat.ID).State == conversation.OptedOut)
		}
		return out
	}
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.hearsAt("ann", "a1"), w.hearsAt("bob", "b1")
		w.merges(ann.ID, bob.ID)
		w.hearsAt("bob", "b2")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Recipient, OptedOut: true}})
		w.replies(ann.ID, "Hello bob")
		w.run()
		assert.Equal(t, []bool{false, true}, outs(w, []string{ann.Contacts[0], bob.Contacts[0]}))

		for _, who := range []string{"cid", "dora"} {
			in := w.says("group", "Hi")
			in.Message.From[0].Address = who
			w.takes(in)
		}
		group := w.current("group")
		require.Len(t, group.Contacts, 2)
		m := w.replies(group.ID, "Hello both")
		_, err := w.setup.SetConsent(ctx, group.Contacts[1], w.chat.ID, conversation.OptedOut)
		require.NoError(t, err)
		w.run()
		assert.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		assert.Equal(t, []bool{false, true}, outs(w, group.Contacts))
	})
}

// A receipt for one part that comes before the call that sends it has returned waits for that.
func TestS12_ReceiptOfAPartUnderWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
		begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
		w.provider.Next("parts", loopback.Outcome{Sent: channel.Sent{ID: "p0"}}, loopback.Outcome{Sent: channel.Sent{ID: "p1"}, Begun: begun, Wait: wait})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Two", Attachments: files(2)}})
		require.NoError(t, err)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		assert.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "parts", Thread: "ann", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"p1"}, Reference: m.ID,
			Delivery: conversation.Failed, Failure: &conversation.Failure{Class: string(channel.Recipient)}}}))
		close(wait)
		require.NoError(t, <-done)
		got := w.message(m.ID)
		assert.Equal(t, conversation.Failed, got.Parts[1].Delivery)
		assert.Equal(t, conversation.Failed, got.Delivery)
	})
}

// The failure of a try that was in doubt comes when a person has had it tried again: before the second call, or while that is under way.
func TestS12_FailureOfAnEarlierTry(t *testing.T) {
	for _, called := range []bool{false, true} {
		t.Run(fmt.Sprint(called), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.hears("ann", "Hi")
				w.provider.Next("shop", loopback.Outcome{Err: errors.New("connection lost"), Taken: true})
				m := w.replies(c.ID, "Hello")
				w.run()
				require.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
				_, err := w.jane.Retry(ctx, m.ID)
				require.NoError(t, err)
				late := channel.Item{Account: "shop", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"one"}, Reference: m.ID,
					Delivery: conversation.Failed, Failure: &conversation.Failure{Class: string(channel.Recipient)}}}
				if !called {
					require.Equal(t, http.StatusOK, w.hook(late))
				}
				begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
				w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "two"}, Begun: begun, Wait: wait})
				go func() { done <- w.desk.RunDue(ctx) }()
				select {
				case <-begun:
				case err := <-done:
					require.FailNow(t, "nothing was called", "%v", err)
				}
				if called {
					assert.Equal(t, http.StatusOK, w.hook(late))
				}
				close(wait)
				require.NoError(t, <-done)
				assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
				w.receipt("two", conversation.Delivered, nil)
				assert.Equal(t, conversation.Delivered, w.message(m.ID).Delivery)
			})
		})
	}
}

// An edit that is older than one that is known changes nothing, and a reaction that was taken back before it came does not come.
func TestS12_NewsTheWrongWayRound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "early"}, Begun: begun, Wait: wait})
		m := w.replies(c.ID, "Hello")
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		for _, after := range []time.Duration{2 * time.Second, time.Second} {
			assert.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now().Add(after), Edit: &channel.Edit{ID: "early", Text: after.String()}}))
		}
		close(wait)
		require.NoError(t, <-done)
		assert.Equal(t, "2s", w.message(m.ID).Text)
		react := func(after time.Duration, emoji string) {
			assert.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now().Add(after),
				Reaction: &channel.Reaction{ID: "early", From: "ann", Emoji: emoji}}))
		}
		react(5*time.Second, "")
		react(4*time.Second, "x")
		for _, r := range w.message(m.ID).Reactions {
			assert.Empty(t, r.Emoji)
		}
	})
}

// A receipt without an ID, and times that have not come, spoil nothing.
func TestWebhookBadNews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "a1")
		far := time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
		bad := channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"in-1", "", "\x00\xff"}, Delivery: "bogus"}}
		assert.Equal(t, http.StatusOK, w.hook(w.says("ann", "a2"), bad, w.says("ann", "a3")))
		assert.Equal(t, []string{"a1", "a2", "a3"}, w.said(c.ID, 100, true))
		ahead := w.says("ann", "a4")
		ahead.At = far
		assert.Equal(t, http.StatusOK, w.hook(ahead, channel.Item{Account: "shop", Thread: "ann", Receipt: &channel.Receipt{Watermark: far, Delivery: conversation.Read}}))
		for _, th := range w.get(c.ID).Threads {
			assert.False(t, th.LastInbound.After(w.clock.Now()), "a reply window opens now")
			assert.False(t, th.Read.After(w.clock.Now()), "what is sent later is not read")
		}
	})
}

// What is taken in again while its channel is switched off stays kept.
func TestWebhookReplayNeedsTheChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		broken := w.provider.Sign(append(bytes.TrimSuffix(w.provider.Request().Body, []byte("]}")), `{"Account":"shop","Message":7}]}`...))
		broken.URL += "/" + w.chat.Token
		require.Equal(t, http.StatusOK, serve(w.desk, broken))
		require.Len(t, w.kept(), 1)
		off := w.chat
		off.Inactive = true
		_, err := w.setup.UpdateChannel(ctx, off)
		require.NoError(t, err)
		d := w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, parse: func(*channel.Request) ([]channel.Item, error) {
				return []channel.Item{w.says("ann", "precious")}, nil
			}}}
		})
		assert.ErrorIs(t, d.As(frontdesk.System(tenant)).Replay(ctx, w.kept()[0].ID), frontdesk.ErrInvalid)
		assert.Len(t, w.kept(), 1)
	})
}

// A rule whose commit fails is tried again.
func TestU2_ACommitThatFailsIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(aRule("first"))
		w.hears("ann", "Hi")
		bad := &interloper{Store: w.store, fail: errors.New("the database is away"), when: func(b *store.Batch) bool {
			for _, write := range b.Writes {
				if write.Action != store.Check && strings.HasPrefix(write.Row.ID, "run/") {
					return true
				}
			}
			return false
		}}
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = bad }).RunDue(ctx))
		w.clock.Advance(time.Minute)
		w.run()
		require.Len(t, w.runs("first"), 1)
		assert.Equal(t, frontdesk.RunDone, w.runs("first")[0].Outcome)
	})
}

func (w *world) bot() *frontdesk.Session {
	return w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
}

func (w *world) requests(conversation string) {
	w.t.Helper()
	_, err := w.bot().RequestHandover(ctx, conversation)
	require.NoError(w.t, err)
}

// botFirst are mailboxes in which an automation asks for a person: of open conversations, or of closed ones.
var botFirst = map[string]func(*frontdesk.Mailbox){
	"open":   func(m *frontdesk.Mailbox) { m.AssignOnFirst = false },
	"closed": func(m *frontdesk.Mailbox) { m.AssignOnFirst, m.Start = false, conversation.Closed },
}

// That somebody was asked for stays when the conversation is merged into another, and leaves with it.
func TestA5_AMergeKeepsTheRequest(t *testing.T) {
	for name, first := range botFirst {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.slots(1, first)
				head, part := w.hears("ann", "Hi"), w.hears("bob", "Hi")
				w.requests(part.ID)
				w.merges(head.ID, part.ID)
				_, err := w.jane.Unmerge(ctx, part.ID)
				require.NoError(t, err)
				assert.True(t, w.get(head.ID).Handover.IsZero())
				w.merges(head.ID, part.ID)
				w.signIn(w.joe)
				assert.Equal(t, []string{"joe"}, w.holders(head.ID))
			})
		})
	}
}

// Completing ends the request, and a month in the archive does.
func TestC6_CompletedIsNotHandedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1, botFirst["closed"])
		c, old := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.requests(c.ID)
		w.requests(old.ID)
		w.do(w.jane, c.ID, frontdesk.Complete{})
		w.do(w.jane, old.ID, frontdesk.Archive{})
		w.signIn(w.joe)
		assert.Equal(t, []string{"", ""}, w.holders(c.ID, old.ID))
		assert.True(t, w.get(c.ID).Finished)
		w.clock.Advance(30 * 24 * time.Hour)
		require.NoError(t, w.joe.SignIn(ctx))
		w.hears("bob", "Something new, for the bot")
		assert.Equal(t, []string{""}, w.holders(old.ID))
	})
}

// A merge assigns nobody who is gone.
func TestA10_AMergeAssignsNobodyWhoIsGone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1)
		part := w.hears("bob", "Hi")
		w.do(w.jane, part.ID, frontdesk.Assign{Agent: "jd"}, frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Inactive: true}))
		head := w.hears("ann", "Hi")
		_, err := w.joe.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.signIn(w.joe)
		assert.Equal(t, []string{"joe"}, w.holders(head.ID))
	})
}

// A change of when one counts as away, and of what he then gives back, reaches those who have signed in before.
func TestA10_SettingsReachWhoIsThere(t *testing.T) {
	away := func(minutes int) frontdesk.Settings {
		return frontdesk.Settings{IdleMinutes: minutes, GiveBack: routing.Away}
	}
	for name, change := range map[string][2]frontdesk.Settings{"from never": {away(-1), away(10)}, "from a day": {away(1440), away(10)}, "from keeping": {{IdleMinutes: 10}, away(10)}} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveSettings(ctx, change[0]))
				w.slots(1)
				w.signIn(w.jane)
				c := w.hears("ann", "Hi")
				require.Equal(t, []string{"jd"}, w.holders(c.ID))
				w.clock.Advance(20 * time.Minute)
				w.run()
				require.NoError(t, w.setup.SaveSettings(ctx, change[1]))
				w.run()
				w.clock.Advance(20 * time.Minute)
				w.run()
				assert.Equal(t, routing.Away, w.presence("jd").Presence)
				assert.Equal(t, []string{""}, w.holders(c.ID))
			})
		})
	}
}

// An agent who may answer no more gives back what he holds, as one who is gone does.
func TestA10_WhoMayNotAnswerGivesBack(t *testing.T) {
	for name, change := range map[string]func(*frontdesk.Agent){
		"inactive":  func(a *frontdesk.Agent) { a.Inactive = true },
		"read only": func(a *frontdesk.Agent) { a.Role = frontdesk.ReadOnly },
		"module":    func(a *frontdesk.Agent) { a.Modules = []frontdesk.Module{frontdesk.ModuleContacts} },
	} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: -1, GiveBack: routing.Offline}))
				w.slots(1)
				w.signIn(w.jane)
				c := w.hears("ann", "Hi")
				require.Equal(t, []string{"jd"}, w.holders(c.ID))
				a := frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}}
				change(&a)
				require.NoError(t, w.setup.SaveAgent(ctx, a))
				w.run()
				assert.Equal(t, routing.Offline, w.presence("jd").Presence)
				assert.Equal(t, []string{""}, w.holders(c.ID))
			})
		})
	}
}

// Who comes on duty while the clocks change is given what waits.
func TestA13_DutyWhereTheClocksChange(t *testing.T) {
	for name, c := range map[string]struct {
		zone, date, from string
		slot             routing.Span
	}{
		"Santiago, midnight is skipped":    {"America/Santiago", "2026-09-06", "2026-09-06 01:00", routing.Span{From: 0, To: 8 * 60}},
		"Berlin, half past two is skipped": {"Europe/Berlin", "2026-03-29", "2026-03-28 23:00", routing.Span{From: 150, To: 8 * 60}},
		"Berlin, twice":                    {"Europe/Berlin", "2026-10-25", "2026-10-25 00:10", routing.Span{From: 150, To: 180}},
	} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: -1, DutyOnly: true}))
				require.NoError(t, w.setup.SaveRoster(ctx, frontdesk.Roster{Zone: c.zone, Slots: []routing.Slot{{Name: "night", Span: c.slot}}}))
				require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\njd,"+c.date+",night\n"))
				w.slots(1)
				w.clock.Advance(utc(t, c.from).Sub(w.clock.Now()))
				w.signIn(w.jane)
				waits := w.hears("ann", "Hi")
				require.Equal(t, []string{""}, w.holders(waits.ID))
				was := false
				for range 60 {
					w.clock.Advance(5 * time.Minute)
					got := w.holders(waits.ID)
					on, err := w.jane.OnDuty(ctx, "jd", time.Time{})
					require.NoError(t, err)
					if was = was || on; on {
						require.Equal(t, []string{"jd"}, got, "%s", w.clock.Now())
					}
				}
				require.True(t, was)
			})
		})
	}
}

// A mention is news until its agent has looked himself, also when a customer writes after it and a colleague looks.
func TestP8_AMentionStaysNews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"})
		w.run()
		view := func(s *frontdesk.Session) {
			_, err := s.View(ctx, c.ID)
			require.NoError(t, err)
			w.run()
		}
		view(w.jane)
		w.whispers(w.joe, c.ID, "Jane, please call her", "jd")
		w.run()
		w.hears("ann", "Are you there?")
		w.run()
		view(w.joe)
		assert.Len(t, w.notices("jd"), 1)
		view(w.jane)
		assert.Empty(t, w.notices("jd"))
	})
}

package desk_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// aRule tags what comes in.
func aRule(id string) frontdesk.Rule {
	return frontdesk.Rule{ID: id, On: []frontdesk.Trigger{{Event: conversation.EventReceived}}, Do: []frontdesk.Step{tags(id)}}
}

func tags(ids ...string) frontdesk.Step { return frontdesk.Step{Action: frontdesk.Tag{Add: ids}} }

func (w *world) rule(r frontdesk.Rule) {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveRule(ctx, r))
}

func (w *world) runs(rule string) []frontdesk.RuleRun {
	w.t.Helper()
	page, err := w.setup.RuleRuns(ctx, rule, "", 1000)
	require.NoError(w.t, err)
	return page.Items
}

func TestU2_TriggerFilterStepsInOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := w.hears("old", "broken")
		w.rule(frontdesk.Rule{ID: "broken", On: []frontdesk.Trigger{{Event: conversation.EventReceived, By: []conversation.ActorKind{conversation.ByContact}}},
			If: frontdesk.Filter{Text: "broken parcel", Mailboxes: []string{"berlin"}, Statuses: []conversation.Status{conversation.Open}},
			Do: []frontdesk.Step{
				tags("damage"),
				{Whisper: "Look at the photos of {{contact.name|somebody}}"},
				{Action: frontdesk.SetPriority{Priority: 5}},
				{Deadline: 24 * time.Hour},
				{Action: frontdesk.SetStatus{Status: conversation.Closed}},
				{Answer: "We are sorry, {{contact.name|there}}."},
			}})
		other := w.hears("bob", "Where is my parcel?")
		c := w.hears("ann", "My PARCEL is broken!")
		w.run()
		c = w.get(c.ID)
		assert.Equal(t, []string{"damage"}, c.Tags)
		assert.Equal(t, 5, c.Priority)
		assert.Equal(t, w.clock.Now().Add(24*time.Hour), c.Deadline)
		assert.Equal(t, conversation.Closed, c.Status)
		assert.Equal(t, []string{"We are sorry, ann Customer."}, w.texts())
		var order []string
		for _, m := range w.timeline(c.ID)[1:] {
			assert.Equal(t, conversation.Actor{Kind: conversation.ByAutomation, ID: "rule:broken", Name: "rule:broken"}, m.Author)
			if order = append(order, string(m.Direction)); m.Event != nil {
				order[len(order)-1] = m.Event.Type
			}
		}
		assert.Equal(t, []string{conversation.EventTagged, "whisper", conversation.EventPriority, conversation.EventDeadline, conversation.EventClosed, "outbound"}, order)
		assert.Empty(t, w.get(other.ID).Tags)
		assert.Empty(t, w.get(old.ID).Tags, "what happened before the rule was saved is left alone")
		runs := w.runs("broken")
		require.Len(t, runs, 1, "what it did not match is not in its log")
		assert.Equal(t, frontdesk.RunDone, runs[0].Outcome)
		assert.Equal(t, c.ID, runs[0].Conversation)
		assert.Equal(t, conversation.EventReceived, runs[0].Event)
		w.run()
		assert.Len(t, w.timeline(c.ID), 7, "once")
	})
}

func TestU2_FirstMatchOrAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second, first, third := aRule("a"), aRule("b"), aRule("c")
		first.Order, second.Order, third.Order = -1, 0, 1
		w.rule(second)
		w.rule(first)
		w.rule(third)
		c := w.hears("ann", "Hi")
		w.run()
		assert.Equal(t, []string{"a", "b", "c"}, w.get(c.ID).Tags, "all")
		second.Stop = true
		w.rule(second)
		c = w.hears("bob", "Hi")
		w.run()
		assert.Equal(t, []string{"a", "b"}, w.get(c.ID).Tags, "up to the one that stops")
		second.If.Tags = []string{"none"}
		w.rule(second)
		c = w.hears("cid", "Hi")
		w.run()
		assert.Equal(t, []string{"b", "c"}, w.get(c.ID).Tags, "one that does not match stops nothing")
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{FirstRule: true}))
		c = w.hears("dan", "Hi")
		w.run()
		assert.Equal(t, []string{"b"}, w.get(c.ID).Tags, "the first of lowest order")
	})
}

func TestU2_RefusedRunsAreLoggedAndStopNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		answers := aRule("answers")
		answers.Do = append(answers.Do, frontdesk.Step{Answer: "Hello"})
		w.rule(answers)
		w.rule(aRule("last"))
		c := w.hears("ann", "Hi")
		w.run()
		assert.Equal(t, []string{"last"}, w.get(c.ID).Tags, "a person has it: nothing of the first is done, all of the second")
		assert.Empty(t, w.texts())
		runs := w.runs("answers")
		require.Len(t, runs, 1)
		assert.Equal(t, frontdesk.RunRefused, runs[0].Outcome)
		assert.Contains(t, runs[0].Reason, "step 2")
		assert.Contains(t, runs[0].Reason, "a person has the conversation")

		w.do(w.setup, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Start: conversation.Closed}))
		auto := w.says("ann", "I am away")
		auto.Message.Automatic = true
		w.takes(auto)
		w.run()
		assert.Empty(t, w.texts(), "nothing answers what was sent automatically")
		assert.Contains(t, w.runs("answers")[0].Reason, "automatically")
		w.hears("ann", "Hi")
		w.run()
		assert.Equal(t, []string{"Hello"}, w.texts())
	})
}

func TestU2_FailuresStopNeitherOthersNorMessages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Setenv("FRONTDESK_SECRET_X", "loopback-secret")
		w.channel(frontdesk.Channel{Account: "sealed", Mailbox: "berlin", Secret: "x"})
		vault := w.open(func(cfg *frontdesk.Config) {
			cfg.Secrets = func(context.Context, string, string) (string, error) { return "", errors.New("the vault is closed") }
		})
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Start: conversation.Closed}))
		answers := aRule("answers")
		answers.Do = []frontdesk.Step{{Answer: "Hello"}}
		w.rule(answers)
		w.rule(aRule("last"))
		item := w.says("ann", "Hi")
		item.Account = "sealed"
		w.takes(item)
		require.NoError(t, vault.RunDue(ctx))
		assert.Equal(t, []string{"last"}, w.current("ann").Tags)
		assert.Equal(t, frontdesk.RunFailed, w.runs("answers")[0].Outcome)
		assert.Contains(t, w.runs("answers")[0].Reason, "the vault is closed")
	})
}

func TestU2_NoCircles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(frontdesk.Rule{ID: "ping", On: []frontdesk.Trigger{{Event: conversation.EventTagged}}, If: frontdesk.Filter{NotTags: []string{"ping"}},
			Do: []frontdesk.Step{{Action: frontdesk.Tag{Add: []string{"ping"}, Remove: []string{"pong"}}}}})
		w.rule(frontdesk.Rule{ID: "pong", On: []frontdesk.Trigger{{Event: conversation.EventTagged}}, If: frontdesk.Filter{NotTags: []string{"pong"}},
			Do: []frontdesk.Step{{Action: frontdesk.Tag{Add: []string{"pong"}, Remove: []string{"ping"}}}}})
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Tag{Add: []string{"x"}})
		w.run()
		assert.Equal(t, []string{"pong", "x"}, w.get(c.ID).Tags, "each once, for what the agent did")
		assert.Len(t, w.runs("ping"), 1)

		// A bot that answers what rules do makes a circle that no rule can see.
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		for i := range 2 * frontdesk.MaxRuleRuns {
			w.do(bot, c.ID, frontdesk.Tag{Add: []string{"bot" + strconv.Itoa(i)}, Remove: []string{"pong", "ping"}})
			w.run()
		}
		done := 0
		for _, run := range w.runs("ping") {
			if run.Outcome == frontdesk.RunDone {
				done++
			} else {
				assert.Contains(t, run.Reason, "within an hour")
			}
		}
		assert.Equal(t, frontdesk.MaxRuleRuns, done)
		w.clock.Advance(time.Hour)
		w.do(bot, c.ID, frontdesk.Tag{Remove: []string{"pong", "ping", "x"}})
		w.run()
		assert.Equal(t, frontdesk.RunDone, w.runs("ping")[0].Outcome)
	})
}

func TestU2_OnceThoughAWorkerIsLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := aRule("once")
		r.Do = []frontdesk.Step{{Whisper: "seen"}}
		w.rule(r)
		c := w.hears("ann", "Hi")
		w.run()
		require.Len(t, w.timeline(c.ID), 2)
		event := w.events()
		var job store.Job
		for _, e := range event {
			if e.Type == conversation.EventReceived && e.Conversation == c.ID {
				body, err := store.Encode(1, struct {
					Position int64              `json:"position"`
					Event    conversation.Event `json:"event"`
				}{e.Position, e.Event}, store.Kept{})
				require.NoError(t, err)
				job = store.Job{ID: "rule/again", Group: "rule/" + c.ID, Body: body}
			}
		}
		// The job comes again, as that of a worker does that was lost before it had finished.
		b := store.NewBatch(tenant, w.clock.Now())
		key := store.Key{Kind: store.Document, ID: "test/again"}
		b.ReadRow(store.Row{Key: key})
		b.Put(store.Row{Key: key, Body: []byte("{}")})
		b.Enqueue(job)
		require.NoError(t, b.Seal())
		require.NoError(t, w.store.Commit(ctx, b))
		w.run()
		assert.Len(t, w.timeline(c.ID), 2)
		assert.Len(t, w.runs("once"), 1)
	})
}

func TestU2_AtTimes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var waiting []string
		for _, who := range []string{"ann", "bob"} {
			waiting = append(waiting, w.hears(who, "Hi").ID)
		}
		answered := w.hears("cid", "Hi").ID
		_, err := w.jane.Reply(ctx, answered, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		w.rule(frontdesk.Rule{ID: "late", Every: &frontdesk.Schedule{Every: frontdesk.Hourly}, Again: 24 * time.Hour,
			If: frontdesk.Filter{Waiting: 3 * time.Hour}, Do: []frontdesk.Step{{Whisper: "late"}, {Action: frontdesk.SetPriority{Priority: 5}}}})
		for range 2 {
			w.clock.Advance(time.Hour)
			w.run()
		}
		assert.Empty(t, w.runs("late"), "not yet")
		w.clock.Advance(time.Hour)
		w.run()
		require.Len(t, w.runs("late"), 2)
		for range 5 {
			w.clock.Advance(time.Hour)
			w.run()
		}
		require.Len(t, w.runs("late"), 2, "it leaves them alone for a day")
		w.clock.Advance(72 * time.Hour) // nothing ran meanwhile
		w.run()
		assert.Len(t, w.runs("late"), 4, "what was missed is made up for once")
		for _, id := range waiting {
			assert.Equal(t, 5, w.get(id).Priority)
		}
		assert.Zero(t, w.get(answered).Priority)
		r, err := w.setup.Rules(ctx)
		require.NoError(t, err)
		r[0].Inactive = true
		w.rule(r[0])
		w.clock.Advance(72 * time.Hour)
		w.run()
		assert.Len(t, w.runs("late"), 4)
		r[0].Inactive, r[0].Again = false, 0
		w.rule(r[0])
		w.clock.Advance(time.Hour)
		w.run()
		assert.Len(t, w.runs("late"), 6)
	})
}

// More conversations than a page of a scheduled rule's walk.
func TestU2_AtTimesMeetsEachOnce(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		const n = 450
		var items []channel.Item
		for i := range n {
			items = append(items, w.says("who"+strconv.Itoa(i), "Hi"))
		}
		w.takes(items...)
		w.rule(frontdesk.Rule{ID: "all", Every: &frontdesk.Schedule{Every: frontdesk.Daily, Hour: 12}, Do: []frontdesk.Step{tags("seen")}})
		w.clock.Advance(3 * time.Hour)
		w.run()
		assert.Len(t, w.runs("all"), n)
		w.run()
		assert.Len(t, w.runs("all"), n)
	})
}

func TestU2_SavedCopiedTriedDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		saved, err := w.setup.SaveReply(ctx, frontdesk.SavedReply{Title: "Hi", Content: "Hello {{contact.name|there}}"})
		require.NoError(t, err)
		r := frontdesk.Rule{ID: "r", Name: "R", Order: 3, Stop: true, On: []frontdesk.Trigger{{Event: conversation.EventTagged, Gained: "x"}},
			If: frontdesk.Filter{Priorities: []int{0, 1}, Deadline: nil}, Do: []frontdesk.Step{{Action: frontdesk.Assign{Agent: "jd", Team: "returns"}},
				{Action: frontdesk.Complete{}}, {Reply: saved.ID}, {FollowUp: time.Hour}, {Tell: true}}}
		w.rule(r)
		before := len(w.events())
		w.rule(r)
		assert.Len(t, w.events(), before, "saving the same again changes nothing")
		list, err := w.setup.Rules(ctx)
		require.NoError(t, err)
		assert.Equal(t, []frontdesk.Rule{r}, list)

		c := w.hears("ann", "Hi")
		trial, err := w.setup.TryRule(ctx, r, c.ID)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.RuleTrial{}, trial)
		open := r
		open.Do = []frontdesk.Step{{Reply: saved.ID}}
		trial, err = w.setup.TryRule(ctx, open, c.ID)
		require.NoError(t, err)
		require.ErrorIs(t, trial.Refused, conversation.ErrState)
		open.If.Tags = []string{"y"}
		trial, err = w.setup.TryRule(ctx, open, c.ID)
		require.NoError(t, err)
		assert.Equal(t, "Tags", trial.Missed)
		w.run()
		assert.Len(t, w.timeline(c.ID), 1, "trying does nothing")
		assert.Empty(t, w.texts())

		require.NoError(t, w.setup.CopyRule(ctx, "r", "s"))
		require.ErrorIs(t, w.setup.CopyRule(ctx, "r", "s"), frontdesk.ErrInvalid)
		require.ErrorIs(t, w.setup.CopyRule(ctx, "none", "t"), frontdesk.ErrNotFound)
		w.do(w.jane, c.ID, frontdesk.Tag{Add: []string{"y"}})
		w.run()
		assert.Empty(t, w.runs("r"))
		w.do(w.jane, c.ID, frontdesk.Tag{Add: []string{"x"}})
		w.run()
		c = w.get(c.ID)
		assert.Equal(t, "jd", c.Agent)
		assert.True(t, c.Finished)
		assert.Equal(t, []string{"Hello ann Customer"}, w.texts())
		assert.Equal(t, w.clock.Now().Add(time.Hour), c.FollowUp)
		assert.Equal(t, 1, w.count(conversation.EventRuled))
		assert.Empty(t, w.runs("s"), "a copy is inactive")
		for _, e := range w.events() {
			if e.Subject == "rule/r" {
				assert.NotContains(t, e.To, saved.ID, "events of settings do not repeat what rules say")
			}
		}

		require.NoError(t, w.setup.DeleteRule(ctx, "r"))
		require.NoError(t, w.setup.DeleteRule(ctx, "r"))
		require.NoError(t, w.setup.DeleteRule(ctx, "s"))
		w.do(w.jane, c.ID, frontdesk.Tag{Remove: []string{"x"}}, frontdesk.Tag{Add: []string{"z"}})
		w.run()
		assert.Len(t, w.runs("r"), 1, "its log is kept")
		w.clock.Advance(31 * 24 * time.Hour)
		w.run()
		assert.Empty(t, w.runs("r"))
	})
}

func TestU2_TheLogIsBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(aRule("log"))
		for _, who := range []string{"ann", "bob", "cid"} {
			w.hears(who, "Hi")
		}
		w.run()
		require.Len(t, w.runs("log"), 3)
		w.clock.Advance(31 * 24 * time.Hour)
		w.hears("dan", "Hi")
		w.hears("eve", "Hi")
		w.run()
		assert.Len(t, w.runs("log"), 2)
		rows, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Document, Prefix: "ruled/"})
		require.NoError(t, err)
		assert.Len(t, rows.Rows, 2)
	})
}

func TestU2_BadRules(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*frontdesk.Rule){
			"ID":            func(r *frontdesk.Rule) { r.ID = "" },
			"long ID":       func(r *frontdesk.Rule) { r.ID = strings.Repeat("x", 60) },
			"name":          func(r *frontdesk.Rule) { r.Name = strings.Repeat("x", 201) },
			"never":         func(r *frontdesk.Rule) { r.On = nil },
			"both":          func(r *frontdesk.Rule) { r.Every = &frontdesk.Schedule{Every: frontdesk.Daily} },
			"schedule":      func(r *frontdesk.Rule) { r.On, r.Every = nil, &frontdesk.Schedule{Every: "year"} },
			"again":         func(r *frontdesk.Rule) { r.Again = time.Hour },
			"triggers":      func(r *frontdesk.Rule) { r.On = make([]frontdesk.Trigger, 21) },
			"event":         func(r *frontdesk.Rule) { r.On[0].Event = "message.sent" },
			"no such area":  func(r *frontdesk.Rule) { r.On[0].Event = conversation.EventSetting },
			"by":            func(r *frontdesk.Rule) { r.On[0].By = []conversation.ActorKind{"me"} },
			"gained":        func(r *frontdesk.Rule) { r.On[0].Gained = "a,b" },
			"filter":        func(r *frontdesk.Rule) { r.If.Priorities = []int{9} },
			"no steps":      func(r *frontdesk.Rule) { r.Do = nil },
			"steps":         func(r *frontdesk.Rule) { r.Do = make([]frontdesk.Step, 7) },
			"empty step":    func(r *frontdesk.Rule) { r.Do = []frontdesk.Step{{}} },
			"two in one":    func(r *frontdesk.Rule) { r.Do = []frontdesk.Step{{Answer: "a", Whisper: "b"}} },
			"deadline":      func(r *frontdesk.Rule) { r.Do = []frontdesk.Step{{Deadline: -conversation.MaxPlan - 1}} },
			"follow-up":     func(r *frontdesk.Rule) { r.Do = []frontdesk.Step{{FollowUp: -1}} },
			"person's step": func(r *frontdesk.Rule) { r.Do = []frontdesk.Step{{Action: frontdesk.MarkRead{}}} },
			"erasing":       func(r *frontdesk.Rule) { r.Do = []frontdesk.Step{{Action: conversation.Erase{}}} },
		} {
			r := aRule("r")
			change(&r)
			assert.ErrorIs(t, w.setup.SaveRule(ctx, r), frontdesk.ErrInvalid, name)
		}
		for name, step := range map[string]frontdesk.Step{"reply": {Reply: "none"}, "agent": {Action: frontdesk.Assign{Agent: "none"}}, "team": {Action: frontdesk.Assign{Team: "none"}}} {
			r := aRule("r")
			r.Do = []frontdesk.Step{step}
			assert.ErrorIs(t, w.setup.SaveRule(ctx, r), frontdesk.ErrNotFound, name)
		}
		r := aRule("r")
		r.Do = []frontdesk.Step{{Answer: "{{"}}
		assert.True(t, frontdesk.Refused(w.setup.SaveRule(ctx, r)))
		for i := range frontdesk.MaxRules {
			w.rule(aRule("r" + strconv.Itoa(i)))
		}
		require.ErrorIs(t, w.setup.SaveRule(ctx, aRule("more")), frontdesk.ErrInvalid)
		_, err := w.setup.RuleRuns(ctx, "a/b", "", 1)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.setup.RuleRuns(ctx, "r", "", -1)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

func TestU2_NoPrivateReplyInARule(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		r, err := w.jane.SaveReply(ctx, frontdesk.SavedReply{Title: "Mine", Content: "x", Agent: "jd"})
		require.NoError(t, err)
		admin := w.agent(frontdesk.Agent{ID: "adm", Role: frontdesk.Admin})
		err = admin.SaveRule(ctx, frontdesk.Rule{ID: "r", On: []frontdesk.Trigger{{Event: conversation.EventReceived}}, Do: []frontdesk.Step{{Reply: r.ID}}})
		assert.Error(t, err, "another's private reply is not there for him, and the rule could never use it")
	})
}

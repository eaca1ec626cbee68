package desk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestP3_SavingTheSameAgainTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		save := func() frontdesk.Channel {
			require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Name: "Berlin", StartNew: true}))
			require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "sales", Name: "Sales"}))
			require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Teams: []string{"sales"}}))
			require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
			return w.channel(frontdesk.Channel{Account: "store", Mailbox: "berlin", Options: map[string]string{"part_files": "2"}})
		}
		first := save()
		told := len(w.events())
		assert.Equal(t, first, save())
		assert.Len(t, w.events(), told)
		w.desk = w.open() // as after a restart
		w.setup = w.desk.As(frontdesk.System(tenant))
		assert.Equal(t, first, save())
		assert.Len(t, w.events(), told)

		changed := w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich", Name: "Store"})
		assert.Equal(t, first.ID, changed.ID, "the same account is the same channel")
		assert.Equal(t, first.Token, changed.Token)
		all, err := w.setup.Channels(ctx, "munich")
		require.NoError(t, err)
		assert.Len(t, all, 1)
	})
}

func TestP3_ChangesAreToldWithOldAndNewValue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Admin})
		w.clock.Advance(time.Second)
		require.NoError(t, boss.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "J. Smith", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}, Teams: []string{"returns"}}))
		w.clock.Advance(time.Second)
		require.NoError(t, boss.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		events := w.events()
		e := events[len(events)-2]
		assert.Equal(t, conversation.EventSetting, e.Type)
		assert.Equal(t, "agent/jd", e.Subject)
		assert.Equal(t, "boss", e.Actor.ID)
		assert.JSONEq(t, `{"role":"agent","name":"…"}`, e.From)
		assert.JSONEq(t, `{"role":"readonly","name":"…"}`, e.To)
		e = events[len(events)-1]
		assert.Empty(t, e.From)
		assert.JSONEq(t, `{"globalRead":true}`, e.To)
		for _, e := range events {
			for _, text := range []string{"Jane", "Smith", "shop", w.chat.Token} {
				assert.NotContains(t, e.From+e.To, text, "events hold no names, addresses and secrets")
			}
		}
	})
}

func TestP3_BadSettings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		told := len(w.events())
		long := strings.Repeat("x", 65)
		for name, err := range map[string]error{
			"mailbox without ID": w.setup.SaveMailbox(ctx, frontdesk.Mailbox{}),
			"mailbox with slash": w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "a/b"}),
			"mailbox long":       w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: long}),
			"team":               w.setup.SaveTeam(ctx, frontdesk.Team{ID: "nul\x00"}),
			"agent":              w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "\xff"}),
			"role":               w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "x", Role: "king"}),
			"large":              w.setup.SaveTeam(ctx, frontdesk.Team{ID: "x", Name: strings.Repeat("x", 1<<20)}),
			"kind":               only(w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "pigeon", Account: "x", Mailbox: "berlin"})),
			"account":            only(w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "berlin"})),
			"driver's setting":   only(w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "x", Mailbox: "berlin", Options: map[string]string{"no": "1"}})),
		} {
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		for name, err := range map[string]error{
			"agent's mailbox":   w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin", "nowhere"}}),
			"agent's team":      w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "x", Teams: []string{"none"}}),
			"channel's mailbox": only(w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "x", Mailbox: "nowhere"})),
		} {
			assert.ErrorIs(t, err, frontdesk.ErrNotFound, name)
		}
		require.Error(t, only(w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "x", Mailbox: "berlin", Secret: "not-set"})))
		assert.Len(t, w.events(), told)
		agents, err := w.setup.Agents(ctx)
		require.NoError(t, err)
		assert.Len(t, agents, 3)
		all, err := w.setup.Channels(ctx, "")
		require.NoError(t, err)
		assert.Len(t, all, 1)
		// What was refused for its settings takes nobody's account.
		w.channel(frontdesk.Channel{Account: "x", Mailbox: "berlin"})
	})
}

func TestP3_AccountOfAnotherTenantIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
		_, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "berlin"})
		require.ErrorIs(t, err, frontdesk.ErrTaken)
		all, err := other.Channels(ctx, "")
		require.NoError(t, err)
		assert.Empty(t, all)
		w.hears("ann", "Hi") // it still comes here
	})
}

// Another process changes settings and rights; this one, which has the old ones in its cache, honours them at once.
func TestP5_SettingsChangedByAnotherProcess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x := newScene(w)
		setup := w.open().As(frontdesk.System(tenant))
		member := frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}}
		warm := func() { // everything is in the cache
			_, err := w.jane.MarkUnread(ctx, x.conv)
			require.NoError(t, err)
			_, err = w.jane.View(ctx, x.conv)
			require.NoError(t, err)
			_, err = w.jane.Reply(ctx, x.conv, frontdesk.Draft{Text: "Hello"})
			require.NoError(t, err)
			assert.Equal(t, int64(0), w.unread(w.jane))
		}
		for name, gone := range map[string]frontdesk.Agent{
			"inactive":  {ID: "jd", Inactive: true, Mailboxes: member.Mailboxes},
			"elsewhere": {ID: "jd", Mailboxes: []string{"munich"}},
			"read-only": {ID: "jd", Role: frontdesk.ReadOnly, Mailboxes: member.Mailboxes},
		} {
			for command, row := range commands {
				if !row.object || name == "read-only" && row.needs == reads {
					continue
				}
				require.NoError(t, setup.SaveAgent(ctx, member))
				warm()
				require.NoError(t, setup.SaveAgent(ctx, gone))
				before := w.get(x.conv)
				err := row.call(w.jane, x)
				assert.True(t, frontdesk.Refused(err), "%s: %s: %v", name, command, err)
				assert.Equal(t, before.Changed, w.get(x.conv).Changed, "%s: %s", name, command)
			}
			if name != "read-only" {
				page, _ := w.jane.Conversations(ctx, frontdesk.Query{})
				assert.Empty(t, page.Items)
			}
		}
		require.NoError(t, setup.SaveAgent(ctx, member))
		warm()

		require.NoError(t, setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		assert.Equal(t, int64(0), w.unread(w.joe), "what Jane has read is read for all")
		require.NoError(t, setup.SaveSettings(ctx, frontdesk.Settings{}))
		assert.Equal(t, int64(1), w.unread(w.joe))

		require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", ReadOnAnswer: true}))
		_, err := w.joe.View(ctx, x.conv)
		require.NoError(t, err)
		assert.Equal(t, int64(1), w.unread(w.joe), "opening no longer marks")
		require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
		_, err = w.joe.View(ctx, x.conv)
		require.NoError(t, err)
		assert.Equal(t, int64(0), w.unread(w.joe), "it marks again")
	})
}

func TestS1_ChannelSwitchedOffByAnotherProcess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		setup := w.open().As(frontdesk.System(tenant))
		off := frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "berlin", Default: true, Inactive: true, PollEvery: -1}
		_, err := setup.AddChannel(ctx, off)
		require.NoError(t, err)
		w.hook(w.says("ann", "Again"))
		assert.Equal(t, 1, w.get(c.ID).Messages, "an inactive channel takes nothing in")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		off.Inactive = false
		_, err = setup.AddChannel(ctx, off)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, w.hook(w.says("ann", "Again")))
		assert.Equal(t, 2, w.get(c.ID).Messages)
	})
}

// A secret that another process has changed is the one that deliveries are verified with.
func TestP3_SecretChangedByAnotherProcess(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		t.Setenv("FRONTDESK_SECRET_NEW", "n3w")
		w.hears("ann", "Hi")
		_, err := w.open().As(frontdesk.System(tenant)).AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "berlin",
			Default: true, PollEvery: -1, Secret: "new"})
		require.NoError(t, err)
		w.provider.Secret = "n3w"
		var req *channel.Request = w.provider.Request(w.says("ann", "Again"))
		assert.Equal(t, http.StatusOK, serve(w.desk, req))
	})
}

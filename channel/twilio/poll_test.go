package twilio_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
)

// drain polls to the end and returns the texts in the order in which they came, with the last cursor and the number of polls.
func drain(t *testing.T, c channel.Conn, cursor string) (texts []string, last string, polls int) {
	t.Helper()
	for polls < 50 {
		polls++
		got, err := c.(channel.Poller).Poll(t.Context(), cursor)
		require.NoError(t, err)
		for _, i := range got.Items {
			if i.Message != nil {
				texts = append(texts, i.Message.Text)
			}
		}
		if cursor = got.Cursor; !got.More {
			return texts, cursor, polls
		}
	}
	t.Fatal("Poll never ends")
	return nil, "", 0
}

func at(day, hour, minute int) time.Time {
	return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC)
}

func (w *world) came(text string, when time.Time) {
	w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: text, Date: when})
}

func TestPollOverDays(t *testing.T) {
	w := newWorld(account)
	now := at(4, 12, 0)
	w.driver.Now = func() time.Time { return now }
	w.driver.Backfill = 72 * time.Hour
	w.came("too old", at(1, 8, 0))
	w.came("first", at(1, 20, 0))
	w.came("before midnight", at(2, 23, 55))
	w.came("after midnight", at(3, 0, 5))
	w.came("today", at(4, 9, 0))
	w.server.Receive(twiliotest.Message{From: "+31612345678", To: "+15005550001", Body: "another number's", Date: at(4, 9, 1)})
	texts, cursor, polls := drain(t, w.open(t), "")
	assert.Equal(t, []string{"first", "before midnight", "after midnight", "today"}, texts)
	assert.Equal(t, 4, polls)
	assert.Equal(t, "2026-03-04T09:00:00Z", cursor)

	w.came("late", at(4, 8, 55))
	w.came("new", at(4, 11, 0))
	texts, cursor, _ = drain(t, w.open(t), cursor)
	assert.Equal(t, []string{"late", "today", "new"}, texts, "what shows up late behind the cursor is found")
	now = at(5, 0, 3)
	w.came("at night", at(5, 0, 2))
	texts, cursor, _ = drain(t, w.open(t), cursor)
	assert.Equal(t, []string{"new", "at night"}, texts)
	assert.Equal(t, "2026-03-05T00:02:00Z", cursor)
}

func TestPollPages(t *testing.T) {
	w := newWorld(account)
	var want []string
	for i := range 2500 {
		text := fmt.Sprint(i)
		want = append(want, text)
		w.came(text, at(2, 0, 0).Add(time.Duration(i)*time.Second))
	}
	w.driver.Now = func() time.Time { return at(2, 12, 0) }
	w.driver.Backfill = 12 * time.Hour
	texts, _, _ := drain(t, w.open(t), "")
	assert.True(t, slices.Equal(want, texts), "%d messages, want %d in order", len(texts), len(want))
}

func TestPollNextPageElsewhere(t *testing.T) {
	for _, next := range []string{"https://evil.example.net/2010-04-01/", "//evil.example.net/x", "@evil.example.net/", "/2010-04-01/Accounts/AC2/Messages.json?Page=1"} {
		w := newWorld(account)
		w.network.Hosts["api.twilio.com"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"messages":[],"next_page_uri":%q}`, next)
		})
		_, err := w.open(t).(channel.Poller).Poll(t.Context(), "")
		assert.Equal(t, channel.ChannelDown, channel.AsError(err).Class, next)
		for _, r := range w.network.Requests() {
			assert.Equal(t, "api.twilio.com", r.URL.Host)
		}
	}
}

func TestPollWithoutEnd(t *testing.T) {
	w := newWorld(account)
	w.network.Hosts["api.twilio.com"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"messages":[{"direction":"inbound","sid":"SM1"}],"next_page_uri":%q}`, r.URL.Path+"?"+r.URL.RawQuery)
	})
	_, err := w.open(t).(channel.Poller).Poll(t.Context(), "")
	assert.ErrorContains(t, err, "more than 100 pages")
}

func TestPollMediaAndConsent(t *testing.T) {
	w := newWorld(account)
	m := w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Date: at(2, 9, 0), Media: []twiliotest.Media{{Type: "image/png", Data: []byte("png")}}})
	w.came("STOP", at(2, 10, 0))
	got, err := w.open(t).(channel.Poller).Poll(t.Context(), "2026-03-02T09:00:00Z")
	require.NoError(t, err)
	require.Len(t, got.Items, 3)
	delivered := parse(t, request(t, w.server.Webhook(hook, m)))[0]
	delivered.At = at(2, 9, 0)
	assert.Equal(t, delivered, got.Items[0], "a polled message is what its webhook would have told")
	assert.True(t, got.Items[2].Consent.OptedOut)
	assert.Equal(t, got.Items[1].Message.ID, got.Items[2].Consent.Message)
}

func TestPollOfASenderName(t *testing.T) {
	w := newWorld("ACME")
	got, err := w.open(t).(channel.Poller).Poll(t.Context(), "")
	require.NoError(t, err)
	assert.Empty(t, got.Items)
	assert.Empty(t, w.network.Requests(), "nobody can write to a name")
}

func TestPollCursors(t *testing.T) {
	w := newWorld(account)
	for _, cursor := range []string{"x", "2024-01-01T00:00:00Z", "2031-01-01T00:00:00Z", strings.Repeat("9", 5000)} {
		_, err := w.open(t).(channel.Poller).Poll(t.Context(), cursor)
		assert.Equal(t, channel.ChannelDown, channel.AsError(err).Class, "%.30s", cursor)
	}
	assert.Empty(t, w.network.Requests())
}

// A picture with the word STOP below it opts nobody out, whichever way it comes.
func TestPolledPictureIsNoStop(t *testing.T) {
	w := newWorld(account)
	in := w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: "Stop", Date: at(2, 11, 0),
		Media: []twiliotest.Media{{Type: "image/png", Data: []byte("x")}}})
	_ = in
	got, err := w.open(t).(channel.Poller).Poll(t.Context(), "2026-03-02T10:59:00Z")
	require.NoError(t, err)
	require.NotEmpty(t, got.Items)
	require.Len(t, got.Items[0].Message.Attachments, 1)
	for _, i := range got.Items {
		assert.Nil(t, i.Consent)
	}
}

// A day with many pictures is taken in by parts: each costs a call, and the Desk gives a poll the time of about a hundred.
func TestManyPicturesAreTakenInByParts(t *testing.T) {
	w := newWorld(account)
	var calls atomic.Int64
	w.network.Hosts["api.twilio.com"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.server.ServeHTTP(rw, r)
	})
	for i := range 400 {
		w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: strconv.Itoa(i), Date: at(2, 1, 0).Add(time.Duration(i) * time.Minute),
			Media: []twiliotest.Media{{Type: "image/png", Data: []byte("x")}}})
	}
	conn, cursor, seen := w.open(t).(channel.Poller), "2026-03-02T00:00:00Z", map[string]bool{}
	for more := true; more; {
		before := calls.Load()
		got, err := conn.Poll(t.Context(), cursor)
		require.NoError(t, err)
		assert.LessOrEqual(t, calls.Load()-before, int64(100))
		require.NotEqual(t, cursor, got.Cursor, "it goes on")
		for _, i := range got.Items {
			seen[i.Message.ID] = true
		}
		cursor, more = got.Cursor, got.More
	}
	assert.Len(t, seen, 400)
}

// Pictures within the overlap count like all others: a poll takes a part of them, however many came within its minutes, and the next goes on behind.
func TestManyPicturesWithinTheOverlap(t *testing.T) {
	w := newWorld(account)
	w.driver.Now = func() time.Time { return at(2, 1, 12) }
	var calls atomic.Int64
	w.network.Hosts["api.twilio.com"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.server.ServeHTTP(rw, r)
	})
	picture := func(text string, when time.Time) {
		w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: text, Date: when, Media: []twiliotest.Media{{Type: "image/png", Data: []byte("x")}}})
	}
	for i := range 400 {
		picture(strconv.Itoa(i), at(2, 1, 2).Add(time.Duration(i)*time.Second))
	}
	conn := w.open(t).(channel.Poller)
	pass := func(cursor string) (seen map[string]int, last string) {
		seen = map[string]int{}
		for polls := range 50 {
			before := calls.Load()
			got, err := conn.Poll(t.Context(), cursor)
			require.NoError(t, err)
			require.LessOrEqual(t, calls.Load()-before, int64(60), "poll %d", polls)
			for _, i := range got.Items {
				seen[i.Message.Text]++
			}
			if cursor = got.Cursor; !got.More {
				return seen, cursor
			}
		}
		t.Fatal("it never ends")
		return nil, ""
	}
	seen, cursor := pass("2026-03-02T01:00:00Z")
	assert.Len(t, seen, 400)
	for text, n := range seen {
		assert.Equal(t, 1, n, "%s is asked for once", text)
	}
	assert.Equal(t, "2026-03-02T01:08:39Z", cursor)

	picture("late", at(2, 1, 4))
	seen, cursor = pass(cursor)
	assert.Len(t, seen, 401, "what shows up late among them is found")
	assert.Equal(t, "2026-03-02T01:08:39Z", cursor)
}

// What comes while a poll is taken in by parts may show up late as well: the last part's cursor lies no later than the first part's poll.
func TestWhatComesBetweenThePartsIsFoundLate(t *testing.T) {
	w := newWorld(account)
	now := at(2, 12, 0)
	w.driver.Now = func() time.Time { return now }
	for i := range 120 {
		w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: strconv.Itoa(i), Date: at(2, 11, 55).Add(time.Duration(i) * time.Second),
			Media: []twiliotest.Media{{Type: "image/png", Data: []byte("x")}}})
	}
	conn := w.open(t).(channel.Poller)
	got, err := conn.Poll(t.Context(), "2026-03-02T11:50:00Z")
	require.NoError(t, err)
	require.True(t, got.More)
	now = at(2, 12, 7)
	w.came("late", at(2, 11, 55))
	w.came("new", at(2, 12, 6))
	_, cursor, _ := drain(t, conn.(channel.Conn), got.Cursor)
	assert.Equal(t, "2026-03-02T12:00:00Z", cursor)
	texts, _, _ := drain(t, conn.(channel.Conn), cursor)
	assert.Contains(t, texts, "late")
}

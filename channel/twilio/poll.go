package twilio

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const (
	// overlap is how far a poll looks back behind its cursor: messages show up in the list some time after their date.
	overlap = 10 * time.Minute
	// maxPages bounds one day's list. A page has 1000 messages, and a number takes about one a second.
	maxPages = 100
	// maxMedia is of how many new messages one poll asks for the files.
	maxMedia = 50
)

// page is one answer of the list of messages.
type page struct {
	Messages []resource `json:"messages"`
	Next     string     `json:"next_page_uri"`
}

// Poll finds what was not delivered: messages whose webhook failed are visible over REST only. The list goes by days and begins with the
// newest, so a poll reads the days from its cursor, less an overlap, to the cursor's own, and returns what it found with the oldest
// first. The cursor is a time in RFC 3339. One that goes on in what the last poll has left has two: where it goes on, and when the first poll
// of them began.
func (c *conn) Poll(ctx context.Context, cursor string) (channel.Polled, error) {
	if c.sender == alphanumeric {
		return channel.Polled{Cursor: cursor}, nil
	}
	from, begun, err := c.start(cursor, c.driver.now().UTC())
	if err != nil {
		return channel.Polled{}, err
	}
	since := from
	if goesOn := strings.Contains(cursor, cursorSep); !goesOn {
		since = from.Add(-overlap)
	}
	var found []resource
	for d := day(since); !d.After(day(from)); d = d.AddDate(0, 0, 1) {
		of, err := c.list(ctx, d)
		if err != nil {
			return channel.Polled{}, err
		}
		found = append(found, of...)
	}
	found = slices.DeleteFunc(found, func(m resource) bool { return !m.at().IsZero() && m.at().Before(since) })
	slices.SortStableFunc(found, func(a, b resource) int { return a.at().Compare(b.at()) })
	n := enough(found)
	items, err := c.items(ctx, found[:n])
	if err != nil {
		return channel.Polled{}, err
	}
	if n < len(found) {
		return channel.Polled{Items: items, Cursor: goOn(found[n-1].at().Add(time.Second), begun), More: true}, nil
	}
	if next := day(from).AddDate(0, 0, 1); !next.After(begun) {
		return channel.Polled{Items: items, Cursor: goOn(next, begun), More: true}, nil
	}
	if n := len(found); n > 0 && found[n-1].at().After(from) {
		from = found[n-1].at()
	}
	if from.After(begun) { // what came since may show up behind what is known
		from = begun
	}
	return channel.Polled{Items: items, Cursor: from.Format(time.RFC3339)}, nil
}

// cursorSep stands between the times of a cursor that goes on.
const cursorSep = "/"

func goOn(at, begun time.Time) string {
	return at.Format(time.RFC3339) + cursorSep + begun.Format(time.RFC3339)
}

// enough is how many messages one poll takes: each with files costs a call, and a poll that takes too long is broken off and begins anew.
// It ends between two seconds, so that the next goes on with the later.
func enough(found []resource) int {
	calls := 0
	for n, m := range found {
		if calls >= maxMedia && !found[n-1].at().IsZero() && m.at().After(found[n-1].at()) {
			return n
		}
		if m.hasMedia() {
			calls++
		}
	}
	return len(found)
}

// hasMedia reports whether a message has files.
func (m resource) hasMedia() bool { n := m.NumMedia.String(); return n != "" && n != "0" }

// start reads a cursor: where a poll begins, and when the first of those that it goes on with began. Twilio keeps messages for 400 days, so an
// older cursor leads nowhere.
func (c *conn) start(cursor string, now time.Time) (from, begun time.Time, err error) {
	backfill := c.driver.Backfill
	if backfill <= 0 {
		backfill = 24 * time.Hour
	}
	begun = now.Truncate(time.Second)
	if cursor == "" {
		return now.Add(-backfill).Truncate(time.Second), begun, nil
	}
	first, second, goesOn := strings.Cut(cursor, cursorSep)
	from, err = time.Parse(time.RFC3339, first)
	if err == nil && goesOn {
		begun, err = time.Parse(time.RFC3339, second)
	}
	for _, at := range []time.Time{from, begun} {
		if err != nil || at.Before(now.AddDate(0, 0, -400)) || at.After(now.AddDate(0, 0, 2)) {
			return from, begun, &channel.Error{Class: channel.ChannelDown, Detail: fmt.Sprintf("the cursor %q is no time of the last 400 days", cursor)}
		}
	}
	return from.UTC(), begun.UTC(), nil
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// list returns the messages that came in on one day, the newest first.
func (c *conn) list(ctx context.Context, d time.Time) ([]resource, error) {
	query := url.Values{"DateSent": {d.Format(time.DateOnly)}, "PageSize": {"1000"}}
	if c.sender != service { // the list cannot be filtered by service
		query.Set("To", c.account)
	}
	var found []resource
	uri := c.path("Messages.json") + "?" + query.Encode()
	for range maxPages {
		var p page
		if err := c.call(ctx, http.MethodGet, uri, nil, &p); err != nil {
			return nil, err
		}
		for _, m := range p.Messages {
			mine := m.To == c.account || c.sender == service && m.MessagingServiceSID == c.account
			if m.Direction == "inbound" && mine && m.SID != "" {
				found = append(found, m)
			}
		}
		if p.Next == "" {
			return found, nil
		}
		if uri = p.Next; !strings.HasPrefix(uri, c.path("Messages.json")+"?") {
			return nil, &channel.Error{Class: channel.ChannelDown, Detail: fmt.Sprintf("the next page is at %.100q, outside of the account's messages", uri)}
		}
	}
	return nil, &channel.Error{Class: channel.ChannelDown, Detail: fmt.Sprintf("more than %d pages of messages on %s", maxPages, d.Format(time.DateOnly))}
}

// at is the provider's time of a message; zero if it gives none.
func (m resource) at() time.Time {
	t, err := time.Parse(time.RFC1123Z, cmp.Or(m.DateSent, m.DateCreated))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// items turns messages into what the webhook would have told.
func (c *conn) items(ctx context.Context, found []resource) ([]channel.Item, error) {
	var items []channel.Item
	for _, m := range found {
		p := url.Values{"MessageSid": {m.SID}, "From": {m.From}, "To": {m.To}, "Body": {m.Body}}
		if m.hasMedia() {
			files, err := c.media(ctx, m.SID)
			if err != nil {
				return nil, err
			}
			for i, f := range files { // as the webhook names them, so that it is decided alike
				p.Set("MediaUrl"+strconv.Itoa(i), f.URL)
				p.Set("MediaContentType"+strconv.Itoa(i), f.Type)
			}
		}
		for _, i := range c.driver.inbound(p) {
			i.Account, i.At = c.account, m.at()
			items = append(items, i)
		}
	}
	return items, nil
}

// media lists the files of a message under the addresses that its webhook names.
func (c *conn) media(ctx context.Context, sid string) ([]conversation.Attachment, error) {
	var got struct {
		Files []struct {
			SID  string `json:"sid"`
			Type string `json:"content_type"`
		} `json:"media_list"`
	}
	folder := "Messages/" + url.PathEscape(sid) + "/Media"
	if err := c.call(ctx, http.MethodGet, c.path(folder+".json"), nil, &got); err != nil {
		return nil, err
	}
	var files []conversation.Attachment
	for _, f := range got.Files {
		files = append(files, conversation.Attachment{ID: f.SID, URL: c.base.String() + c.path(folder+"/"+url.PathEscape(f.SID)), Type: f.Type})
	}
	return files, nil
}

package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
)

// HoursMode says when an automatic answer applies. A mailbox without hours is always open.
type HoursMode string

// The modes.
const (
	AnyHours     HoursMode = ""
	InsideHours  HoursMode = "inside"  // the mailbox is open
	OutsideHours HoursMode = "outside" // the mailbox is closed
)

// Audience says whom an automatic answer is for.
type Audience string

// The audiences.
const (
	AudienceAny     Audience = ""
	AudienceNew     Audience = "new"     // whose message began a conversation
	AudienceFull    Audience = "full"    // who writes while the mailbox's inbox holds as many conversations as Capacity
	AudienceUntaken Audience = "untaken" // whose conversation no agent has taken in the time that After gives
)

// The most that automatic answers hold.
const (
	MaxAutoReplies     = 50
	maxAutoReplyText   = 4096 // bytes
	maxAutoReplyFilter = 100  // mailboxes, and channels, of one
)

// DefaultAfter is AutoReply.After where it is not set.
const DefaultAfter = 2 * time.Minute

const (
	maxAfter     = 24 * time.Hour
	maxCapacity  = 1_000_000
	autoReplyAge = 48 * time.Hour // how old a message is that is not answered automatically any more
)

// AutoReply is an answer that is sent without an agent: that nobody is there, that it will take long.
type AutoReply struct {
	ID        string        `json:"id"`
	Off       bool          `json:"off,omitempty"`
	Mailboxes []string      `json:"mailboxes,omitempty"` // only in these, at most 100. Defaults to all
	Channels  []string      `json:"channels,omitempty"`  // only to what came on these, at most 100. Defaults to all
	Hours     HoursMode     `json:"hours,omitempty"`     // Defaults to AnyHours
	Audience  Audience      `json:"audience,omitempty"`  // Defaults to AudienceAny
	Capacity  int           `json:"capacity,omitempty"`  // with AudienceFull: the customers' conversations in the inbox, this one included; 1–1,000,000
	After     time.Duration `json:"after,omitempty"`     // with AudienceUntaken: 1 s to 24 h. Defaults to DefaultAfter
	Text      string        `json:"text"`                // with {{field}} and {{field|fallback}}, at most 4,096 bytes; a field without a value is left out
}

// autoReplies are the tenant's, in order.
type autoReplies struct {
	Replies []AutoReply `json:"replies,omitempty"`
}

var autoRepliesKey = document("autoreply", "tenant")

// SaveAutoReplies replaces the automatic answers, at most MaxAutoReplies. When a customer writes, the first that applies is sent, as the
// system and by the rules of every sending; the others are not. A customer gets at most one until an agent has answered him, and none
// for automatic mail, or while his conversation is closed or in spam or trash. What could not be sent within two days is not sent. It
// needs an admin. Errors: ErrInvalid, ErrNotFound (a mailbox or channel), *reply.SyntaxError.
func (s *Session) SaveAutoReplies(ctx context.Context, replies []AutoReply) error {
	if err := checkAutoReplies(replies); err != nil {
		return wrap("save automatic replies", "", err)
	}
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "save automatic replies", toManage)
		if err != nil {
			return err
		}
		for _, r := range replies {
			for _, id := range r.Mailboxes {
				if _, err := t.mailbox(id); err != nil {
					return err
				}
			}
			for _, id := range r.Channels {
				if _, err := t.channel(id); err != nil {
					return err
				}
			}
		}
		if _, _, err := doc[autoReplies](t, autoRepliesKey); err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		settings.AutoReplies = slices.ContainsFunc(replies, func(r AutoReply) bool { return !r.Off })
		if err := t.saveDocument(c, document("settings", "tenant"), settings); err != nil {
			return err
		}
		return t.saveDocument(c, autoRepliesKey, autoReplies{Replies: replies})
	})
	return wrap("save automatic replies", "", err)
}

// AutoReplies returns the automatic answers, in order.
func (s *Session) AutoReplies(ctx context.Context) (out []AutoReply, err error) {
	err = s.read(ctx, "automatic replies", "", func(t *txn, _ caller) error {
		if err := t.load(autoRepliesKey); err != nil { // a reading has no commit that would find out an old one
			return err
		}
		all, _, err := doc[autoReplies](t, autoRepliesKey)
		out = all.Replies
		return err
	})
	return out, err
}

func checkAutoReplies(replies []AutoReply) error {
	if n := len(replies); n > MaxAutoReplies {
		return invalid("AutoReplies", "%d of them, at most %d", n, MaxAutoReplies)
	}
	for i := range replies {
		r := &replies[i]
		if problem := conversation.CheckID(r.ID); problem != "" {
			return invalid("ID", "%s", problem)
		}
		if slices.ContainsFunc(replies[:i], func(o AutoReply) bool { return o.ID == r.ID }) {
			return invalid("ID", "two automatic replies are called %q", r.ID)
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("automatic reply %q: %w", r.ID, err)
		}
	}
	return nil
}

func (r *AutoReply) check() error {
	if len(r.Mailboxes) > maxAutoReplyFilter || len(r.Channels) > maxAutoReplyFilter {
		return invalid("Mailboxes", "%d mailboxes and %d channels, at most %d of each", len(r.Mailboxes), len(r.Channels), maxAutoReplyFilter)
	}
	if !slices.Contains([]HoursMode{AnyHours, InsideHours, OutsideHours}, r.Hours) {
		return invalid("Hours", "%q; use %q, %q or none", r.Hours, InsideHours, OutsideHours)
	}
	if !slices.Contains([]Audience{AudienceAny, AudienceNew, AudienceFull, AudienceUntaken}, r.Audience) {
		return invalid("Audience", "%q; use %q, %q, %q or none", r.Audience, AudienceNew, AudienceFull, AudienceUntaken)
	}
	switch full, untaken := r.Audience == AudienceFull, r.Audience == AudienceUntaken; {
	case full && (r.Capacity < 1 || r.Capacity > maxCapacity):
		return invalid("Capacity", "%d is not within 1 and %d", r.Capacity, maxCapacity)
	case !full && r.Capacity != 0:
		return invalid("Capacity", "is for the audience %q", AudienceFull)
	case untaken && r.After != 0 && (r.After < time.Second || r.After > maxAfter):
		return invalid("After", "%s is not within 1s and %s", r.After, maxAfter)
	case !untaken && r.After != 0:
		return invalid("After", "is for the audience %q", AudienceUntaken)
	case strings.TrimSpace(r.Text) == "":
		return invalid("Text", "is empty")
	}
	if problems := conversation.CheckText(r.Text, maxAutoReplyText); len(problems) > 0 {
		return &InvalidError{Field: "Text", Problems: problems}
	}
	_, err := reply.Parse(r.Text)
	return err
}

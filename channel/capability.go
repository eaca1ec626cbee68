package channel

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// The methods: how a customer writes, as people's permissions name it.
const (
	MethodSMS         = "sms"
	MethodChat        = "chat" // WhatsApp, Messenger, Instagram, a web widget
	MethodEmail       = "email"
	MethodMarketplace = "marketplace"
)

// Methods are all methods that a conversation may have, the internal one included.
func Methods() []string {
	return []string{MethodSMS, MethodChat, MethodEmail, MethodMarketplace, conversation.MethodInternal}
}

// Capabilities say what a channel can carry. The core decides from them, never from a driver's name.
type Capabilities struct {
	Method string // one of the Method constants

	Text        Limit // of the text of one message
	Caption     Limit // of a text beside attachments; zero: as Text
	Segments    bool  // text is sent as SMS segments, to be counted by package sms
	Ref16       bool  // with Segments: they are numbered in 16 bits, as sms.Options.Ref16 says
	HTML        bool
	Subject     bool
	Attachments AttachmentRules
	Rules       Rules  // what the platform forbids in what people write
	Premium     string // what a message with files is, when it costs more than one without, such as "MMS": it goes only where the channel's settings allow it

	Initiate   bool   // the business may write first
	Recipients bool   // to, CC and BCC may be edited; without it they are locked
	Window     Window // how long one may answer freely; the zero Window is always open
	Templates  bool   // approved templates can be sent
	Receipts   Receipts
	Reference  bool   // the provider carries our reference and gives it back in receipts or echoes
	Idempotent bool   // the provider drops a second call with the same reference, so a call in doubt may be repeated
	StopWords  bool   // the platform does not act on STOP and START: the core reads them from customers' texts
	ReplyOnly  string // why the channel cannot receive, such as a sender name; "" if it can
}

// Receipts say which news of a sent message the provider gives.
type Receipts struct {
	Sent, Delivered, Read bool
}

// Unit is what a text limit counts.
type Unit string

// The units.
const (
	Graphemes  Unit = "graphemes"  // what people see as one character, Unicode 15
	CodePoints Unit = "characters" // Unicode code points
	UTF16      Unit = "UTF-16 units"
	Bytes      Unit = "bytes" // of UTF-8
)

// Limit bounds a text. The zero Limit is none.
type Limit struct {
	Max  int
	Unit Unit
}

// Count returns the length of text in the limit's unit.
func (l Limit) Count(text string) int {
	switch l.Unit {
	case Graphemes:
		return uniseg.GraphemeClusterCount(text)
	case UTF16:
		n := 0
		for _, r := range text {
			n++
			if r > 0xFFFF {
				n++
			}
		}
		return n
	case Bytes:
		return len(text)
	}
	return utf8.RuneCountInString(text)
}

// Left returns how much more fits; negative when text is over the limit. Without a limit ok is false.
func (l Limit) Left(text string) (left int, ok bool) {
	if l.Max == 0 {
		return 0, false
	}
	return l.Max - l.Count(text), true
}

// AttachmentRules bound the files of one message. The zero value allows none.
type AttachmentRules struct {
	Max      int      // files of a message; 0: none
	MaxBytes int64    // of all files together; 0: no limit
	Types    []Type   // allowed types, the first that matches decides; empty: all
	Refusal  string   // why no files go, and what could carry them, when Max is 0
	Schemes  []string // of URLs the provider may fetch from. Defaults to https
}

// Type allows files of a MIME type.
type Type struct {
	Pattern  string // such as "image/jpeg" or "image/*"
	MaxBytes int64  // of one file; 0: no limit of its own
}

// Check lists everything in which files break the rules; empty if nothing does.
func (r AttachmentRules) Check(files []conversation.Attachment) (problems []string) {
	for _, v := range r.Violations(files) {
		problems = append(problems, v.Text)
	}
	return problems
}

// Violations is Check for programs.
func (r AttachmentRules) Violations(files []conversation.Attachment) (out []Violation) {
	if len(files) == 0 {
		return nil
	}
	if r.Max == 0 {
		reason := r.Refusal
		if reason == "" {
			reason = "this channel carries no files"
		}
		return []Violation{{CodeCount, "attachment 1", reason}}
	}
	if len(files) > r.Max {
		out = append(out, Violation{CodeCount, fmt.Sprintf("attachment %d", r.Max+1), fmt.Sprintf("%d files, at most %d", len(files), r.Max)})
	}
	var total int64
	for i, f := range files {
		where := fmt.Sprintf("attachment %d", i+1)
		total += f.Size
		if code, p := r.checkType(f); p != "" {
			out = append(out, Violation{code, where, p})
		}
		if p := r.checkScheme(f); p != "" {
			out = append(out, Violation{CodeScheme, where, p})
		}
	}
	if r.MaxBytes > 0 && total > r.MaxBytes {
		out = append(out, Violation{CodeSize, fmt.Sprintf("attachment %d", len(files)), fmt.Sprintf("%d bytes in all, at most %d", total, r.MaxBytes)})
	}
	return out
}

func (r AttachmentRules) checkType(f conversation.Attachment) (Code, string) {
	if len(r.Types) == 0 {
		return "", ""
	}
	mime, _, _ := strings.Cut(f.Type, ";")
	mime = strings.ToLower(strings.TrimSpace(mime))
	i := slices.IndexFunc(r.Types, func(t Type) bool { ok, _ := path.Match(t.Pattern, mime); return ok })
	if i < 0 {
		patterns := make([]string, len(r.Types))
		for j, t := range r.Types {
			patterns[j] = t.Pattern
		}
		return CodeType, fmt.Sprintf("%s is of type %q, allowed are %s", f.Name, mime, strings.Join(patterns, ", "))
	}
	if limit := r.Types[i].MaxBytes; limit > 0 && f.Size > limit {
		return CodeSize, fmt.Sprintf("%s is %d bytes, at most %d for %s", f.Name, f.Size, limit, r.Types[i].Pattern)
	}
	return "", ""
}

func (r AttachmentRules) checkScheme(f conversation.Attachment) string {
	if f.URL == "" {
		return ""
	}
	allowed := r.Schemes
	if len(allowed) == 0 {
		allowed = []string{"https"}
	}
	scheme, _, _ := strings.Cut(f.URL, ":")
	if slices.Contains(allowed, strings.ToLower(scheme)) {
		return ""
	}
	return fmt.Sprintf("%s has an address of scheme %q, allowed are %s", f.Name, scheme, strings.Join(allowed, ", "))
}

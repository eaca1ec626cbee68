package channel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Code names what a violation is, for programs.
type Code string

// The codes.
const (
	CodeLength   Code = "length"   // the text is too long
	CodeMarkup   Code = "markup"   // HTML where only plain text goes
	CodeSubject  Code = "subject"  // a subject where there is none, or one without a word that it must hold
	CodeTemplate Code = "template" // a template where there are none
	CodeCount    Code = "count"    // too many files, or any
	CodeSize     Code = "size"     // of a file, or of all
	CodeType     Code = "type"     // of a file
	CodeScheme   Code = "scheme"   // of the address that a file is fetched from
	CodeLink     Code = "link"
	CodeEmail    Code = "email"
	CodePhone    Code = "phone"
	CodeImage    Code = "image"
)

// Violation is one thing that a channel does not carry.
type Violation struct {
	Code  Code
	Where string // "text", "html", "subject", "template", or "attachment 2", from 1
	Text  string // the sentence for people, with what was found
}

// Rules are what a platform forbids in what people write, as data: a driver declares them in its Capabilities, and a tenant may add his
// own to a channel. The zero value forbids nothing. They look for what is written as such; what is written around them, as in "example dot
// com", they do not find.
type Rules struct {
	NoLinks   bool     `json:"noLinks,omitempty"`
	LinkHosts []string `json:"linkHosts,omitempty"` // with NoLinks: hosts, each with its subdomains, that links may lead to all the same
	NoEmails  bool     `json:"noEmails,omitempty"`  // no e-mail addresses
	NoPhones  bool     `json:"noPhones,omitempty"`  // no phone numbers
	NoImages  bool     `json:"noImages,omitempty"`  // neither as files nor in the HTML
	NoInline  bool     `json:"noInline,omitempty"`  // no images in the HTML

	// SubjectWords are words of which the subject must hold one, in any case, such as "[Important]": of a message to somebody who has not
	// written on the thread, with SubjectAlways of every message.
	SubjectWords  []string `json:"subjectWords,omitempty"`
	SubjectAlways bool     `json:"subjectAlways,omitempty"`
}

// maxFound bounds what is listed of each kind of violation in one place.
const maxFound = 20

// Check lists everything in which a message breaks the rules; empty if nothing does. answer says that the customer has written on the
// message's thread.
func (r Rules) Check(m *conversation.Message, answer bool) (out []Violation) {
	if len(r.SubjectWords) > 0 && (r.SubjectAlways || !answer) && !holdsOne(m.Subject, r.SubjectWords) {
		out = append(out, Violation{CodeSubject, "subject", "the subject must hold one of " + strings.Join(r.SubjectWords, ", ")})
	}
	if !r.words() && !r.NoImages && !r.NoInline {
		return out
	}
	out = append(out, r.text("subject", m.Subject)...)
	out = append(out, r.text("text", m.Text)...)
	if m.Template != nil {
		out = append(out, r.text("template", strings.Join(m.Template.Params, "\n"))...)
	}
	page := readHTML(m.HTML)
	out = append(out, r.text("html", page.text)...)
	found := 0
	for _, target := range page.targets {
		if bad := r.target(target); len(bad) > 0 && found < maxFound {
			out, found = append(out, bad...), found+1
		}
	}
	if (r.NoImages || r.NoInline) && page.images > 0 {
		out = append(out, Violation{CodeImage, "html", fmt.Sprintf("it holds %d images, and none may be in the text", page.images)})
	}
	for i, f := range m.Attachments {
		if r.NoImages && isImage(f) {
			out = append(out, Violation{CodeImage, fmt.Sprintf("attachment %d", i+1), fmt.Sprintf("%s is an image, and none are carried", f.Name)})
		}
	}
	return out
}

func (r Rules) words() bool { return r.NoLinks || r.NoEmails || r.NoPhones }

func holdsOne(text string, words []string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, strings.ToLower(w)) })
}

func (r Rules) text(where, text string) (out []Violation) {
	add := func(code Code, found []string, what string) {
		for _, f := range found {
			out = append(out, Violation{code, where, fmt.Sprintf("%s %q may not be in it", what, f)})
		}
	}
	if r.NoLinks {
		add(CodeLink, links(text, r.allowed), "the link")
	}
	if r.NoEmails {
		add(CodeEmail, emails(text), "the e-mail address")
	}
	if r.NoPhones {
		add(CodePhone, phones(text), "the phone number")
	}
	return out
}

// target judges what a piece of HTML leads to.
func (r Rules) target(to string) []Violation {
	scheme, _, _ := strings.Cut(strings.ToLower(to), ":")
	switch {
	case scheme == "mailto" && r.NoEmails:
		return []Violation{{CodeEmail, "html", fmt.Sprintf("the e-mail address %q may not be in it", short(to))}}
	case scheme == "tel" && r.NoPhones:
		return []Violation{{CodePhone, "html", fmt.Sprintf("the phone number %q may not be in it", short(to))}}
	case scheme == "mailto", scheme == "tel", scheme == "cid", strings.HasPrefix(to, "#"), to == "":
		return nil
	}
	if r.NoLinks && !r.allowed(to) {
		return []Violation{{CodeLink, "html", fmt.Sprintf("the link %q may not be in it", short(to))}}
	}
	return nil
}

// allowed reports whether a link leads to one of the hosts that it may.
func (r Rules) allowed(link string) bool {
	host := hostOf(link)
	return slices.ContainsFunc(r.LinkHosts, func(h string) bool {
		h = strings.ToLower(h)
		return h != "" && (host == h || strings.HasSuffix(host, "."+h))
	})
}

// isImage looks at what the file is said to be and at its name.
func isImage(f conversation.Attachment) bool {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(f.Type)), "image/") {
		return true
	}
	name := strings.ToLower(f.Name)
	return slices.ContainsFunc([]string{".jpg", ".jpeg", ".gif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".avif", ".svg"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}

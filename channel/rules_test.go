package channel_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// codes are those of what strict rules find in a text.
func codes(text string) (out []channel.Code) {
	strict := channel.Rules{NoLinks: true, NoEmails: true, NoPhones: true}
	for _, v := range strict.Check(&conversation.Message{Text: text}, true) {
		out = append(out, v.Code)
	}
	return out
}

func TestRulesFind(t *testing.T) {
	link, mail, phone := channel.CodeLink, channel.CodeEmail, channel.CodePhone
	for text, want := range map[string][]channel.Code{
		"See https://shop.example.com/a?b=c.":     {link},
		"HTTP://EXAMPLE.COM":                      {link},
		"see ftp://files.example":                 {link},
		"(www.example.museum)":                    {link},
		"Buy at example.com!":                     {link},
		"Buy at Example.COM":                      {link},
		"müller.de has it":                        {link},
		"on amazon.it or willhaben.at":            {link, link},
		"short t.co/abc":                          {link},
		"shop.example.co.uk/path":                 {link},
		"exam\u200bple.com":                       {link},
		"example\u3002com":                        {link},
		"[text](https://example.com)":             {link},
		"https://example.com,https://example.org": {link, link},
		"write to jane.doe+x@shop.example.com":    {mail},
		"→jane@example.com":                       {mail},
		"jane(at)example.com":                     {link, mail},
		"jane [at] example.de":                    {link, mail},
		"call +49 30 1234567":                     {phone},
		"call +4915112345678!":                    {phone},
		"Tel.: 030/1234567-89":                    {phone},
		"(030) 123 45 67":                         {phone},
		"0151 12345678":                           {phone},
		"01511 2345678 or +49 151 2345678":        {phone, phone},
		"06 12 34 56 78":                          {phone},
		"0049 151 2345678":                        {phone},
		"(415) 555-2671":                          {phone},
		"415-555-2671":                            {phone},
		"01701234567":                             {phone},

		// What is none of them.
		"":                                    nil,
		"e.g. this, i.e. that":                nil,
		"z.B. so, d.h. anders, u.a. mehr":     nil,
		"It costs 1.5 or 1.500,00 EUR":        nil,
		"Version 2.10.3":                      nil,
		"at 9 a.m. in the U.S.A.":             nil,
		"It left yesterday.The rest follows.": nil,
		"Danke.Es kommt morgen":               nil,
		"I see.Info follows":                  nil,
		"just do.it":                          nil,
		"invoice.pdf, photo.JPG, main.go":     nil,
		"Node.js and README.md":               nil,
		"Mr.Smith & Co.":                      nil,
		"@anna, see you":                      nil,
		"5 @ 3.50":                            nil,
		"and/or, 24/7, 1:1":                   nil,
		"Wait... what?":                       nil,
		"order 302-1234567-1234567":           nil,
		"order 12-34567-89012":                nil,
		"order 02-12345-67890":                nil,
		"on 02.03.2026 at 09:30":              nil,
		"2026-03-02":                          nil,
		"ISBN 978-3-16-148410-0":              nil,
		"tracking 00340434161094042557":       nil,
		"JJD0123456789":                       nil,
		"#0123456789":                         nil,
		"IBAN DE89 3704 0044 0532 0130 00":    nil,
		"+5 points, 10 + 20":                  nil,
		"D-10115 Berlin":                      nil,
		"://":                                 nil,
		"www.":                                nil,
		"...com":                              nil,
	} {
		assert.Equal(t, want, codes(text), "%q", text)
	}
}

func TestRulesHTML(t *testing.T) {
	strict := channel.Rules{NoLinks: true, NoEmails: true, NoPhones: true, NoInline: true}
	for src, want := range map[string][]channel.Code{
		`<p>Hello</p>`:           nil,
		`<p>It left.<br>com</p>`: nil,
		`<html xmlns="http://www.w3.org/1999/xhtml"><p>x</p>`: nil,
		`<style>a{background:url(https://x.example)}</style>`: nil,
		`<!-- https://example.com -->`:                        nil,
		`<a href="#top">up</a>`:                               nil,
		`<img src="cid:logo">`:                                {channel.CodeImage},
		`<p>exam<b>ple</b>.com</p>`:                           {channel.CodeLink},
		`<a href="https://example.com">here</a>`:              {channel.CodeLink},
		`<A HREF = 'https://example.com'>here`:                {channel.CodeLink},
		`<a title=">" href=//example.com>here</a>`:            {channel.CodeLink},
		`<a href="&#104;ttps://example.com">here</a>`:         {channel.CodeLink},
		`<a href="mailto:jane@example.com">mail</a>`:          {channel.CodeEmail},
		`<a href="tel:+49301234567">call</a>`:                 {channel.CodePhone},
		`example&#46;com`:                                     {channel.CodeLink},
	} {
		var got []channel.Code
		for _, v := range strict.Check(&conversation.Message{HTML: src}, true) {
			assert.Equal(t, "html", v.Where)
			got = append(got, v.Code)
		}
		assert.Equal(t, want, got, "%s", src)
	}
}

func TestRulesAllowedHosts(t *testing.T) {
	r := channel.Rules{NoLinks: true, LinkHosts: []string{"amazon.de", ""}}
	for text, broken := range map[string]bool{
		"https://amazon.de/gp":                    false,
		"https://www.Amazon.de:443/gp":            false,
		"sellercentral.amazon.de/x":               false,
		"https://amazon.de.evil.example/gp":       true,
		"https://notamazon.de":                    true,
		"https://amazon.de@evil.example/":         true,
		"https://evil.example/amazon.de":          true,
		"https://evil.example?https://amazon.de":  true,
		"https://evil.example#https://amazon.de/": true,
		`https://evil.example\amazon.de`:          true,
	} {
		assert.Equal(t, broken, len(r.Check(&conversation.Message{Text: text}, true)) > 0, "%s", text)
	}
}

func TestRulesSubject(t *testing.T) {
	word := channel.Rules{SubjectWords: []string{"[Important]", "[Wichtig]"}}
	always := word
	always.SubjectAlways = true
	for _, tt := range []struct {
		rules   channel.Rules
		subject string
		answer  bool
		broken  bool
	}{
		{word, "Your order", false, true},
		{word, "Your order", true, false},
		{always, "Your order", true, true},
		{word, "Your order [important]", false, false},
		{word, "[WICHTIG] Ihre Bestellung", false, false},
		{channel.Rules{}, "", false, false},
	} {
		got := tt.rules.Check(&conversation.Message{Subject: tt.subject}, tt.answer)
		assert.Equal(t, tt.broken, len(got) > 0, "%+v", tt)
		for _, v := range got {
			assert.Equal(t, channel.CodeSubject, v.Code)
		}
	}
}

func TestRulesImages(t *testing.T) {
	files := []conversation.Attachment{{Name: "a.pdf", Type: "application/pdf"}, {Name: "b", Type: "IMAGE/png"}, {Name: "c.TIFF"}}
	got := channel.Rules{NoImages: true}.Check(&conversation.Message{Attachments: files, HTML: "<img>"}, true)
	var where []string
	for _, v := range got {
		where = append(where, v.Where)
	}
	assert.Equal(t, []string{"html", "attachment 2", "attachment 3"}, where)
	assert.Empty(t, channel.Rules{NoInline: true}.Check(&conversation.Message{Attachments: files}, true))
	assert.Empty(t, channel.Rules{}.Check(&conversation.Message{Attachments: files, HTML: "<img>", Text: "https://x.example"}, true))
}

// Every violation is listed, up to a bound.
func TestRulesListAll(t *testing.T) {
	r := channel.Rules{NoLinks: true, NoEmails: true, NoPhones: true, NoImages: true, SubjectWords: []string{"[Important]"}}
	got := r.Check(&conversation.Message{Subject: "www.a.example", Text: "https://b.example c@d.example +49 30 1234567", HTML: `<a href="https://e.example"><img>`,
		Template: &conversation.Template{Params: []string{"ok", "www.f.example"}}, Attachments: []conversation.Attachment{{Name: "g.png"}}}, false)
	assert.Len(t, got, 9, "%v", got)
	assert.Len(t, r.Check(&conversation.Message{Subject: "[important]", Text: strings.Repeat("https://b.example ", 1000)}, false), 20)
}

// The boundaries of files are told with a code and which file it is.
func TestAttachmentViolations(t *testing.T) {
	r := channel.AttachmentRules{Max: 1, MaxBytes: 100, Types: []channel.Type{{Pattern: "image/jpeg", MaxBytes: 50}, {Pattern: "image/png"}}}
	got := r.Violations([]conversation.Attachment{{Name: "a.jpg", Type: "image/jpeg", Size: 60, URL: "https://x.example"}, {Name: "b.exe", Type: "application/x-msdownload", Size: 60, URL: "file:///b"}})
	var seen []string
	for _, v := range got {
		seen = append(seen, string(v.Code)+" "+v.Where)
	}
	assert.Equal(t, []string{"count attachment 2", "size attachment 1", "type attachment 2", "scheme attachment 2", "size attachment 2"}, seen)
}

// Whatever the text is, the search ends, quotes what is there, and stays within its bounds.
func FuzzRules(f *testing.F) {
	for _, s := range []string{"see https://example.com", "<a href='x'>", "+49 30 1234567", "jane@example.com", "a.b.c.com/ü", "<!--", "<style>", "\xff.com", "<img src=\"", "00 0"} {
		f.Add(s)
	}
	r := channel.Rules{NoLinks: true, NoEmails: true, NoPhones: true, NoImages: true, NoInline: true, LinkHosts: []string{"example.org"}}
	f.Fuzz(func(t *testing.T, s string) {
		got := r.Check(&conversation.Message{Text: s, HTML: s, Subject: s}, true)
		assert.LessOrEqual(t, len(got), 10*20)
		for _, v := range got {
			assert.NotEmpty(t, v.Code)
			assert.Less(t, len(v.Text), 1000)
			assert.True(t, utf8.ValidString(v.Text), "%q", v.Text)
		}
		// A link in front is found whatever follows, as long as a space parts them.
		assert.NotEmpty(t, r.Check(&conversation.Message{Text: "https://example.com " + s}, true))
	})
}

// A forbidden link behind many allowed ones is found, in the text and in the HTML.
func TestForbiddenLinkBehindAllowedOnes(t *testing.T) {
	r := channel.Rules{NoLinks: true, LinkHosts: []string{"shop.example"}}
	text := strings.Repeat("https://shop.example/a ", 20) + "https://evil.example/x"
	assert.NotEmpty(t, r.Check(&conversation.Message{Text: text}, true), "text")
	html := strings.Repeat(`<a href="https://shop.example/a">x</a> `, 20) + `<a href="https://evil.example/x">y</a>`
	assert.NotEmpty(t, r.Check(&conversation.Message{HTML: html}, true), "html")
}

// Nor is the host of a long link another than the one it leads to.
func TestForbiddenHostBehindALongName(t *testing.T) {
	r := channel.Rules{NoLinks: true, LinkHosts: []string{"shop.example"}}
	link := "https://shop.example:" + strings.Repeat("a", 100) + "@evil.example/x"
	assert.NotEmpty(t, r.Check(&conversation.Message{Text: link}, true), "text")
	assert.NotEmpty(t, r.Check(&conversation.Message{HTML: `<a href="` + link + `">x</a>`}, true), "html")
}

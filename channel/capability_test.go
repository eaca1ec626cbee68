package channel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestLimitCountsInItsUnit(t *testing.T) {
	const family = "👨‍👩‍👧" // three emoji of two UTF-16 units and four bytes each, two joiners of one unit and three bytes
	tests := []struct {
		name string
		text string
		want map[Unit]int
	}{
		{"empty", "", map[Unit]int{Graphemes: 0, CodePoints: 0, UTF16: 0, Bytes: 0}},
		{"ASCII", "hello", map[Unit]int{Graphemes: 5, CodePoints: 5, UTF16: 5, Bytes: 5}},
		{"Latin", "Größe", map[Unit]int{Graphemes: 5, CodePoints: 5, UTF16: 5, Bytes: 7}},
		{"combining", "e\u0301", map[Unit]int{Graphemes: 1, CodePoints: 2, UTF16: 2, Bytes: 3}},
		{"last of the basic plane", "\uffff", map[Unit]int{Graphemes: 1, CodePoints: 1, UTF16: 1, Bytes: 3}},
		{"first beyond it", "\U00010000", map[Unit]int{Graphemes: 1, CodePoints: 1, UTF16: 2, Bytes: 4}},
		{"joined emoji", family, map[Unit]int{Graphemes: 1, CodePoints: 5, UTF16: 8, Bytes: 18}},
		{"flag", "🇩🇪", map[Unit]int{Graphemes: 1, CodePoints: 2, UTF16: 4, Bytes: 8}},
		{"line end", "\r\n", map[Unit]int{Graphemes: 1, CodePoints: 2, UTF16: 2, Bytes: 2}},
		{"broken UTF-8", "a\xff\xfe", map[Unit]int{CodePoints: 3, UTF16: 3, Bytes: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for unit, want := range tt.want {
				assert.Equal(t, want, Limit{Max: 10, Unit: unit}.Count(tt.text), "in %s", unit)
			}
		})
	}
}

func TestLimitWithoutUnitCountsCharacters(t *testing.T) {
	assert.Equal(t, 5, Limit{}.Count("Größe"))
}

func TestLimitLeft(t *testing.T) {
	tests := []struct {
		name  string
		limit Limit
		text  string
		left  int
		ok    bool
	}{
		{"no limit", Limit{}, "anything", 0, false},
		{"empty text", Limit{Max: 3, Unit: UTF16}, "", 3, true},
		{"exactly full", Limit{Max: 2, Unit: UTF16}, "😀", 0, true},
		{"over", Limit{Max: 1, Unit: UTF16}, "😀", -1, true},
		{"other unit", Limit{Max: 1, Unit: Graphemes}, "😀", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			left, ok := tt.limit.Left(tt.text)
			assert.Equal(t, tt.left, left)
			assert.Equal(t, tt.ok, ok)
		})
	}
}

func TestAttachmentRules(t *testing.T) {
	jpeg := conversation.Attachment{Name: "a.jpg", Type: "image/jpeg", Size: 100}
	images := AttachmentRules{Max: 2, MaxBytes: 250, Types: []Type{{Pattern: "image/jpeg", MaxBytes: 200}, {Pattern: "audio/*"}}}
	tests := []struct {
		name  string
		rules AttachmentRules
		files []conversation.Attachment
		want  []string
	}{
		{"no files, no rules", AttachmentRules{}, nil, nil},
		{"none allowed", AttachmentRules{}, []conversation.Attachment{jpeg}, []string{"this channel carries no files"}},
		{"none allowed, with the reason", AttachmentRules{Refusal: "a short code carries no files; use the long number"}, []conversation.Attachment{jpeg},
			[]string{"a short code carries no files; use the long number"}},
		{"allowed", images, []conversation.Attachment{jpeg, jpeg}, nil},
		{"every type without a list", AttachmentRules{Max: 1}, []conversation.Attachment{{Name: "x", Type: "weird/thing"}}, nil},
		{"parameters and case do not matter", images, []conversation.Attachment{{Name: "v", Type: "Audio/OGG; codecs=opus"}}, nil},
		{"too many", images, []conversation.Attachment{{Type: "audio/ogg"}, {Type: "audio/ogg"}, {Type: "audio/ogg"}}, []string{"3 files, at most 2"}},
		{"wrong type", images, []conversation.Attachment{{Name: "x.png", Type: "image/png"}},
			[]string{`x.png is of type "image/png", allowed are image/jpeg, audio/*`}},
		{"no type", images, []conversation.Attachment{{Name: "x"}}, []string{`x is of type "", allowed are image/jpeg, audio/*`}},
		{"one file at its limit", images, []conversation.Attachment{{Name: "a.jpg", Type: "image/jpeg", Size: 200}}, nil},
		{"one file over it", images, []conversation.Attachment{{Name: "a.jpg", Type: "image/jpeg", Size: 201}},
			[]string{"a.jpg is 201 bytes, at most 200 for image/jpeg"}},
		{"all files at their limit", images, []conversation.Attachment{jpeg, {Type: "audio/ogg", Size: 150}}, nil},
		{"all files over it", images, []conversation.Attachment{jpeg, {Type: "audio/ogg", Size: 151}}, []string{"251 bytes in all, at most 250"}},
		{"the first type that matches decides", AttachmentRules{Max: 1, Types: []Type{{Pattern: "image/png", MaxBytes: 1}, {Pattern: "image/*"}}},
			[]conversation.Attachment{{Name: "x.png", Type: "image/png", Size: 2}}, []string{"x.png is 2 bytes, at most 1 for image/png"}},
		{"everything at once", images, []conversation.Attachment{{Name: "a", Type: "image/jpeg", Size: 300}, {Name: "b", Type: "text/html"}, jpeg},
			[]string{"3 files, at most 2", "a is 300 bytes, at most 200 for image/jpeg", `b is of type "text/html", allowed are image/jpeg, audio/*`, "400 bytes in all, at most 250"}},
		{"https by default", AttachmentRules{Max: 1}, []conversation.Attachment{{Name: "a", URL: "HTTPS://files.example.com/a"}}, nil},
		{"http is refused by default", AttachmentRules{Max: 1}, []conversation.Attachment{{Name: "a", URL: "http://files.example.com/a"}},
			[]string{`a has an address of scheme "http", allowed are https`}},
		{"schemes of its own", AttachmentRules{Max: 1, Schemes: []string{"https", "http"}}, []conversation.Attachment{{Name: "a", URL: "http://files.example.com/a"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.rules.Check(tt.files))
		})
	}
}

func TestMethodsHoldEveryConstantOnce(t *testing.T) {
	require.ElementsMatch(t, []string{MethodSMS, MethodChat, MethodEmail, MethodMarketplace, conversation.MethodInternal}, Methods())
}

package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func planner(t *testing.T) channel.Planner {
	t.Helper()
	return open(t, whatsapp.New(), map[string]any{"token": "EAA", "app_secret": "x"}, nil).(channel.Planner)
}

func attached(mimes ...string) []conversation.Attachment {
	var all []conversation.Attachment
	for i, m := range mimes {
		name := string(rune('a' + i))
		all = append(all, conversation.Attachment{Name: name, Type: m, Size: 1000, URL: "https://files.example.com/" + name})
	}
	return all
}

func TestPlan(t *testing.T) {
	long := strings.Repeat("x", 1025)
	tests := []struct {
		name  string
		text  string
		files []string
		want  []string // the text and file of each part
	}{
		{"a text", "hello", nil, []string{"hello "}},
		{"a file", "", []string{"image/jpeg"}, []string{" a"}},
		{"a text and a picture", "hello", []string{"image/jpeg"}, []string{"hello a"}},
		{"a text and a document", "hello", []string{"application/pdf"}, []string{"hello a"}},
		{"the first picture takes the text", "hello", []string{"image/png", "video/mp4"}, []string{"hello a", " b"}},
		{"a voice message takes no text", "hello", []string{"audio/ogg; codecs=opus"}, []string{"hello ", " a"}},
		{"a sticker takes no text", "hello", []string{"image/webp"}, []string{"hello ", " a"}},
		{"the first that can takes it, the order stays", "hello", []string{"audio/ogg", "image/webp", "image/jpeg", "image/png"}, []string{" a", " b", "hello c", " d"}},
		{"the longest caption", long[1:], []string{"image/png"}, []string{long[1:] + " a"}},
		{"a text too long for a caption", long, []string{"image/png", "image/png"}, []string{long + " ", " a", " b"}},
		{"a caption is counted in UTF-16 units", strings.Repeat("😀", 513), []string{"image/png"}, []string{strings.Repeat("😀", 513) + " ", " a"}},
		{"the longest text", strings.Repeat("😀", 2048), nil, []string{strings.Repeat("😀", 2048) + " "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := channel.Outgoing{Message: "m1", Thread: "+4915112345678", Text: tt.text, Attachments: attached(tt.files...), ReplyTo: "wamid.0"}
			parts, err := planner(t).Plan(out)
			require.NoError(t, err)
			var got []string
			for i, p := range parts {
				name := ""
				if len(p.Attachments) > 0 {
					name = p.Attachments[0].Name
				}
				got = append(got, p.Text+" "+name)
				assert.Equal(t, i, p.Index)
				assert.Equal(t, len(parts), p.Of)
				assert.Equal(t, "m1", p.Message)
				assert.LessOrEqual(t, len(p.Attachments), 1)
				assert.Equal(t, i == 0, p.ReplyTo != "", "the first part alone is an answer")
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	template := func(params ...string) *conversation.Template {
		return &conversation.Template{Name: "order_update", Language: "en_US", Params: params}
	}
	tests := []struct {
		name string
		out  channel.Outgoing
		want channel.Class
		word string
	}{
		{"nothing", channel.Outgoing{}, channel.Content, "empty"},
		{"spaces", channel.Outgoing{Text: " \n"}, channel.Content, "empty"},
		{"a long text", channel.Outgoing{Text: strings.Repeat("x", 4097)}, channel.Content, "4097 UTF-16 units, at most 4096"},
		{"a long text, counted in UTF-16 units", channel.Outgoing{Text: strings.Repeat("😀", 2049)}, channel.Content, "4098 UTF-16 units"},
		{"a long text beside a file", channel.Outgoing{Text: strings.Repeat("x", 4097), Attachments: attached("image/png")}, channel.Content, "4097"},
		{"too many files", channel.Outgoing{Attachments: attached(strings.Fields(strings.Repeat("image/png ", 11))...)}, channel.Content, "11 files, at most 10"},
		{"a large picture", channel.Outgoing{Attachments: []conversation.Attachment{{Name: "a", Type: "image/png", Size: 5<<20 + 1, URL: "https://x/a"}}}, channel.Content, "5242881"},
		{"a large sticker", channel.Outgoing{Attachments: []conversation.Attachment{{Name: "a", Type: "image/webp", Size: 500<<10 + 1, URL: "https://x/a"}}}, channel.Content, "512001"},
		{"a large video", channel.Outgoing{Attachments: []conversation.Attachment{{Name: "a", Type: "video/mp4", Size: 16<<20 + 1, URL: "https://x/a"}}}, channel.Content, "16777217"},
		{"a large document", channel.Outgoing{Attachments: []conversation.Attachment{{Name: "a", Type: "text/csv", Size: 100<<20 + 1, URL: "https://x/a"}}}, channel.Content, "104857601"},
		{"a file that nobody can fetch", channel.Outgoing{Attachments: []conversation.Attachment{{Name: "a.pdf", Type: "text/csv"}}}, channel.Content, "neither an ID nor an address"},
		{"a file that is not at an https address", channel.Outgoing{Attachments: []conversation.Attachment{{Name: "a", Type: "text/csv", URL: "http://x/a"}}}, channel.Content, "scheme"},
		{"a template with a file", channel.Outgoing{Template: template("x"), Attachments: attached("image/png")}, channel.Content, "no files"},
		{"a template without a name", channel.Outgoing{Template: &conversation.Template{Language: "en"}}, channel.Content, "no name"},
		{"a template without a language", channel.Outgoing{Template: &conversation.Template{Name: "a"}}, channel.Content, "no language"},
		{"an empty parameter", channel.Outgoing{Template: template("x", "")}, channel.Content, "parameter 2 of template order_update is empty"},
		{"a parameter of spaces", channel.Outgoing{Template: template(" \u00a0 ")}, channel.Content, "is empty"},
		{"a parameter with a line end", channel.Outgoing{Template: template("a\nb")}, channel.Content, "line end"},
		{"a parameter with a carriage return", channel.Outgoing{Template: template("a\rb")}, channel.Content, "line end"},
		{"a parameter with a tab", channel.Outgoing{Template: template("a\tb")}, channel.Content, "tab"},
		{"a parameter with five spaces", channel.Outgoing{Template: template("a     b")}, channel.Content, "four spaces"},
		{"nobody", channel.Outgoing{Thread: "none", To: []conversation.Identity{{Scope: "email", Address: "a@example.com"}}, Text: "x"}, channel.Recipient, "no phone number"},
		{"a short code", channel.Outgoing{Thread: "none", To: []conversation.Identity{{Scope: "phone", Address: "12345"}}, Text: "x"}, channel.Recipient, "no phone number"},
		{"sixteen digits", channel.Outgoing{Thread: "none", To: []conversation.Identity{{Scope: "phone", Address: "+1234567890123456"}}, Text: "x"}, channel.Recipient, "no phone number"},
		{"a group", channel.Outgoing{Thread: "group:1", To: []conversation.Identity{jane}, Text: "x"}, channel.Recipient, "group"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.out.Thread == "" {
				tt.out.Thread = "+4915112345678"
			}
			_, err := planner(t).Plan(tt.out)
			var e *channel.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.want, e.Class)
			assert.Contains(t, e.Detail, tt.word)
		})
	}
}

func TestPlanTakesAParameterOfFourSpaces(t *testing.T) {
	parts, err := planner(t).Plan(channel.Outgoing{Thread: "+4915112345678", Text: "for people", Template: &conversation.Template{Name: "a", Language: "de", Params: []string{"a    b"}}})
	require.NoError(t, err)
	assert.Len(t, parts, 1)
}

func TestPlanSharesNoFiles(t *testing.T) {
	files := attached("image/png", "image/png")
	parts, err := planner(t).Plan(channel.Outgoing{Thread: "+4915112345678", Attachments: files})
	require.NoError(t, err)
	_ = append(parts[0].Attachments, conversation.Attachment{Name: "other"})
	assert.Equal(t, "b", parts[1].Attachments[0].Name)
}

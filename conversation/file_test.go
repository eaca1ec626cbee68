package conversation

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for announced, want := range map[string]string{
		"a.png": "a.png", "/etc/passwd": "passwd", `C:\x\y.doc`: "y.doc", "..": "file-2.png", "": "file-2.png", "  . ": "file-2.png", "a/": "file-2.png",
		"a\x00b\r\n\tc.txt": "abc.txt", "\u202egpj.exe": "gpj.exe", "con": "_con", "NUL.txt": "_NUL.txt", "com1.tar.gz": "_com1.tar.gz", "console.txt": "console.txt",
		`a<b>:"|?*.txt`: "a_b______.txt", "\xff.txt": "\uFFFD.txt", "Straße 🏠.jpg": "Straße 🏠.jpg", "a\u00a0b": "a b", "x.": "x", ".htaccess": "htaccess",
		long + ".jpeg": strings.Repeat("ä", 125) + ".jpeg", long: strings.Repeat("ä", 127), long + "." + long: strings.Repeat("ä", 127),
	} {
		assert.Equal(t, want, FileName(announced, "image/png; x=1", 1), "%q", announced)
	}
	assert.Equal(t, "file-1", FileName("", "application/x-unknown", 0))

	// The longest names that stay as they are, and what is cut one byte beyond.
	stem := strings.Repeat("x", MaxFileName)
	ending := "." + strings.Repeat("e", maxExtension-1)
	for announced, want := range map[string]string{
		stem: stem, stem + "x": stem, stem[:MaxFileName-4] + ".txt": stem[:MaxFileName-4] + ".txt", stem[:MaxFileName-3] + ".txt": stem[:MaxFileName-4] + ".txt",
		stem[:MaxFileName-5] + " .txt": stem[:MaxFileName-5] + " .txt", stem + ending: stem[:MaxFileName-maxExtension] + ending, stem + ending + "e": stem, "/a": "a", `\a`: "a",
	} {
		assert.Equal(t, want, FileName(announced, "image/png", 0), "%q", announced)
	}
	for _, r := range "\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069" { // all that turn text around
		assert.Equal(t, "ab", FileName("a"+string(r)+"b", "", 0), "%U", r)
	}
	for _, r := range "\u061B\u061D\u200D\u2010\u2065\u206A" { // and their neighbours
		assert.Equal(t, "a"+string(r)+"b", FileName("a"+string(r)+"b", "", 0), "%U", r)
	}
}

func TestFileOfAMessage(t *testing.T) {
	m := Message{Files: []File{{Name: "a"}, {Name: "b"}}}
	for n, want := range map[int]string{-1: "", 0: "a", 1: "b", 2: ""} {
		assert.Equal(t, want, m.File(n).Name, "%d", n)
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.png", "../..", "con.txt", "\u202ea", strings.Repeat("é", 300) + ".x", "a .", "\xff\xfe"} {
		f.Add(s, "image/png", 0)
	}
	f.Fuzz(func(t *testing.T, announced, mime string, n int) {
		name := FileName(announced, mime, n)
		assert.True(t, name != "" && len(name) <= MaxFileName && utf8.ValidString(name), "%q", name)
		assert.False(t, strings.ContainsAny(name, "/\\:<>|?*\"\x00") || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsFunc(name, bidi), "%q", name)
		assert.Equal(t, strings.Trim(name, " ."), name)
		stem, _, _ := strings.Cut(strings.ToLower(name), ".")
		assert.False(t, reserved[strings.TrimSpace(stem)], "%q", name)
		assert.Equal(t, name, FileName(name, mime, n), "a safe name stays")
	})
}

func TestFileType(t *testing.T) {
	for _, tt := range []struct{ announced, sniffed, want string }{
		{"image/png", "image/png", "image/png"},
		{"IMAGE/PNG; x=1", "image/png", "image/png"},
		{"", "image/png", "image/png"},
		{"", "", "application/octet-stream"},
		{"image/png", "text/html; charset=utf-8", "text/html"},
		{"image/png", "application/octet-stream", "application/octet-stream"},
		{"text/html", "text/plain; charset=utf-8", "text/plain"},
		{"text/csv", "text/plain; charset=utf-8", "text/csv"},
		{"image/svg+xml", "text/xml; charset=utf-8", "image/svg+xml"},
		{"image/svg+xml", "image/png", "image/png"},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"image/jpeg", "application/zip", "application/zip"},
		{"audio/ogg; codecs=opus", "application/ogg", "audio/ogg"},
		{"audio/amr", "application/octet-stream", "audio/amr"},
		{"audio/mp4", "video/mp4", "audio/mp4"},
		{"application/pdf", "text/html", "text/html"},
	} {
		assert.Equal(t, tt.want, FileType(tt.announced, tt.sniffed), "%s, %s", tt.announced, tt.sniffed)
	}
}

func TestErasedMessageHoldsNoFiles(t *testing.T) {
	m := Message{Attachments: []Attachment{{ID: "a"}}, Files: []File{{State: FileStored}}, Linked: []FileLink{{Kind: "order", ID: "1"}}}
	m.erase(&Env{})
	assert.Empty(t, m.Attachments)
	assert.Empty(t, m.Files)
	assert.Empty(t, m.Linked)
	assert.Equal(t, File{}, m.File(0))
}

package conversation

import (
	"cmp"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// File is what the library keeps of an attachment's content, beside what was announced of it. The zero File is kept nowhere here: the
// content stays with the provider or the host.
type File struct {
	State   FileState `json:"state,omitempty"`
	Name    string    `json:"name,omitempty"`    // made safe by FileName
	Type    string    `json:"type,omitempty"`    // MIME type that the content agrees with
	Size    int64     `json:"size,omitempty"`    // bytes
	Hash    string    `json:"hash,omitempty"`    // SHA-256 in hex
	Upload  string    `json:"upload,omitempty"`  // ID of the upload that it is; "" for what was fetched
	Tries   int       `json:"tries,omitempty"`   // of fetching it, so far
	Failure *Failure  `json:"failure,omitempty"` // of the last try
}

// FileState says how far the library is with keeping a file.
type FileState string

// The states of files.
const (
	FilePending FileState = "pending" // to be fetched, or tried again
	FileStored  FileState = "stored"
	FileFailed  FileState = "failed" // for good; Failure says why
)

// FileLink ties a file of a message to a record of the host's.
type FileLink struct {
	File int    `json:"file"` // which of the message's, from 0
	Kind string `json:"kind"` // such as "order"
	ID   string `json:"id"`   // the host's
}

// Record names a link's record as lists know it.
func (l FileLink) Record() string { return l.Kind + "/" + l.ID }

// File returns what is kept of the n-th attachment.
func (m *Message) File(n int) File {
	if n < 0 || n >= len(m.Files) {
		return File{}
	}
	return m.Files[n]
}

// MaxFileName is how long a file's name may be, in bytes: what file systems take.
const MaxFileName = 255

// FileName makes the announced name of a message's n-th file, from 0, safe to write to a disk and to show: the last element of a path,
// without control characters, characters that turn text around or that Windows refuses, and at most MaxFileName bytes with its extension
// kept. A name of which nothing is left is "file-1" with the extension of its type.
func FileName(announced, mime string, n int) string {
	name := CleanText(announced)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Trim(strings.Map(inFileName, name), " .")
	if name == "" {
		return "file-" + strconv.Itoa(n+1) + extensionOf(mime)
	}
	if stem, _, _ := strings.Cut(name, "."); reserved[strings.ToLower(strings.TrimSpace(stem))] {
		name = "_" + name
	}
	return shorten(name)
}

// reserved are the names that Windows keeps for devices, with any extension.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true}

func inFileName(r rune) rune {
	switch {
	case unicode.IsControl(r), bidi(r), r == '\uFEFF', r == '\u2028', r == '\u2029':
		return -1
	case unicode.IsSpace(r):
		return ' '
	case strings.ContainsRune(`<>:"|?*`, r):
		return '_'
	}
	return r
}

// bidi reports whether a character turns the text around it around, so that "exe.jpg" may be shown for "gpj.exe".
func bidi(r rune) bool {
	return r == 0x061C || r == 0x200E || r == 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// maxExtension is the longest end of a name that is kept when the name is cut.
const maxExtension = 20

// shorten cuts a name before its extension.
func shorten(name string) string {
	if len(name) <= MaxFileName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > maxExtension {
		extension = ""
	}
	stem := name[:MaxFileName-len(extension)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, " .") + extension
}

// extensions are those of the types that come without a name: what channels carry as pictures, sounds and films.
var extensions = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic",
	"audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/aac": ".aac", "audio/amr": ".amr", "video/mp4": ".mp4", "video/3gpp": ".3gp",
	"video/quicktime": ".mov", "application/pdf": ".pdf", "text/plain": ".txt", "text/vcard": ".vcf", "text/csv": ".csv", "application/zip": ".zip"}

// extensionOf is the end of a file name for a MIME type; "" for a type that has none here.
func extensionOf(mime string) string { return extensions[mimeType(mime)] }

// mimeType is a MIME type without its parameters, in lower case.
func mimeType(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	return strings.ToLower(strings.TrimSpace(mime))
}

// unseen are types that a file's first bytes do not show, by the type that they seem to be of.
var unseen = map[string][]string{
	"text/plain":               {"text/", "application/json", "application/xml", "application/rtf", "message/"},
	"text/xml":                 {"text/", "image/svg+xml", "application/"},
	"application/zip":          {"application/"},
	"application/x-gzip":       {"application/"},
	"application/ogg":          {"audio/ogg", "video/ogg"},
	"audio/wave":               {"audio/"},
	"audio/mpeg":               {"audio/"},
	"video/mp4":                {"audio/", "video/", "image/heic", "image/heif", "image/avif"},
	"video/webm":               {"audio/", "video/"},
	"application/octet-stream": {"application/", "audio/", "video/", "text/", "message/", "font/", "image/"},
}

// shown are the types that always show in a file's first bytes: what is announced as one of them and does not look like it is not.
var shown = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true, "application/pdf": true, "application/zip": true}

// FileType is the type to treat a file as: the announced one where what the content looks like does not contradict it, else the latter.
// Text that is announced as HTML and does not look like it is plain.
func FileType(announced, sniffed string) string {
	want, seen := mimeType(announced), mimeType(sniffed)
	if want == seen || want == "" {
		return cmp.Or(seen, "application/octet-stream")
	}
	if !shown[want] && want != "text/html" && want != "image/svg+xml" || want == "image/svg+xml" && seen == "text/xml" {
		for _, prefix := range unseen[seen] {
			if strings.HasPrefix(want, prefix) {
				return want
			}
		}
	}
	return seen
}

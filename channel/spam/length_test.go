package spam_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// composed makes texts of about so many bytes, each of messages of one class in an order of their own, so often over.
func composed(seed uint64, texts []marked, size, times int) (out []marked) {
	rnd := rand.New(rand.NewPCG(seed, uint64(size)))
	for range times {
		rnd.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		for _, class := range []bool{false, true} {
			var b strings.Builder
			for _, x := range texts {
				if x.spam != class {
					continue
				}
				b.WriteString(x.text + "\n")
				if b.Len() >= size {
					out = append(out, marked{b.String(), class})
					b.Reset()
				}
			}
		}
	}
	return out
}

// Texts as long as mails, made of messages of one class that the model has not seen, are told apart whatever it has learned: short messages, few
// of them, or long texts.
func TestTextsAsLongAsMails(t *testing.T) {
	all := collection(t)
	short, rest := all[:split:split], append([]marked(nil), all[split:]...)
	for _, train := range []struct {
		name  string
		texts []marked
		mcc   float64
	}{
		{"1,674 short marks", short, 0.94},
		{"100 short marks", all[:100], 0.90},
		{"long marks", composed(1, append([]marked(nil), short...), 1500, 4), 0.94},
		{"short and long marks", append(composed(1, append([]marked(nil), short...), 1500, 2), short...), 0.94},
	} {
		m := learned(train.texts)
		for _, size := range []int{1, 300, 1000, 3000} {
			o := try(m, composed(2, rest, size, 1+size/1000))
			o.log(t, fmt.Sprintf("%s (%d), texts of %d bytes (%.0f spam, %.0f not)", train.name, len(train.texts), size, o.caught+o.missed, o.blocked+o.passed))
			assert.GreaterOrEqual(t, o.mcc(), train.mcc)
			assert.LessOrEqual(t, o.hamBlocked(), 0.005)
		}
	}
}

// Long texts about other things than anybody marked: this project's documents, to a model that has only seen short messages. What is full of
// numbers, links and marks is not spam for that.
func TestLongTextsOfAnotherKind(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	require.NoError(t, err)
	var texts []marked
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, chunk := range slices.Collect(slices.Chunk(data, 1500)) {
			texts = append(texts, marked{string(chunk), false})
		}
	}
	m := learned(collection(t)[:split])
	o := try(m, texts)
	t.Logf("%d texts, blocked %.2f %%", len(texts), 100*o.hamBlocked())
	assert.LessOrEqual(t, o.hamBlocked(), 0.02)
}

// publicMails are other people's public mails, by file, as a reader shows their texts.
func publicMails(t *testing.T) map[string]string {
	t.Helper()
	dir := os.Getenv("FRONTDESK_TESTDATA")
	if dir == "" {
		t.Skip("FRONTDESK_TESTDATA does not name the folder of eml")
	}
	files, err := filepath.Glob(filepath.Join(dir, "eml", "*.eml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		m, err := netmail.ReadMessage(bytes.NewReader(data))
		require.NoError(t, err, file)
		out[filepath.Base(file)] = m.Header.Get("Subject") + "\n" + readable(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	}
	return out
}

// readable returns the text of a part and of the parts in it.
func readable(t *testing.T, kind, encoding string, body io.Reader) (text string) {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	if err == nil && strings.HasPrefix(media, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return text
			}
			text += readable(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	if err == nil && media != "text/plain" {
		return ""
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	require.NoError(t, err)
	return string(data)
}

// Other people's public mails, reports of mail servers among them, are not blocked, whatever the model has learned.
func TestPublicMailsAreNotBlocked(t *testing.T) {
	all, generated := collection(t), mails(1, 400, 3, 12)
	for _, train := range []struct {
		name  string
		texts []marked
	}{
		{"messages", all[:split]}, {"a hundred messages", all[:100]}, {"all messages", all}, {"long texts", composed(1, append([]marked(nil), all...), 1500, 3)},
		{"generated mails", generated}, {"mails and messages", append(generated, all...)},
	} {
		m := learned(train.texts)
		for file, text := range publicMails(t) {
			v := m.Explain(text, 3)
			assert.False(t, v.Spam, "%s, learned %s: %+v", file, train.name, v)
		}
	}
}

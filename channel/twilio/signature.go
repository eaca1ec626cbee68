package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
)

const signatureHeader = "X-Twilio-Signature"

// Verify checks the signature as https://www.twilio.com/docs/usage/security describes it: HMAC-SHA1 under the auth token, over the URL
// and, of a form, each key with its values. Twilio signs with or without the port, so both count.
func (c *conn) Verify(r *channel.Request) error {
	got := r.Header.Get(signatureHeader)
	if got == "" {
		return channel.ErrSignature
	}
	params, ok := signedParams(r)
	if !ok {
		return channel.ErrSignature
	}
	good := false
	for _, token := range []string{c.secret.AuthToken, c.secret.PreviousAuthToken} {
		for _, address := range addresses(r.URL) {
			if token != "" && hmac.Equal([]byte(sign(token, address+params)), []byte(got)) {
				good = true
			}
		}
	}
	if !good {
		return channel.ErrSignature
	}
	return nil
}

func sign(token, text string) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signedParams returns what is signed after the URL. A body that is not a form is signed by its hash in the URL, and refused without.
func signedParams(r *channel.Request) (string, bool) {
	if r.Method == http.MethodGet {
		return "", true
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return "", false
	}
	if hash := u.Query().Get("bodySHA256"); hash != "" || !isForm(r) {
		sum := sha256.Sum256(r.Body)
		return "", hmac.Equal([]byte(hash), []byte(hex.EncodeToString(sum[:])))
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return "", false
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(form)) {
		values := slices.Clone(form[key])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			b.WriteString(key)
			b.WriteString(value)
		}
	}
	return b.String(), true
}

// isForm reports whether the body is a form, which is also what a request without a type has.
func isForm(r *channel.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "" || kind == "application/x-www-form-urlencoded"
}

// addresses returns the forms of a URL that Twilio may have signed: as it is, without its port (on https any, on http 80), and with the
// default port. Nothing else of it is changed, since it is signed as it was written.
func addresses(address string) []string {
	address, _, _ = strings.Cut(address, "#")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return []string{address}
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, tail := rest[:end], rest[end:]
	defaults := map[string]string{"https": "443", "http": "80"}
	colon := strings.LastIndexByte(host, ':')
	if colon < strings.LastIndexAny(host, "]@") {
		colon = -1
	}
	switch {
	case colon < 0 && defaults[scheme] != "":
		return []string{address, scheme + "://" + host + ":" + defaults[scheme] + tail}
	case colon >= 0 && (scheme == "https" || host[colon+1:] == defaults[scheme]):
		return []string{address, scheme + "://" + host[:colon] + tail}
	}
	return []string{address}
}

package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/frontdesk-go/frontdesk/channel"
)

const (
	signatureHeader = "X-Hub-Signature-256"
	signaturePrefix = "sha256="
)

// Handshake answers the address check of an app-wide webhook. It answers only to VerifyToken: another token may be that of a channel's
// own webhook.
func (d *Driver) Handshake(r *channel.Request) (channel.Response, bool) {
	res, ok := handshake(r, d.VerifyToken)
	return res, ok && res.Status == http.StatusOK
}

// Handshake answers the address check of a webhook that belongs to this channel alone: 403 for a wrong token.
func (c *conn) Handshake(r *channel.Request) (channel.Response, bool) {
	return handshake(r, c.secret.Verify)
}

// handshake answers a subscription check: the challenge for the right token, 403 for a wrong one. An unset token matches nothing.
func handshake(r *channel.Request, token string) (channel.Response, bool) {
	if r.Method != http.MethodGet {
		return channel.Response{}, false
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Query().Get("hub.mode") != "subscribe" {
		return channel.Response{}, false
	}
	given := u.Query().Get("hub.verify_token")
	if token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		return channel.Response{Status: http.StatusForbidden}, true
	}
	return channel.Response{Status: http.StatusOK, Type: "text/plain", Body: []byte(u.Query().Get("hub.challenge"))}, true
}

// Verify checks the SHA-256 signature against every app secret of the channel. The older SHA-1 header is not looked at. Error:
// channel.ErrSignature.
func (c *conn) Verify(r *channel.Request) error {
	given := r.Header.Get(signatureHeader)
	if len(given) != len(signaturePrefix)+hex.EncodedLen(sha256.Size) || given[:len(signaturePrefix)] != signaturePrefix {
		return channel.ErrSignature
	}
	for _, secret := range c.secret.App {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(r.Body)
		want := hex.EncodeToString(mac.Sum(nil))
		if subtle.ConstantTimeCompare([]byte(given[len(signaturePrefix):]), []byte(want)) == 1 {
			return nil
		}
	}
	return channel.ErrSignature
}

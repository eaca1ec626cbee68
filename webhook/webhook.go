// Package webhook signs what frontdesk tells a host's systems, and verifies it there.
//
// It follows Standard Webhooks 1.0: a delivery has the headers webhook-id, webhook-timestamp and webhook-signature, and the signature is an
// HMAC-SHA-256 over id, time and body. A receiver calls Verify on the raw bytes of the body before it reads them, and keeps the IDs it has
// seen, because a delivery whose answer was lost comes again under the same ID:
//
//	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhook.MaxBody))
//	if err == nil {
//		err = webhook.Verify(r.Header, body, time.Now(), secret)
//	}
//	if err != nil {
//		w.WriteHeader(http.StatusBadRequest)
//		return
//	}
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a delivery.
const (
	HeaderID        = "Webhook-Id"        // the same in every attempt of a delivery
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt, in Unix seconds
	HeaderSignature = "Webhook-Signature" // signatures separated by spaces, each "v1," and base64
)

// Tolerance is how far the time of an attempt may be from the receiver's clock, either way.
const Tolerance = 5 * time.Minute

// MaxBody is the largest body of a delivery, in bytes.
const MaxBody = 64 << 10

// Limits.
const (
	secretPrefix  = "whsec_"
	minSecret     = 24 // bytes, as Standard Webhooks 1.0 says
	maxSecret     = 64
	maxSignatures = 20 // of a delivery that are looked at: two are enough for a rotation
)

var (
	// ErrSecret says that a secret is not "whsec_" and the base64 of 24 to 64 bytes.
	ErrSecret = errors.New("webhook: the secret is not whsec_ and the base64 of 24 to 64 bytes")
	// ErrHeader says that a header is missing or cannot be read.
	ErrHeader = errors.New("webhook: a header is missing or cannot be read")
	// ErrTooOld says that the attempt was made longer than Tolerance ago, as a replayed one is.
	ErrTooOld = errors.New("webhook: the timestamp is too old")
	// ErrTooNew says that the attempt is of a time further ahead than Tolerance.
	ErrTooNew = errors.New("webhook: the timestamp is too far ahead")
	// ErrSignature says that none of the secrets signed the ID, the time and the body.
	ErrSignature = errors.New("webhook: no signature is valid")
)

// Sign returns the headers of an attempt, signed with each secret: the new one and the one before, while receivers change over.
// Errors: ErrSecret; ErrHeader if the ID is empty, or holds a full stop or what is no printable ASCII.
func Sign(id string, at time.Time, body []byte, secrets ...string) (http.Header, error) {
	if !isID(id) {
		return nil, fmt.Errorf("%w: the ID %q", ErrHeader, id)
	}
	if len(secrets) == 0 {
		return nil, ErrSecret
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := parseSecret(secret)
		if err != nil {
			return nil, err
		}
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac(key, id, stamp, body))
	}
	return http.Header{HeaderID: {id}, HeaderTimestamp: {stamp}, HeaderSignature: {strings.Join(signatures, " ")}}, nil
}

// Verify checks that a delivery was signed with one of the secrets, and lately. body is the body's bytes as they came. Signatures of
// other versions than v1 are passed over. Errors: ErrSecret, ErrHeader, ErrTooOld, ErrTooNew, ErrSignature. The signature is looked at
// first, so that the time is told only to who knows a secret.
func Verify(h http.Header, body []byte, now time.Time, secrets ...string) error {
	id, stamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	if !isID(id) {
		return fmt.Errorf("%w: %s", ErrHeader, HeaderID)
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || seconds < 0 || seconds > maxUnix || strconv.FormatInt(seconds, 10) != stamp {
		return fmt.Errorf("%w: %s", ErrHeader, HeaderTimestamp)
	}
	if h.Get(HeaderSignature) == "" {
		return fmt.Errorf("%w: %s", ErrHeader, HeaderSignature)
	}
	if len(secrets) == 0 {
		return ErrSecret
	}
	valid := false
	given := signatures(h.Get(HeaderSignature))
	for _, secret := range secrets {
		key, err := parseSecret(secret)
		if err != nil {
			return err
		}
		want := mac(key, id, stamp, body)
		for _, got := range given {
			valid = hmac.Equal(got, want) || valid
		}
	}
	at := time.Unix(seconds, 0)
	switch {
	case !valid:
		return ErrSignature
	case now.Sub(at) > Tolerance:
		return ErrTooOld
	case at.Sub(now) > Tolerance:
		return ErrTooNew
	}
	return nil
}

// CheckSecret returns ErrSecret for what Sign and Verify would refuse.
func CheckSecret(secret string) error {
	_, err := parseSecret(secret)
	return err
}

// maxUnix is the last second of the year 9999.
const maxUnix = 253402300799

// isID reports whether an ID can be a header's value and leaves no doubt about where it ends in what is signed.
func isID(id string) bool {
	return id != "" && len(id) <= 255 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '.' })
}

func parseSecret(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, ErrSecret
	}
	return key, nil
}

func signatures(header string) (out [][]byte) {
	for i, one := range strings.Fields(header) {
		text, ok := strings.CutPrefix(one, "v1,")
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if ok && err == nil && i < maxSignatures {
			out = append(out, raw)
		}
	}
	return out
}

func mac(key []byte, id, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + stamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

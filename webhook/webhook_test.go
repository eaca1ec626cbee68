package webhook

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	id    = "msg_7f3a"
	other = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIHR3ZW50eSBmb3VyKyBieXRlcw=="
)

var (
	secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of at least twenty-four bytes"))
	now    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	body   = []byte(`{"type":"message.received"}`)
)

func signed(t *testing.T, secrets ...string) http.Header {
	t.Helper()
	h, err := Sign(id, now, body, secrets...)
	require.NoError(t, err)
	return h
}

// The one known answer that the specification's own library publishes.
func TestPublishedVector(t *testing.T) {
	folder := os.Getenv("FRONTDESK_TESTDATA")
	if folder == "" {
		t.Skip("FRONTDESK_TESTDATA names no folder with webhook_vectors.json")
	}
	text, err := os.ReadFile(filepath.Join(folder, "webhook_vectors.json"))
	require.NoError(t, err)
	var vectors []struct {
		Kind, Body, Secret string
		Headers            map[string]string
		Now                time.Time
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	seen := 0
	for _, v := range vectors {
		if v.Kind != "standard-webhooks" {
			continue
		}
		seen++
		h := http.Header{}
		for name, value := range v.Headers {
			h.Set(name, value)
		}
		require.NoError(t, Verify(h, []byte(v.Body), v.Now, v.Secret))
		unix, err := strconv.ParseInt(h.Get(HeaderTimestamp), 10, 64)
		require.NoError(t, err)
		made, err := Sign(h.Get(HeaderID), time.Unix(unix, 0), []byte(v.Body), v.Secret)
		require.NoError(t, err)
		assert.Equal(t, h, made)
	}
	assert.Equal(t, 1, seen)
}

func TestX18_WhatIsNotSignedSoIsRefusedForItsReason(t *testing.T) {
	h := signed(t, secret)
	with := func(name, value string) http.Header {
		c := h.Clone()
		c.Set(name, value)
		return c
	}
	at := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	tests := map[string]struct {
		header http.Header
		body   []byte
		now    time.Time
		secret string
		err    error
	}{
		"as it was signed":            {h, body, now, secret, nil},
		"the last moment":             {h, body, now.Add(Tolerance), secret, nil},
		"replayed later":              {h, body, now.Add(Tolerance + time.Second), secret, ErrTooOld},
		"the first moment":            {h, body, now.Add(-Tolerance), secret, nil},
		"stamped ahead":               {h, body, now.Add(-Tolerance - time.Second), secret, ErrTooNew},
		"another secret":              {h, body, now, other, ErrSignature},
		"another body":                {h, append([]byte(" "), body...), now, secret, ErrSignature},
		"no body":                     {h, nil, now, secret, ErrSignature},
		"another ID":                  {with(HeaderID, "msg_7f3b"), body, now, secret, ErrSignature},
		"a new time":                  {with(HeaderTimestamp, at(time.Second)), body, now, secret, ErrSignature},
		"a stop moved into the ID":    {with(HeaderID, id+".1"), body, now, secret, ErrHeader},
		"no ID":                       {with(HeaderID, ""), body, now, secret, ErrHeader},
		"no time":                     {with(HeaderTimestamp, ""), body, now, secret, ErrHeader},
		"a time with a sign":          {with(HeaderTimestamp, "+"+at(0)), body, now, secret, ErrHeader},
		"a time before time":          {with(HeaderTimestamp, "-1"), body, now, secret, ErrHeader},
		"a time beyond the calendar":  {with(HeaderTimestamp, "9223372036854775807"), body, now, secret, ErrHeader},
		"no signature":                {with(HeaderSignature, ""), body, now, secret, ErrHeader},
		"another version":             {with(HeaderSignature, strings.Replace(h.Get(HeaderSignature), "v1,", "v1a,", 1)), body, now, secret, ErrSignature},
		"a bare signature":            {with(HeaderSignature, strings.TrimPrefix(h.Get(HeaderSignature), "v1,")), body, now, secret, ErrSignature},
		"beside a broken one":         {with(HeaderSignature, "v1,? v2,x "+h.Get(HeaderSignature)), body, now, secret, nil},
		"behind more than are needed": {with(HeaderSignature, strings.Repeat("v1,AA== ", maxSignatures)+h.Get(HeaderSignature)), body, now, secret, ErrSignature},
		"no secret":                   {h, body, now, "", ErrSecret},
		"a short secret":              {h, body, now, "whsec_c2hvcnQ=", ErrSecret},
		"a secret without its prefix": {h, body, now, strings.TrimPrefix(secret, secretPrefix), ErrSecret},
	}
	for name, tt := range tests {
		err := Verify(tt.header, tt.body, tt.now, tt.secret)
		if tt.err == nil {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorIs(t, err, tt.err, name)
		}
	}
	assert.ErrorIs(t, Verify(h, body, now), ErrSecret)
	for _, bad := range []string{"", "a.b", "a b", "ä", strings.Repeat("x", 256)} {
		_, err := Sign(bad, now, body, secret)
		assert.ErrorIs(t, err, ErrHeader, bad)
	}
	_, err := Sign(id, now, body)
	assert.ErrorIs(t, err, ErrSecret)
	_, err = Sign(id, now, body, secret, "x")
	assert.ErrorIs(t, err, ErrSecret)
}

func TestX18_Rotation(t *testing.T) {
	both := signed(t, secret, other)
	assert.NoError(t, Verify(both, body, now, secret))
	assert.NoError(t, Verify(both, body, now, other))
	assert.NoError(t, Verify(signed(t, secret), body, now, other, secret), "a receiver that knows both")
	assert.ErrorIs(t, Verify(signed(t, other), body, now, secret), ErrSignature, "after the rotation")
}

// Ten thousand single flipped bits, in the ID, the time, the signature and the body.
func TestX18_FlippedBits(t *testing.T) {
	for n := range 10000 {
		h, b := signed(t, secret), append([]byte(nil), body...)
		fields := []string{h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature), string(b)}
		field := rand.N(len(fields))
		raw := []byte(fields[field])
		place := rand.N(len(raw))
		raw[place] ^= 1 << rand.N(8)
		if field == 3 {
			b = raw
		} else {
			h.Set([]string{HeaderID, HeaderTimestamp, HeaderSignature}[field], string(raw))
		}
		err := Verify(h, b, now, secret)
		require.Error(t, err, "flip %d: field %d, byte %d: %q", n, field, place, raw)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(id, "1772442000", "v1,AAAA v2,x", []byte("{}"))
	f.Add("", "-1", " ", []byte(nil))
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {stamp}, HeaderSignature: {signature}}
		assert.Error(t, Verify(h, body, now, secret), "nobody guesses a signature")
	})
}

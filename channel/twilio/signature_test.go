package twilio_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
)

// verifier opens a channel whose auth tokens are given.
func verifier(t testing.TB, token, previous string) channel.Verifier {
	t.Helper()
	secret, err := json.Marshal(map[string]string{"account_sid": "AC00000000000000000000000000000001", "auth_token": token, "previous_auth_token": previous})
	require.NoError(t, err)
	c, err := twilio.New().Open(t.Context(), channel.Settings{Account: account, Secret: string(secret)})
	require.NoError(t, err)
	return c.(channel.Verifier)
}

func read(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

func checkVector(t *testing.T, token string, r *channel.Request, valid bool) {
	t.Helper()
	err := verifier(t, token, "").Verify(r)
	if valid {
		assert.NoError(t, err)
		assert.NoError(t, verifier(t, "the new token", token).Verify(r), "during a rotation")
		assert.ErrorIs(t, verifier(t, "the new token", "").Verify(r), channel.ErrSignature)
	} else {
		assert.ErrorIs(t, err, channel.ErrSignature)
	}
}

func TestSignatureVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			Note, Method, URL, Body, Signature string
			Valid                              bool
			Type                               string `json:"content_type"`
			Token                              string `json:"auth_token"`
		}
	}
	read(t, "testdata/signatures.json", &file)
	require.Len(t, file.Vectors, 24)
	for _, v := range file.Vectors {
		t.Run(v.Note, func(t *testing.T) {
			h := http.Header{"X-Twilio-Signature": {v.Signature}}
			if v.Type != "" {
				h.Set("Content-Type", v.Type)
			}
			checkVector(t, v.Token, &channel.Request{Method: v.Method, URL: v.URL, Header: h, Body: []byte(v.Body)}, v.Valid)
		})
	}
}

// TestPublishedVectors takes the known answers of the official libraries' own tests.
func TestPublishedVectors(t *testing.T) {
	folder := os.Getenv("FRONTDESK_TESTDATA")
	if folder == "" {
		t.Skip("FRONTDESK_TESTDATA names no folder with webhook_vectors.json")
	}
	var vectors []struct {
		Provider, Method, URL, Body, Secret, Note string
		Headers                                   map[string]string
		Valid                                     bool
	}
	read(t, filepath.Join(folder, "webhook_vectors.json"), &vectors)
	n := 0
	for _, v := range vectors {
		if v.Provider != "twilio" {
			continue
		}
		n++
		t.Run(v.Note, func(t *testing.T) {
			h := http.Header{}
			for name, value := range v.Headers {
				h.Set(name, value)
			}
			checkVector(t, v.Secret, &channel.Request{Method: v.Method, URL: v.URL, Header: h, Body: []byte(v.Body)}, v.Valid)
		})
	}
	assert.Equal(t, 21, n)
}

func TestForged(t *testing.T) {
	w := newWorld(account)
	v := w.open(t).(channel.Verifier)
	m := w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: "hi"})
	assert.NoError(t, v.Verify(request(t, w.server.Webhook(hook, m))))
	assert.NoError(t, v.Verify(request(t, w.server.WebhookGET(hook, m))))
	assert.ErrorIs(t, v.Verify(request(t, w.server.Forge(hook, m))), channel.ErrSignature)
	get := request(t, w.server.WebhookGET(hook, m))
	get.Method = http.MethodPost
	assert.NoError(t, v.Verify(get), "a POST without parameters is signed by its URL alone, as a GET is")
	items, err := w.driver.Parse(get)
	assert.ErrorIs(t, err, channel.ErrMalformed, "and what is read of it is its body, which holds nothing")
	assert.Empty(t, items)
}

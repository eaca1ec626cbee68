package whatsapp_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
)

func open(t *testing.T, d *whatsapp.Driver, secret map[string]any, options map[string]string) channel.Conn {
	t.Helper()
	text, err := json.Marshal(secret)
	require.NoError(t, err)
	c, err := d.Open(t.Context(), channel.Settings{Account: account, Secret: string(text), Options: options})
	require.NoError(t, err)
	return c
}

// verify checks a signature with a channel that has the secret, or list of secrets.
func verify(t *testing.T, secret any, headers map[string]string, body string) error {
	t.Helper()
	c := open(t, whatsapp.New(), map[string]any{"token": "EAA", "app_secret": secret}, nil)
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	return c.(channel.Verifier).Verify(&channel.Request{Method: http.MethodPost, Header: h, Body: []byte(body)})
}

func TestVerify(t *testing.T) {
	data, err := os.ReadFile("testdata/signatures.json")
	require.NoError(t, err)
	var vectors []struct {
		Note    string
		Body    string
		Headers map[string]string
		Secret  any `json:"app_secret"`
		Valid   bool
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		t.Run(v.Note, func(t *testing.T) {
			if err := verify(t, v.Secret, v.Headers, v.Body); v.Valid {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, channel.ErrSignature)
			}
		})
	}
}

func TestVerifySharedVectors(t *testing.T) {
	folder := os.Getenv("FRONTDESK_TESTDATA")
	if folder == "" {
		t.Skip("FRONTDESK_TESTDATA does not name the folder of webhook_vectors.json")
	}
	data, err := os.ReadFile(filepath.Join(folder, "webhook_vectors.json"))
	require.NoError(t, err)
	var vectors []struct {
		Provider, Note, Body, Secret string
		Headers                      map[string]string
		Valid                        bool
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	ran := 0
	for _, v := range vectors {
		if v.Provider != "whatsapp" {
			continue
		}
		ran++
		assert.Equal(t, v.Valid, verify(t, v.Secret, v.Headers, v.Body) == nil, v.Note)
	}
	assert.Positive(t, ran)
}

func TestHandshake(t *testing.T) {
	const right = "https://desk.example.com/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=s%26cret&hub.challenge=11%2B58"
	forbidden := channel.Response{Status: http.StatusForbidden}
	tests := []struct {
		name, token, method, url string
		want                     channel.Response
		ok                       bool
	}{
		{"the right token", "s&cret", http.MethodGet, right, channel.Response{Status: 200, Type: "text/plain", Body: []byte("11+58")}, true},
		{"another token", "secret", http.MethodGet, right, forbidden, true},
		{"no token is set", "", http.MethodGet, right, forbidden, true},
		{"none is set and none is given", "", http.MethodGet, "https://x/?hub.mode=subscribe&hub.challenge=1", forbidden, true},
		{"none is set and an empty one is given", "", http.MethodGet, "https://x/?hub.mode=subscribe&hub.verify_token=&hub.challenge=1", forbidden, true},
		{"a delivery", "s&cret", http.MethodPost, right, channel.Response{}, false},
		{"another mode", "s&cret", http.MethodGet, "https://x/?hub.mode=unsubscribe&hub.verify_token=s%26cret", channel.Response{}, false},
		{"no query", "s&cret", http.MethodGet, "https://x/", channel.Response{}, false},
		{"no address", "s&cret", http.MethodGet, "://%", channel.Response{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &whatsapp.Driver{VerifyToken: tt.token}
			c := open(t, whatsapp.New(), map[string]any{"token": "EAA", "app_secret": "x", "verify_token": tt.token}, nil)
			r := &channel.Request{Method: tt.method, URL: tt.url}
			got, ok := c.(channel.Handshaker).Handshake(r)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.want, got)

			got, ok = d.Handshake(r)
			assert.Equal(t, tt.want.Status == http.StatusOK, ok, "the driver leaves other tokens to the channels")
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestOpenNeverRepeatsTheSecret(t *testing.T) {
	for _, secret := range []string{`hunter2`, `{"token":"hunter2"}`, `{"token":"hunter2 ","app_secret":"x"}`, `{"token":"a","app_secret":{"hunter2":1}}`} {
		_, err := whatsapp.New().Open(t.Context(), channel.Settings{Account: account, Secret: secret})
		require.ErrorIs(t, err, channel.ErrSetting)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestOpenChecksTheAddress(t *testing.T) {
	for _, base := range []string{"graph.facebook.com", "https://", "https://%"} {
		_, err := (&whatsapp.Driver{BaseURL: base}).Open(t.Context(), channel.Settings{Account: account, Secret: `{"token":"a","app_secret":"b"}`})
		assert.ErrorIs(t, err, channel.ErrSetting, base)
	}
}

func TestTheZeroDriverWorks(t *testing.T) {
	c, err := new(whatsapp.Driver).Open(t.Context(), channel.Settings{Account: account, Secret: `{"token":"a","app_secret":"b"}`})
	require.NoError(t, err)
	assert.NotNil(t, c)
}

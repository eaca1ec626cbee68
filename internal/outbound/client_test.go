package outbound

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
)

// roundTrip is a transport that reports no connections.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// at is a client for a provider at an address.
func at(t *testing.T, client *http.Client, base string, hosts ...string) *Client {
	t.Helper()
	u, err := Base(base)
	require.NoError(t, err)
	return New(client, u, hosts...)
}

func request(t *testing.T, method, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader("body"))
	require.NoError(t, err)
	return r
}

func TestBase(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.example.com":     "https://api.example.com",
		"https://api.example.com//":   "https://api.example.com",
		"http://127.0.0.1:8080":       "http://127.0.0.1:8080",
		"https://api.example.com/v1/": "https://api.example.com/v1",
	} {
		u, err := Base(address)
		require.NoError(t, err, address)
		assert.Equal(t, want, u.String())
	}
	for _, address := range []string{"", "api.example.com", "https://", "https://%", "ftp://api.example.com", "https://u@api.example.com", "https://api.example.com?x=1", "https://api.example.com#x"} {
		_, err := Base(address)
		assert.ErrorIs(t, err, channel.ErrSetting, address)
		assert.ErrorContains(t, err, "BaseURL")
	}
}

func TestOwn(t *testing.T) {
	c := at(t, nil, "http://api.example.com:8080", "media.example.net", "")
	for address, want := range map[string]bool{
		"http://api.example.com:8080/x":        true,
		"https://media.example.net/x":          true,
		"https://EU.media.example.net/x":       true,
		"http://api.example.com/x":             false,
		"https://api.example.com:8080/x":       false,
		"http://u@api.example.com:8080/x":      false,
		"http://media.example.net/x":           false,
		"https://u@media.example.net/x":        false,
		"https://evil-media.example.net/x":     false,
		"https://media.example.net.evil.com/x": false,
		"https://evil.com./x":                  false,
		"https:///x":                           false,
		"/x":                                   false,
	} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, want, c.Own(u), address)
	}
}

func TestCallAnswers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := map[string]int{"/created": 201, "/refused": 422, "/elsewhere": 302}[r.URL.Path]
		w.Header().Set("Location", "/created")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "12345678")
	}))
	defer s.Close()
	tests := []struct {
		path   string
		limit  int64
		status int
		body   string
		class  channel.Class // of POST; "" if there is no error
	}{
		{"/created", 8, 201, "12345678", ""},
		{"/created", 7, 0, "", channel.Unknown},
		{"/refused", 8, 422, "12345678", ""},
		{"/refused", 7, 422, "", ""},
		{"/elsewhere", 8, 302, "12345678", ""},
	}
	for _, tt := range tests {
		c := at(t, nil, s.URL)
		a, err := c.Call(request(t, http.MethodPost, s.URL+tt.path), tt.limit)
		assert.Equal(t, []any{tt.status, tt.body}, []any{a.Status, string(a.Body)}, tt.path)
		if tt.class == "" {
			require.NoError(t, err)
			assert.Equal(t, tt.status == 201, a.Success())
			continue
		}
		assert.Equal(t, tt.class, channel.AsError(err).Class)
		assert.ErrorIs(t, err, channel.ErrTooLarge)
		_, err = c.Call(request(t, http.MethodGet, s.URL+tt.path), tt.limit)
		assert.Equal(t, channel.Retry, channel.AsError(err).Class, "a call that only reads is never in doubt")
	}
}

func TestCallGivesUpAfterItsTime(t *testing.T) {
	for method, class := range map[string]channel.Class{http.MethodPost: channel.Unknown, http.MethodGet: channel.Retry} {
		synctest.Test(t, func(t *testing.T) {
			hanging := roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			began := time.Now()
			_, err := at(t, &http.Client{Transport: hanging}, "https://api.example.com").Call(request(t, method, "https://api.example.com/x"), 1)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, class, channel.AsError(err).Class)
			assert.Equal(t, 30*time.Second, time.Since(began))
		})
	}
}

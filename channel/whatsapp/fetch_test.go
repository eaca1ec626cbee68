package whatsapp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// mediaHost answers for the media ID 77 with an address, and for anything else through handler.
func mediaHost(address string, handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/77") {
			_, _ = fmt.Fprintf(w, `{"messaging_product":"whatsapp","url":%q,"mime_type":"image/png","file_size":4,"id":"77"}`, address)
			return
		}
		handler(w, r)
	})
}

// fetch reads the file 77 through a network whose graph.facebook.com answers with address.
func fetch(t *testing.T, d *whatsapp.Driver, n *channeltest.Network, limit int64) (channel.File, []byte, error) {
	t.Helper()
	c, err := d.Open(t.Context(), channel.Settings{Account: account, Secret: `{"token":"EAA","app_secret":"app"}`, Client: n.Client(), Options: map[string]string{"appsecret_proof": "on"}})
	require.NoError(t, err)
	f, err := c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{ID: "77", Size: 1}, limit)
	if err != nil {
		return f, nil, err
	}
	data, err := io.ReadAll(f.Body)
	require.NoError(t, f.Body.Close())
	return f, data, err
}

func TestFetchSendsTheTokenToTheProviderAlone(t *testing.T) {
	tests := []struct {
		name, address string
		hosts         []string
		token         bool
		err           error
	}{
		{"the documented host", "https://lookaside.fbsbx.com/f", nil, true, nil},
		{"a part of it", "https://eu.lookaside.fbsbx.com/f", nil, true, nil},
		{"in capitals", "https://LOOKASIDE.fbsbx.com/f", nil, true, nil},
		{"the API's own host", "https://graph.facebook.com/f", nil, true, nil},
		{"another host", "https://files.example.net/f", nil, false, nil},
		{"a host that ends alike", "https://evil-lookaside.fbsbx.com/f", nil, false, nil},
		{"a host that begins alike", "https://lookaside.fbsbx.com.example.net/f", nil, false, nil},
		{"a host of the operator's list", "https://files.example.net/f", []string{"example.net"}, true, nil},
		{"the documented host is not on the operator's list", "https://lookaside.fbsbx.com/f", []string{"example.net"}, false, nil},
		{"another port of the API", "https://graph.facebook.com:8443/f", nil, false, nil},
		{"without encryption", "http://lookaside.fbsbx.com/f", nil, false, channel.ErrNotFound},
		{"with a user in the address", "https://a@lookaside.fbsbx.com/f", nil, false, channel.ErrNotFound},
		{"inside", "https://169.254.169.254/f", nil, false, channel.ErrNotFound},
		{"inside, by a number", "https://2130706433/f", nil, false, channel.ErrNotFound},
		{"a file here", "file:///etc/passwd", nil, false, channel.ErrNotFound},
		{"no address", "", nil, false, channel.ErrNotFound},
		{"half an address", "https://%", nil, false, channel.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &channeltest.Network{}
			var seen []string
			serve := func(w http.ResponseWriter, r *http.Request) {
				seen = append(seen, r.Header.Get("Authorization"))
				_, _ = io.WriteString(w, "data")
			}
			n.Add("graph.facebook.com", mediaHost(tt.address, serve))
			for _, host := range []string{"lookaside.fbsbx.com", "eu.lookaside.fbsbx.com", "LOOKASIDE.fbsbx.com", "files.example.net", "evil-lookaside.fbsbx.com",
				"lookaside.fbsbx.com.example.net", "graph.facebook.com:8443", "169.254.169.254", "2130706433"} {
				n.Add(host, http.HandlerFunc(serve))
			}
			f, data, err := fetch(t, &whatsapp.Driver{MediaHosts: tt.hosts}, n, 100)
			if tt.err != nil {
				assert.ErrorIs(t, err, tt.err)
				assert.Empty(t, seen)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "data", string(data))
			assert.Equal(t, "image/png", f.Type)
			assert.Equal(t, []string{map[bool]string{true: "Bearer EAA"}[tt.token]}, seen)
			for _, r := range n.Requests()[1:] {
				assert.NotContains(t, r.URL.String(), "appsecret_proof")
			}
		})
	}
}

func TestFetchFollowsFiveRedirectsWithoutTheToken(t *testing.T) {
	run := func(redirects int) (*channeltest.Network, []byte, error) {
		n := &channeltest.Network{}
		hop := 0
		serve := func(w http.ResponseWriter, r *http.Request) {
			if hop++; hop <= redirects {
				http.Redirect(w, r, "/again", http.StatusFound)
				return
			}
			_, _ = io.WriteString(w, "data")
		}
		n.Add("lookaside.fbsbx.com", http.HandlerFunc(serve))
		n.Add("graph.facebook.com", mediaHost("https://lookaside.fbsbx.com/f", serve))
		_, data, err := fetch(t, whatsapp.New(), n, 100)
		return n, data, err
	}
	n, data, err := run(5)
	require.NoError(t, err)
	assert.Equal(t, "data", string(data))
	for i, r := range n.Requests() {
		assert.Equal(t, i <= 1, r.Header.Get("Authorization") != "", "request %d to %s", i, r.URL)
	}
	_, _, err = run(6)
	assert.ErrorIs(t, err, channel.ErrNotFound)
}

func TestFetchLimit(t *testing.T) {
	endless := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 1<<16)) }
	n := &channeltest.Network{}
	n.Add("graph.facebook.com", mediaHost("https://graph.facebook.com/f", endless))
	_, data, err := fetch(t, whatsapp.New(), n, 1000)
	assert.ErrorIs(t, err, channel.ErrTooLarge)
	assert.Len(t, data, 1000)

	_, data, err = fetch(t, whatsapp.New(), n, 1<<16)
	require.NoError(t, err)
	assert.Len(t, data, 1<<16)

	_, _, err = fetch(t, whatsapp.New(), n, 3)
	assert.ErrorIs(t, err, channel.ErrTooLarge, "the announced size is enough")
	_, _, err = fetch(t, whatsapp.New(), n, 0)
	assert.ErrorIs(t, err, channel.ErrTooLarge)
}

func TestFetchStopsBeforeReadingWhatIsAnnouncedTooLarge(t *testing.T) {
	server := httptest.NewServer(nil)
	defer server.Close()
	server.Config.Handler = mediaHost(server.URL+"/f", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write(bytes.Repeat([]byte("x"), 5000))
	})
	c := openAt(t, server.URL, nil)
	_, err := c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{ID: "77"}, 4999)
	assert.ErrorIs(t, err, channel.ErrTooLarge)
	f, err := c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{ID: "77"}, 5000)
	require.NoError(t, err)
	assert.Equal(t, int64(5000), f.Size)
	require.NoError(t, f.Body.Close())
}

func TestFetchErrors(t *testing.T) {
	graph := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name  string
		about http.HandlerFunc // nil: the file itself is what fails
		file  http.HandlerFunc
		want  error // or
		class channel.Class
	}{
		{"the ID is gone", graph(400, `{"error":{"code":100,"error_subcode":33}}`), nil, channel.ErrNotFound, ""},
		{"the ID is gone, by status", graph(404, ``), nil, channel.ErrNotFound, ""},
		{"the file was too large for the provider", graph(400, `{"error":{"code":131053}}`), nil, channel.ErrNotFound, ""},
		{"the token has expired", graph(401, `{"error":{"code":190}}`), nil, nil, channel.ChannelDown},
		{"the call rate", graph(429, `{"error":{"code":80007}}`), nil, nil, channel.Retry},
		{"the server fails", graph(500, ``), nil, nil, channel.Retry},
		{"the answer is no JSON", graph(200, `<html>`), nil, channel.ErrNotFound, ""},
		{"the address has expired", nil, graph(404, ``), channel.ErrNotFound, ""},
		{"the address is gone", nil, graph(410, ``), channel.ErrNotFound, ""},
		{"the token is refused there", nil, graph(401, ``), nil, channel.ChannelDown},
		{"the media server fails", nil, graph(503, ``), nil, channel.Retry},
		{"a redirect to nowhere", nil, graph(302, ``), nil, channel.ChannelDown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &channeltest.Network{}
			n.Add("graph.facebook.com", tt.about)
			if tt.about == nil {
				n.Add("graph.facebook.com", mediaHost("https://lookaside.fbsbx.com/f", nil))
				n.Add("lookaside.fbsbx.com", tt.file)
			}
			_, _, err := fetch(t, whatsapp.New(), n, 100)
			require.Error(t, err)
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
				return
			}
			assert.False(t, errors.Is(err, channel.ErrNotFound))
			assert.Equal(t, tt.class, channel.AsError(err).Class)
		})
	}
}

func TestFetchOfAnIDThatIsNone(t *testing.T) {
	n := &channeltest.Network{}
	c, err := whatsapp.New().Open(t.Context(), channel.Settings{Account: account, Secret: `{"token":"EAA","app_secret":"app"}`, Client: n.Client()})
	require.NoError(t, err)
	for _, id := range []string{"", ".", "..", "../me", "a/b", "7?x=1", "7#", "%2e", "ü"} {
		_, err := c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{ID: id, URL: "https://lookaside.fbsbx.com/f"}, 100)
		assert.ErrorIs(t, err, channel.ErrNotFound, id)
	}
	assert.Empty(t, n.Requests())
}

func TestFetchThatCannotConnect(t *testing.T) {
	n := &channeltest.Network{}
	_, _, err := fetch(t, whatsapp.New(), n, 100)
	assert.Equal(t, channel.Retry, channel.AsError(err).Class)

	n.Add("graph.facebook.com", mediaHost("https://lookaside.fbsbx.com/f", nil))
	_, _, err = fetch(t, whatsapp.New(), n, 100)
	assert.Equal(t, channel.Retry, channel.AsError(err).Class)

	n.Add("lookaside.fbsbx.com", http.NotFoundHandler())
	n.Lose()
	_, _, err = fetch(t, whatsapp.New(), n, 100)
	assert.Equal(t, channel.Retry, channel.AsError(err).Class, "asking again does no harm")
}

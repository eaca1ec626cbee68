package twilio

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const testSecret = `{"account_sid":"AC00000000000000000000000000000001","auth_token":"token"}`

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"https://mms.twiliocdn.com/x":       true,
		"https://mms.twiliocdn.com:8443/x":  true,
		"https://93.184.216.34/x":           true,
		"https://[2606:2800:220:1::1]/x":    true,
		"http://mms.twiliocdn.com/x":        false,
		"https://user@mms.twiliocdn.com/x":  false,
		"https:///x":                        false,
		"https://intranet/x":                false,
		"https://printer.local/x":           false,
		"https://metadata.google.internal/": false,
		"https://localhost./x":              false,
		"https://a.localhost/x":             false,
		"https://127.1/x":                   false,
		"https://2130706433/x":              false,
		"https://0x7f.0x1/x":                false,
		"https://[::ffff:10.0.0.1]/x":       false,
		"https://[fe80::1%25eth0]/x":        false,
		"file:///etc/passwd":                false,
	} {
		u, err := url.Parse(address)
		require.NoError(t, err, address)
		assert.Equal(t, want, public(u), address)
	}
	for _, a := range []string{"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"::", "::1", "fc00::1", "fe80::1", "ff02::1", "64:ff9b::a00:1", "2002:a00:1::", "::ffff:127.0.0.1"} {
		assert.False(t, isPublic(netip.MustParseAddr(a)), a)
	}
}

// TestGuarded connects by a name: what counts is where it leads.
func TestGuarded(t *testing.T) {
	reached := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer s.Close()
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	for _, client := range []*http.Client{{}, {Transport: http.DefaultTransport}, {Transport: &http.Transport{Proxy: http.ProxyURL(u)}}} {
		_, err = guarded(client).Get("http://localhost:" + u.Port())
		assert.ErrorContains(t, err, "not a public address")
	}
	assert.False(t, reached)
}

func TestLimited(t *testing.T) {
	for _, limit := range []int64{0, 1, 5, 6, 7} {
		for name, r := range map[string]io.Reader{"at once": strings.NewReader("abcdef"), "byte by byte": iotest.OneByteReader(strings.NewReader("abcdef")), "with its end": iotest.DataErrReader(strings.NewReader("abcdef"))} {
			data, err := io.ReadAll(&limited{io.NopCloser(r), limit})
			assert.Equal(t, "abcdef"[:min(limit, 6)], string(data), "%s, limit %d", name, limit)
			assert.Equal(t, limit < 6, errors.Is(err, channel.ErrTooLarge), "%s, limit %d: %v", name, limit, err)
		}
	}
}

func TestFetchAnswers(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		location string
		is       error
		class    channel.Class
	}{
		{"not there yet", 404, "", channel.ErrNotFound, channel.Retry},
		{"a wrong login", 401, "", nil, channel.ChannelDown},
		{"overload", 503, "", nil, channel.Retry},
		{"a redirect to nowhere", 302, "", channel.ErrNotFound, channel.Unknown},
		{"a redirect that cannot be read", 302, "https://%zz", nil, channel.Retry},
		{"a circle", 302, "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", channel.ErrNotFound, channel.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			network := &channeltest.Network{}
			network.Add("api.twilio.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.location != "" {
					w.Header().Set("Location", tt.location)
				}
				w.WriteHeader(tt.status)
			}))
			c, err := New().Open(t.Context(), channel.Settings{Account: "+15005550001", Secret: testSecret, Client: network.Client()})
			require.NoError(t, err)
			_, err = c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{URL: "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"}, 10)
			require.Error(t, err)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
			assert.Equal(t, tt.class, channel.AsError(err).Class)
			assert.LessOrEqual(t, len(network.Requests()), maxRedirects+1)
			for i, r := range network.Requests() {
				assert.Equal(t, i == 0, r.Header.Get("Authorization") != "", "only the first request has a login")
			}
		})
	}
}

package whatsapp

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "157.240.1.1": true, "2a03:2880::1": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "172.32.0.1": true, "192.168.0.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "0.1.2.3": false, "100.64.0.1": false, "100.128.0.1": true, "192.0.0.1": false, "192.0.2.1": false, "198.18.0.1": false,
		"198.51.100.7": false, "203.0.113.7": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "2a03::1%eth0": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "::ffff:10.0.0.1": false, "::ffff:100.64.0.1": false,
		"64:ff9b::a00:1": false, "2001:db8::1": false, "2002:a00:1::": false, "2001::1": false,
	} {
		assert.Equal(t, want, isPublic(netip.MustParseAddr(address)), address)
	}
}

func TestReachable(t *testing.T) {
	for host, want := range map[string]bool{
		"scontent.example.net": true, "8.8.8.8": true, "2a03:2880::1": true,
		"": false, "localhost": false, "LocalHost.": false, "a.localhost": false, "127.0.0.1": false, "127.0.0.1.": false, "::1": false,
		"2130706433": false, "127.1": false, "10.0": false,
	} {
		assert.Equal(t, want, reachable(host), host)
	}
}

// A name that resolves to an address inside is refused when the connection is made, whatever was looked at before.
func TestGuardedClientLooksAtTheAddressItConnectsTo(t *testing.T) {
	served := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { served = true }))
	defer server.Close()
	for name, client := range map[string]*http.Client{"no client": nil, "the default transport": {}, "a transport": {Transport: &http.Transport{}}} {
		resp, err := guarded(client, isPublic).Get(server.URL)
		require.Error(t, err, name)
		assert.Nil(t, resp)
		assert.ErrorContains(t, err, "is not public", name)
	}
	assert.False(t, served)

	resp, err := guarded(nil, func(netip.Addr) bool { return true }).Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.True(t, served)
}

func TestGuardedClientUsesNoProxy(t *testing.T) {
	proxied := false
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { proxied = true }))
	defer proxy.Close()
	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	_, err = guarded(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u)}}, func(netip.Addr) bool { return true }).Get("http://127.0.0.1:1/")
	require.Error(t, err)
	assert.False(t, proxied)
}

func TestClientsKeepNoCookiesAndFollowNothing(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	own := &http.Client{Jar: jar}
	c := withoutRedirects(own)
	assert.Nil(t, c.Jar)
	assert.NotNil(t, own.Jar, "the caller's client is left as it was")
	assert.Nil(t, own.CheckRedirect)
	assert.ErrorIs(t, c.CheckRedirect(nil, nil), http.ErrUseLastResponse)
}

func TestLimitedReadsByte(t *testing.T) {
	l := &limited{body: io.NopCloser(&oneByOne{left: 5}), left: 5}
	data, err := io.ReadAll(l)
	require.NoError(t, err)
	assert.Len(t, data, 5)
}

// oneByOne gives a byte in every second read, and nothing in the others.
type oneByOne struct {
	left int
	idle bool
}

func (o *oneByOne) Read(p []byte) (int, error) {
	if o.idle = !o.idle; o.idle {
		return 0, nil
	}
	if o.left == 0 {
		return 0, io.EOF
	}
	o.left--
	p[0] = 'x'
	return 1, nil
}

package outbound

import (
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func anywhere(netip.Addr) bool { return true }

// watched serves, and tells whether anybody came.
func watched(t *testing.T) (address string, came *atomic.Bool) {
	t.Helper()
	came = new(atomic.Bool)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Store(true) }))
	t.Cleanup(s.Close)
	return s.URL, came
}

// A name that resolves to an address inside is refused when the connection is made, whatever was looked at before.
func TestGuardedLooksAtTheAddressItConnectsTo(t *testing.T) {
	address, came := watched(t)
	u, err := url.Parse(address)
	require.NoError(t, err)
	past := func(network, _ string) (net.Conn, error) { return net.Dial(network, u.Host) }
	own := &http.Transport{}
	//lint:ignore SA1019 hosts still set it
	own.Dial = past
	//lint:ignore SA1019 hosts still set it
	own.DialTLS = past
	for name, client := range map[string]*http.Client{
		"no client":             nil,
		"no transport":          {},
		"the default transport": {Transport: http.DefaultTransport},
		"a transport":           {Transport: &http.Transport{}},
		"a dialer of its own":   {Transport: own},
		"a proxy":               {Transport: &http.Transport{Proxy: http.ProxyURL(u)}},
	} {
		for _, target := range []string{address, "http://localhost:" + u.Port(), "https://localhost:" + u.Port()} {
			resp, err := guarded(client, isPublic).Get(target)
			require.Error(t, err, name)
			assert.Nil(t, resp)
			assert.ErrorContains(t, err, "not a public address", name)
		}
	}
	assert.False(t, came.Load())

	resp, err := guarded(nil, anywhere).Get(address)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.True(t, came.Load())
}

func TestGuardedUsesNoProxy(t *testing.T) {
	proxy, came := watched(t)
	u, err := url.Parse(proxy)
	require.NoError(t, err)
	_, err = guarded(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u)}}, anywhere).Get("http://127.0.0.1:1/")
	require.Error(t, err)
	assert.False(t, came.Load())
}

func TestGuardedLeavesTheTransportOfItsCaller(t *testing.T) {
	own := &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Second}
	c := guarded(&http.Client{Transport: own}, isPublic)
	assert.NotNil(t, own.Proxy)
	assert.Nil(t, own.DialContext)
	assert.Equal(t, time.Second, c.Transport.(*http.Transport).IdleConnTimeout)
	assert.NotZero(t, guarded(&http.Client{Transport: &http.Transport{}}, isPublic).Transport.(*http.Transport).IdleConnTimeout, "connections of a copy end by themselves")
	other := roundTrip(nil)
	assert.IsType(t, other, guarded(&http.Client{Transport: other}, isPublic).Transport)
}

func TestClientsKeepNoCookiesAndFollowNothing(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	own := &http.Client{Jar: jar, Timeout: time.Second}
	for _, c := range []*http.Client{withoutRedirects(own), guarded(own, isPublic)} {
		assert.Nil(t, c.Jar)
		assert.Equal(t, time.Second, c.Timeout)
		assert.ErrorIs(t, c.CheckRedirect(nil, nil), http.ErrUseLastResponse)
	}
	assert.NotNil(t, own.Jar, "the caller's client is left as it was")
	assert.Nil(t, own.CheckRedirect)
}

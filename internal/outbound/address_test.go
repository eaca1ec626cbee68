package outbound

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"https://files.example.net/x":      true,
		"https://FILES.example.net./x":     true,
		"https://files.example.net:8443/x": true,
		"https://a_b-1.example.net/x":      true,
		"https://93.184.216.34/x":          true,
		"https://8.8.8.8/x":                true,
		"https://[2606:2800:220:1::1]/x":   true,

		"http://files.example.net/x":        false,
		"https://user@files.example.net/x":  false,
		"https:///x":                        false,
		"https://./x":                       false,
		"https://intranet/x":                false,
		"https://printer.local/x":           false,
		"https://metadata.google.internal/": false,
		"https://localhost/x":               false,
		"https://LocalHost./x":              false,
		"https://localhost../x":             false,
		"https://a.localhost/x":             false,
		"https://127.0.0.1/x":               false,
		"https://127.0.0.1./x":              false,
		"https://127.1/x":                   false,
		"https://2130706433/x":              false,
		"https://0x7f.0x1/x":                false,
		"https://１２７.０.０.１/x":               false, // resolved as 127.0.0.1
		"https://127。0。0。1/x":               false,
		"https://a b.example.net/x":         false,
		"https://[::1]/x":                   false,
		"https://[::ffff:10.0.0.1]/x":       false,
		"https://[fe80::1%25eth0]/x":        false,
		"file:///etc/passwd":                false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			require.False(t, want, address)
			continue
		}
		assert.Equal(t, want, public(u), address)
	}
}

func TestIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "157.240.1.1": true, "172.32.0.1": true, "100.128.0.1": true, "2a03:2880::1": true, "2606:2800:220:1::1": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "172.16.0.1": false,
		"192.0.0.1": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.0.1": false, "198.18.0.1": false, "198.51.100.7": false,
		"203.0.113.7": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:100.64.0.1": false, "::ffff:127.0.0.1": false,
		"64:ff9b::a00:1": false, "64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "2002:a00:1::": false, "3fff::1": false,
		"5f00::1": false, "fc00::1": false, "fd12::1": false, "fe80::1": false, "fe80::1%eth0": false, "2a03::1%eth0": false, "fec0::1": false, "ff02::1": false,
	} {
		assert.Equal(t, want, isPublic(netip.MustParseAddr(address)), address)
	}
	assert.False(t, isPublic(netip.Addr{}))
}

// FuzzPublic looks for an address that is let through though its host is a private IP address.
func FuzzPublic(f *testing.F) {
	for _, seed := range []string{"https://files.example.net/x", "https://127.0.0.1./", "https://[::ffff:10.0.0.1]:1/", "https://0x7f.1", "https://a@10.0.0.1", "https://%31%32", "//x", "https://[fe80::1%25a]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || !public(u) {
			return
		}
		assert.Equal(t, "https", u.Scheme)
		assert.Nil(t, u.User)
		if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			assert.True(t, isPublic(a), address)
		} else {
			assert.Contains(t, u.Hostname(), ".")
		}
	})
}

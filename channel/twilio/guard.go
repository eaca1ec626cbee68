package twilio

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// withoutRedirects is client as it is, but that answers with redirects instead of following them, so that credentials go nowhere else.
func withoutRedirects(client *http.Client) *http.Client {
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// guarded is client without redirects that connects to public addresses only. It looks at the address after the name was resolved, so
// that no name leads inside. A transport that is no *http.Transport makes its connections itself; for it the URL alone is checked.
func guarded(client *http.Client) *http.Client {
	c := withoutRedirects(client)
	base, ok := c.Transport.(*http.Transport)
	if c.Transport == nil {
		base, ok = http.DefaultTransport.(*http.Transport)
	}
	if !ok {
		return c
	}
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !isPublic(a.Addr()) {
			return fmt.Errorf("%s is not a public address", address)
		}
		return nil
	}}
	t := base.Clone()
	t.Proxy, t.DialContext, t.DialTLSContext = nil, dialer.DialContext, nil
	c.Transport = t
	return c
}

// public reports whether a redirect may be followed: to a name or a public address, by https.
func public(u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if u.Scheme != "https" || u.User != nil || host == "" {
		return false
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return isPublic(a)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	numeric := strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") // 127.1 and 0x7f.1 are addresses to some resolvers
	return !numeric && strings.Contains(host, ".") && last != "localhost" && last != "internal" && last != "local"
}

// special are blocks that are global unicast and still no public host's: the IANA registries of RFC 6890.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && a.Zone() == "" && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

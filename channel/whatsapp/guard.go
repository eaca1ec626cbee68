package whatsapp

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// withoutRedirects returns a copy of client that follows no redirect, so that credentials stay where they are sent.
func withoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{}
	}
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// guarded returns a copy of client that connects to allowed addresses only. The address is looked at after the name was resolved, so a
// name cannot lead inside. A transport that is no *http.Transport connects by its own rules; reachable still checks the host it is given.
func guarded(client *http.Client, allowed func(netip.Addr) bool) *http.Client {
	c := withoutRedirects(client)
	var base *http.Transport
	switch t := c.Transport.(type) {
	case nil:
		base, _ = http.DefaultTransport.(*http.Transport)
	case *http.Transport:
		base = t
	}
	if base == nil {
		return c
	}
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		if a, err := netip.ParseAddrPort(address); err != nil || !allowed(a.Addr()) {
			return fmt.Errorf("the address %s is not public", address)
		}
		return nil
	}}
	own := base.Clone()
	own.Proxy, own.DialContext, own.DialTLSContext = nil, dialer.DialContext, nil
	c.Transport = own
	return c
}

// reachable reports whether a host may be asked at all: a name, or a public address.
func reachable(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return isPublic(a)
	}
	return host != "" && host != "localhost" && !strings.HasSuffix(host, ".localhost") && strings.Trim(host[strings.LastIndex(host, ".")+1:], "0123456789") != ""
}

// reserved are networks that are global by their form and not by their use: RFC 6890 and its successors.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

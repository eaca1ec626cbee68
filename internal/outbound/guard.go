package outbound

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// withoutRedirects returns a copy of client that answers with redirects instead of following them and keeps no cookies, so that
// credentials stay where they are sent.
func withoutRedirects(client *http.Client) *http.Client {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// guarded returns a copy of client without redirects that connects to allowed addresses only. It looks at the address after the name was
// resolved, so that no name leads inside. A transport that is no *http.Transport makes its connections itself.
func guarded(client *http.Client, allowed func(netip.Addr) bool) *http.Client {
	c := withoutRedirects(client)
	base, ok := c.Transport.(*http.Transport)
	if c.Transport == nil {
		base, ok = http.DefaultTransport.(*http.Transport)
	}
	if !ok {
		return c
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		if a, err := netip.ParseAddrPort(address); err != nil || !allowed(a.Addr()) {
			return fmt.Errorf("%s is not a public address", address)
		}
		return nil
	}}
	t := base.Clone()
	t.Proxy, t.DialContext, t.DialTLSContext = nil, dialer.DialContext, nil
	//lint:ignore SA1019 a transport that sets it would connect by it, past the dialer
	t.DialTLS = nil
	if t.IdleConnTimeout == 0 {
		t.IdleConnTimeout = 90 * time.Second // nobody closes the connections of a copy
	}
	c.Transport = t
	return c
}

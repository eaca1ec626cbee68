package outbound

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// public reports whether an address is one by https of a public host: of a public IP address, or of a name that is not local by its form.
func public(u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if u.Scheme != "https" || u.User != nil {
		return false
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return isPublic(a)
	}
	return isName(host) && !slices.Contains([]string{"localhost", "internal", "local"}, host[strings.LastIndexByte(host, '.')+1:])
}

// isName reports whether a host is a name with a domain, in ASCII: of other letters some become digits and dots when they are resolved.
// 127.1 and 0x7f.0x1 are addresses to some resolvers.
func isName(host string) bool {
	strange := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	numeric := strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
	return !numeric && strings.Contains(host, ".") && !strings.ContainsFunc(host, strange)
}

// allocated is what of IPv6 is given out for global unicast: the IANA registry of the IPv6 address space.
var allocated = netip.MustParsePrefix("2000::/3")

// special are blocks that are global unicast by their form and no public host's: the IANA registries of RFC 6890.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"),
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" || a.Is6() && !allocated.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

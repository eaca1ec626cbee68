package outbound

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

// callTimeout is how long a call of the API may take, beside the context's and the client's own limits.
const callTimeout = 30 * time.Second

// Client calls one provider. It follows no redirect of a call, and keeps no cookies. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	hosts   []string
	own     *http.Client
	outside *http.Client // reaches public addresses only
}

// New returns a client for the provider whose API is at base. Of the provider are also hosts with their subdomains, by https. Connections
// are made as client makes them; nil is a client of the defaults. Where the provider has not sent us itself, an *http.Transport connects
// directly and to public addresses only; another transport is given public hosts, and it has to mind what their names resolve to.
func New(client *http.Client, base *url.URL, hosts ...string) *Client {
	return &Client{base: base, hosts: hosts, own: withoutRedirects(client), outside: guarded(client, isPublic)}
}

// Base reads the address of an API: http or https and a host, perhaps a path; slashes at its end do not count. Error:
// *channel.SettingError with the name BaseURL.
func Base(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &channel.SettingError{Name: "BaseURL", Problem: "must be an http or https address without user, query and fragment"}
	}
	return u, nil
}

// Own reports whether an address is the provider's, so that a login may go there.
func (c *Client) Own(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	if u.Scheme == c.base.Scheme && u.Host == c.base.Host {
		return true
	}
	host := strings.ToLower(u.Hostname())
	for _, own := range c.hosts {
		if u.Scheme == "https" && own != "" && (host == own || strings.HasSuffix(host, "."+own)) {
			return true
		}
	}
	return false
}

// Call makes a request to the API and reads the answer, within 30 seconds and up to limit bytes. Error: *channel.Error of class Retry when
// the provider surely does not have the request or when the request only reads, else of class Unknown. A status is no error; an answer of
// success that breaks off or is longer than the limit is one.
func (c *Client) Call(r *http.Request, limit int64) (Answer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	resp, err := send(c.own, r.WithContext(ctx))
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header, method: r.Method}
	body, err := io.ReadAll(&limited{ReadCloser: resp.Body, left: limit})
	if err == nil {
		a.Body = body
	} else if a.Success() {
		return Answer{}, &channel.Error{Class: inDoubt(r.Method), Detail: "the answer cannot be read", Err: err}
	}
	return a, nil
}

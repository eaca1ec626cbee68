package outbound

import (
	"fmt"
	"io"
	"net/http"

	"github.com/frontdesk-go/frontdesk/channel"
)

const maxRedirects = 5

// Open makes a GET request for a file and follows up to 5 redirects. Where the request goes to the provider, its header goes with it;
// elsewhere, and behind a redirect, no header of the request goes. A file takes as long as the request's context lets it: the client's
// Timeout, which is meant for calls, does not apply. Errors: channel.ErrNotFound when the way leads to what is neither the
// provider's nor a public https address, *channel.Error of class Retry when the network fails. A status is no error; the caller closes
// the body.
func (c *Client) Open(r *http.Request) (*http.Response, error) {
	for range maxRedirects + 1 {
		resp, err := c.get(r)
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode > 399 || location == "" {
			return resp, nil
		}
		_ = resp.Body.Close()
		u, err := r.URL.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("%w: it is redirected to no address", channel.ErrNotFound)
		}
		if r, err = http.NewRequestWithContext(r.Context(), http.MethodGet, u.String(), nil); err != nil {
			return nil, fmt.Errorf("%w: it is redirected to no address", channel.ErrNotFound)
		}
	}
	return nil, fmt.Errorf("%w: more than %d redirects", channel.ErrNotFound, maxRedirects)
}

func (c *Client) get(r *http.Request) (*http.Response, error) {
	if c.Own(r.URL) {
		return send(patient(c.own), r)
	}
	if !public(r.URL) {
		return nil, fmt.Errorf("%w: it lies at %s://%.200s, which is no public https address", channel.ErrNotFound, r.URL.Scheme, r.URL.Hostname())
	}
	bare := r.Clone(r.Context())
	bare.Header = http.Header{}
	return send(patient(c.outside), bare)
}

func patient(c *http.Client) *http.Client {
	p := *c
	p.Timeout = 0
	return &p
}

// File is the file that an answer of status 200 to Open carries. Its body fails with channel.ErrTooLarge after limit bytes; one that is
// announced larger is closed unread. Error: channel.ErrTooLarge.
func File(resp *http.Response, limit int64) (channel.File, error) {
	if resp.ContentLength > limit {
		_ = resp.Body.Close()
		return channel.File{}, fmt.Errorf("%w: it has %d bytes, at most %d", channel.ErrTooLarge, resp.ContentLength, limit)
	}
	return channel.File{Type: resp.Header.Get("Content-Type"), Size: resp.ContentLength, Body: &limited{ReadCloser: resp.Body, left: limit}}, nil
}

// limited fails with channel.ErrTooLarge, from then on, when more than left bytes come.
type limited struct {
	io.ReadCloser
	left int64
	over bool
}

func (l *limited) Read(p []byte) (int, error) {
	if l.over || l.left < 0 {
		return 0, channel.ErrTooLarge
	}
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	if int64(n) > l.left {
		n, err, l.over = int(l.left), channel.ErrTooLarge, true
	}
	l.left -= int64(n)
	return n, err
}

package twilio

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const maxRedirects = 5

// Fetch opens a file of a message. The API answers with a redirect to storage, valid 4 hours, which is followed without credentials.
// A file may appear some seconds after the delivery that names it, so a 404 is of class Retry and is ErrNotFound as well.
func (c *conn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	u, err := url.Parse(a.URL)
	if err != nil || !c.api(u) {
		return channel.File{}, fmt.Errorf("%w: %.200q is no address of Twilio's API", channel.ErrNotFound, a.URL)
	}
	resp, err := c.get(ctx, c.client, u, true)
	for hop := 0; err == nil && resp.StatusCode >= 300 && resp.StatusCode <= 399; hop++ {
		_ = resp.Body.Close()
		if u, err = u.Parse(resp.Header.Get("Location")); err != nil || hop == maxRedirects || !c.api(u) && !public(u) {
			return channel.File{}, fmt.Errorf("%w: it is redirected to %.200q", channel.ErrNotFound, resp.Header.Get("Location"))
		}
		client := c.outside
		if c.api(u) {
			client = c.client
		}
		resp, err = c.get(ctx, client, u, false)
	}
	if err != nil {
		return channel.File{}, err
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength > limit {
		_ = resp.Body.Close()
		return channel.File{}, missing(resp, limit)
	}
	return channel.File{Type: resp.Header.Get("Content-Type"), Size: resp.ContentLength, Body: &limited{resp.Body, limit}}, nil
}

// api reports whether an address is on the API's own host.
func (c *conn) api(u *url.URL) bool {
	return u.Scheme == c.base.Scheme && u.Host == c.base.Host && u.User == nil
}

func (c *conn) get(ctx context.Context, client *http.Client, u *url.URL, login bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", channel.ErrNotFound, err)
	}
	if login {
		req.SetBasicAuth(c.secret.login())
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &channel.Error{Class: channel.Retry, Err: err}
	}
	return resp, nil
}

func missing(resp *http.Response, limit int64) error {
	switch {
	case resp.StatusCode == http.StatusOK:
		return fmt.Errorf("%w: it has %d bytes, at most %d", channel.ErrTooLarge, resp.ContentLength, limit)
	case resp.StatusCode == http.StatusNotFound:
		return &channel.Error{Class: channel.Retry, Code: strconv.Itoa(resp.StatusCode), Detail: "not there, or not yet", Err: channel.ErrNotFound}
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return &channel.Error{Class: channel.ChannelDown, Code: strconv.Itoa(resp.StatusCode), Detail: resp.Status}
	}
	return &channel.Error{Class: channel.Retry, Code: strconv.Itoa(resp.StatusCode), Detail: resp.Status}
}

// limited fails with channel.ErrTooLarge when more than left bytes come.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	if int64(n) > l.left {
		return int(l.left), channel.ErrTooLarge
	}
	l.left -= int64(n)
	return n, err
}

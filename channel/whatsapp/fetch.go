package whatsapp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const maxRedirects = 5

// Fetch asks for the address of a file, which lives five minutes, and opens it. The provider keeps what customers sent for 7 days.
// Errors: channel.ErrNotFound, channel.ErrTooLarge, *channel.Error.
func (c *conn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	if strings.Trim(a.ID, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != "" || a.ID == "" {
		return channel.File{}, fmt.Errorf("%w: %q is no media ID", channel.ErrNotFound, a.ID)
	}
	about, err := c.call(ctx, http.MethodGet, a.ID, nil, nil)
	if err != nil {
		return channel.File{}, asRetry(err)
	}
	if about.status != http.StatusOK {
		return channel.File{}, missing(about)
	}
	o := parseObject(about.body)
	if size, ok := o.number("file_size"); ok && int64(size) > limit {
		return channel.File{}, channel.ErrTooLarge
	}
	resp, err := c.download(ctx, o.text("url"))
	if err != nil {
		return channel.File{}, err
	}
	if resp.ContentLength > limit {
		_ = resp.Body.Close()
		return channel.File{}, channel.ErrTooLarge
	}
	return channel.File{Type: firstOf(o.text("mime_type"), resp.Header.Get("Content-Type")), Size: resp.ContentLength, Body: &limited{body: resp.Body, left: limit}}, nil
}

// asRetry turns the error of a call that only reads into one of class Retry: asking again does no harm.
func asRetry(err error) error {
	e := channel.AsError(err)
	return &channel.Error{Class: channel.Retry, Code: e.Code, Detail: e.Detail, Err: e.Err}
}

// missing turns an answer that is not 200 into an error: channel.ErrNotFound for what is gone. An ID that is gone reads like one that
// the token may not see.
func missing(a answer) error {
	e := a.failure()
	switch {
	case a.status == http.StatusNotFound, a.status == http.StatusGone, e.Class == channel.Content, e.Class == channel.Recipient, e.Code == strconv.Itoa(codeParameter):
		return fmt.Errorf("%w: %w", channel.ErrNotFound, e)
	case e.Class == channel.Unknown:
		return asRetry(e)
	}
	return e
}

// download opens an address and follows its redirects. The token goes to the provider's own hosts, on the first request alone.
func (c *conn) download(ctx context.Context, address string) (*http.Response, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%w: the provider gave no address", channel.ErrNotFound)
	}
	for hop := range maxRedirects + 1 {
		resp, err := c.get(ctx, u, hop == 0 && c.trusted(u))
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		_ = resp.Body.Close()
		if resp.StatusCode < 300 || resp.StatusCode > 399 || location == "" {
			return nil, missing(answer{status: resp.StatusCode, header: resp.Header})
		}
		if u, err = u.Parse(location); err != nil {
			return nil, fmt.Errorf("%w: a redirect to no address", channel.ErrNotFound)
		}
	}
	return nil, fmt.Errorf("%w: more than %d redirects", channel.ErrNotFound, maxRedirects)
}

func (c *conn) get(ctx context.Context, u *url.URL, trusted bool) (*http.Response, error) {
	client := c.outside
	if trusted {
		client = c.client
	} else if u.Scheme != "https" || u.User != nil || !reachable(u.Hostname()) {
		return nil, fmt.Errorf("%w: it lies at %s://%s, which is not a public https address", channel.ErrNotFound, u.Scheme, u.Hostname())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", channel.ErrNotFound, err)
	}
	if trusted {
		req.Header.Set("Authorization", "Bearer "+c.secret.Token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, asRetry((&trace{}).sort(err))
	}
	return resp, nil
}

// trusted reports whether an address is the provider's: the API's own host, or by https one of the media hosts.
func (c *conn) trusted(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	if u.Scheme == c.base.Scheme && u.Host == c.base.Host {
		return true
	}
	host := strings.ToLower(u.Hostname())
	for _, own := range c.mediaHosts {
		if u.Scheme == "https" && (host == own || strings.HasSuffix(host, "."+own)) {
			return true
		}
	}
	return false
}

// limited reads a body and fails with channel.ErrTooLarge beyond the limit.
type limited struct {
	body io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		var one [1]byte
		for {
			n, err := l.body.Read(one[:])
			if n > 0 {
				return 0, channel.ErrTooLarge
			}
			if err != nil {
				return 0, err
			}
		}
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.body.Read(p)
	l.left -= int64(n)
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }

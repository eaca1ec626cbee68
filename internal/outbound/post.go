package outbound

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ErrAddress says that an address is none that a Poster may reach.
var ErrAddress = errors.New("the address is not a public one by https")

// Limits of a post.
const (
	postTimeout       = 15 * time.Second
	maxEndpointAnswer = 64 << 10 // of which is read, so that the connection can be used again
)

// Poster posts to addresses that a person has given. It follows no redirect and keeps no cookies. It is safe for concurrent use.
type Poster struct {
	client *http.Client
	inside bool
}

// NewPoster returns a Poster that connects as client does, nil being a client of the defaults. Unless inside is set it connects directly
// and to public addresses by https only; a transport that is no *http.Transport has to mind itself what names resolve to.
func NewPoster(client *http.Client, inside bool) *Poster {
	p := &Poster{inside: inside}
	if inside {
		p.client = withoutRedirects(client)
	} else {
		p.client = guarded(client, isPublic)
	}
	return p
}

// Allows reports whether an address may be posted to, as far as its form tells.
func (p *Poster) Allows(u *url.URL) bool {
	if !p.inside {
		return public(u)
	}
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// Post sends a body within 15 seconds. Of the answer it gives the status and the header. A status is no error. Error: ErrAddress, or
// that of the network, without the address.
func (p *Poster) Post(ctx context.Context, address string, header http.Header, body []byte) (Answer, error) {
	u, err := url.Parse(address)
	if err != nil || !p.Allows(u) {
		return Answer{}, ErrAddress
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, ErrAddress
	}
	r.Header = header
	resp, err := send(p.client, r)
	if err != nil {
		return Answer{}, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxEndpointAnswer)) // what it says beyond the status is not needed
	_ = resp.Body.Close()
	return Answer{Status: resp.StatusCode, Header: resp.Header, method: http.MethodPost}, nil
}

package outbound

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/frontdesk-go/frontdesk/channel"
)

// Poster posts to addresses that a tenant gave: public ones by https, and no other. It follows no redirect and keeps no cookies. It is
// safe for concurrent use.
type Poster struct{ client *http.Client }

// NewPoster returns a poster. Connections are made as client makes them; nil is a client of the defaults. An *http.Transport connects
// directly and to public addresses only; another transport is given public hosts, and it has to mind what their names resolve to.
func NewPoster(client *http.Client) *Poster { return &Poster{client: guarded(client, isPublic)} }

// maxPostAnswer is how much is read of an answer that is not looked at, so that its connection can be used again.
const maxPostAnswer = 64 << 10

// Post posts a body with headers, within 30 seconds. A status is no error. Errors: channel.ErrNotFound for an address that is not a
// public https one, *channel.Error when the network fails.
func (p *Poster) Post(ctx context.Context, address string, header http.Header, body []byte) (Answer, error) {
	u, err := url.Parse(address)
	if err != nil || !public(u) {
		return Answer{}, channel.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, channel.ErrNotFound
	}
	r.Header = header
	resp, err := send(p.client, r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, maxPostAnswer) // what it says besides its status is of no use
	return Answer{Status: resp.StatusCode, Header: resp.Header, method: r.Method}, nil
}

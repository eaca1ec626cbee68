package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
)

func TestPost(t *testing.T) {
	var got string
	p := NewPoster(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.String() + " " + r.Header.Get("Webhook-Id") + " " + string(body)
		return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"https://elsewhere.example.net/"}}, Body: io.NopCloser(strings.NewReader("x"))}, err
	})})
	answer, err := p.Post(context.Background(), "https://events.example.net/x", http.Header{"Webhook-Id": {"1"}}, []byte("{}"))
	require.NoError(t, err)
	assert.Equal(t, 307, answer.Status, "a redirect is not followed")
	assert.False(t, answer.Success())
	assert.Equal(t, "POST https://events.example.net/x 1 {}", got)
	got = ""
	for _, address := range []string{"http://events.example.net/", "https://127.0.0.1/", "https://localhost/", "https://a:b@events.example.net/", "://", ""} {
		_, err := p.Post(context.Background(), address, nil, nil)
		assert.ErrorIs(t, err, channel.ErrNotFound, address)
	}
	assert.Empty(t, got)

	p = NewPoster(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })})
	_, err = p.Post(context.Background(), "https://events.example.net/", nil, nil)
	var failed *channel.Error
	assert.ErrorAs(t, err, &failed)
}

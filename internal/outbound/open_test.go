package outbound

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
)

// way is a transport that redirects from address to address, each once, and gives a file at the end. It keeps what was asked with which
// login.
type way struct {
	stops []string
	asked []string
}

func (w *way) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, r.URL.String()+" "+r.Header.Get("Authorization")+r.Header.Get("X-Token"))
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("data")), Request: r}
	if n := len(w.asked); n <= len(w.stops) {
		resp.StatusCode = http.StatusFound
		resp.Header.Set("Location", w.stops[n-1])
	}
	return resp, nil
}

func TestOpen(t *testing.T) {
	tests := []struct {
		name, from string
		stops      []string
		asked      []string
		err        error
	}{
		{"the provider's", "https://api.example.com/1", nil, []string{"https://api.example.com/1 ab"}, nil},
		{"the provider's other host", "https://eu.media.example.net/1", nil, []string{"https://eu.media.example.net/1 ab"}, nil},
		{"somebody else's", "https://files.example.org/1", nil, []string{"https://files.example.org/1 "}, nil},
		{"redirected away", "https://api.example.com/1", []string{"https://files.example.org/1"}, []string{"https://api.example.com/1 ab", "https://files.example.org/1 "}, nil},
		{"redirected within", "https://api.example.com/1", []string{"/2"}, []string{"https://api.example.com/1 ab", "https://api.example.com/2 "}, nil},
		{"redirected to the provider", "https://files.example.org/1", []string{"https://api.example.com/2"}, []string{"https://files.example.org/1 ", "https://api.example.com/2 "}, nil},
		{"to an address inside", "https://api.example.com/1", []string{"https://169.254.169.254/"}, []string{"https://api.example.com/1 ab"}, channel.ErrNotFound},
		{"away from https", "https://api.example.com/1", []string{"http://files.example.org/"}, []string{"https://api.example.com/1 ab"}, channel.ErrNotFound},
		{"to a file here", "https://api.example.com/1", []string{"file:///etc/passwd"}, []string{"https://api.example.com/1 ab"}, channel.ErrNotFound},
		{"inside at once", "https://localhost/1", nil, nil, channel.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &way{stops: tt.stops}
			r := request(t, http.MethodGet, tt.from)
			r.Header.Set("Authorization", "a")
			r.Header.Set("X-Token", "b")
			resp, err := at(t, &http.Client{Transport: w}, "https://api.example.com", "media.example.net").Open(r)
			assert.Equal(t, tt.asked, w.asked)
			assert.Equal(t, "a", r.Header.Get("Authorization"), "the caller's request is left as it was")
			if tt.err != nil {
				assert.ErrorIs(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			f, err := File(resp, 4)
			require.NoError(t, err)
			data, err := io.ReadAll(f.Body)
			require.NoError(t, err)
			assert.Equal(t, "data", string(data))
			require.NoError(t, f.Body.Close())
		})
	}
}

func TestOpenFollowsFiveRedirects(t *testing.T) {
	w := &way{stops: []string{"/", "/", "/", "/", "/"}}
	resp, err := at(t, &http.Client{Transport: w}, "https://api.example.com").Open(request(t, http.MethodGet, "https://api.example.com/"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, resp.Body.Close())

	w = &way{stops: []string{"/", "/", "/", "/", "/", "/"}}
	_, err = at(t, &http.Client{Transport: w}, "https://api.example.com").Open(request(t, http.MethodGet, "https://api.example.com/"))
	assert.ErrorIs(t, err, channel.ErrNotFound)
	assert.Len(t, w.asked, 6)
}

func TestOpenLeavesTheStatusToItsCaller(t *testing.T) {
	for _, status := range []int{204, 302, 304, 404, 500} {
		answer := roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})
		resp, err := at(t, &http.Client{Transport: answer}, "https://api.example.com").Open(request(t, http.MethodGet, "https://api.example.com/"))
		require.NoError(t, err)
		assert.Equal(t, status, resp.StatusCode)
	}
}

func TestOpenSortsErrorsAsOfReading(t *testing.T) {
	for _, location := range []string{"", "https://%zz"} {
		broken := roundTrip(func(r *http.Request) (*http.Response, error) {
			if location == "" {
				return nil, io.ErrUnexpectedEOF
			}
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {location}}, Body: http.NoBody, Request: r}, nil
		})
		_, err := at(t, &http.Client{Transport: broken}, "https://api.example.com").Open(request(t, http.MethodGet, "https://api.example.com/"))
		assert.Equal(t, channel.Retry, channel.AsError(err).Class)
	}
}

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestFile(t *testing.T) {
	for _, tt := range []struct {
		size, limit int64
		fits        bool
	}{{6, 6, true}, {6, 5, false}, {-1, 5, true}, {0, 0, true}, {0, -1, false}} {
		body := &closing{Reader: strings.NewReader("abcdef")}
		f, err := File(&http.Response{ContentLength: tt.size, Header: http.Header{"Content-Type": {"image/png"}}, Body: body}, tt.limit)
		assert.Equal(t, !tt.fits, errors.Is(err, channel.ErrTooLarge), "%d of %d: %v", tt.size, tt.limit, err)
		assert.Equal(t, !tt.fits, body.closed)
		if tt.fits {
			assert.Equal(t, []any{"image/png", tt.size}, []any{f.Type, f.Size})
			require.NoError(t, f.Body.Close())
			assert.True(t, body.closed)
		}
	}
}

func TestLimited(t *testing.T) {
	for _, limit := range []int64{-7, -1, 0, 1, 5, 6, 7, math.MaxInt64} {
		for name, r := range map[string]io.Reader{"at once": strings.NewReader("abcdef"), "byte by byte": iotest.OneByteReader(strings.NewReader("abcdef")),
			"with its end": iotest.DataErrReader(strings.NewReader("abcdef")), "with pauses": &pausing{Reader: iotest.OneByteReader(strings.NewReader("abcdef"))}} {
			l := &limited{ReadCloser: io.NopCloser(r), left: limit}
			data, err := io.ReadAll(l)
			what := name + ", limit " + strconv.FormatInt(limit, 10)
			assert.Equal(t, "abcdef"[:min(max(limit, 0), 6)], string(data), what)
			assert.Equal(t, limit < 6, errors.Is(err, channel.ErrTooLarge), "%s: %v", what, err)
			if limit < 6 {
				n, err := l.Read(make([]byte, 10))
				assert.Zero(t, n, what)
				assert.ErrorIs(t, err, channel.ErrTooLarge, "it stays: "+what)
			}
		}
	}
}

// pausing gives nothing in every second read.
type pausing struct {
	io.Reader
	pause bool
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.pause = !p.pause; p.pause {
		return 0, nil
	}
	return p.Reader.Read(b)
}

// A client's time for a call is no limit for a file.
func TestOpenTakesItsTime(t *testing.T) {
	for _, address := range []string{"https://api.example.com/1", "https://files.example.org/1"} {
		limited := false
		c := New(&http.Client{Timeout: time.Minute, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			_, limited = r.Context().Deadline()
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})}, &url.URL{Scheme: "https", Host: "api.example.com"})
		r, err := http.NewRequest(http.MethodGet, address, nil)
		require.NoError(t, err)
		_, err = c.Open(r)
		require.NoError(t, err)
		assert.False(t, limited, address)
	}
}

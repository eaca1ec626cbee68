package outbound

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEndpointGoesWhereItMay(t *testing.T) {
	address, came := watched(t)
	strict := NewPoster(nil, false)
	_, err := strict.Post(t.Context(), address, http.Header{}, nil)
	assert.ErrorIs(t, err, ErrAddress, "neither https nor public")
	_, err = guardedPost(t, address)
	assert.ErrorContains(t, err, "not a public address", "looked at again when it connects")
	assert.False(t, came.Load())

	inside := NewPoster(nil, true)
	a, err := inside.Post(t.Context(), address, http.Header{}, []byte("body"))
	require.NoError(t, err)
	assert.Equal(t, 200, a.Status)
	for _, bad := range []string{"", "%", "ftp://example.com", "http://u:p@example.com", "https://"} {
		_, err := inside.Post(t.Context(), bad, http.Header{}, nil)
		assert.ErrorIs(t, err, ErrAddress, bad)
	}
}

func TestEndpointFollowsNothingAndReadsLittle(t *testing.T) {
	written := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			for err := error(nil); err == nil && written < 64<<20; {
				var n int
				n, err = w.Write(make([]byte, 1<<20))
				written += n
			}
			return
		}
		http.Redirect(w, r, "/large", http.StatusTemporaryRedirect)
	}))
	p := NewPoster(nil, true)
	a, err := p.Post(t.Context(), s.URL, http.Header{}, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusTemporaryRedirect, a.Status)
	assert.Zero(t, written)
	_, err = p.Post(t.Context(), s.URL+"/large", http.Header{}, nil)
	require.NoError(t, err)
	s.Close() // waits for the handler
	assert.Less(t, written, 64<<20)
}

func TestEndpointGivesUpAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		_, err := NewPoster(&http.Client{Transport: hanging}, false).Post(t.Context(), "https://erp.example.com/in", http.Header{}, nil)
		require.Error(t, err)
		assert.Equal(t, 15*time.Second, time.Since(began))
	})
}

// guardedPost posts as if a name had resolved to an address inside.
func guardedPost(t *testing.T, address string) (Answer, error) {
	p := NewPoster(nil, false)
	p.inside = true // the form of the address is not looked at
	return p.Post(t.Context(), address, http.Header{}, nil)
}

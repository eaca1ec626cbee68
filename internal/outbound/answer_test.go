package outbound

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
)

func TestAnswerJSON(t *testing.T) {
	var got struct{ A int }
	require.NoError(t, Answer{Body: []byte(`{"a":7}`)}.JSON(&got))
	assert.Equal(t, 7, got.A)
	for method, class := range map[string]channel.Class{"GET": channel.Retry, "HEAD": channel.Retry, "POST": channel.Unknown, "DELETE": channel.Unknown, "": channel.Unknown} {
		for _, body := range []string{"", "<html>", `{"a":7`, `{"a":"x"}`} {
			err := Answer{Body: []byte(body), method: method}.JSON(&got)
			require.Error(t, err, body)
			assert.Equal(t, class, channel.AsError(err).Class, method)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const noon = "Fri, 20 Nov 2026 12:00:00 GMT"
	for _, tt := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", noon, 0},
		{"soon", noon, 0},
		{"1.5", noon, 0},
		{"-7", noon, 0},
		{"0", noon, 0},
		{"7", "", 7 * time.Second},
		{"86400", "", 24 * time.Hour},
		{"86401", "", 24 * time.Hour},
		{"9223372036854775807", "", 24 * time.Hour},
		{"Fri, 20 Nov 2026 12:01:00 GMT", noon, time.Minute},
		{"Fri, 20 Nov 2026 12:01:00 GMT", "", 0},
		{"Fri, 20 Nov 2026 11:59:00 GMT", noon, 0},
		{"Fri, 20 Nov 2099 12:00:00 GMT", noon, 24 * time.Hour},
	} {
		assert.Equal(t, tt.want, Answer{Header: http.Header{"Retry-After": {tt.value}, "Date": {tt.date}}}.RetryAfter(), tt.value)
	}
	assert.Zero(t, Answer{}.RetryAfter())
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "")
	f.Add("Fri, 20 Nov 2026 12:01:00 GMT", "Fri, 20 Nov 2026 12:00:00 GMT")
	f.Add("99999999999999", "x")
	f.Fuzz(func(t *testing.T, value, date string) {
		got := Answer{Header: http.Header{"Retry-After": {value}, "Date": {date}}}.RetryAfter()
		assert.True(t, got >= 0 && got <= 24*time.Hour, got)
	})
}

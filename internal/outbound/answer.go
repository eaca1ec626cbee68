package outbound

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

// maxRetryAfter is the longest wait that a provider is believed.
const maxRetryAfter = 24 * time.Hour

// Answer is what a provider said to a call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // nil if it broke off or was longer than the limit

	method string // of the request
}

// Success reports whether the status is 2xx.
func (a Answer) Success() bool { return a.Status >= 200 && a.Status <= 299 }

// JSON reads the body into v. Error: *channel.Error of class Retry when the request only read, else of class Unknown.
func (a Answer) JSON(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return &channel.Error{Class: inDoubt(a.method), Detail: "the answer cannot be read", Err: err}
	}
	return nil
}

// RetryAfter reads the header Retry-After, in seconds or as a time beside the answer's own date: from 0, which is also what an absent or
// unreadable one gives, to 24 hours.
func (a Answer) RetryAfter() time.Duration {
	given := a.Header.Get("Retry-After")
	if n, err := strconv.Atoi(given); err == nil {
		return time.Duration(min(max(0, n), int(maxRetryAfter/time.Second))) * time.Second
	}
	until, err := http.ParseTime(given)
	date, err2 := http.ParseTime(a.Header.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return min(max(0, until.Sub(date)), maxRetryAfter)
}

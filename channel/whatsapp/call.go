package whatsapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

const (
	callTimeout = 30 * time.Second // of a call to the Graph API, beside the context's own
	maxAnswer   = 1 << 20          // bytes of an answer that are read
)

// answer is what the Graph API said.
type answer struct {
	status int
	header http.Header
	body   []byte // nil if it broke off
}

// call makes one call to the Graph API. Its error is of class Retry if the provider surely has not had the request, else Unknown.
func (c *conn) call(ctx context.Context, method, path string, query url.Values, content any) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, &channel.Error{Class: channel.Retry, Detail: "nothing was sent", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	trace := &trace{}
	req, err := c.request(trace.context(ctx), method, path, query, content)
	if err != nil {
		return answer{}, &channel.Error{Class: channel.Content, Err: err}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return answer{}, trace.sort(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err == nil {
		a.body = data
	}
	return a, nil
}

func (c *conn) request(ctx context.Context, method, path string, query url.Values, content any) (*http.Request, error) {
	u := c.base.JoinPath(c.version, path)
	if query == nil {
		query = url.Values{}
	}
	if c.proof != "" {
		query.Set("appsecret_proof", c.proof)
	}
	u.RawQuery = query.Encode()
	var body io.Reader
	if content != nil {
		data, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret.Token)
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// trace notices whether a request had a connection. Before it has one nothing can have been written.
type trace struct {
	asked, connected atomic.Bool
}

func (t *trace) context(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true); t.connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { t.connected.Store(true) },
	})
}

// sort tells an error before the connection from one after it. A transport that reports no connections is believed only when its error
// is one of connecting.
func (t *trace) sort(err error) *channel.Error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // its text would repeat the address with the proof
	}
	var op *net.OpError
	var dns *net.DNSError
	dialling := errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
	if t.asked.Load() && !t.connected.Load() || dialling && !t.connected.Load() {
		return &channel.Error{Class: channel.Retry, Detail: "the provider could not be reached", Err: err}
	}
	return &channel.Error{Class: channel.Unknown, Detail: "the call was cut off", Err: err}
}

// failure sorts an answer that is not 2xx: by code, and where there is none or it is not known, by status. A refusal means that the
// message was not taken; an error of the server's own without a known code leaves that open.
func (a answer) failure() *channel.Error {
	o := parseObject(a.body).object("error")
	e := &channel.Error{Class: statusClass(a.status), Detail: http.StatusText(a.status)}
	if code, ok := o.number("code"); ok {
		subcode, _ := o.number("error_subcode")
		if class, known := classOf(code, subcode); known {
			e.Class = class
		}
		e.Code = strconv.Itoa(code)
		e.Detail = firstOf(o.object("error_data").text("details"), o.text("message"), e.Detail)
	}
	if e.Class == channel.Retry {
		e.RetryAfter = retryAfter(a.header)
		if e.RetryAfter == 0 && e.Code == strconv.Itoa(codePair) {
			e.RetryAfter = pairWait
		}
	}
	return e
}

func statusClass(status int) channel.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return channel.Retry
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status >= 300 && status < 400:
		return channel.ChannelDown
	case status == http.StatusRequestTimeout, status >= 500, status < 300:
		return channel.Unknown
	}
	return channel.Content
}

// retryAfter reads the header in seconds, or as a time beside the answer's own date.
func retryAfter(h http.Header) time.Duration {
	given := h.Get("Retry-After")
	if n, err := strconv.Atoi(given); err == nil {
		return min(max(0, time.Duration(n)*time.Second), 24*time.Hour)
	}
	until, err := http.ParseTime(given)
	date, err2 := http.ParseTime(h.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return min(max(0, until.Sub(date)), 24*time.Hour)
}

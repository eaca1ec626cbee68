package outbound

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/frontdesk-go/frontdesk/channel"
)

// send makes a request and sorts the error of the network.
func send(client *http.Client, r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, &channel.Error{Class: channel.Retry, Detail: "nothing was sent", Err: err}
	}
	t := &trace{}
	resp, err := client.Do(t.watch(r))
	if err != nil {
		return nil, t.sort(r.Method, err)
	}
	return resp, nil
}

// inDoubt is the class of a call of which nobody knows whether the provider has it: asking once more does no harm.
func inDoubt(method string) channel.Class {
	if method == http.MethodGet || method == http.MethodHead {
		return channel.Retry
	}
	return channel.Unknown
}

// trace notices whether a request had a connection. Before it has one nothing can have been written. One connection is enough for doubt,
// because a transport may make a request again and fail to connect only then.
type trace struct {
	asked, connected atomic.Bool
}

func (t *trace) watch(r *http.Request) *http.Request {
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.connected.Store(true) },
	}))
}

// sort tells an error before the connection from one after it. A transport that reports no connections is believed only when its error
// is one of connecting.
func (t *trace) sort(method string, err error) *channel.Error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // its text would repeat the address, which may hold a credential
	}
	var op *net.OpError
	var dns *net.DNSError
	dialling := errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
	if !t.connected.Load() && (t.asked.Load() || dialling) {
		return &channel.Error{Class: channel.Retry, Detail: "the provider could not be reached", Err: err}
	}
	return &channel.Error{Class: inDoubt(method), Detail: "the call was cut off", Err: err}
}

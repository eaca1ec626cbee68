package channeltest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Network is a transport that serves handlers in this process under any host name, records every request, and fails on demand. A host
// without a handler refuses the connection.
type Network struct {
	Hosts map[string]http.Handler // by host, with the port where the URL has one

	mu       sync.Mutex
	faults   []fault
	hanging  func() // what to call when a request hangs
	requests []*http.Request
}

type fault int

const (
	lose fault = iota + 1
	refuse
	hang
)

// Client returns a client that uses n.
func (n *Network) Client() *http.Client { return &http.Client{Transport: n} }

// Lose makes the next request reach its host and its answer be lost.
func (n *Network) Lose() { n.fail(lose) }

// Refuse makes the next request fail to connect.
func (n *Network) Refuse() { n.fail(refuse) }

// Hang makes the next request reach its host and its answer never come. It calls served when the host has answered; the request ends with
// its context.
func (n *Network) Hang(served func()) {
	n.fail(hang)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hanging = served
}

func (n *Network) fail(f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = append(n.faults, f)
}

// Add serves a host from now on.
func (n *Network) Add(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.Hosts == nil {
		n.Hosts = map[string]http.Handler{}
	}
	n.Hosts[host] = h
}

// Requests returns every request so far, also those that failed, without their bodies.
func (n *Network) Requests() []*http.Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.requests)
}

// RoundTrip implements http.RoundTripper.
func (n *Network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	handler, f := n.arrive(r)
	if f == refuse || handler == nil {
		err := fmt.Errorf("connect to %s: %w", r.URL.Host, syscall.ECONNREFUSED)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, served(r))
	switch f {
	case lose:
		return nil, io.ErrUnexpectedEOF
	case hang:
		n.hanging()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (n *Network) arrive(r *http.Request) (http.Handler, fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := r.Clone(r.Context())
	seen.Body = nil
	n.requests = append(n.requests, seen)
	var f fault
	if len(n.faults) > 0 {
		f, n.faults = n.faults[0], n.faults[1:]
	}
	return n.Hosts[r.URL.Host], f
}

// served turns a client's request into what a server is given.
func served(r *http.Request) *http.Request {
	s := r.Clone(r.Context())
	s.Host = r.URL.Host
	s.RequestURI = r.URL.RequestURI()
	if s.Body == nil {
		s.Body = http.NoBody
	}
	return s
}

// leaks lists the requests that took a credential to a host that is not among the trusted ones.
func (n *Network) leaks(credentials, trusted []string) []string {
	var found []string
	for _, r := range n.Requests() {
		if slices.Contains(trusted, r.URL.Host) {
			continue
		}
		all := r.URL.String()
		for _, values := range r.Header {
			all += "\n" + strings.Join(values, "\n")
		}
		if r.Header.Get("Authorization") != "" || slices.ContainsFunc(credentials, func(c string) bool { return c != "" && strings.Contains(all, c) }) {
			found = append(found, r.Method+" to "+r.URL.Host)
		}
	}
	return found
}

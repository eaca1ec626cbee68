package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

// maxAnswer bounds what is read of an answer. A page of 1000 messages of 1600 characters stays below it.
const maxAnswer = 16 << 20

// path is a path below the account: "Messages.json", or ".json" for the account itself.
func (c *conn) path(rest string) string {
	if rest != ".json" {
		rest = "/" + rest
	}
	return "/2010-04-01/Accounts/" + c.secret.AccountSID + rest
}

// call makes one request to the API and reads the JSON of the answer into out. Only a POST changes anything, so only its errors can be
// in doubt.
func (c *conn) call(ctx context.Context, method, uri string, form url.Values, out any) error {
	if err := ctx.Err(); err != nil {
		return &channel.Error{Class: channel.Retry, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+uri, strings.NewReader(form.Encode()))
	if err != nil {
		return &channel.Error{Class: channel.Content, Err: err}
	}
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.SetBasicAuth(c.secret.login())
	resp, err := c.client.Do(req)
	if err != nil {
		return lost(method, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode > 299 {
		return refused(method, resp, body)
	}
	if err == nil {
		err = json.Unmarshal(body, out)
	}
	if err != nil {
		return lost(method, fmt.Errorf("the answer cannot be read: %w", err))
	}
	return nil
}

// lost sorts an error of the network. The request surely was not taken only if no connection came about; http.Client wraps the error of
// the dialer, so its operation tells.
func lost(method string, err error) error {
	var op *net.OpError
	if method != http.MethodPost || errors.As(err, &op) && op.Op == "dial" {
		return &channel.Error{Class: channel.Retry, Err: err}
	}
	return &channel.Error{Class: channel.Unknown, Err: err}
}

// refused sorts an answer that is not 2xx. One with Twilio's own error body was decided by Twilio; a 5xx without comes from something
// before it and says nothing of what happened behind.
func refused(method string, resp *http.Response, body []byte) error {
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &said) // a body that is not JSON leaves no code
	e := &channel.Error{Detail: first(said.Message, resp.Status)}
	if said.Code > 0 {
		e.Code = strconv.Itoa(said.Code)
	}
	e.Class, e.OptedOut = sort(e.Code)
	if e.Class == "" {
		e.Class = byStatus(method, resp.StatusCode, said.Code > 0)
	}
	if e.Class == channel.Retry {
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"))
	}
	return e
}

func byStatus(method string, status int, coded bool) channel.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return channel.Retry
	case status >= 500 && (coded || method != http.MethodPost):
		return channel.Retry
	case status >= 500 || status == http.StatusRequestTimeout:
		return channel.Unknown
	case status == http.StatusBadRequest && coded:
		return channel.Content
	}
	return channel.ChannelDown
}

// retryAfter reads a number of seconds; anything else leaves the time to the caller.
func retryAfter(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 || seconds > 24*60*60 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// Test asks for the account and returns its name and status.
func (c *conn) Test(ctx context.Context) (string, error) {
	var account struct {
		Name   string `json:"friendly_name"`
		Status string `json:"status"`
	}
	if err := c.call(ctx, http.MethodGet, c.path(".json"), nil, &account); err != nil {
		return "", err
	}
	if account.Status != "active" {
		return "", &channel.Error{Class: channel.ChannelDown, Detail: fmt.Sprintf("the account %q is %s", account.Name, first(account.Status, "of no status"))}
	}
	return fmt.Sprintf("the account %q is active", account.Name), nil
}

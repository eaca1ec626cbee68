package twilio

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
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

// call makes one request to the API and reads the JSON of the answer into out.
func (c *conn) call(ctx context.Context, method, uri string, form url.Values, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+uri, strings.NewReader(form.Encode()))
	if err != nil {
		return &channel.Error{Class: channel.Content, Err: err}
	}
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.SetBasicAuth(c.secret.login())
	a, err := c.provider.Call(req, maxAnswer)
	if err != nil {
		return err
	}
	if !a.Success() {
		return refused(method, a)
	}
	return a.JSON(out)
}

// refused sorts an answer that is not 2xx. One with Twilio's own error body was decided by Twilio; a 5xx without comes from something
// before it and says nothing of what happened behind.
func refused(method string, a outbound.Answer) error {
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(a.Body, &said) // a body that is not JSON leaves no code
	e := &channel.Error{Detail: cmp.Or(said.Message, strconv.Itoa(a.Status)+" "+http.StatusText(a.Status))}
	if said.Code > 0 {
		e.Code = strconv.Itoa(said.Code)
	}
	e.Class, e.OptedOut = sort(e.Code)
	if e.Class == "" {
		e.Class = byStatus(method, a.Status, said.Code > 0)
	}
	if e.Class == channel.Retry {
		e.RetryAfter = a.RetryAfter()
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
		return "", &channel.Error{Class: channel.ChannelDown, Detail: fmt.Sprintf("the account %q is %s", account.Name, cmp.Or(account.Status, "of no status"))}
	}
	return fmt.Sprintf("the account %q is active", account.Name), nil
}

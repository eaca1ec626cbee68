package whatsapp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
)

const maxAnswer = 1 << 20 // bytes of an answer that are read

// call makes one call to the Graph API.
func (c *conn) call(ctx context.Context, method, path string, query url.Values, content any) (outbound.Answer, error) {
	req, err := c.request(ctx, method, path, query, content)
	if err != nil {
		return outbound.Answer{}, &channel.Error{Class: channel.Content, Err: err}
	}
	return c.provider.Call(req, maxAnswer)
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

// failure sorts an answer that is not 2xx: by code, and where there is none or it is not known, by status. A refusal means that the
// message was not taken; an error of the server's own without a known code leaves that open.
func failure(a outbound.Answer) *channel.Error {
	o := parseObject(a.Body).object("error")
	e := &channel.Error{Class: statusClass(a.Status), Detail: http.StatusText(a.Status)}
	if code, ok := o.number("code"); ok {
		subcode, _ := o.number("error_subcode")
		if class, known := classOf(code, subcode); known {
			e.Class = class
		}
		e.Code = strconv.Itoa(code)
		e.Detail = cmp.Or(o.object("error_data").text("details"), o.text("message"), e.Detail)
	}
	if e.Class == channel.Retry {
		e.RetryAfter = a.RetryAfter()
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

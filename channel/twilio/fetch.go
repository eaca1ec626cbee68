package twilio

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
)

// mediaPath is where a message's files are, and nothing else that the login opens.
// https://www.twilio.com/docs/messaging/api/media-resource
var mediaPath = regexp.MustCompile(`^/2010-04-01/Accounts/AC[0-9A-Za-z]+/Messages/[SM]M[0-9A-Za-z]+/Media/ME[0-9A-Za-z]+$`)

// Fetch opens a file of a message. The API answers with a redirect to storage, valid 4 hours, which is followed without credentials.
// A file may appear some seconds after the delivery that names it, so a 404 is of class Retry and is ErrNotFound as well.
func (c *conn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL, nil)
	if err != nil || !c.provider.Own(req.URL) || !mediaPath.MatchString(req.URL.EscapedPath()) || req.URL.RawQuery != "" {
		return channel.File{}, fmt.Errorf("%w: %.200q is no file of Twilio's API", channel.ErrNotFound, a.URL)
	}
	req.SetBasicAuth(c.secret.login())
	resp, err := c.provider.Open(req)
	if err != nil {
		return channel.File{}, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return channel.File{}, missing(resp.StatusCode)
	}
	return outbound.File(resp, limit)
}

func missing(status int) error {
	e := &channel.Error{Class: channel.Retry, Code: strconv.Itoa(status), Detail: http.StatusText(status)}
	switch {
	case status >= 300 && status <= 399:
		return fmt.Errorf("%w: it is redirected to no address", channel.ErrNotFound)
	case status == http.StatusNotFound:
		e.Detail, e.Err = "not there, or not yet", channel.ErrNotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Class = channel.ChannelDown
	}
	return e
}

package whatsapp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
)

// Fetch asks for the address of a file, which lives five minutes, and opens it. The provider keeps what customers sent for 7 days.
// Errors: channel.ErrNotFound, channel.ErrTooLarge, *channel.Error.
func (c *conn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	if strings.Trim(a.ID, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != "" || a.ID == "" {
		return channel.File{}, fmt.Errorf("%w: %q is no media ID", channel.ErrNotFound, a.ID)
	}
	about, err := c.call(ctx, http.MethodGet, a.ID, nil, nil)
	if err != nil {
		return channel.File{}, err
	}
	if about.Status != http.StatusOK {
		return channel.File{}, missing(about)
	}
	o := parseObject(about.Body)
	if size, ok := o.number("file_size"); ok && int64(size) > limit {
		return channel.File{}, channel.ErrTooLarge
	}
	f, err := c.download(ctx, o.text("url"), limit)
	if err != nil {
		return channel.File{}, err
	}
	f.Type = cmp.Or(o.text("mime_type"), f.Type)
	return f, nil
}

// missing turns an answer that is not 200 into an error: channel.ErrNotFound for what is gone. An ID that is gone reads like one that
// the token may not see.
func missing(a outbound.Answer) error {
	e := failure(a)
	switch {
	case a.Status == http.StatusNotFound, a.Status == http.StatusGone, e.Class == channel.Content, e.Class == channel.Recipient, e.Code == strconv.Itoa(codeParameter):
		return fmt.Errorf("%w: %w", channel.ErrNotFound, e)
	case e.Class == channel.Unknown:
		e.Class = channel.Retry // asking again does no harm
	}
	return e
}

// download opens an address. The token goes to the provider's own hosts alone.
func (c *conn) download(ctx context.Context, address string, limit int64) (channel.File, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || req.URL.Host == "" {
		return channel.File{}, fmt.Errorf("%w: the provider gave no address", channel.ErrNotFound)
	}
	req.Header.Set("Authorization", "Bearer "+c.secret.Token)
	resp, err := c.provider.Open(req)
	if err != nil {
		return channel.File{}, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return channel.File{}, missing(outbound.Answer{Status: resp.StatusCode, Header: resp.Header})
	}
	return outbound.File(resp, limit)
}

package whatsapp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
)

// Send makes one call of the messages endpoint. The answer's 2xx means accepted; everything later comes as a receipt.
func (c *conn) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	content, err := compose(p)
	if err != nil {
		return channel.Sent{}, err
	}
	a, err := c.call(ctx, http.MethodPost, c.account+"/messages", nil, content)
	if err != nil {
		return channel.Sent{}, err
	}
	if !a.Success() {
		return channel.Sent{}, failure(a)
	}
	return accepted(a)
}

// accepted reads the ID and the addresses out of an answer. Without an ID the message may still have been taken.
func accepted(a outbound.Answer) (channel.Sent, error) {
	o := parseObject(a.Body)
	var id string
	if list := o.list("messages"); len(list) > 0 {
		id = parseObject(list[0]).text("id")
	}
	if id == "" {
		return channel.Sent{}, &channel.Error{Class: channel.Unknown, Detail: "the provider's answer has no message ID"}
	}
	sent := channel.Sent{ID: id, Delivery: conversation.Sent}
	if list := o.list("contacts"); len(list) > 0 {
		who := parseObject(list[0])
		sent.To = identities("", who.text("wa_id"), who.text("user_id"))
	}
	return sent, nil
}

// Test asks for the number's name and quality.
func (c *conn) Test(ctx context.Context) (string, error) {
	a, err := c.call(ctx, http.MethodGet, c.account, url.Values{"fields": {"display_phone_number,verified_name,quality_rating"}}, nil)
	if err != nil {
		return "", err
	}
	if !a.Success() {
		return "", failure(a)
	}
	o := parseObject(a.Body)
	if o.text("display_phone_number") == "" {
		return "", &channel.Error{Class: channel.ChannelDown, Detail: "the provider's answer names no phone number"}
	}
	words := []string{"connected as", o.text("verified_name"), o.text("display_phone_number")}
	if quality := o.text("quality_rating"); quality != "" {
		words = append(words, "(quality "+strings.ToLower(quality)+")")
	}
	return strings.Join(nonEmpty(words...), " "), nil
}

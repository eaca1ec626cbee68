package twilio_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
)

const (
	sid    = "AC00000000000000000000000000000001"
	secret = `{"account_sid":"` + sid + `","auth_token":"hidden"}`
)

func TestSenders(t *testing.T) {
	type want struct {
		method           string
		files            int
		ref16, segments  bool
		replyOnly, templ bool
	}
	tests := []struct {
		account string
		options map[string]string
		want    want
	}{
		{"+493012345678", nil, want{channel.MethodSMS, 10, false, true, false, false}},
		{"+493012345678", map[string]string{"mms": "off", "ref16": "on"}, want{channel.MethodSMS, 0, true, true, false, false}},
		{"+18005550001", nil, want{channel.MethodSMS, 10, true, true, false, false}},
		{"+18885550001", map[string]string{"ref16": "off"}, want{channel.MethodSMS, 10, false, true, false, false}},
		{"12345", nil, want{channel.MethodSMS, 0, false, true, false, false}},
		{"12345", map[string]string{"mms": "on"}, want{channel.MethodSMS, 10, false, true, false, false}},
		{"ACME Shop", nil, want{channel.MethodSMS, 0, false, true, true, false}},
		{service, nil, want{channel.MethodSMS, 10, false, true, false, false}},
		{whatsApp, nil, want{channel.MethodChat, 10, false, false, false, true}},
		{whatsApp, map[string]string{"mms": "off"}, want{channel.MethodChat, 0, false, false, false, true}},
	}
	for _, tt := range tests {
		t.Run(tt.account, func(t *testing.T) {
			conn, err := twilio.New().Open(t.Context(), channel.Settings{Account: tt.account, Secret: secret, Options: tt.options})
			require.NoError(t, err)
			c := conn.Capabilities()
			assert.Equal(t, tt.want, want{c.Method, c.Attachments.Max, c.Ref16, c.Segments, c.ReplyOnly != "", c.Templates})
			assert.Equal(t, channel.Limit{Max: 1600, Unit: channel.CodePoints}, c.Text)
			assert.Equal(t, c.Attachments.Max == 0, c.Attachments.Refusal != "")
			assert.Equal(t, tt.account == whatsApp, c.Window.Free > 0)
			assert.Equal(t, channel.Receipts{}, c.Receipts, "without a callback address there are no receipts")
		})
	}
}

func TestRefusedSettings(t *testing.T) {
	tests := []struct {
		name, account, secret, callback string
		options                         map[string]string
		setting                         string
	}{
		{"too few digits", "+12345", secret, "", nil, "account"},
		{"16 digits", "+1234567890123456", secret, "", nil, "account"},
		{"a leading zero", "+0123456789", secret, "", nil, "account"},
		{"digits without +", "4930123456", secret, "", nil, "account"},
		{"12 characters", "ABCDEFGHIJKL", secret, "", nil, "account"},
		{"a service cut short", "MG1234567890", secret, "", nil, "account"},
		{"WhatsApp without a number", "whatsapp:NL.1", secret, "", nil, "account"},
		{"another channel", "messenger:123", secret, "", nil, "account"},
		{"no JSON", account, "hidden", "", nil, "secret"},
		{"an unknown field", account, `{"account_sid":"` + sid + `","auth_token":"hidden","token":"hidden"}`, "", nil, "secret"},
		{"two values", account, secret + secret, "", nil, "secret"},
		{"a key for an account", account, `{"account_sid":"SK00000000000000000000000000000001","auth_token":"hidden"}`, "", nil, "secret"},
		{"no auth token", account, `{"account_sid":"` + sid + `","api_key":"SK00000000000000000000000000000001","api_secret":"hidden"}`, "", nil, "secret"},
		{"no API secret", account, `{"account_sid":"` + sid + `","auth_token":"hidden","api_key":"SK00000000000000000000000000000001"}`, "", nil, "secret"},
		{"a strange API key", account, `{"account_sid":"` + sid + `","auth_token":"hidden","api_key":"hidden","api_secret":"hidden"}`, "", nil, "secret"},
		{"an unknown option", account, secret, "", map[string]string{"sms": "on"}, "sms"},
		{"an option without a meaning", account, secret, "", map[string]string{"mms": "yes"}, "mms"},
		{"files by a name", "ACME", secret, "", map[string]string{"mms": "on"}, "mms"},
		{"segments of WhatsApp", whatsApp, secret, "", map[string]string{"ref16": "on"}, "ref16"},
		{"a callback without a host", account, secret, "/hooks", nil, "callback URL"},
		{"a callback by ftp", account, secret, "ftp://desk.example.com/", nil, "callback URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := twilio.New().Open(t.Context(), channel.Settings{Account: tt.account, Secret: tt.secret, CallbackURL: tt.callback, Options: tt.options})
			require.ErrorIs(t, err, channel.ErrSetting)
			var e *channel.SettingError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.setting, e.Name)
			assert.False(t, strings.Contains(err.Error(), "hidden"), "an error quotes the secret: %v", err)
		})
	}
	for _, base := range []string{"api.twilio.com", "ftp://api.twilio.com", "https://api.twilio.com/2010", "https://u:p@api.twilio.com", "%"} {
		_, err := (&twilio.Driver{BaseURL: base}).Open(t.Context(), channel.Settings{Account: account, Secret: secret})
		assert.ErrorIs(t, err, channel.ErrSetting, base)
	}
}

func TestAcknowledge(t *testing.T) {
	assert.Equal(t, channel.Response{Status: 204}, twilio.New().Acknowledge(nil))
}

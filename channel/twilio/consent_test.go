package twilio_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestConsent(t *testing.T) {
	out, in := &channel.Consent{OptedOut: true}, &channel.Consent{}
	outAnswered, inAnswered := &channel.Consent{OptedOut: true, Answered: true}, &channel.Consent{Answered: true}
	tests := []struct {
		text, from, kind string
		want             *channel.Consent
	}{
		{"STOP", "+31612345678", "", out},
		{" stop\r\n", "+31612345678", "", out},
		{"StopAll", "+31612345678", "", out},
		{"unsubscribe", "+31612345678", "", out},
		{"end", "+31612345678", "", out},
		{"Quit", "+31612345678", "", out},
		{"CANCEL", "+31612345678", "", out},
		{"REVOKE", "+31612345678", "", out},
		{"optout", "+31612345678", "", out},
		{"Arrêt", "+31612345678", "", out},
		{"START", "+31612345678", "", in},
		{"unstop", "+31612345678", "", in},
		{"weer aan", "+31612345678", "", in},
		{"HELP", "+31612345678", "", nil},
		{"info", "+31612345678", "", nil},
		{"please stop", "+31612345678", "", nil},
		{"stop.", "+31612345678", "", nil},
		{"", "+31612345678", "", nil},
		{"whatever is configured", "+31612345678", "STOP", outAnswered},
		{"ja", "+31612345678", "START", inAnswered},
		{"STOP", "+31612345678", "HELP", nil},
		{"STOP", "+31612345678", "NEWTYPE", nil},
		{"STOP", "whatsapp:+31612345678", "", nil},
		{"STOP", "whatsapp:+31612345678", "STOP", outAnswered},
	}
	d := &twilio.Driver{StopWords: []string{"arrêt", ""}, StartWords: []string{" weer aan "}}
	for _, tt := range tests {
		t.Run(tt.text+" "+tt.from+" "+tt.kind, func(t *testing.T) {
			items, err := d.Parse(form("", "MessageSid", "SM1", "From", tt.from, "To", account, "MessagingServiceSid", service, "Body", tt.text, "OptOutType", tt.kind))
			require.NoError(t, err)
			require.NotNil(t, items[0].Message, "the message comes first")
			assert.Equal(t, tt.text, items[0].Message.Text)
			if tt.want == nil {
				assert.Len(t, items, 1)
				return
			}
			require.Len(t, items, 2)
			want := *tt.want
			want.From, want.Message = items[0].Message.From[0], "SM1"
			assert.Equal(t, channel.Item{Account: account, Fallback: service, Thread: "+31612345678", Consent: &want}, items[1])
		})
	}
}

func TestConsentOfAReceipt(t *testing.T) {
	for code, want := range map[string]int{"21610": 2, "63014": 2, "30005": 1} {
		items := parse(t, form("", "MessageSid", "SM1", "MessageStatus", "failed", "ErrorCode", code, "From", account, "To", "+31612345678"))
		require.Len(t, items, want, code)
		if want == 2 {
			assert.Equal(t, &channel.Consent{From: conversation.Identity{Scope: conversation.ScopePhone, Address: "+31612345678"}, OptedOut: true, Answered: true}, items[1].Consent)
		}
	}
}

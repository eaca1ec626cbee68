package twilio

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
)

// Files cost more as MMS; who has switched them on has said so.
func TestPremium(t *testing.T) {
	for _, tt := range []struct {
		sender senderType
		option string
		want   string
	}{
		{longCode, "", "MMS"}, {longCode, "on", ""}, {longCode, "off", ""}, {shortCode, "", ""}, {shortCode, "on", ""}, {whatsapp, "", ""}, {tollFree, "", "MMS"},
	} {
		s := channel.Settings{}
		if tt.option != "" {
			s.Options = map[string]string{"mms": tt.option}
		}
		caps, err := capabilities(tt.sender, s)
		require.NoError(t, err)
		assert.Equal(t, tt.want, caps.Premium, "%s %q", tt.sender, tt.option)
	}
}

package twilio

import (
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// codesByClass is written by hand from Twilio's error dictionary, so that a code that moves or is lost shows.
var codesByClass = map[channel.Class][]int{
	channel.Retry: {14107, 20429, 20500, 20503, 21611, 30001, 30003, 30008, 30022, 63018},
	channel.Recipient: {21211, 21265, 21266, 21408, 21608, 21610, 21612, 21614, 21635, 30004, 30005, 30006, 63003, 63014, 63024,
		63032},
	channel.Content: {11751, 12300, 21602, 21617, 21619, 21620, 21623, 21655, 21656, 30007, 30011, 30019, 63005, 63019, 63021,
		63027, 63028},
	channel.WindowClosed: {63016},
	channel.ChannelDown: {20003, 20005, 20404, 21603, 21606, 21609, 21659, 21660, 21661, 21701, 21703, 21705, 30002, 30010, 30023,
		30032, 30034, 30035, 63007, 63020, 63038, 63051},
}

func TestEveryCode(t *testing.T) {
	server := twiliotest.New("+15005550001")
	network := &channeltest.Network{Hosts: map[string]http.Handler{"api.twilio.com": server}}
	c, err := New().Open(t.Context(), channel.Settings{Account: "+15005550001", Secret: server.Secret(), Client: network.Client()})
	require.NoError(t, err)
	n := 0
	for class, codes := range codesByClass {
		for _, code := range codes {
			n++
			t.Run(strconv.Itoa(code), func(t *testing.T) {
				out := slices.Contains([]int{21610, 63014}, code)
				server.Fail(code)
				_, err := c.Send(t.Context(), channel.Part{Outgoing: channel.Outgoing{Text: "x", To: []conversation.Identity{{Address: "+15005550002"}}}})
				e := channel.AsError(err)
				assert.Equal(t, class, e.Class)
				assert.Equal(t, strconv.Itoa(code), e.Code)
				assert.Equal(t, out, e.OptedOut)
				assert.NotEmpty(t, e.Detail)

				f := failure(strconv.Itoa(code), "detail")
				assert.Equal(t, &channel.Error{Class: class, Code: strconv.Itoa(code), Detail: "detail", OptedOut: out}, f)
			})
		}
	}
	assert.Len(t, classes, n, "a code without a test")
}

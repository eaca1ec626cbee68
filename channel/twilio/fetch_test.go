package twilio

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const testSecret = `{"account_sid":"AC00000000000000000000000000000001","auth_token":"token"}`

func TestFetchAnswers(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		location string
		is       error
		class    channel.Class
	}{
		{"not there yet", 404, "", channel.ErrNotFound, channel.Retry},
		{"a wrong login", 401, "", nil, channel.ChannelDown},
		{"overload", 503, "", nil, channel.Retry},
		{"a redirect to nowhere", 302, "", channel.ErrNotFound, channel.Unknown},
		{"a redirect that cannot be read", 302, "https://%zz", nil, channel.Retry},
		{"a circle", 302, "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", channel.ErrNotFound, channel.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			network := &channeltest.Network{}
			network.Add("api.twilio.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.location != "" {
					w.Header().Set("Location", tt.location)
				}
				w.WriteHeader(tt.status)
			}))
			c, err := New().Open(t.Context(), channel.Settings{Account: "+15005550001", Secret: testSecret, Client: network.Client()})
			require.NoError(t, err)
			_, err = c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{URL: "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"}, 10)
			require.Error(t, err)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
			assert.Equal(t, tt.class, channel.AsError(err).Class)
			assert.LessOrEqual(t, len(network.Requests()), 6)
			for i, r := range network.Requests() {
				assert.Equal(t, i == 0, r.Header.Get("Authorization") != "", "only the first request has a login")
			}
		})
	}
}

// The login opens the whole account: with it, nothing is read but files of messages.
func TestFetchReadsFilesOnly(t *testing.T) {
	network := &channeltest.Network{}
	network.Add("api.twilio.com", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	c, err := New().Open(t.Context(), channel.Settings{Account: "+15005550001", Secret: testSecret, Client: network.Client()})
	require.NoError(t, err)
	const account = "https://api.twilio.com/2010-04-01/Accounts/AC1"
	for _, address := range []string{account + ".json", account, account + "/Messages.json", account + "/Messages/MM1.json", account + "/Messages/MM1/Media.json",
		account + "/Messages/MM1/Media/ME1.json", account + "/Messages/MM1/Media/ME1?x", account + "/Messages/MM1/Media/../../../Keys.json",
		account + "/Messages/MM1/Media/%2e%2e", account + "/Messages/MM1/Media/ME1/", "https://example.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", "%"} {
		_, err := c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{URL: address}, 10)
		assert.ErrorIs(t, err, channel.ErrNotFound, address)
	}
	assert.Empty(t, network.Requests())
	_, err = c.(channel.Fetcher).Fetch(t.Context(), conversation.Attachment{URL: account + "/Messages/MM1/Media/ME1"}, 10)
	assert.NoError(t, err)
}

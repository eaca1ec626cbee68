package nyaruka_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/phone/nyaruka"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

func TestPhone(t *testing.T) {
	for _, tt := range []struct{ raw, country, want string }{
		{"0151 23456789", "DE", "+4915123456789"},
		{"+49 (0) 151 23456789", "", "+4915123456789"},
		{"tel:+1-202-555-0143", "", "+12025550143"},
		{"whatsapp:+12025550143", "", "+12025550143"},
		{"(202) 555-0143", "US", "+12025550143"},
		{"0151 23456789", "", ""},
		{"0151 23456789", "XX", ""},
		{"85258", "US", ""}, // a short code
		{"+52 1 55 1234 5678", "MX", ""},
		{"+49 999999999999", "DE", ""},
		{"ACME", "DE", ""},
		{"", "DE", ""},
	} {
		got, ok := nyaruka.Phone(tt.raw, tt.country)
		assert.Equal(t, tt.want, got, "%q in %q", tt.raw, tt.country)
		assert.Equal(t, tt.want != "", ok, "%q in %q", tt.raw, tt.country)
	}
}

// A Desk with this parser takes countries that its own reading does not know.
func TestInADesk(t *testing.T) {
	ctx := t.Context()
	d, err := frontdesk.New(frontdesk.Config{Store: memstore.New(), Phone: nyaruka.Phone})
	require.NoError(t, err)
	setup := d.As(frontdesk.System("acme"))
	require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "lima", Country: "PE"}))
	require.ErrorIs(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "lima", Country: "Peru"}), frontdesk.ErrInvalid)
	report, err := setup.ImportContacts(ctx, strings.NewReader("name,phone\nAna,912 345 678\nInfo,85258\nMax,ACME\n"), frontdesk.Import{Mailbox: "lima"})
	require.NoError(t, err)
	assert.Equal(t, 1, report.Created)
	assert.Equal(t, 2, report.Bad)
	page, err := setup.Contacts(ctx, frontdesk.ContactQuery{Phone: "+51912345678"})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, conversation.Identity{Scope: conversation.ScopePhone, Address: "+51912345678"}, page.Items[0].Identities[0])
}

func FuzzPhone(f *testing.F) {
	f.Add("+49 (0) 151 23456789", "DE")
	f.Add("tel:+1-202-555-0143;ext=5", "")
	f.Fuzz(func(t *testing.T, raw, country string) {
		got, ok := nyaruka.Phone(raw, country)
		if !ok {
			assert.Empty(t, got)
			return
		}
		assert.Regexp(t, `^\+[1-9][0-9]{6,14}$`, got)
	})
}

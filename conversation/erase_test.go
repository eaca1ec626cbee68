package conversation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who is dropped goes with the threads on which he is answered; the others' stay, and who is not there changes nothing.
func TestDropPeople(t *testing.T) {
	mail := Identity{Scope: ScopeEmail, Address: "a@b.example"}
	other := Thread{Channel: "mail", Key: "t", To: []Identity{mail}}
	nobody := Thread{Channel: "web", Key: "w"}
	for name, tt := range map[string]struct {
		cmd      DropPeople
		threads  []string // channels that are left
		contacts []string
		told     bool
	}{
		"somebody else":        {DropPeople{Contact: "k9", Identities: []Identity{{Scope: ScopePhone, Address: "+49999"}}}, []string{"wa", "mail", "web"}, []string{customer.ID}, false},
		"his address":          {DropPeople{Contact: "k9", Identities: mainThread.To}, []string{"mail", "web"}, []string{customer.ID}, true},
		"of another scope":     {DropPeople{Contact: "k9", Identities: []Identity{{Scope: ScopeEmail, Address: mainThread.To[0].Address}}}, []string{"wa", "mail", "web"}, []string{customer.ID}, false},
		"the second of two":    {DropPeople{Contact: "k9", Identities: []Identity{phoneID("+1"), mail}}, []string{"wa", "web"}, []string{customer.ID}, true},
		"he, without a thread": {DropPeople{Contact: customer.ID}, []string{"wa", "mail", "web"}, nil, true},
		"he and all his":       {DropPeople{Contact: customer.ID, Identities: []Identity{mail, mainThread.To[0]}}, []string{"web"}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := begin(t, Rules{})
			l.receive("first")
			l.do(ann, Reply{Message: Message{Text: "hello"}, Thread: other}, Reply{Message: Message{Text: "again"}, Thread: nobody})
			change, err := l.try(ben, tt.cmd)
			require.NoError(t, err)
			channels := []string{}
			for _, th := range l.c.Threads {
				channels = append(channels, th.Channel)
			}
			assert.Equal(t, tt.threads, channels)
			assert.ElementsMatch(t, tt.contacts, l.c.Contacts)
			assert.Equal(t, tt.told, change.Changed())
			assert.Equal(t, !tt.told, l.c.Preview == "again", "what it shows may be his")
		})
	}
}

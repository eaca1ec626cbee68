package conversation

import (
	"reflect"
	"testing"
	"time"

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

// Of a wiped entry nothing is left that somebody wrote, nor where it went.
func TestWipe(t *testing.T) {
	later := start.Add(time.Hour)
	for _, by := range []Actor{ann, {Kind: ByContact, ID: "k", Name: "Bea", Initials: "B"}} {
		failure := &Failure{Class: "recipient", Code: "131", Detail: "no such number +49151"}
		m := Message{ID: "m", Conversation: "c1", Sequence: 3, Direction: Outbound, Author: by, Text: "secret", Subject: "s", To: mainThread.To, CC: mainThread.To, BCC: mainThread.To,
			Trashed: start, TrashedIn: "shop", Delivery: Failed, Failure: failure, Changed: start}
		m.Wipe(later)
		want := Message{ID: "m", Conversation: "c1", Sequence: 3, Direction: Outbound, Author: by, Delivery: Failed, Failure: &Failure{Class: "recipient", Code: "131"}, Erased: later, Changed: later}
		if by.Kind == ByContact {
			want.Author = Actor{Kind: ByContact, ID: "k"}
		}
		assert.Equal(t, want, m)
		assert.Equal(t, "no such number +49151", failure.Detail, "what others hold stays as it was")
	}
	m := Message{Text: "secret"}
	m.Wipe(later)
	assert.Equal(t, Message{Erased: later, Changed: later}, m)
}

// A conversation shows no more of a wiped entry, and what it shows of others stays.
func TestConceal(t *testing.T) {
	m := Message{Sequence: 3, Text: "secret", Subject: "s"}
	for name, tt := range map[string]struct {
		was, want Conversation
	}{
		"its newest":             {Conversation{Latest: 3, Preview: "secret", Subject: "s"}, Conversation{Latest: 3}},
		"newest of a part":       {Conversation{Preview: "secret", Subject: "other"}, Conversation{Subject: "other"}},
		"an older one":           {Conversation{Latest: 4, Preview: "secret", Subject: "other"}, Conversation{Latest: 4, Preview: "secret", Subject: "other"}},
		"another text":           {Conversation{Latest: 3, Preview: "edited"}, Conversation{Latest: 3, Preview: "edited"}},
		"an older one began it":  {Conversation{Latest: 4, Preview: "x", Subject: "s"}, Conversation{Latest: 4, Preview: "x"}},
		"nothing is shown of it": {Conversation{Latest: 3}, Conversation{Latest: 3}},
	} {
		c := tt.was
		assert.Equal(t, !reflect.DeepEqual(tt.was, tt.want), c.Conceal(&m), name)
		assert.Equal(t, tt.want, c, name)
	}
	assert.False(t, new(Conversation).Conceal(&Message{}), "what is empty is not there")
}

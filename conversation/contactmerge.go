package conversation

import (
	"cmp"
	"slices"
	"time"
)

// MaxMerged is how many contacts one contact holds at the most, those merged into them before included.
const MaxMerged = 20

// Given is what a contact took over from one that was merged into it, besides identities: what undoing takes back.
type Given struct {
	Name     string   `json:"name,omitempty"`
	Platform string   `json:"platform,omitempty"`
	Labels   []string `json:"labels,omitempty"`
	Fields   []string `json:"fields,omitempty"` // IDs
	Links    []Link   `json:"links,omitempty"`
	Blocked  bool     `json:"blocked,omitempty"`
	Refused  int64    `json:"refused,omitempty"`

	Consents map[string]Consent `json:"consents,omitempty"` // of the channels whose word was taken over: the word before
	At       time.Time          `json:"at"`                 // when it was merged
}

func compareLinks(a, b Link) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.By, b.By))
}

// MergeContacts merges contacts into one: what the first has stays, and what it lacks it takes from the others in their order. Of consent
// and blocking the strictest holds: who has opted out once, has. It returns the one and the others as parts of it, changing nothing it was given. Errors: *StateError,
// *ValueError.
func MergeContacts(now time.Time, head Contact, others ...Contact) (Contact, []Contact, error) {
	head = head.Clone()
	if len(others) == 0 {
		return head, nil, badValue("merge", "names no contact to merge; name one besides the first")
	}
	if head.Into != "" {
		return head, nil, &StateError{Command: "merge", Reason: "the contact is merged into " + head.Into, Instead: "undo the merge"}
	}
	parts := make([]Contact, 0, len(others))
	for _, p := range others {
		p = p.Clone()
		switch {
		case p.ID == head.ID || slices.ContainsFunc(parts, func(o Contact) bool { return o.ID == p.ID }):
			return head, nil, badValue("merge", "contact %s is named twice", p.ID)
		case p.Into != "":
			return head, nil, &StateError{Command: "merge", Reason: "contact " + p.ID + " is merged into " + p.Into, Instead: "undo the merge"}
		}
		if err := head.take(&p, now); err != nil {
			return head, nil, err
		}
		parts = append(parts, p)
	}
	return head, parts, nil
}

func (c *Contact) take(p *Contact, now time.Time) error {
	gave := &Given{Refused: p.Refused, Consents: map[string]Consent{}, At: now.UTC().Truncate(time.Microsecond)}
	if c.Name == "" && p.Name != "" {
		c.Name, gave.Name = p.Name, p.Name
	}
	if c.PlatformName == "" && p.PlatformName != "" {
		c.PlatformName, gave.Platform = p.PlatformName, p.PlatformName
	}
	for _, i := range p.Identities {
		if _, err := c.AddIdentity(i); err != nil {
			return err
		}
	}
	if err := c.takeLists(p, gave); err != nil {
		return err
	}
	for _, channel := range p.channels() {
		word, mine := p.ConsentOn(channel), c.ConsentOn(channel)
		if stricter(word.State) <= stricter(mine.State) {
			continue
		}
		gave.Consents[channel] = mine
		if _, err := c.SetConsent(channel, word); err != nil {
			return err
		}
	}
	c.Refused += p.Refused
	if p.Blocked && !c.Blocked {
		c.Blocked, gave.Blocked = true, true
	}
	c.Parts = append(append(c.Parts, p.ID), p.Parts...)
	if len(c.Parts) > MaxMerged {
		return badValue("merge", "the contact would hold %d others, at most %d", len(c.Parts), MaxMerged)
	}
	p.Into, p.Gave = c.ID, gave
	return nil
}

func (c *Contact) takeLists(p *Contact, gave *Given) error {
	for _, l := range p.Labels {
		if !slices.Contains(c.Labels, l) {
			gave.Labels = append(gave.Labels, l)
		}
	}
	if _, err := c.ChangeLabels(gave.Labels, nil); err != nil {
		return err
	}
	for _, l := range p.Links {
		added, err := c.AddLink(l)
		if err != nil {
			return err
		}
		if added {
			gave.Links = append(gave.Links, l)
		}
	}
	taken := map[string]Value{}
	for id, v := range p.Fields {
		if _, has := c.Fields[id]; !has {
			taken[id] = v
			gave.Fields = append(gave.Fields, id)
		}
	}
	slices.Sort(gave.Fields)
	_, err := c.SetFields(taken)
	return err
}

// channels are those on which somebody has said something, sorted.
func (c *Contact) channels() []string {
	out := slices.Clone(c.OptedOut)
	for id := range c.Consents {
		out = append(out, id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stricter orders words on a channel. They are one person's: a word counts before none, an answer before a question, a no before a yes.
func stricter(s ConsentState) int {
	return slices.Index([]ConsentState{noWord, OptInAsked, OptedIn, OptedOut}, s)
}

// UnmergeContact undoes one merge: the part has its identities back, but for those that the head has no longer, and the head loses what it
// took from the part and nobody has changed since. An opt-out that was said since holds for both, for nobody knows which of them said it.
// Error: *StateError.
func UnmergeContact(head, part Contact) (Contact, Contact, error) {
	head, part = head.Clone(), part.Clone()
	if part.Into != head.ID || part.Gave == nil {
		return head, part, &StateError{Command: "unmerge", Reason: part.ID + " is not merged into " + head.ID + " directly"}
	}
	if head.Into != "" {
		return head, part, &StateError{Command: "unmerge", Reason: "the contact itself is merged into " + head.Into, Instead: "undo the later merge first"}
	}
	gave := part.Gave
	if gave.Name != "" && head.Name == gave.Name {
		head.Name = ""
	}
	if gave.Platform != "" && head.PlatformName == gave.Platform {
		head.PlatformName = ""
	}
	// What was taken from the head meanwhile is not the part's either: somebody else may have it.
	part.Identities = slices.DeleteFunc(part.Identities, func(i Identity) bool { return !head.RemoveIdentity(i) })
	head.Labels = slices.DeleteFunc(head.Labels, func(l string) bool { return slices.Contains(gave.Labels, l) })
	head.Links = slices.DeleteFunc(head.Links, func(l Link) bool { return slices.Contains(gave.Links, l) })
	for _, id := range gave.Fields {
		if head.Fields[id].Equal(part.Fields[id]) {
			delete(head.Fields, id)
		}
	}
	if gave.Blocked && head.Blocked {
		head.Blocked = false
	}
	head.Refused = max(0, head.Refused-gave.Refused)
	if err := part.divorce(&head, gave); err != nil {
		return head, part, err
	}
	head.Parts = slices.DeleteFunc(head.Parts, func(id string) bool { return id == part.ID || slices.Contains(part.Parts, id) })
	part.Into, part.Gave = "", nil
	return head, part, nil
}

// divorce parts the consents of a contact from those of the one it was merged into.
func (c *Contact) divorce(head *Contact, gave *Given) error {
	for _, channel := range head.channels() {
		word, mine := head.ConsentOn(channel), c.ConsentOn(channel)
		before, taken := gave.Consents[channel]
		switch {
		case taken && word == mine:
			head.keepWord(channel, before)
		case word.State == OptedOut && word.At.After(gave.At):
			if _, err := c.SetConsent(channel, word); err != nil {
				return err
			}
		}
	}
	return nil
}

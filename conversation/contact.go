package conversation

import (
	"maps"
	"slices"
	"time"
)

// Identity is a scoped address under which a platform knows somebody.
type Identity struct {
	Scope    string `json:"scope"`   // "phone", "email", or what the address is unique in, such as "messenger:<page>"
	Address  string `json:"address"` // in the scope's normal form
	Name     string `json:"name,omitempty"`
	Verified bool   `json:"verified,omitempty"` // the platform vouches for it
}

// Is reports whether both are the same address, whatever they are called there.
func (i Identity) Is(o Identity) bool { return i.Scope == o.Scope && i.Address == o.Address }

// The scopes that channels share.
const (
	ScopePhone = "phone" // E.164, or a short code or sender name as it is
	ScopeEmail = "email" // lower case
)

// Contact is a person.
type Contact struct {
	ID           string           `json:"id"`
	Name         string           `json:"name,omitempty"`         // given by agents
	PlatformName string           `json:"platformName,omitempty"` // given by the platform; a refresh changes only this
	Identities   []Identity       `json:"identities,omitempty"`
	Labels       []string         `json:"labels,omitempty"` // sorted
	Fields       map[string]Value `json:"fields,omitempty"` // custom fields, by ID
	Links        []Link           `json:"links,omitempty"`  // to the host's records, sorted

	OptedOut []string           `json:"optedOut,omitempty"` // channel IDs that may not be used
	Consents map[string]Consent `json:"consents,omitempty"` // the last word on each channel, by its ID; what is opted out is also in OptedOut

	Blocked bool  `json:"blocked,omitempty"` // nothing goes out, and of what comes in only the number is kept
	Refused int64 `json:"refused,omitempty"` // messages that came in while blocked

	Into  string   `json:"into,omitempty"`  // the contact that this one is merged into
	Parts []string `json:"parts,omitempty"` // the contacts merged into this one, and those merged into them before
	Gave  *Given   `json:"gave,omitempty"`  // of one that is merged: what the other took over

	Forgotten string `json:"forgotten,omitempty"` // ID of the receipt, of one who was forgotten: nothing else of him is left

	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
}

// Consent is the last word on whether a channel may be used to write to a contact.
type Consent struct {
	State ConsentState `json:"state"`
	At    time.Time    `json:"at"`
	By    Actor        `json:"by"` // without its name
}

// ConsentState is what somebody said about being written to.
type ConsentState string

// The states of consent. Nobody has said anything where there is none.
const (
	OptedIn       ConsentState = "in"
	OptedOut      ConsentState = "out"
	OptInAsked    ConsentState = "asked" // a double opt-in was asked for and not answered
	noWord        ConsentState = ""
	maxConsents                = 200 // channels on which a contact has said something
	MaxIdentities              = 50  // of a contact
	MaxLabels                  = 100 // of a contact, and of a conversation, which has the first of those of all its contacts
	maxRecords                 = 50  // that a contact is tied to
	MaxName                    = 500 // bytes of a contact's name
)

// DisplayName is what lists show: the name, else the platform's, else the first address.
func (c *Contact) DisplayName() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.PlatformName != "":
		return c.PlatformName
	case len(c.Identities) > 0:
		return c.Identities[0].Address
	}
	return ""
}

// Clone returns a contact that shares no memory with c.
func (c Contact) Clone() Contact {
	c.Identities, c.Labels, c.Links = slices.Clone(c.Identities), slices.Clone(c.Labels), slices.Clone(c.Links)
	c.OptedOut, c.Parts = slices.Clone(c.OptedOut), slices.Clone(c.Parts)
	c.Fields, c.Consents = cloneFields(c.Fields), maps.Clone(c.Consents)
	if c.Gave != nil {
		gave := *c.Gave
		gave.Labels, gave.Fields, gave.Links = slices.Clone(gave.Labels), slices.Clone(gave.Fields), slices.Clone(gave.Links)
		gave.Consents = maps.Clone(gave.Consents)
		c.Gave = &gave
	}
	return c
}

func cloneFields(fields map[string]Value) map[string]Value {
	fields = maps.Clone(fields)
	for id, v := range fields {
		v.Values = slices.Clone(v.Values)
		fields[id] = v
	}
	return fields
}

// ChangeLabels adds and removes labels; adding wins over removing. It reports whether anything changed. Error: *ValueError.
func (c *Contact) ChangeLabels(add, remove []string) (bool, error) {
	labels := slices.DeleteFunc(slices.Clone(c.Labels), func(l string) bool { return slices.Contains(remove, l) })
	labels = append(labels, add...)
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if beyond(len(c.Labels), len(labels), MaxLabels) {
		return false, badValue("labels", "%d labels, at most %d", len(labels), MaxLabels)
	}
	changed := !slices.Equal(labels, c.Labels)
	c.Labels = labels
	return changed, nil
}

// ConsentOn returns the last word on a channel. A contact that was opted out before the word was kept has no time and nobody who said it.
func (c Contact) ConsentOn(channel string) Consent {
	word := c.Consents[channel]
	switch out := slices.Contains(c.OptedOut, channel); {
	case out && word.State != OptedOut:
		return Consent{State: OptedOut}
	case !out && word.State == OptedOut:
		return Consent{}
	}
	return word
}

// SetConsent notes a word on a channel, and reports whether it says anything new. Asking somebody who has opted in or out says nothing:
// his own word stands. An opt-out is noted however many words there are.
func (c *Contact) SetConsent(channel string, word Consent) (bool, error) {
	old := c.ConsentOn(channel)
	if old.State == word.State || word.State == OptInAsked && old.State != noWord {
		return false, nil
	}
	if _, known := c.Consents[channel]; !known && len(c.Consents) >= maxConsents && word.State != OptedOut {
		return false, badValue("consent", "the contact has said something about %d channels, at most %d", len(c.Consents), maxConsents)
	}
	word.By.Name, word.By.Initials = "", ""
	word.At = word.At.UTC().Truncate(time.Microsecond)
	c.keepWord(channel, word)
	return true, nil
}

// keepWord makes a word the last on a channel; the zero one says that there was none.
func (c *Contact) keepWord(channel string, word Consent) {
	c.Consents = maps.Clone(c.Consents)
	if c.Consents == nil {
		c.Consents = map[string]Consent{}
	}
	if c.Consents[channel] = word; word.State == noWord {
		delete(c.Consents, channel)
	}
	c.OptedOut = slices.DeleteFunc(slices.Clone(c.OptedOut), func(id string) bool { return id == channel })
	if word.State == OptedOut {
		c.OptedOut = append(c.OptedOut, channel)
	}
}

// AddIdentity gives the contact an identity, and reports whether he lacked it. Error: *ValueError.
func (c *Contact) AddIdentity(i Identity) (bool, error) {
	if c.identity(i) >= 0 {
		return false, nil
	}
	if len(c.Identities) >= MaxIdentities {
		return false, badValue("identities", "the contact has %d, at most %d", len(c.Identities), MaxIdentities)
	}
	c.Identities = append(slices.Clone(c.Identities), i)
	return true, nil
}

// RemoveIdentity takes an identity from the contact, and reports whether he had it.
func (c *Contact) RemoveIdentity(i Identity) bool {
	at := c.identity(i)
	if at < 0 {
		return false
	}
	c.Identities = slices.Delete(slices.Clone(c.Identities), at, at+1)
	return true
}

func (c *Contact) identity(i Identity) int {
	return slices.IndexFunc(c.Identities, i.Is)
}

// AddLink ties the contact to a record, and reports whether he was not. Error: *ValueError.
func (c *Contact) AddLink(l Link) (bool, error) {
	links, added := addLink(c.Links, l)
	if added && len(links) > maxRecords {
		return false, badValue("links", "the contact has %d, at most %d", len(c.Links), maxRecords)
	}
	c.Links = links
	return added, nil
}

// RemoveLink takes a tie away, and reports whether there was one.
func (c *Contact) RemoveLink(kind, id string) bool {
	links := slices.DeleteFunc(slices.Clone(c.Links), func(l Link) bool { return l.Kind == kind && l.ID == id })
	removed := len(links) < len(c.Links)
	c.Links = links
	return removed
}

// addLink adds a link to a sorted list, unless the record is in it.
func addLink(links []Link, l Link) ([]Link, bool) {
	if slices.ContainsFunc(links, func(o Link) bool { return o.Kind == l.Kind && o.ID == l.ID }) {
		return links, false
	}
	links = append(slices.Clone(links), l)
	slices.SortFunc(links, compareLinks)
	return links, true
}

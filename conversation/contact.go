package conversation

import "time"

// Identity is a scoped address under which a platform knows somebody.
type Identity struct {
	Scope    string `json:"scope"`   // "phone", "email", or what the address is unique in, such as "messenger:<page>"
	Address  string `json:"address"` // in the scope's normal form
	Name     string `json:"name,omitempty"`
	Verified bool   `json:"verified,omitempty"` // the platform vouches for it
}

// The scopes that channels share.
const (
	ScopePhone = "phone" // E.164, or a short code or sender name as it is
	ScopeEmail = "email" // lower case
)

// Contact is a person.
type Contact struct {
	ID           string     `json:"id"`
	Name         string     `json:"name,omitempty"`         // given by agents
	PlatformName string     `json:"platformName,omitempty"` // given by the platform; a refresh changes only this
	Identities   []Identity `json:"identities,omitempty"`
	OptedOut     []string   `json:"optedOut,omitempty"`  // channel IDs that may not be used
	Forgotten    string     `json:"forgotten,omitempty"` // ID of the receipt, of one who was forgotten: nothing else of him is left
	Created      time.Time  `json:"created"`
	Changed      time.Time  `json:"changed"`
}

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

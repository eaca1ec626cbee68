package conversation

import (
	"cmp"
	"slices"
	"strings"
)

// How many a conversation has at the most, besides MaxTags and MaxLabels.
const (
	MaxFolders     = 50
	MaxOwners      = 20
	MaxSubscribers = 50
	MaxLinks       = 100
	MaxPins        = 100
	MaxRecordID    = 180 // bytes of a record's ID
)

// maxListed bounds all that a merged conversation is listed by. A store takes 500 facts of a row; some 30 are about the conversation itself.
// Labels do not count: they have what room is left.
const maxListed = 450

// listed counts what a conversation is listed by. An owner or subscriber counts twice: it is found by him, and seen by him.
func (c *Conversation) listed() int {
	return len(c.Contacts) + len(c.Tags) + len(c.Folders) + len(c.Pinned) + len(c.Links) + 2*(len(c.Owners)+len(c.Subscribers))
}

// listedLabels are the first of some sorted labels, as many as a conversation has.
func listedLabels(labels []string) []string { return labels[:min(len(labels), MaxLabels)] }

// beyond reports whether a list became longer than it may be. One that was too long already, since the maximum was lowered, can be made
// shorter, and have others in the place of what is removed.
func beyond(before, after, most int) bool { return after > most && after > before }

// merge returns a sorted list without what is removed and with what is added. Adding wins over removing.
func merge[T comparable](list, add, remove []T, order func(a, b T) int) []T {
	out := slices.DeleteFunc(slices.Clone(list), func(v T) bool { return slices.Contains(remove, v) })
	out = append(out, add...)
	slices.SortFunc(out, order)
	return slices.Compact(out)
}

// gone are those of one list that another lacks.
func gone[T comparable](from, to []T) []T {
	return slices.DeleteFunc(slices.Clone(from), func(v T) bool { return slices.Contains(to, v) })
}

// codes joins what gives each value's code.
func codes[T any](list []T, code func(T) string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = code(v)
	}
	return joined(out)
}

func same(s string) string { return s }

// ChangeFolders puts the conversation into folders and takes it out of others, by ID. Adding wins over removing. Of personal
// folders the timeline tells nothing, since others read it, and the event names none.
type ChangeFolders struct {
	Add, Remove []string
}

// PersonalFolder is the ID of a folder that only one agent sees. A folder for all has an ID without a slash.
func PersonalFolder(agent, id string) string { return agent + "/" + id }

// FolderAgent returns whose personal folder an ID names; "" for a folder for all.
func FolderAgent(folder string) string {
	agent, _, personal := strings.Cut(folder, "/")
	if !personal {
		return ""
	}
	return agent
}

func (cmd ChangeFolders) do(x *step) error {
	for _, id := range cmd.Add {
		agent, rest, personal := strings.Cut(id, "/")
		if CheckID(agent) != "" || personal && CheckID(rest) != "" {
			return badValue("folders", "%q is not a folder's ID", id)
		}
	}
	before := x.c.Folders
	after := merge(before, cmd.Add, cmd.Remove, cmp.Compare)
	if beyond(len(before), len(after), MaxFolders) {
		return badValue("folders", "%d folders, at most %d", len(after), MaxFolders)
	}
	x.c.Folders = after
	split := func(list []string, personal bool) string {
		return joined(slices.DeleteFunc(slices.Clone(list), func(id string) bool { return (FolderAgent(id) != "") != personal }))
	}
	if from, to := split(before, false), split(after, false); from != to {
		x.tell(EventFiled, from, to)
	}
	if from, to := split(before, true), split(after, true); from != to {
		x.event(Event{Type: EventFiled})
	}
	return nil
}

// ChangeOwners adds and removes pairs of a responsibility and the agent who has it.
type ChangeOwners struct {
	Add, Remove []Owner
}

func (o Owner) compare(other Owner) int {
	return cmp.Or(cmp.Compare(o.Role, other.Role), cmp.Compare(o.Agent, other.Agent))
}

func (o Owner) code() string { return o.Role + "/" + o.Agent }

func (cmd ChangeOwners) do(x *step) error {
	for _, o := range cmd.Add {
		if problem := cmp.Or(CheckID(o.Role), CheckID(o.Agent)); problem != "" {
			return badValue("owners", "role %q and agent %q: one of them %s", o.Role, o.Agent, problem)
		}
	}
	before := x.c.Owners
	after := merge(before, cmd.Add, cmd.Remove, Owner.compare)
	if beyond(len(before), len(after), MaxOwners) {
		return badValue("owners", "%d owners, at most %d", len(after), MaxOwners)
	}
	x.c.Owners = after
	if !slices.Equal(before, after) {
		x.tell(EventOwners, codes(gone(before, after), Owner.code), codes(gone(after, before), Owner.code))
	}
	return nil
}

// ChangeSubscribers adds and removes subscribers, each a SubscriberAgent or a SubscriberRole.
type ChangeSubscribers struct {
	Add, Remove []string
}

func (cmd ChangeSubscribers) do(x *step) error {
	for _, s := range cmd.Add {
		kind, id, _ := strings.Cut(s, "/")
		if kind != "agent" && kind != "role" || CheckID(id) != "" {
			return badValue("subscribers", "%q is neither agent/ and an agent's ID nor role/ and a role's", s)
		}
	}
	before := x.c.Subscribers
	after := merge(before, cmd.Add, cmd.Remove, cmp.Compare)
	if beyond(len(before), len(after), MaxSubscribers) {
		return badValue("subscribers", "%d subscribers, at most %d", len(after), MaxSubscribers)
	}
	x.c.Subscribers = after
	if !slices.Equal(before, after) {
		x.tell(EventSubscribers, codes(gone(before, after), same), codes(gone(after, before), same))
	}
	return nil
}

// ChangeLinks ties the conversation to records and unties it from others. A record is known by kind and ID: one that is tied already
// keeps how it came about, and removing looks at nothing else.
type ChangeLinks struct {
	Add, Remove []Link // By defaults to ByHand
}

func (cmd ChangeLinks) do(x *step) error {
	before := x.c.Links
	after := slices.DeleteFunc(slices.Clone(before), func(l Link) bool { return holds(cmd.Remove, l) && !holds(cmd.Add, l) })
	for _, l := range cmd.Add {
		l.By = cmp.Or(l.By, ByHand)
		if err := l.check(); err != nil {
			return err
		}
		if !holds(after, l) {
			after = append(after, l)
		}
	}
	slices.SortFunc(after, func(a, b Link) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	if beyond(len(before), len(after), MaxLinks) {
		return badValue("links", "%d records, at most %d", len(after), MaxLinks)
	}
	x.c.Links = after
	if !slices.Equal(before, after) {
		x.tell(EventLinked, codes(gone(before, after), Link.Record), codes(gone(after, before), Link.Record))
	}
	return nil
}

func holds(links []Link, l Link) bool {
	return slices.ContainsFunc(links, func(o Link) bool { return o.Kind == l.Kind && o.ID == l.ID })
}

func (l Link) check() error {
	if problem := CheckID(l.Kind); problem != "" {
		return badValue("links", "kind %q %s", l.Kind, problem)
	}
	if problems := CheckText(l.ID, MaxRecordID); len(problems) > 0 || l.ID == "" {
		return badValue("links", "%s %q; give the record's ID, at most %d bytes of text", l.Kind, l.ID, MaxRecordID)
	}
	switch l.By {
	case ByHand, ByRecipient, ByMatch, ByCapture:
		return nil
	}
	return badValue("links", "%q is not how a link comes about; use %q, %q, %q or %q", l.By, ByHand, ByRecipient, ByMatch, ByCapture)
}

// Pin keeps the conversation among those that the acting agent has pinned. Only agents pin.
type Pin struct{}

func (Pin) do(x *step) error { return x.pin(true) }

// Unpin takes the acting agent's pin away.
type Unpin struct{}

func (Unpin) do(x *step) error { return x.pin(false) }

func (x *step) pin(on bool) error {
	agent := x.env.Actor.ID
	if x.env.Actor.Kind != ByAgent {
		return badValue("pin", "the actor is no agent, and only agents pin")
	}
	i, pinned := slices.BinarySearch(x.c.Pinned, agent)
	switch {
	case pinned == on:
		return nil
	case on && len(x.c.Pinned) >= MaxPins:
		return badValue("pin", "%d agents have pinned it, at most %d", len(x.c.Pinned), MaxPins)
	case on:
		x.c.Pinned = slices.Insert(x.c.Pinned, i, agent)
	default:
		x.c.Pinned = slices.Delete(x.c.Pinned, i, i+1)
	}
	x.event(Event{Type: EventPinned, From: onOff(!on), To: onOff(on)})
	return nil
}

package conversation

import (
	"maps"
	"slices"
)

// MaxSuggestions is how many links a conversation has that nobody has confirmed, at the most; what is found beyond that is dropped.
const MaxSuggestions = 20

// Found is what was found about a conversation without a person: records that its customer's address or text names, and field values in
// his text. What a person has set stays.
type Found struct {
	Links     []Link           // certain ones
	Suggested []Link           // to be confirmed
	Fields    map[string]Value // in their canonical form; those to be confirmed are Suggested
}

func (cmd Found) do(x *step) error {
	var linked, suggested []string
	for _, l := range cmd.Links {
		links, added := addLink(x.c.Links, l)
		if added && len(links) <= MaxLinks {
			x.c.Links, linked = links, append(linked, l.Record())
			x.c.Suggestions = withoutRecord(x.c.Suggestions, l)
		}
	}
	for _, l := range cmd.Suggested {
		if _, known := addLink(x.c.Links, l); !known {
			continue
		}
		links, added := addLink(x.c.Suggestions, l)
		if added && len(links) <= MaxSuggestions {
			x.c.Suggestions, suggested = links, append(suggested, l.Record())
		}
	}
	fields, changed := cmd.take(x.c.Fields)
	if len(linked) > 0 {
		x.event(Event{Type: EventLinked, To: joined(linked)})
	}
	if len(suggested) > 0 {
		x.event(Event{Type: EventSuggested, To: joined(suggested)})
	}
	if len(changed) > 0 {
		x.c.Fields = fields
		x.event(Event{Type: EventFields, To: joined(changed)})
	}
	return nil
}

// take returns fields with what was found for them, and the IDs of those that changed, sorted. What a person has set stays, and what is beyond
// the limits of fields is dropped: no message is refused for what was found in it.
func (cmd Found) take(fields map[string]Value) (map[string]Value, []string) {
	var taken []string
	for _, id := range slices.Sorted(maps.Keys(cmd.Fields)) {
		if old, has := fields[id]; has && !old.Suggested {
			continue
		}
		more, changed, err := setFields(fields, map[string]Value{id: cmd.Fields[id]})
		if err == nil && len(changed) > 0 {
			fields, taken = more, append(taken, id)
		}
	}
	return fields, taken
}

func withoutRecord(links []Link, l Link) []Link {
	return slices.DeleteFunc(slices.Clone(links), func(o Link) bool { return o.Kind == l.Kind && o.ID == l.ID })
}

// Judge is a person's word on what was suggested: a link, or a field's value. Confirmed, it counts like one he set; else it is dropped.
type Judge struct {
	Link    Link   // its Kind and ID; or
	Field   string // ID
	Confirm bool
}

func (cmd Judge) do(x *step) error {
	to := "rejected"
	if cmd.Confirm {
		to = "confirmed"
	}
	if cmd.Field != "" {
		v, has := x.c.Fields[cmd.Field]
		if !has || !v.Suggested {
			return &StateError{Command: "confirm or reject", Reason: "field " + cmd.Field + " has no suggested value"}
		}
		x.c.Fields = maps.Clone(x.c.Fields)
		if v.Suggested = false; cmd.Confirm {
			x.c.Fields[cmd.Field] = v
		} else {
			delete(x.c.Fields, cmd.Field)
		}
		x.tell(EventJudged, cmd.Field, to)
		return nil
	}
	left := withoutRecord(x.c.Suggestions, cmd.Link)
	if len(left) == len(x.c.Suggestions) {
		return &StateError{Command: "confirm or reject", Reason: "the link to " + cmd.Link.Record() + " is not suggested"}
	}
	if cmd.Confirm {
		links, _ := addLink(x.c.Links, Link{Kind: cmd.Link.Kind, ID: cmd.Link.ID, By: ByCapture})
		if len(links) > MaxLinks {
			return badValue("links", "the conversation has %d, at most %d", len(x.c.Links), MaxLinks)
		}
		x.c.Links = links
	}
	x.c.Suggestions = left
	x.tell(EventJudged, cmd.Link.Record(), to)
	return nil
}

// Relabel sets the labels of the conversation's contacts. Of more than MaxLabels it has the first.
type Relabel struct {
	Labels []string // sorted
}

func (cmd Relabel) do(x *step) error {
	labels := listedLabels(cmd.Labels)
	if slices.Equal(x.c.Labels, labels) {
		return nil
	}
	x.event(Event{Type: EventLabelled, From: joined(x.c.Labels), To: joined(labels)})
	x.c.Labels = slices.Clone(labels)
	return nil
}

// AddNote puts a note that was made on a contact's profile into the timeline. It is internal, and makes nothing unread.
type AddNote struct {
	Message Message
	Contact string // ID
}

func (cmd AddNote) do(x *step) error {
	if x.c.Place == Trash {
		return &StateError{Command: "note", Reason: "the conversation is in trash", Instead: "restore"}
	}
	m := cmd.Message
	m.Direction, m.About = Note, cmd.Contact
	m.Channel, m.Thread, m.Delivery, m.Template = "", "", "", nil
	entry := x.append(m)
	x.event(Event{Type: EventNoted, Message: entry.ID, Contact: cmd.Contact})
	return nil
}

package frontdesk

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// refuse counts a blocked contact's message and keeps nothing of it. Its provider's ID leads to him, so that it is neither counted again
// when it is delivered again, nor let in after he is unblocked.
func (in *inbound) refuse(item channel.Item) error {
	if id := item.Message.ID; id != "" {
		name := providerName(in.ch.ID, id)
		if early, ok := in.led(name); ok && early.Kind == store.Delivery {
			in.remove(early.Key) // what was said of it before it came
		}
		in.putRow(store.Row{Key: name, Target: contactKey(in.contact.ID)})
	}
	in.refused = append(in.refused, item)
	in.contact.Refused++
	in.contact.Changed = conversation.Later(in.contact.Changed, in.now)
	return in.putContact(in.contact)
}

// shutOut reports whether an item is about a message that was refused, or is a blocked contact's word about another: a reaction or an edit.
// That he takes a message back, or opts out, is heeded.
func (in *inbound) shutOut(item channel.Item) (bool, error) {
	for _, id := range providerIDs(item) {
		row, ok := in.row(providerName(in.ch.ID, id))
		if ok && row.Target.Kind == store.Contact && (item.Message == nil || id == item.Message.ID) {
			return item.Consent == nil, nil
		}
	}
	if item.Reaction == nil && item.Edit == nil {
		return false, nil
	}
	h := in.current
	for _, id := range providerIDs(item) {
		m, found, err := in.find(id)
		if err != nil {
			return false, err
		}
		if found && m.Direction == conversation.Outbound && item.Edit != nil {
			return false, nil // the business edits its own
		}
		if found {
			if h, err = in.of(&m); err != nil {
				return false, err
			}
		}
	}
	if h == nil {
		return false, nil
	}
	people, err := in.people(&h.Conversation)
	return slices.ContainsFunc(people, func(p conversation.Contact) bool { return p.Blocked }), err
}

// without is a delivery in which nothing stands of what blocked contacts wrote, to be kept for a person because of something else in it.
// Their texts, names and files are blanked wherever they stand in it: what cannot be understood cannot be cut out.
func without(req *channel.Request, targets []*target) *channel.Request {
	blank, gone := map[string]bool{}, map[string]bool{}
	for _, t := range targets {
		for _, item := range t.refused {
			for _, text := range said(item) {
				blank[text] = text != ""
			}
			if item.Message != nil && item.Message.ID != "" {
				gone[item.Message.ID] = true
			}
		}
	}
	if len(blank)+len(gone) == 0 {
		return req
	}
	out := *req
	dec := json.NewDecoder(bytes.NewReader(req.Body))
	dec.UseNumber()
	var body any
	if err := dec.Decode(&body); err == nil {
		if text, err := json.Marshal(blanked(body, blank, gone)); err == nil {
			out.Body = text
			return &out
		}
	}
	if form, err := url.ParseQuery(string(req.Body)); err == nil {
		for _, values := range form {
			for i, v := range values {
				if blank[v] {
					values[i] = ""
				}
			}
		}
		out.Body = []byte(form.Encode())
		return &out
	}
	out.Body = nil
	return &out
}

// said are the texts of an item.
func said(item channel.Item) (out []string) {
	if item.Edit != nil {
		out = append(out, item.Edit.Text)
	}
	if item.Reaction != nil {
		out = append(out, item.Reaction.Emoji)
	}
	m := item.Message
	if m == nil {
		return out
	}
	out = append(out, m.Text, m.HTML, m.Subject, m.Button)
	for _, a := range m.Attachments {
		out = append(out, a.ID, a.URL, a.Name)
	}
	for _, i := range m.From {
		out = append(out, i.Name)
	}
	return out
}

// refuses reports whether an item was refused because it is a blocked contact's.
func (t *target) refuses(item channel.Item) bool {
	return slices.ContainsFunc(t.refused, func(o channel.Item) bool {
		return o.Message != nil && o.Message == item.Message || o.Edit != nil && o.Edit == item.Edit || o.Reaction != nil && o.Reaction == item.Reaction
	})
}

// blanked empties texts in decoded JSON, and takes out of lists the messages that have one of the IDs: what a driver made a text of need not
// stand in them as it is.
func blanked(v any, blank, gone map[string]bool) any {
	switch v := v.(type) {
	case string:
		if blank[conversation.CleanText(v)] {
			return ""
		}
	case []any:
		v = slices.DeleteFunc(v, func(one any) bool {
			m, ok := one.(map[string]any)
			if !ok {
				return false
			}
			for _, member := range m {
				if id, ok := member.(string); ok && gone[id] {
					return true
				}
			}
			return false
		})
		for i := range v {
			v[i] = blanked(v[i], blank, gone)
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = blanked(v[name], blank, gone)
		}
	}
	return v
}

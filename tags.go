package frontdesk

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// SavedTag is a tag as people see it. One that nobody has saved is made when it is first used.
type SavedTag struct {
	ID       string `json:"id"`                 // what conversations and messages carry
	Name     string `json:"name"`               // Defaults to the ID
	Colour   string `json:"colour,omitempty"`   // "#rrggbb"
	Area     string `json:"area,omitempty"`     // the ID of a group of tags that are offered together; empty for the common one
	Billable bool   `json:"billable,omitempty"` // a whisper that carries it may capture minutes
}

// SaveTag makes a tag or changes its name, colour and area. It needs an admin. Errors: ErrInvalid, ErrForbidden.
func (s *Session) SaveTag(ctx context.Context, tag SavedTag) error {
	tag.Name = cmp.Or(tag.Name, tag.ID)
	if problem := conversation.CheckID(tag.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if tag.Area != "" {
		if problem := conversation.CheckID(tag.Area); problem != "" {
			return invalid("Area", "%s", problem)
		}
	}
	if err := cmp.Or(checkName("Name", tag.Name), checkColour(tag.Colour)); err != nil {
		return err
	}
	return s.save(ctx, "save tag", document("tag", tag.ID), func(*txn) (any, error) { return tag, nil })
}

// DeleteTag takes a tag off the list of tags. What carries it keeps it, and using it again puts it back on the list. It needs an admin.
// Deleting one that is not there does nothing.
func (s *Session) DeleteTag(ctx context.Context, id string) error {
	key := document("tag", id)
	if store.CheckText(key.ID, false) != "" {
		return nil // there is none of such an ID
	}
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "delete tag", toManage)
		if err != nil {
			return err
		}
		if _, exists, err := doc[SavedTag](t, key); err != nil || !exists {
			return err
		}
		t.remove(key)
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: key.ID})
		return nil
	})
	return wrap("delete tag", id, err)
}

// Tags returns the tags of an area, by name; with an empty area all tags.
func (s *Session) Tags(ctx context.Context, area string) (out []SavedTag, err error) {
	err = s.read(ctx, "tags", area, func(t *txn, _ caller) error {
		all, err := documents[SavedTag](t, "tag/")
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(all, func(tag SavedTag) bool { return area != "" && tag.Area != area })
		slices.SortFunc(out, func(a, b SavedTag) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		return nil
	})
	return out, err
}

// checkTags refuses what is no tag, and makes the tags that are used for the first time.
func (t *txn) checkTags(c caller, tags Tag) error {
	if err := checkTagIDs("Tag", slices.Concat(tags.Add, tags.Remove)); err != nil {
		return err
	}
	return t.useTags(c, tags.Add)
}

func checkTagIDs(field string, ids []string) error {
	if n := 2 * conversation.MaxTags; len(ids) > n {
		return invalid(field, "%d tags, at most %d", len(ids), n)
	}
	for _, id := range ids {
		if problem := conversation.CheckID(id); problem != "" {
			return invalid(field, "%q %s", id, problem)
		}
	}
	return nil
}

// useTags makes the tags that are used for the first time. Of two first users at once one is decided again, and finds the other's.
func (t *txn) useTags(c caller, ids []string) error {
	for _, id := range ids {
		key := document("tag", id)
		_, exists, err := doc[SavedTag](t, key)
		if err != nil {
			return err
		}
		if exists {
			continue
		}
		if err := t.saveDocument(c, key, SavedTag{ID: id, Name: id}); err != nil {
			return err
		}
	}
	return nil
}

// billable reports whether one of the tags lets a message capture minutes.
func (t *txn) billable(ids []string) (bool, error) {
	for _, id := range ids {
		tag, _, err := doc[SavedTag](t, document("tag", id))
		if err != nil || tag.Billable {
			return err == nil, err
		}
	}
	return false, nil
}

// maxName is how long a name may be, in bytes.
const maxName = 200

func checkName(field, name string) error {
	if problems := conversation.CheckText(name, maxName); len(problems) > 0 || strings.TrimSpace(name) == "" {
		return invalid(field, "%q; give a name of at most %d bytes of text", name, maxName)
	}
	return nil
}

// checkNames checks a name per language.
func checkNames(names map[string]string) error {
	if len(names) == 0 || len(names) > maxLanguages {
		return invalid("Names", "%d names; give one for each language, at most %d", len(names), maxLanguages)
	}
	for tag, name := range names {
		if _, err := language.Parse(tag); err != nil {
			return invalid("Names", "%q is no BCP 47 tag; use one such as \"pt-BR\"", tag)
		}
		if err := checkName("Names", name); err != nil {
			return err
		}
	}
	return nil
}

// maxLanguages is in how many languages something has a name at the most.
const maxLanguages = 50

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func checkColour(c string) error {
	if c != "" && !colour.MatchString(c) {
		return invalid("Colour", "%q is no colour; use one such as \"#1a7f37\"", c)
	}
	return nil
}

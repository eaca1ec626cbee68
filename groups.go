package frontdesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Conversations are sorted by type and stage, types by group: "Customer inquiry eBay" of the group eBay, at the stage "New". None of the
// three is ever deleted: hiding keeps it from being chosen, and what is on a conversation always has a name.

// Group is a group of types.
type Group struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"names"` // by language, BCP 47
	Position int               `json:"position,omitempty"`
	Visible  bool              `json:"visible,omitempty"`
}

// Type is what a conversation is about.
type Type struct {
	ID       string            `json:"id"`
	Group    string            `json:"group"` // ID
	Names    map[string]string `json:"names"` // by language, BCP 47
	Position int               `json:"position,omitempty"`
	Colour   string            `json:"colour,omitempty"` // "#rrggbb"
	Hidden   bool              `json:"hidden,omitempty"` // it cannot be chosen any more
	Stages   []Stage           `json:"stages,omitempty"` // at most 100
}

// Stage is how far a conversation of a type is: one of the type's statuses.
type Stage struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"names"` // by language, BCP 47
	Position int               `json:"position,omitempty"`
	Colour   string            `json:"colour,omitempty"`   // "#rrggbb"
	Progress int               `json:"progress,omitempty"` // percent
	Hidden   bool              `json:"hidden,omitempty"`   // it cannot be chosen any more
}

// maxStages is how many stages a type has at the most.
const maxStages = 100

// presets are the groups that are there without being stored, hidden until somebody makes them visible.
func presets() []Group {
	return []Group{
		{ID: "general", Position: 1, Names: map[string]string{"en": "General", "de": "Allgemein"}},
		{ID: "amazon", Position: 2, Names: map[string]string{"en": "Amazon"}},
		{ID: "ebay", Position: 3, Names: map[string]string{"en": "eBay"}},
		{ID: "kaufland", Position: 4, Names: map[string]string{"en": "Kaufland"}},
		{ID: "otto", Position: 5, Names: map[string]string{"en": "OTTO"}},
	}
}

// SaveGroup makes a group or changes it, also one of the presets: general, amazon, ebay, kaufland and otto, which are hidden at first.
// It needs an admin.
func (s *Session) SaveGroup(ctx context.Context, g Group) error {
	if problem := conversation.CheckID(g.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if err := checkNames(g.Names); err != nil {
		return err
	}
	return s.save(ctx, "save group", document("group", g.ID), func(*txn) (any, error) { return g, nil })
}

// Groups returns the groups by position. Hidden ones are returned to admins and the host only.
func (s *Session) Groups(ctx context.Context) (out []Group, err error) {
	err = s.read(ctx, "groups", "", func(t *txn, c caller) error {
		groups, err := t.groups()
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(groups, func(g Group) bool { return !g.Visible && !c.manages() })
		return nil
	})
	return out, err
}

func (c *caller) manages() bool { return c.system || c.has(toManage) }

// groups are the saved groups and the presets that nobody has saved, by position.
func (t *txn) groups() ([]Group, error) {
	all, err := documents[Group](t, "group/")
	if err != nil {
		return nil, err
	}
	for _, p := range presets() {
		if !slices.ContainsFunc(all, func(g Group) bool { return g.ID == p.ID }) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Group) int { return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// group returns a group, saved or preset; ErrNotFound for any other.
func (t *txn) group(id string) (Group, error) {
	if store.CheckText(id, false) == "" {
		g, ok, err := doc[Group](t, document("group", id))
		if err != nil || ok {
			return g, err
		}
		if i := slices.IndexFunc(presets(), func(p Group) bool { return p.ID == id }); i >= 0 {
			return presets()[i], nil
		}
	}
	return Group{}, fmt.Errorf("group %q: %w", id, ErrNotFound)
}

// SaveType makes a type or changes it. A stage that it had stays among its stages, though it may be hidden. It needs an admin. Errors:
// ErrInvalid, ErrForbidden, ErrNotFound (the group).
func (s *Session) SaveType(ctx context.Context, ty Type) error {
	if err := checkType(ty); err != nil {
		return err
	}
	key := document("type", ty.ID)
	return s.save(ctx, "save type", key, func(t *txn) (any, error) {
		if _, err := t.group(ty.Group); err != nil {
			return nil, err
		}
		old, _, err := doc[Type](t, key)
		for _, stage := range old.Stages {
			if ty.stage(stage.ID) == nil {
				return nil, invalid("Stages", "%q is missing, and conversations may be at it; hide it instead", stage.ID)
			}
		}
		return ty, err
	})
}

func checkType(ty Type) error {
	if problem := conversation.CheckID(ty.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if err := cmp.Or(checkNames(ty.Names), checkColour(ty.Colour)); err != nil {
		return err
	}
	if len(ty.Stages) > maxStages {
		return invalid("Stages", "%d stages, at most %d", len(ty.Stages), maxStages)
	}
	for i, stage := range ty.Stages {
		switch problem := conversation.CheckID(stage.ID); {
		case problem != "":
			return invalid("Stages", "ID %q %s", stage.ID, problem)
		case slices.ContainsFunc(ty.Stages[:i], func(o Stage) bool { return o.ID == stage.ID }):
			return invalid("Stages", "%q is named twice", stage.ID)
		case stage.Progress < 0 || stage.Progress > 100:
			return invalid("Progress", "%d is not within 0 and 100", stage.Progress)
		}
		if err := cmp.Or(checkNames(stage.Names), checkColour(stage.Colour)); err != nil {
			return err
		}
	}
	return nil
}

func (ty *Type) stage(id string) *Stage {
	i := slices.IndexFunc(ty.Stages, func(s Stage) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &ty.Stages[i]
}

// Types returns the types of a group by position, each with its stages by position; with an empty group all types. Those of hidden groups
// are returned to admins and the host only; hidden types are among them, since conversations may have them.
func (s *Session) Types(ctx context.Context, group string) (out []Type, err error) {
	err = s.read(ctx, "types", group, func(t *txn, c caller) error {
		groups, err := t.groups()
		if err != nil {
			return err
		}
		all, err := documents[Type](t, "type/")
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(all, func(ty Type) bool {
			hidden := !slices.ContainsFunc(groups, func(g Group) bool { return g.ID == ty.Group && g.Visible })
			return group != "" && ty.Group != group || hidden && !c.manages()
		})
		slices.SortFunc(out, func(a, b Type) int { return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID)) })
		for i := range out {
			slices.SortStableFunc(out[i].Stages, func(a, b Stage) int { return cmp.Compare(a.Position, b.Position) })
		}
		return nil
	})
	return out, err
}

// checkType refuses a type or stage that is not there or hidden, and a stage of another type. What the conversation has already it may keep.
func (t *txn) checkType(conv *conversation.Conversation, a SetType) error {
	if a.Type == "" {
		return nil
	}
	ty, err := need[Type](t, "type", a.Type)
	if err != nil {
		return err
	}
	group, err := t.group(ty.Group)
	switch {
	case err != nil:
		return err
	case conv.Type == a.Type:
	case ty.Hidden:
		return invalid("Type", "%q is hidden; choose another", a.Type)
	case !group.Visible:
		return invalid("Type", "%q is of group %q, which is hidden; make that visible or choose another", a.Type, ty.Group)
	}
	if a.Stage == "" || conv.Type == a.Type && conv.Stage == a.Stage {
		return nil
	}
	if stage := ty.stage(a.Stage); stage == nil || stage.Hidden {
		var ids []string
		for _, s := range ty.Stages {
			if !s.Hidden {
				ids = append(ids, s.ID)
			}
		}
		return invalid("Stage", "%q is no stage of type %q that can be chosen; use one of %s", a.Stage, a.Type, strings.Join(ids, ", "))
	}
	return nil
}

// marketplaces are the kinds of channels whose conversations need a group, a type and a stage, with the platform's name.
var marketplaces = map[string]string{"amazon": "Amazon", "ebay": "eBay", "kaufland": "Kaufland", "otto": "OTTO"}

// checkMarketplace refuses a marketplace's channel as long as the preset group of its kind is hidden, or has no type "Customer inquiry X"
// with a stage "New": by a name in any language, whatever the case. Of other kinds it demands nothing.
func (t *txn) checkMarketplace(kind string) error {
	platform, ok := marketplaces[kind]
	if !ok {
		return nil
	}
	group, err := t.group(kind)
	if err != nil {
		return err
	}
	types, err := documents[Type](t, "type/")
	if err != nil {
		return err
	}
	var problems []string
	if !group.Visible {
		problems = append(problems, fmt.Sprintf("the group %q is hidden; make it visible", kind))
	}
	named := func(names map[string]string, want string) bool {
		for _, name := range names {
			if strings.EqualFold(name, want) {
				return true
			}
		}
		return false
	}
	want := "Customer inquiry " + platform
	i := slices.IndexFunc(types, func(ty Type) bool { return ty.Group == kind && !ty.Hidden && named(ty.Names, want) })
	switch {
	case i < 0:
		problems = append(problems, fmt.Sprintf("the group %q has no type %q with a stage \"New\"; save one", kind, want))
	case !slices.ContainsFunc(types[i].Stages, func(s Stage) bool { return !s.Hidden && named(s.Names, "New") }):
		problems = append(problems, fmt.Sprintf("the type %q has no stage \"New\"; add one", want))
	}
	if len(problems) > 0 {
		return &InvalidError{Field: "Kind", Problems: problems}
	}
	return nil
}

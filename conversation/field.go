package conversation

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// FieldType is what a custom field holds.
type FieldType string

// The types of fields, with the canonical form of their values.
const (
	FieldText     FieldType = "text"     // as it is given, without white space at its ends; at most MaxFieldText bytes
	FieldNumber   FieldType = "number"   // decimal, such as "-12.5"; at most 30 digits before the point and 15 behind it
	FieldDate     FieldType = "date"     // "2026-03-02"
	FieldDateTime FieldType = "datetime" // RFC 3339 in UTC, "2026-03-02T09:00:00Z"
	FieldBoolean  FieldType = "boolean"  // "true" or "false"
	FieldList     FieldType = "list"     // any of the field's options, in their order
)

// FieldTypes are all types, in the order of the constants.
func FieldTypes() []FieldType {
	return []FieldType{FieldText, FieldNumber, FieldDate, FieldDateTime, FieldBoolean, FieldList}
}

// Limits of custom fields.
const (
	MaxFieldText   = 4000 // bytes of one value
	MaxFields      = 100  // fields that a contact or conversation has a value of
	MaxOptions     = 200  // options of a list field
	MaxFieldValues = 20   // options that one value of a list field names
	maxValues      = 250  // values of all fields together
)

// Canonical returns values of a field in their canonical form. A field has one value, but for a list. Error: *ValueError, which says what
// would be right.
func (t FieldType) Canonical(field string, values, options []string) ([]string, error) {
	if t == FieldList {
		return chosen(field, values, options)
	}
	if len(values) != 1 {
		return nil, badValue(field, "%d values; a field of type %s has one", len(values), t)
	}
	v := strings.TrimSpace(values[0])
	if problems := CheckText(v, MaxFieldText); len(problems) > 0 {
		return nil, &ValueError{Field: field, Problems: problems}
	}
	out, right := "", ""
	switch t {
	case FieldText:
		out, right = v, "a text"
	case FieldNumber:
		out, right = number(v), "a number such as -12.5, of at most 30 digits before the point and 15 behind it"
	case FieldDate:
		out, right = canonicalTime(v, time.DateOnly, time.DateOnly), "a date such as 2026-03-02"
	case FieldDateTime:
		out, right = canonicalTime(v, time.RFC3339Nano, time.RFC3339Nano), "a time such as 2026-03-02T09:00:00+01:00"
	case FieldBoolean:
		if out, right = strings.ToLower(v), "true or false"; out != "true" && out != "false" {
			out = ""
		}
	default:
		return nil, badValue(field, "%q is not a type; use one of %v", t, FieldTypes())
	}
	if out == "" {
		return nil, badValue(field, "%q is not %s", firstLine(v, 50), right)
	}
	return []string{out}, nil
}

// chosen checks the options that a value of a list field names.
func chosen(field string, values, options []string) ([]string, error) {
	for _, v := range values {
		if !slices.Contains(options, v) {
			return nil, badValue(field, "%q is not an option; use one of %q", firstLine(v, 50), options)
		}
	}
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return !slices.Contains(values, o) })
	if len(out) == 0 || len(out) > MaxFieldValues {
		return nil, badValue(field, "%d options named, 1 to %d are right", len(out), MaxFieldValues)
	}
	return out, nil
}

// number returns a decimal number without needless zeros; "" if it is none.
func number(v string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(v, "-"); ok {
		sign, v = "-", rest
	}
	whole, part, point := strings.Cut(v, ".")
	if !digits(whole) || point && !digits(part) || len(whole) > 30 || len(part) > 15 {
		return ""
	}
	whole = cmp.Or(strings.TrimLeft(whole, "0"), "0")
	if part = strings.TrimRight(part, "0"); part != "" {
		whole += "." + part
	}
	if whole == "0" {
		return whole
	}
	return sign + whole
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// canonicalTime returns a time of the years 1 to 9999 in UTC; "" if it is none.
func canonicalTime(v, read, write string) string {
	at, err := time.Parse(read, v)
	if at = at.UTC().Truncate(time.Microsecond); err != nil || at.Year() < 1 || at.Year() > 9999 {
		return ""
	}
	return at.Format(write)
}

// Equal reports whether two values are the same in every respect.
func (v Value) Equal(o Value) bool {
	return v.Unverified == o.Unverified && v.Suggested == o.Suggested && slices.Equal(v.Values, o.Values)
}

// Text is the value as people read it: of a list, its options joined by commas.
func (v Value) Text() string { return strings.Join(v.Values, ", ") }

// setFields returns fields with some of them changed, and the IDs of those that changed, sorted. One without values is removed.
func setFields(fields, change map[string]Value) (map[string]Value, []string, error) {
	out := cloneFields(fields)
	if out == nil {
		out = map[string]Value{}
	}
	var changed []string
	for _, id := range slices.Sorted(maps.Keys(change)) {
		v := change[id]
		old, had := out[id]
		switch {
		case len(v.Values) == 0 && had:
			delete(out, id)
		case len(v.Values) == 0 || had && old.Equal(v):
			continue
		default:
			v.Values = slices.Clone(v.Values)
			out[id] = v
		}
		changed = append(changed, id)
	}
	if had, values := countValues(fields), countValues(out); beyond(len(fields), len(out), MaxFields) || beyond(had, values, maxValues) {
		return nil, nil, badValue("fields", "%d fields with %d values, at most %d with %d", len(out), values, MaxFields, maxValues)
	}
	return out, changed, nil
}

func countValues(fields map[string]Value) (n int) {
	for _, v := range fields {
		n += len(v.Values)
	}
	return n
}

// SetFields changes custom fields, whose values are in their canonical form, and returns the IDs of those that changed. One without values
// is removed; those not named stay. Error: *ValueError.
func (c *Contact) SetFields(change map[string]Value) ([]string, error) {
	fields, changed, err := setFields(c.Fields, change)
	if err == nil && len(changed) > 0 {
		c.Fields = fields
	}
	return changed, err
}

// SetFields changes custom fields of a conversation, whose values are in their canonical form. One without values is removed; those not
// named stay.
type SetFields struct {
	Fields map[string]Value
}

func (cmd SetFields) do(x *step) error {
	fields, changed, err := setFields(x.c.Fields, cmd.Fields)
	if err != nil || len(changed) == 0 {
		return err
	}
	x.c.Fields = fields
	x.tell(EventFields, "", joined(changed))
	return nil
}

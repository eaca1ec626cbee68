package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A body is a header line and a JSON object. The header holds the format, raised when a nested struct grows or a member changes its
// meaning, and a mark of the members its writer knew. Where the mark is the reader's own there is nothing unknown to look for.

// Kept is what a body holds besides the members that this program knows. It travels from Decode to Encode, so that what a newer program
// added to an object survives an older one's write.
type Kept struct {
	format  int
	members map[string]json.RawMessage
}

// Newer reports whether the body was written in a format that this program does not know. Encode refuses to replace it.
func (k Kept) Newer(format int) bool { return k.format > format }

// Encode returns the body of v, a struct, in a format from 1. Error: ErrNewer when kept comes from a body of a later format.
func Encode(format int, v any, kept Kept) ([]byte, error) {
	if kept.Newer(format) {
		return nil, fmt.Errorf("%w: format %d, this program writes %d", ErrNewer, kept.format, format)
	}
	mark := membersOf(reflect.TypeOf(v)).mark
	var b bytes.Buffer
	b.WriteString(strconv.Itoa(format))
	b.WriteByte(' ')
	b.WriteString(mark)
	if len(kept.members) > 0 {
		b.WriteByte('+')
	}
	b.WriteByte('\n')
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("store: encode %T: %w", v, err)
	}
	body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return appendMembers(body, kept.members), nil
}

// appendMembers adds members to the object that body ends with.
func appendMembers(body []byte, members map[string]json.RawMessage) []byte {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		body = body[:len(body)-1]
		if body[len(body)-1] != '{' {
			body = append(body, ',')
		}
		key, _ := json.Marshal(name) // a string always marshals
		body = append(append(append(append(body, key...), ':'), members[name]...), '}')
	}
	return body
}

// Decode reads a body into v, a pointer to a struct, and returns what else it holds. A body of a later format is read as far as it is
// understood. Errors: ErrInvalid.
func Decode(body []byte, v any) (Kept, error) {
	header, raw, ok := bytes.Cut(body, []byte("\n"))
	number, mark, ok2 := strings.Cut(string(header[:min(len(header), 64)]), " ")
	format, err := strconv.Atoi(number)
	if !ok || !ok2 || err != nil || format < 1 {
		return Kept{}, &InvalidError{What: "body", Problem: "has no header; it was not written by Encode"}
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return Kept{}, &InvalidError{What: "body", Problem: err.Error()}
	}
	kept := Kept{format: format}
	known := membersOf(reflect.TypeOf(v).Elem())
	if mark == known.mark {
		return kept, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return Kept{}, &InvalidError{What: "body", Problem: err.Error()}
	}
	for name := range known.names {
		delete(all, name)
	}
	kept.members = all
	return kept, nil
}

// members are the names at the top level of a struct's JSON.
type members struct {
	names map[string]bool
	mark  string
}

var memberCache sync.Map // reflect.Type → *members

func membersOf(t reflect.Type) *members {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if m, ok := memberCache.Load(t); ok {
		return m.(*members)
	}
	m := &members{names: map[string]bool{}}
	collect(t, m.names)
	sorted := make([]string, 0, len(m.names))
	for name := range m.names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.Join(sorted, ",")))
	m.mark = strconv.FormatUint(uint64(h.Sum32()), 36)
	memberCache.Store(t, m)
	return m
}

func collect(t reflect.Type, names map[string]bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			collect(f.Type, names)
		case name == "" && f.IsExported():
			names[f.Name] = true
		case name != "":
			names[name] = true
		}
	}
}

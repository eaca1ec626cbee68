package whatsapp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// object is a JSON object whose members are read one by one, so that a member of an unexpected form spoils only itself.
type object map[string]json.RawMessage

// parseObject returns raw as an object, or nil.
func parseObject(raw json.RawMessage) object {
	var o object
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// object returns a member that is an object, or nil.
func (o object) object(name string) object { return parseObject(o[name]) }

// list returns a member that is a list, or nil.
func (o object) list(name string) []json.RawMessage {
	var l []json.RawMessage
	if json.Unmarshal(o[name], &l) != nil {
		return nil
	}
	return l
}

// text returns a member that is a string or a number, else "".
func (o object) text(name string) string { return scalar(o[name]) }

// number returns a member that is a whole number, also one written as a string.
func (o object) number(name string) (int, bool) {
	n, err := strconv.Atoi(o.text(name))
	return n, err == nil
}

func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// readable returns a value for people: a string or number as it is, anything else as compact JSON.
func readable(raw json.RawMessage) string {
	if s := scalar(raw); s != "" {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || b.String() == `""` || b.String() == "null" {
		return ""
	}
	return b.String()
}

// seconds reads a Unix time in seconds. What is no such time, or lies beyond the year 9999, is the zero time.
func seconds(text string) time.Time {
	const year10000 = 253402300800
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n >= year10000 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

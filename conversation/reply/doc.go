// Package reply reads and fills saved replies: text with named fields that an
// agent inserts into a conversation.
//
//	Hello {{contact.first_name|there}}, order {{record.number}} is on its way.
//
// {{name}} stands for a value, {{name|fallback}} for a value or, where there
// is none, for the text after the bar. White space around the name and around
// the fallback does not count. An empty fallback, {{name|}}, says that the
// field may stay blank.
//
// A name has one or more segments separated by ".". A segment consists of
// letters, digits and combining marks of any script, "_" and "-"; a whole name
// is at most [MaxName] bytes. Names are compared byte by byte. A fallback
// cannot contain "{", "}" or "|". There are no conditions, loops or calls.
//
// All other text stands for itself, single braces and "}}" included. A
// backslash has a meaning only directly before "{{": \{{ writes {{, and
// \\{{name}} writes one backslash and then the field. In a longer run every
// two backslashes write one. [Escape] does this for a whole text.
//
// # Missing values
//
// A value that is absent, empty or nothing but white space is missing. It is
// replaced by the field's fallback; without one, [Options].Missing decides.
//
// A field that is left blank takes the spaces around it along, so that no gap
// shows: if a space, a line end, the end of the text or a closing punctuation
// mark follows, the spaces before the field go; at the start of a line, the
// spaces after it go. "Hello {{name}}, hi" becomes "Hello, hi". Only spaces
// of the reply itself are taken, never those of a value.
//
// # Values
//
// Values are inserted as they are and are never read for fields again, so a
// contact who is called "{{agent.email}}" learns nothing. The same holds for
// what Fill returns: it is finished text, and must pass through [Escape] on its
// way into anything that fills it again. Nothing is escaped for HTML.
package reply

package storetest

import (
	"bytes"

	"github.com/frontdesk-go/frontdesk/store"
)

// bodies are contents that some column type would change.
func bodies() map[string][]byte {
	var every []byte
	for i := range 256 {
		every = append(every, byte(i))
	}
	return map[string][]byte{
		"empty":       {},
		"nothing":     nil,
		"json":        []byte("{ \"b\": 1.0,\t\"a\":2, \"a\" :\"\\u00e9\" }\n"),
		"numbers":     []byte(`{"a":1e400,"b":12345678901234567890,"c":-0}`),
		"null":        []byte("null"),
		"spaces":      []byte(" x \r\n "),
		"every byte":  every,
		"not text":    {0xff, 0xfe, 0x00, 0x80},
		"zeros":       make([]byte, 10),
		"marked":      []byte("\xef\xbb\xbfmarked"),
		"hex-like":    []byte(`\x414243`),
		"quoted":      []byte(`'"\;--`),
		"decomposed":  []byte("e\u0301"),
		"compressing": bytes.Repeat([]byte("ab"), 40_000),
	}
}

func bodyKeptExactly(e *env) {
	b := batch()
	for id, body := range bodies() {
		fresh(b, store.Row{Key: store.Key{Kind: store.Document, ID: id}, Body: body})
		b.Enqueue(store.Job{ID: id, Group: "g", Body: body})
	}
	e.commit(b)
	leases := e.lease(start, "t")
	if len(leases) != 1 || len(leases[0].Jobs) != len(bodies()) {
		e.fatal(3, "jobs with odd bodies\ngot %d leases\nwant one with %d jobs", len(leases), len(bodies()))
	}
	for id, want := range bodies() {
		if got := e.row(store.Key{Kind: store.Document, ID: id}).Body; !bytes.Equal(got, want) {
			e.fail(3, "body %q\ngot %q\nwant %q", id, short(got), short(want))
		}
	}
	for _, j := range leases[0].Jobs {
		if want := bodies()[j.ID]; !bytes.Equal(j.Body, want) {
			e.fail(3, "body of job %q\ngot %q\nwant %q", j.ID, short(j.Body), short(want))
		}
	}
	for _, row := range e.list(store.Query{Kind: store.Document}).Rows {
		if want := bodies()[row.ID]; !bytes.Equal(row.Body, want) {
			e.fail(3, "body %q in a list\ngot %q\nwant %q", row.ID, short(row.Body), short(want))
		}
	}
}

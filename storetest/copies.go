package storetest

import (
	"github.com/frontdesk-go/frontdesk/store"
)

func copiedIn(e *env) {
	row, job := full("a"), store.Job{ID: "j1", Group: "g", Body: []byte("job")}
	b := fresh(batch(), row)
	b.Enqueue(job)
	e.commit(b)
	scribble(&row)
	copy(job.Body, "xxx")
	for i := range b.Writes {
		scribble(&b.Writes[i].Row)
	}
	e.same(5, "the row after the batch's memory was changed", e.row(full("a").Key), full("a"))
	leases := e.lease(start, "t")
	if len(leases) != 1 || string(leases[0].Jobs[0].Body) != "job" {
		e.fail(5, "the job after the batch's memory was changed\ngot %s\nwant body %q", short(leases), "job")
	}
}

func copiedOut(e *env) {
	b := fresh(batch(), full("a"))
	b.Enqueue(store.Job{ID: "j1", Group: "g", Body: []byte("job")})
	e.commit(b)
	key := full("a").Key
	row := e.row(key)
	scribble(&row)
	e.same(5, "the row after a loaded one was changed", e.row(key), full("a"))
	for range 2 {
		rows := e.list(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red"}).Rows
		e.same(5, "the row after a listed one was changed", rows, []store.Row{full("a")})
		for i := range rows {
			scribble(&rows[i])
		}
	}
	for i := range 2 {
		leases := e.lease(start.AddDate(0, 0, i), "t")
		if len(leases) != 1 || string(leases[0].Jobs[0].Body) != "job" {
			e.fatal(5, "the job after a leased one was changed\ngot %s\nwant body %q", short(leases), "job")
		}
		copy(leases[0].Jobs[0].Body, "xxx")
	}
}

// scribble changes everything that a row points to.
func scribble(row *store.Row) {
	for i := range row.Body {
		row.Body[i] = 'x'
	}
	for i := range row.Facts {
		row.Facts[i] = store.Fact{Name: "tag", Value: "scribble"}
	}
	for i := range row.Words {
		row.Words[i] = "scribble"
	}
	if row.Place != nil {
		*row.Place = store.Place{Shelf: "scribble"}
	}
}

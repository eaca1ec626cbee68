package frontdesk

import (
	"context"
	"strconv"
	"sync"

	"github.com/frontdesk-go/frontdesk/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// numberBlocks hand out the short numbers of conversations. They are reserved a block at a time, so that no inbound message writes a row
// of the whole tenant; what a process does not use of its block is a gap.
type numberBlocks struct {
	mu   sync.Mutex
	left map[string]block
}

type block struct{ next, end int64 }

// numbersAtOnce is how many numbers a process reserves.
const numbersAtOnce = 100

type numbersDoc struct {
	Next int64 `json:"next"`
}

// number returns a number of the tenant that nobody else has.
func (d *Desk) number(ctx context.Context, tenant string) (int64, error) {
	d.numbers.mu.Lock()
	b := d.numbers.left[tenant]
	if b.next < b.end {
		d.numbers.left[tenant] = block{b.next + 1, b.end}
		d.numbers.mu.Unlock()
		return b.next, nil
	}
	d.numbers.mu.Unlock()
	b, err := d.reserve(ctx, tenant)
	if err != nil {
		return 0, err
	}
	d.numbers.mu.Lock()
	defer d.numbers.mu.Unlock()
	if d.numbers.left == nil || len(d.numbers.left) >= cacheLimit {
		d.numbers.left = map[string]block{}
	}
	d.numbers.left[tenant] = block{b.next + 1, b.end}
	return b.next, nil
}

func (d *Desk) reserve(ctx context.Context, tenant string) (b block, err error) {
	size := int64(numbersAtOnce)
	if d.bound {
		size = 1 // the host may roll back, and its block with it
	}
	err = d.write(ctx, tenant, "numbers", func(t *txn) error {
		key := document("numbers", "conversation")
		if err := t.load(key); err != nil {
			return err
		}
		doc := numbersDoc{Next: 1}
		if row, ok := t.row(key); ok {
			if doc, err = decode[numbersDoc](t, row); err != nil {
				return err
			}
		}
		b = block{doc.Next, doc.Next + size}
		doc.Next = b.end
		return t.put(store.Row{Key: key}, formatDocument, doc)
	})
	return b, err
}

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

	// reserving is held by the one who reserves. It is no stripe: he holds one already, for what the number is for.
	reserving chan struct{}
}

type block struct{ next, end int64 }

// numbersAtOnce is how many numbers a process reserves.
const numbersAtOnce = 100

type numbersDoc struct {
	Next int64 `json:"next"`
}

// number returns a number of the tenant that nobody else has.
func (d *Desk) number(ctx context.Context, tenant string) (int64, error) {
	if n, ok := d.numbers.take(tenant); ok {
		return n, nil
	}
	if d.bound { // one who waits for the host's transaction to end must not be waited for in it
		b, err := d.reserve(ctx, tenant, 1)
		return b.next, err
	}
	select {
	case d.numbers.reserving <- struct{}{}:
		defer func() { <-d.numbers.reserving }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if n, ok := d.numbers.take(tenant); ok {
		return n, nil
	}
	b, err := d.reserve(ctx, tenant, numbersAtOnce)
	if err != nil {
		return 0, err
	}
	d.numbers.put(tenant, block{b.next + 1, b.end})
	return b.next, nil
}

func (n *numberBlocks) take(tenant string) (int64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.left[tenant]
	if b.next == b.end {
		return 0, false
	}
	n.left[tenant] = block{b.next + 1, b.end}
	return b.next, true
}

func (n *numberBlocks) put(tenant string, b block) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left == nil || len(n.left) >= cacheLimit {
		n.left = map[string]block{}
	}
	n.left[tenant] = b
}

// reserve takes the next numbers. In a host's transaction they are its alone: it may roll back.
func (d *Desk) reserve(ctx context.Context, tenant string, size int64) (b block, err error) {
	err = d.write(ctx, tenant, "", func(t *txn) error {
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

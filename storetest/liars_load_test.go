package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

var loadLies = []lie{
	{name: "names no absent rows", rule: 9, found: "Load/EachRowOnce", spoil: loaded(func(rows *store.Rows) { rows.Absent = nil })},
	{name: "loads the first hundred keys", rule: 9, found: "Load/ManyKeys", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			return good.Load(ctx, tenant, keys[:min(len(keys), 100)], counters)
		}
	}},
	{name: "does not follow targets", rule: 10, found: "Load/FollowsOneHop", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			for key := range rows.Found {
				if !slices.Contains(keys, key) {
					delete(rows.Found, key)
				}
			}
			return rows, err
		}
	}},
	{name: "follows two hops", rule: 10, found: "Load/FollowsOneHop", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			if err != nil {
				return nil, err
			}
			for key := range rows.Found {
				keys = append(keys, key)
			}
			return good.Load(ctx, tenant, keys, counters)
		}
	}},
	{name: "does not name absent targets", rule: 10, found: "Load/NamesAbsentTargets", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			rows.Absent = slices.DeleteFunc(rows.Absent, func(k store.Key) bool { return !slices.Contains(keys, k) })
			return rows, err
		}
	}},
	{name: "leaves out counters at zero", rule: 11, found: "Load/AnswersEveryCounter", spoil: loaded(func(rows *store.Rows) {
		for name, n := range rows.Counters {
			if n == 0 {
				delete(rows.Counters, name)
			}
		}
	})},
	{name: "makes an error of loading nothing", rule: 12, found: "Load/NothingIsEmpty", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			if len(keys)+len(counters) == 0 {
				return nil, errors.New("syntax error at or near \")\"")
			}
			return good.Load(ctx, tenant, keys, counters)
		}
	}},
}

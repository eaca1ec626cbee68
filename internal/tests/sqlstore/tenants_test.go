package sqlstore_test

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// directory is the tenant under which the Desk finds the tenant of a webhook.
const directory = "*"

// tenants lie in three partitions of eight, and the directory in a fourth.
var tenants = []string{"tenant-one", "tenant-two", "tenant-six"}

// deskRun has a Desk do for every tenant what touches rows, facts, words, counters, jobs and leases in every way, and returns the statements.
func deskRun(t *testing.T, s *sqlstore.Store, r *recorder) []asked {
	provider := loopback.New()
	d, err := frontdesk.New(frontdesk.Config{Store: s, Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com"})
	require.NoError(t, err)
	return r.during(func() {
		for _, tenant := range tenants {
			work(t, d, provider, tenant)
		}
		require.NoError(t, d.RunDue(ctx))
		for _, tenant := range tenants {
			handle(t, d, tenant)
		}
		require.NoError(t, d.RunDue(ctx))
		for _, tenant := range tenants {
			_, err := d.Events(ctx, tenant, 0, 100)
			require.NoError(t, err)
			remove(t, d, tenant)
		}
		require.NoError(t, d.RunDue(ctx))
	})
}

// handle lists, searches, counts and changes what work has brought in.
func handle(t *testing.T, d *frontdesk.Desk, tenant string) {
	t.Helper()
	setup, agent := d.As(frontdesk.System(tenant)), d.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
	require.NoError(t, setup.SaveTag(ctx, frontdesk.SavedTag{ID: "urgent"}))
	page, err := agent.Conversations(ctx, frontdesk.Query{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	conv := page.Items[0]
	_, err = agent.Do(ctx, conv.ID, frontdesk.Tag{Add: []string{"urgent"}}, frontdesk.Snooze{Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	_, err = agent.Timeline(ctx, conv.ID, frontdesk.TimelineQuery{Limit: 10})
	require.NoError(t, err)
	for _, q := range []frontdesk.Query{{Tag: "urgent"}, {View: frontdesk.OpenView}, {View: frontdesk.SnoozedView}, {Contact: conv.Contacts[0]}} {
		_, err = agent.Conversations(ctx, q)
		require.NoError(t, err)
		_, err = agent.Count(ctx, q)
		require.NoError(t, err)
	}
	_, err = agent.Search(ctx, frontdesk.SearchQuery{Text: "order"})
	require.NoError(t, err)
	_, err = agent.Counts(ctx)
	require.NoError(t, err)
	_, err = setup.ChangeLabels(ctx, conv.Contacts[0], []string{"vip"}, nil)
	require.NoError(t, err)
	_, err = setup.Contacts(ctx, frontdesk.ContactQuery{Limit: 10})
	require.NoError(t, err)
	require.NoError(t, setup.Export(ctx, io.Discard, frontdesk.Export{Query: &frontdesk.Query{View: frontdesk.AllView}, Format: frontdesk.JSONLines}))
	_, err = setup.Bulk(ctx, frontdesk.Bulk{Query: &frontdesk.Query{View: frontdesk.AllView}, Actions: []frontdesk.Action{frontdesk.Archive{}}})
	require.NoError(t, err)
}

// remove erases everybody.
func remove(t *testing.T, d *frontdesk.Desk, tenant string) {
	t.Helper()
	setup := d.As(frontdesk.System(tenant))
	page, err := setup.Contacts(ctx, frontdesk.ContactQuery{Limit: 10})
	require.NoError(t, err)
	require.NotEmpty(t, page.Items)
	for _, c := range page.Items {
		_, err = setup.Forget(ctx, c.ID)
		require.NoError(t, err)
	}
}

// named returns which tenants a statement's arguments name, by themselves, as lanes, or in arrays of these.
func named(a asked) (all []string) {
	for _, tenant := range append(slices.Clone(tenants), directory) {
		form := regexp.MustCompile(`^([0-9a-f]{2})?` + regexp.QuoteMeta(tenant) + `$`)
		for _, arg := range a.args {
			text, _ := arg.Value.(string)
			if form.MatchString(text) || slices.ContainsFunc(elements(text), form.MatchString) {
				all = append(all, tenant)
				break
			}
		}
	}
	return all
}

// elements are those of an array's text that are plain.
func elements(text string) []string {
	inside, ok := strings.CutPrefix(text, "{")
	if !ok {
		return nil
	}
	var all []string
	for _, e := range strings.Split(strings.TrimSuffix(inside, "}"), ",") {
		all = append(all, strings.Trim(e, `"`))
	}
	return all
}

// tableOf is the table of a partition.
var tableOf = regexp.MustCompile(`^frontdesk_(rows|facts|words|counters|jobs|leases)_p\d+$`)

// touched returns the partitions in the plan of a statement, by table.
func touched(t *testing.T, o *stores.Opened, mode string, a asked) map[string][]string {
	t.Helper()
	var args []string
	for _, arg := range a.args {
		args = append(args, literal(t, arg))
	}
	conn, err := o.DB.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	for _, command := range []string{"set plan_cache_mode = " + mode, "prepare q as " + a.query} {
		_, err = conn.ExecContext(ctx, command)
		require.NoError(t, err, command)
	}
	var text string
	execute := "execute q"
	if len(args) > 0 {
		execute += "(" + strings.Join(args, ", ") + ")"
	}
	err = conn.QueryRowContext(ctx, "explain (format json) "+execute).Scan(&text)
	require.NoError(t, err, a.query)
	_, err = conn.ExecContext(ctx, "deallocate q; reset plan_cache_mode")
	require.NoError(t, err)
	var plans []struct{ Plan node }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	all := map[string][]string{}
	var look func(n node)
	look = func(n node) {
		if m := tableOf.FindStringSubmatch(n.Relation); m != nil && !slices.Contains(all[m[1]], n.Relation) {
			all[m[1]] = append(all[m[1]], n.Relation)
		}
		for _, below := range n.Plans {
			look(below)
		}
	}
	look(plans[0].Plan)
	return all
}

// leasing reports whether a statement is one of the statements that lease jobs, which goes over all tenants: they touch the tables jobs and leases only.
func leasing(a asked) bool {
	return !regexp.MustCompile(`frontdesk_(rows|facts|words|counters)\b`).MatchString(a.query)
}

// Every statement names one tenant in its arguments and touches one partition of a table, but for the leasing of jobs.
func TestStatementsTouchOneTenant(t *testing.T) {
	big(t)
	o := stores.WithPostgreSQL(t, sqlstore.Options{Partitions: 8})
	s, _, r := record(t, o)
	all := deskRun(t, s, r)
	seen, texts := map[string]bool{}, map[string]bool{}
	for _, a := range all {
		if !strings.Contains(a.query, "frontdesk_") {
			assert.Contains(t, []string{"begin", "commit", "rollback", "set local synchronous_commit = off"}, a.query)
			continue
		}
		if strings.Contains(a.query, "advisory") && !strings.Contains(a.query, "$") {
			assert.Fail(t, "a lock without arguments", a.query)
		}
		if leasing(a) {
			continue
		}
		who := named(a)
		if !assert.Len(t, who, 1, "%s %v", a.query, a.args) || seen[who[0]+a.query] {
			continue
		}
		seen[who[0]+a.query], texts[a.query] = true, true
		for table, partitions := range touched(t, o, "force_custom_plan", a) {
			assert.Len(t, partitions, 1, "%s: %s of %s", table, a.query, who[0])
		}
	}
	t.Logf("%d statements of %d texts", len(all), len(texts))
	assert.Greater(t, len(texts), 30, "the run is a wide one")
}

// What is locked beside rows is locked for one tenant.
func TestLocksAreATenantsOwn(t *testing.T) {
	big(t)
	o := stores.EmptyPostgreSQL(t)
	s, _, r := record(t, o)
	migration := r.during(func() { require.NoError(t, s.Migrate(ctx)) })
	require.Len(t, slices.DeleteFunc(migration, func(a asked) bool { return !strings.Contains(a.query, "advisory") }), 1, "the one lock that is everybody's")
	owner := map[int64]string{}
	for _, a := range deskRun(t, s, r) {
		assert.NotContains(t, strings.ToLower(a.query), "lock table")
		if !strings.Contains(a.query, "advisory") {
			continue
		}
		who := named(a)
		require.Len(t, who, 1)
		for _, arg := range a.args {
			text, _ := arg.Value.(string)
			for _, e := range elements(text) {
				lock, err := strconv.ParseInt(e, 10, 64)
				if err != nil || max(lock, -lock) < 1<<40 { // a lock's mode, or an event's ID: hashes are greater
					continue
				}
				if owner[lock] == "" {
					owner[lock] = who[0]
				}
				require.Equal(t, owner[lock], who[0], "one lock of two tenants")
			}
		}
	}
	assert.Greater(t, len(owner), 20)
}

// The catalogue has no sequence, no trigger and no foreign key, functions of one tenant only, and every index begins with the tenant, or the lane, which does.
func TestNothingInTheSchemaIsGlobal(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		o := stores.PostgreSQL(t)
		for what, query := range map[string]string{
			"sequences": "select sequencename from pg_sequences where schemaname = current_schema",
			"triggers":  "select g.tgname from pg_trigger as g join pg_class as c on c.oid = g.tgrelid where c.relnamespace = current_schema::regnamespace",
			"functions": "select proname from pg_proc where pronamespace = current_schema::regnamespace " +
				"and pg_get_function_arguments(oid) not in ('of_tenant text, kinds text[], ids text[]', 'of_lane text, of_group text, hold bigint, dropped text[]')",
			"foreign keys": "select conname from pg_constraint where connamespace = current_schema::regnamespace and contype = 'f'",
			"rules":        "select rulename from pg_rules where schemaname = current_schema",
		} {
			assert.Empty(t, column(t, o, query), what)
		}
		leads := column(t, o, `select c.relname || ' ' || a.attname from pg_index as i join pg_class as c on c.oid = i.indrelid
			join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] where c.relnamespace = current_schema::regnamespace`)
		leadByTenant(t, leads)
	})
	t.Run("SQLite", func(t *testing.T) {
		o := stores.SQLite(t)
		assert.Empty(t, column(t, o, "select name from sqlite_master where type in ('trigger', 'view') or name like 'sqlite_sequence%'"))
		leadByTenant(t, column(t, o, `select m.name || ' ' || c.name from sqlite_master as m join pragma_index_list(m.name) as i
			join pragma_index_info(i.name) as c where m.type = 'table' and c.seqno = 0`))
	})
}

func leadByTenant(t *testing.T, leads []string) {
	t.Helper()
	tables := map[string]bool{}
	for _, lead := range leads {
		table, column, _ := strings.Cut(lead, " ")
		tables[table] = true
		switch table {
		case "frontdesk_schema":
		case "frontdesk_jobs", "frontdesk_leases":
			assert.Equal(t, "lane", column, table)
		default:
			assert.Equal(t, "tenant", column, table)
		}
	}
	assert.GreaterOrEqual(t, len(tables), 6)
}

func column(t *testing.T, o *stores.Opened, query string) (all []string) {
	t.Helper()
	rows, err := o.DB.Query(query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		all = append(all, text)
	}
	require.NoError(t, rows.Err())
	return all
}

// A list reads one partition of each table, with a plan for its arguments and with one for all.
func TestListsTouchOnePartition(t *testing.T) {
	big(t)
	o := stores.WithPostgreSQL(t, sqlstore.Options{Partitions: 8})
	fill(t, o, 1000)
	s, _, r := record(t, o)
	for name, q := range lists() {
		q.Tenant, q.Limit = "acme", page
		got, statements := listed(t, s, r, q)
		require.NotEmpty(t, got.Rows, name)
		for _, a := range statements {
			for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
				at := touched(t, o, mode, a)
				require.NotEmpty(t, at, name)
				for table, partitions := range at {
					assert.Len(t, partitions, 1, fmt.Sprint(mode, ": ", name, " of ", table))
				}
			}
			checkPostgreSQL(t, o.DB, "force_custom_plan", a, max(2, len(q.Ranges))*(page+1))
		}
	}
	var whole int
	require.NoError(t, o.DB.QueryRow("select count(distinct tableoid) from frontdesk_rows").Scan(&whole))
	require.Equal(t, 1, whole, "a tenant lies in one partition")
	_, err := s.Load(ctx, "acme", []store.Key{document("a")}, nil)
	require.NoError(t, err)
}

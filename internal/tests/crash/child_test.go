package crash_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

const tenant = "acme"

// patience is how long a test waits for what must come to pass.
const patience = 5 * time.Minute

var ctx = context.Background()

// childEnv holds the JSON of what a child is to do.
const childEnv = "FRONTDESK_CRASH_CHILD"

// roles are what the test binary does instead of its tests when it is run as a child.
var roles = map[string]func(*child) error{"ingest": ingest, "send": send, "work": work}

func TestMain(m *testing.M) {
	text := os.Getenv(childEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	c := new(child)
	err := json.Unmarshal([]byte(text), c)
	if err == nil {
		err = c.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

// child is a process of its own on a database.
type child struct {
	Role     string
	Driver   string // of database/sql
	DSN      string
	Name     string
	Provider string        // URL of the provider's server
	Point    string        // where it dies of itself; see sender
	Clock    string        // file with how far all clocks are moved, as a duration; "" for none
	Skew     time.Duration // how far this one's clock is off
	Speed    int           // how many times faster than real time clocks run; 0: as real time
	Epoch    time.Time     // since when
	Round    int
	Again    []string // deliveries whose outcome is unknown

	moved atomic.Int64
}

// run does the child's part until it is killed, or until the one that started it has gone.
func (c *child) run() error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if c.Clock != "" {
		c.readClock()
		go func() {
			for range time.Tick(5 * time.Millisecond) {
				c.readClock()
			}
		}()
	}
	return roles[c.Role](c)
}

func (c *child) readClock() {
	text, err := os.ReadFile(c.Clock)
	if d, perr := time.ParseDuration(string(text)); err == nil && perr == nil {
		c.moved.Store(int64(d))
	}
}

// now is the time on the child's clock.
func (c *child) now() time.Time {
	now := time.Now()
	if c.Speed > 0 {
		now = c.Epoch.Add(now.Sub(c.Epoch) * time.Duration(c.Speed))
	}
	return now.Add(c.Skew + time.Duration(c.moved.Load()))
}

// desk opens the database and makes the child's Desk on it.
func (c *child) desk(drivers ...channel.Driver) (*frontdesk.Desk, error) {
	db, err := sql.Open(c.Driver, c.DSN)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(16)
	dialect := sqlstore.SQLite
	if c.Driver == "pgx" {
		dialect = sqlstore.PostgreSQL
	}
	s, err := sqlstore.New(db, sqlstore.Options{Dialect: dialect})
	if err != nil {
		return nil, err
	}
	// Longer than the clock is behind of whoever writes what is to be archived: his events are none that the feed drops.
	return frontdesk.New(frontdesk.Config{Store: s, Drivers: drivers, BaseURL: "https://desk.example.com", Now: c.now, KeepEvents: 100 * 24 * time.Hour})
}

// say tells the parent a line, in one write.
func say(format string, args ...any) { _, _ = fmt.Fprintf(os.Stdout, format+"\n", args...) }

// spawned counts children.
var spawned atomic.Int64

// process is a running child, as its parent has it.
type process struct {
	t       *testing.T
	name    string // of its connections to the database
	command *exec.Cmd
	input   io.Closer
	wrong   strings.Builder // what it said on its standard error
	read    chan struct{}   // closed when all it said is read

	mu    sync.Mutex
	lines []string
}

// spawn starts a child on a store's database.
func spawn(t *testing.T, o *stores.Opened, c *child) *process {
	t.Helper()
	p := &process{t: t, command: exec.Command(os.Args[0]), read: make(chan struct{}), name: fmt.Sprintf("crash_%d_%d", os.Getpid(), spawned.Add(1))}
	c.Driver, c.DSN = o.Driver, o.DSN
	if o.Driver == "pgx" {
		c.DSN = named(o.DSN, p.name)
	}
	text, err := json.Marshal(c)
	require.NoError(t, err)
	p.command.Env = append(os.Environ(), childEnv+"="+string(text))
	p.command.Stderr = &p.wrong
	p.input, err = p.command.StdinPipe()
	require.NoError(t, err)
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	go func() {
		defer close(p.read)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			p.mu.Unlock()
		}
	}()
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	return p
}

// said returns the lines that the process has said so far.
func (p *process) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines[:len(p.lines):len(p.lines)]
}

// waits until the process has said so many lines.
func (p *process) waits(lines int) {
	p.t.Helper()
	for begun := time.Now(); len(p.said()) < lines; time.Sleep(100 * time.Microsecond) {
		require.Less(p.t, time.Since(begun), patience, "the child does not get on: %q", p.said())
	}
}

// kill ends the process as kill -9 does, and waits until it has gone.
func (p *process) kill() {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Kill())
	p.gone()
}

// gone waits until the process has ended by being killed. What it had said before is read.
func (p *process) gone() {
	p.t.Helper()
	<-p.read
	_ = p.command.Wait()
	require.False(p.t, p.command.ProcessState.Exited(), "it ended by itself: %s", &p.wrong)
}

// named marks a process's connections to PostgreSQL.
func named(dsn, name string) string {
	if strings.Contains(dsn, "://") {
		return dsn + "&application_name=" + name // stores has put the schema behind a question mark
	}
	return dsn + " application_name=" + name
}

// settled waits until the database has done with what a killed process asked it for: PostgreSQL carries out a commit that it has
// received, also when nobody waits for the answer any more.
func settled(t *testing.T, o *stores.Opened, p *process) {
	t.Helper()
	if o.Driver != "pgx" {
		return
	}
	require.Eventually(t, func() bool {
		var n int
		err := o.DB.QueryRowContext(ctx, "select count(*) from pg_stat_activity where application_name = $1", p.name).Scan(&n)
		return err == nil && n == 0
	}, patience, time.Millisecond)
}

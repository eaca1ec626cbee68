package frontdesk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/blob"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
	"github.com/frontdesk-go/frontdesk/store"
)

// Config is what a Desk is made of. Store is required; everything else has a default.
type Config struct {
	Store   store.Store
	Drivers channel.Drivers
	BaseURL string // public address under which Webhooks is reached, without "/hooks/"; providers sign it. Required with drivers that take webhooks

	Secrets     func(ctx context.Context, tenant, reference string) (string, error) // Defaults to EnvSecrets
	Subscribers map[string]Subscriber                                               // by name; the same in every process

	// MayReadRecord says whether an actor has the host's permission to read a record, such as ("order", "4711"), and so what is linked to it;
	// see FromRecord. It is asked on every such reading of somebody who does not see everything. Defaults to no.
	MayReadRecord func(ctx context.Context, actor Actor, kind, id string) (bool, error)

	Client *http.Client // for calls to providers and endpoints. Defaults to one with a 30 s timeout

	// PrivateEndpoints lets a tenant's endpoints be at http and at addresses that are not public. Defaults to public https addresses only,
	// since who may save an endpoint could reach the host's own network otherwise.
	PrivateEndpoints bool

	Log *slog.Logger // Defaults to none

	// Phone reads a phone number as people write it: country is where one without a country is dialled, and may be "". It returns the E.164
	// form; ok is false for what is none. Defaults to conversation.Phone. Short codes and sender names never get there.
	Phone func(raw, country string) (e164 string, ok bool)
	// Records asks the host which of its records, such as customers, have one of these identities. It is asked by a job when a contact
	// gets a new one, about his phone numbers and what the channel vouches for, and by MatchRecords about all. Defaults to none: nothing is matched. At most 10 s a call; an error has it asked again, later
	// and later, for a week.
	Records func(ctx context.Context, tenant string, identities []conversation.Identity) ([]Candidate, error)

	// Blobs keeps the files of messages. Defaults to none: a file stays with the provider and is opened there, and none can be uploaded.
	Blobs blob.Blobs

	// LinkKey signs the addresses under which providers fetch uploads from Files: 32 bytes or more, the same in every process. Defaults to
	// none: uploads go only where the driver takes the content itself.
	LinkKey []byte

	// RecordPeople asks the host who is responsible for a record of its own, such as ("order", "4711"): its sales and service people are
	// told of what comes in on conversations that are linked to it; see Notice. It is asked by a job, once for each link and message.
	// Defaults to none. At most 10 s a call. An error has it asked again, later and later, and the tenant's other notices wait;
	// after the fifth the message is told without the record's people.
	RecordPeople func(ctx context.Context, tenant, kind, id string) ([]RecordPerson, error)
	// Notify hands a notice out, as a push message or a mail: for each message that an agent is told of. It is called after the commit
	// by a job, at least once, and for an agent in order; not when he has read it or may no longer see it by then. An error has it called
	// again, later and later, for a day. Defaults to none.
	Notify func(ctx context.Context, n Notice) error

	Workers    int                                 // jobs done at the same time. Defaults to 8
	Retry      []time.Duration                     // pauses between tries of a send. Defaults to 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 6 h, 12 h
	Writing    func(ctx context.Context, w Writer) // is told each hint that somebody writes, at once: to show it, and to give it to Desk.Heard in other processes. Defaults to none
	KeepEvents time.Duration                       // how long the feed holds events. Defaults to 30 days
	Disclaimer string                              // the first message of a test send. Defaults to "This is a test message."

	Now func() time.Time // Defaults to time.Now

	_ struct{}
}

// Subscriber is told what happened, in order, at least once, up to a hundred events a call. One that is new begins with the oldest event that
// the feed holds. Returning an error has it told again, later and later; others are told meanwhile.
type Subscriber func(ctx context.Context, events []Event) error

// Desk is the inbox of all tenants on one store. It is safe for concurrent use, and several Desks, in several processes, may share a
// database.
type Desk struct {
	store   store.Store
	cfg     Config
	drivers map[string]channel.Driver
	now     func() time.Time
	log     *slog.Logger
	bound   bool // to a host's transaction

	*shared
}

// shared is what a Desk and those bound to a host's transaction have in common.
type shared struct {
	locks    stripes
	docs     docCache
	conns    connCache
	hours    calendarCache
	standing cache[string, *standing] // by tenant
	routes   routeCache
	numbers  numberBlocks
	writers  writers
	finders  cache[string, *regexp.Regexp] // compiled patterns of captures
	turn     turn
	unheard  atomic.Pointer[store.JobQuery] // a call that leased, and whose answer was lost
	kick     chan struct{}                  // work was queued in this process

	endpoints *outbound.Poster

	spamModels  modelCache
	spamSenders cache[string, keptSenders]
	asking      chan struct{} // held while the host is asked for records
}

// New makes a Desk. It calls nobody. Error: ErrInvalid.
func New(cfg Config) (*Desk, error) {
	if cfg.Store == nil {
		return nil, invalid("Store", "is missing; give one, such as memstore.New()")
	}
	d := &Desk{store: cfg.Store, drivers: map[string]channel.Driver{}, shared: &shared{kick: make(chan struct{}, 1), asking: make(chan struct{}, askedAtOnce),
		numbers: numberBlocks{reserving: make(chan struct{}, 1)}}}
	for i, driver := range cfg.Drivers {
		if driver == nil {
			return nil, invalid("Drivers", "driver %d is nil; give one, or leave it out", i+1)
		}
		kind := driver.Kind()
		if kind == "" || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return nil, invalid("Drivers", "kind %q; use lower-case letters and digits", kind)
		}
		if kind == kindHandover {
			return nil, invalid("Drivers", "kind %q is the address where bots ask for an agent; use another", kind)
		}
		if d.drivers[kind] != nil {
			return nil, invalid("Drivers", "two drivers of kind %q; give one", kind)
		}
		if _, hooks := driver.(channel.WebhookDriver); hooks && cfg.BaseURL == "" {
			return nil, invalid("BaseURL", "is missing; %s signs the public address", kind)
		}
		d.drivers[kind] = driver
	}
	if u, err := url.Parse(cfg.BaseURL); cfg.BaseURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		strings.ContainsAny(cfg.BaseURL, "?#")) {
		return nil, invalid("BaseURL", "%q is not an absolute http or https address without query and fragment", cfg.BaseURL)
	}
	if n := len(cfg.LinkKey); n > 0 && (n < minLinkKey || cfg.BaseURL == "") {
		return nil, invalid("LinkKey", "has %d bytes, at least %d, and needs BaseURL", n, minLinkKey)
	}
	for name, tell := range cfg.Subscribers {
		if problem := conversation.CheckID(name); problem != "" {
			return nil, invalid("Subscribers", "name %q %s", name, problem)
		}
		if tell == nil {
			return nil, invalid("Subscribers", "%q is nil; give a function, or leave it out", name)
		}
	}
	d.cfg = cfg.withDefaults()
	d.now, d.log = d.cfg.Now, d.cfg.Log
	d.endpoints = outbound.NewPoster(d.cfg.Client, d.cfg.PrivateEndpoints)
	d.locks.init()
	return d, nil
}

func (c Config) withDefaults() Config {
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.Secrets == nil {
		c.Secrets = EnvSecrets
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Workers <= 0 {
		c.Workers = 8
	}
	if len(c.Retry) == 0 {
		c.Retry = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}
	}
	if c.KeepEvents <= 0 {
		c.KeepEvents = 30 * 24 * time.Hour
	}
	if c.Disclaimer == "" {
		c.Disclaimer = "This is a test message."
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// EnvSecrets resolves a secret's reference from the environment: "twilio-main" is FRONTDESK_SECRET_TWILIO_MAIN.
func EnvSecrets(_ context.Context, _, reference string) (string, error) {
	name := "FRONTDESK_SECRET_" + strings.ToUpper(strings.ReplaceAll(reference, "-", "_"))
	if value, ok := os.LookupEnv(name); ok {
		return value, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}

// In returns a Desk that works in a host's transaction, over a store bound to it. Its commands are written when the host commits; none
// is tried again, and nothing leaves the process before. It neither runs jobs nor takes webhooks.
func (d *Desk) In(bound store.Store) *Desk {
	in := *d
	in.store, in.bound = bound, true
	return &in
}

// As returns the session of an actor: every call on it is his, what he may see and do.
func (d *Desk) As(actor Actor) *Session { return &Session{desk: d, actor: actor} }

// Session is the door to a tenant's inbox for one actor. It is cheap, holds no connection, and is safe for concurrent use.
type Session struct {
	desk  *Desk
	actor Actor
}

const idAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

// newID makes an ID: eleven characters of the time in microseconds, so that IDs made later come later as far as clocks agree, and
// thirteen of chance, which are what makes it unique.
func newID(now time.Time) string {
	var b [24]byte
	t := now.UnixMicro()
	for i := 10; i >= 0; i-- {
		b[i] = idAlphabet[t%36]
		t /= 36
	}
	var chance [13]byte
	_, _ = rand.Read(chance[:]) // crypto/rand.Read never fails
	for i, c := range chance {
		b[11+i] = idAlphabet[int(c)%36]
	}
	return string(b[:])
}

func (d *Desk) ids(n int) []string {
	now, ids := d.now(), make([]string, n)
	for i := range ids {
		ids[i] = newID(now)
	}
	return ids
}

// stripes are locks by key. They spare conflicts within a process; correctness never rests on them.
type stripes [256]chan struct{}

func (s *stripes) init() {
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
}

// lock holds the stripe of a key until unlock is called. Who holds one must not ask for another: two callers could wait for one another,
// or one for himself.
func (s *stripes) lock(ctx context.Context, key string) (unlock func(), err error) {
	stripe := s[store.Shard(key)]
	select {
	case stripe <- struct{}{}:
		return func() { <-stripe }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cache is a bounded map for concurrent use.
type cache[K comparable, V any] struct {
	mu   sync.RWMutex
	vals map[K]V
}

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.vals[key]
	return v, ok
}

// cacheLimit bounds every cache; a full one is emptied, since what it holds is cheap to find again.
const cacheLimit = 10000

func (c *cache[K, V]) put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vals == nil || len(c.vals) >= cacheLimit {
		c.vals = map[K]V{}
	}
	c.vals[key] = v
}

func (c *cache[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.vals, key)
}

var errStop = errors.New("stop")

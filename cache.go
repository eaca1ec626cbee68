package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Settings are read far more often than they change, so a process keeps them. A commit that rests on a kept document checks its version,
// so an old one is found out when it matters.

type docKey struct{ tenant, id string }

// docCache keeps documents, also that one is absent.
type docCache = cache[docKey, store.Row]

// route is where an account's deliveries go.
type route struct {
	Tenant  string `json:"tenant"`
	Channel string `json:"channel"`
}

// routeCache keeps what accounts and tokens lead to. An entry is checked by reading the channel it leads to.
type routeCache = cache[string, route]

// connCache keeps opened channels by the version of their document.
type connCache = cache[docKey, openConn]

type openConn struct {
	version int64
	until   time.Time
	conn    channel.Conn
}

// connFor is how long an opened channel is kept: a secret that was changed behind its reference is in use after that.
const connFor = 5 * time.Minute

// doc returns a document, from the cache or the store, and has the commit check it. ok is false if it is not there.
func doc[T any](t *txn, key store.Key) (v T, ok bool, err error) {
	row, ok, err := t.docRow(key)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = decode[T](t, row)
	return v, true, err
}

// docRow is doc without decoding.
func (t *txn) docRow(key store.Key) (store.Row, bool, error) {
	if _, loaded := t.rows[key]; !loaded {
		if row, cached := t.desk.docs.get(docKey{t.tenant, key.ID}); cached && !t.desk.bound {
			t.rows[key] = row
			t.batch.ReadRow(row)
			t.cached = append(t.cached, key)
		} else if err := t.load(key); err != nil {
			return store.Row{}, false, err
		} else if row := t.rows[key]; !t.desk.bound {
			t.desk.docs.put(docKey{t.tenant, key.ID}, row)
		}
	}
	row, ok := t.row(key)
	return row, ok, nil
}

// settings returns the tenant's settings.
func (t *txn) settings() (Settings, error) {
	s, _, err := doc[Settings](t, document("settings", "tenant"))
	return s, err
}

// mailbox returns a mailbox; ErrNotFound if it is not there.
func (t *txn) mailbox(id string) (Mailbox, error) { return need[Mailbox](t, "mailbox", id) }

func (t *txn) channel(id string) (Channel, error) { return need[Channel](t, "channel", id) }

func (t *txn) agent(id string) (Agent, error) { return need[Agent](t, "agent", id) }

func need[T any](t *txn, kind, id string) (T, error) {
	if store.CheckText(id, false) != "" {
		var none T
		return none, fmt.Errorf("%s %q: %w", kind, id, ErrNotFound)
	}
	v, ok, err := doc[T](t, document(kind, id))
	if err == nil && !ok {
		err = fmt.Errorf("%s %q: %w", kind, id, ErrNotFound)
	}
	return v, err
}

// view runs a reading that writes nothing.
func (d *Desk) view(ctx context.Context, tenant string, read func(*txn) error) error {
	if problem := conversation.CheckID(tenant); problem != "" {
		return invalid("tenant", "%s", problem)
	}
	once := func(t *txn) error {
		if err := read(t); err != nil {
			return err
		}
		return errStop
	}
	err := d.attempt(ctx, tenant, nil, once)
	var old errOld
	if errors.As(err, &old) {
		err = d.attempt(ctx, tenant, nil, once)
	}
	if errors.As(err, &old) {
		err = old.error
	}
	return err
}

// conn opens a channel, or returns it open. Errors: ErrNotFound, ErrInvalid.
func (d *Desk) conn(ctx context.Context, tenant string, ch Channel, version int64) (channel.Conn, error) {
	key := docKey{tenant, ch.ID}
	if open, ok := d.conns.get(key); ok && open.version == version && version != 0 && d.now().Before(open.until) {
		return open.conn, nil
	}
	driver := d.drivers[ch.Kind]
	if driver == nil {
		return nil, invalid("Kind", "no driver of kind %q; give one in Config.Drivers", ch.Kind)
	}
	secret := ""
	if ch.Secret != "" {
		var err error
		if secret, err = d.cfg.Secrets(ctx, tenant, ch.Secret); err != nil {
			return nil, fmt.Errorf("secret %q: %w", ch.Secret, err)
		}
	}
	conn, err := openDriver(ctx, driver, channel.Settings{Channel: ch.ID, Account: ch.Account, Secret: secret, Options: ch.Options,
		CallbackURL: d.hookURL(ch.Kind, ch.Token), Client: d.cfg.Client, Log: d.log.With("tenant", tenant, "channel", ch.ID)})
	if err != nil {
		return nil, asInvalid(err)
	}
	if version != 0 && !d.bound { // a version that is rolled back is given again
		d.conns.put(key, openConn{version, d.now().Add(connFor), conn})
	}
	return conn, nil
}

// openDriver guards against a driver that panics on settings, or gives nothing.
func openDriver(ctx context.Context, driver channel.Driver, s channel.Settings) (conn channel.Conn, err error) {
	defer func() {
		if p := recover(); p != nil {
			conn, err = nil, fmt.Errorf("opening a channel: panic: %v", p)
		}
	}()
	if conn, err = driver.Open(ctx, s); err == nil && conn == nil {
		err = errors.New("opening a channel: the driver gives no connection")
	}
	return conn, err
}

func asInvalid(err error) error {
	var s *channel.SettingError
	if errors.As(err, &s) {
		return &InvalidError{Field: s.Name, Problems: []string{s.Problem}}
	}
	return err
}

func (d *Desk) hookURL(kind, token string) string {
	if d.cfg.BaseURL == "" {
		return ""
	}
	return d.cfg.BaseURL + "/hooks/" + kind + "/" + token
}

// opened returns a channel's document and its Conn.
func (t *txn) opened(id string) (Channel, channel.Conn, error) {
	ch, err := t.channel(id)
	if err != nil {
		return ch, nil, err
	}
	row, _ := t.row(document("channel", id))
	conn, err := t.desk.conn(t.ctx, t.tenant, ch, row.Version)
	return ch, conn, err
}

// directory is the tenant under which accounts and tokens are found, whoever they belong to.
const directory = "*"

func accountName(kind, account string) store.Key { return name("account/"+kind, account) }
func tokenName(token string) store.Key           { return name("token", token) }

// routes finds where names of the directory lead, with at most one call to the store.
func (d *Desk) routes(ctx context.Context, keys []store.Key) (map[store.Key]route, error) {
	found, missing := map[store.Key]route{}, []store.Key(nil)
	for _, key := range keys {
		if r, ok := d.routesCache().get(key.ID); ok {
			found[key] = r
		} else {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	rows, err := d.store.Load(ctx, directory, missing, nil)
	if err != nil {
		return nil, err
	}
	for key, row := range rows.Found {
		var r route
		if _, err := store.Decode(row.Body, &r); err != nil {
			return nil, err
		}
		found[key] = r
		d.routesCache().put(key.ID, r)
	}
	return found, nil
}

func (d *Desk) routesCache() *routeCache { return &d.shared.routes }

// tenantOf refuses tenants that are not the host's to name.
func checkTenant(tenant string) error {
	if tenant == directory || strings.Trim(tenant, " ") == "" {
		return invalid("tenant", "%q; give the company's ID", tenant)
	}
	return nil
}

package frontdesk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Addresses of uploads. A provider fetches what it is to send within minutes; some put a message into a queue of hours before.
const (
	linkFor    = 24 * time.Hour // how long an address is good
	minLinkKey = 32             // bytes
)

// link is the address under which a provider can fetch an upload for a day: BaseURL/files/<tenant>/<upload>/<until>/<signature>/<name>.
// "" without a LinkKey.
func (d *Desk) link(tenant string, f conversation.File) string {
	if len(d.cfg.LinkKey) == 0 {
		return ""
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(tenant)) + "/" + f.Upload + "/" + itoa(d.now().Add(linkFor).Unix())
	return d.cfg.BaseURL + "/files/" + signed + "/" + d.sign(signed) + "/" + url.PathEscape(f.Name)
}

func (d *Desk) sign(text string) string {
	mac := hmac.New(sha256.New, d.cfg.LinkKey)
	_, _ = mac.Write([]byte("frontdesk files\x00" + text)) // a hash takes everything
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Files serves uploads to providers that fetch what they send: at /files/, below BaseURL. An address is signed with LinkKey and good for
// a day. What is wrong with one that is refused is not told: 404. It takes GET and HEAD.
func (d *Desk) Files() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		_, rest, _ := strings.Cut(r.URL.EscapedPath(), "/files/")
		tenant, id, ok := d.signed(rest)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		d.serve(w, r, tenant, id)
	})
}

// signed reads the part of an address behind "/files/"; ok is false unless it is signed by this Desk and still good.
func (d *Desk) signed(rest string) (tenant, id string, ok bool) {
	part := strings.SplitN(rest, "/", 5)
	if len(part) < 5 || len(d.cfg.LinkKey) == 0 {
		return "", "", false
	}
	if !hmac.Equal([]byte(part[3]), []byte(d.sign(strings.Join(part[:3], "/")))) {
		return "", "", false
	}
	name, err := base64.RawURLEncoding.DecodeString(part[0])
	until, err2 := strconv.ParseInt(part[2], 10, 64)
	if err != nil || err2 != nil || d.now().Unix() > until {
		return "", "", false
	}
	return string(name), part[1], true
}

func (d *Desk) serve(w http.ResponseWriter, r *http.Request, tenant, id string) {
	var u upload
	err := d.view(r.Context(), tenant, func(t *txn) error {
		if err := t.load(uploadKey(id)); err != nil {
			return err
		}
		row, ok := t.row(uploadKey(id))
		if !ok {
			return ErrNotFound
		}
		_, err := store.Decode(row.Body, &u)
		return err
	})
	if err == nil && u.File.State != conversation.FileStored {
		err = ErrNotFound
	}
	if err != nil {
		d.refuseFile(w, tenant, id, err)
		return
	}
	file, err := d.openFile(r.Context(), uploadedName(tenant, id), u.File)
	if err != nil {
		d.refuseFile(w, tenant, id, err)
		return
	}
	defer func() { _ = file.Body.Close() }()
	h := w.Header()
	h.Set("Content-Type", u.File.Type)
	h.Set("Content-Length", itoa(u.File.Size))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": u.File.Name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-store")
	if r.Method == http.MethodHead {
		return
	}
	if _, err := io.Copy(w, file.Body); err != nil {
		d.log.WarnContext(r.Context(), "a file was not served whole", "tenant", tenant, "upload", id, "error", err)
		panic(http.ErrAbortHandler) // so that what came is not taken for all of it
	}
}

func (d *Desk) refuseFile(w http.ResponseWriter, tenant, id string, err error) {
	if errors.Is(err, ErrNotFound) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	d.log.Error("a file was not served", "tenant", tenant, "upload", id, "error", err)
	w.WriteHeader(http.StatusServiceUnavailable)
}

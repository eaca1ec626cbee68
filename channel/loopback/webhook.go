package loopback

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
)

// SignatureHeader carries "sha256=" and the hex HMAC-SHA256 of the raw body under the secret.
const SignatureHeader = "Loopback-Signature"

// delivery is the body of a request.
type delivery struct {
	Items []json.RawMessage `json:"items"`
}

// Deliver builds the signed request in which the provider tells of items. Its body is {"items": […]}, each an Item in JSON.
func (d *Driver) Deliver(items ...channel.Item) *http.Request {
	r := d.Request(items...)
	h, err := http.NewRequest(r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		panic(fmt.Sprintf("loopback: the URL %q of the driver: %v", r.URL, err))
	}
	h.Header = r.Header
	return h
}

// Request builds the same delivery as Deliver, as a driver is given it.
func (d *Driver) Request(items ...channel.Item) *channel.Request {
	if items == nil {
		items = []channel.Item{}
	}
	body, err := json.Marshal(map[string]any{"items": items})
	if err != nil { // an Item holds a time outside the years 0 to 9999
		panic("loopback: " + err.Error())
	}
	return d.Sign(body)
}

// Sign builds a signed request with any body, such as one that cannot be read.
func (d *Driver) Sign(body []byte) *channel.Request {
	address := d.URL
	if address == "" {
		address = "https://desk.example.com/hooks/loopback"
	}
	h := http.Header{"Content-Type": {"application/json"}}
	h.Set(SignatureHeader, signature(d.secret(), body))
	return &channel.Request{Method: http.MethodPost, URL: address, Header: h, Body: body}
}

func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func (c *conn) Verify(r *channel.Request) error {
	if !hmac.Equal([]byte(signature(c.secret, r.Body)), []byte(r.Header.Get(SignatureHeader))) {
		return channel.ErrSignature
	}
	return nil
}

// Accounts names the accounts of all items, each once.
func (d *Driver) Accounts(r *channel.Request) ([]string, error) {
	items, err := d.Parse(r)
	var names []string
	for _, i := range items {
		if i.Account != "" && !slices.Contains(names, i.Account) {
			names = append(names, i.Account)
		}
	}
	return names, err
}

// Parse returns the items of a delivery. An item of no known kind becomes the placeholder of a message.
func (d *Driver) Parse(r *channel.Request) ([]channel.Item, error) {
	raws, err := split(r.Body)
	var items []channel.Item
	for _, raw := range raws {
		var i channel.Item
		if e := json.Unmarshal(raw, &i); e != nil {
			err = fmt.Errorf("%w: item %d: %w", channel.ErrMalformed, len(items), e)
			continue
		}
		switch kinds(i) {
		case 0:
			sum := sha256.Sum256(raw)
			i.Message = &channel.Message{ID: hex.EncodeToString(sum[:8]), Unsupported: "unknown"}
			items = append(items, i)
		case 1:
			items = append(items, i)
		default:
			err = fmt.Errorf("%w: item %d is of several kinds", channel.ErrMalformed, len(items))
		}
	}
	return items, err
}

// split reads the items one by one, so that those before a defect are returned with the error.
func split(body []byte) ([]json.RawMessage, error) {
	var whole delivery
	err := json.Unmarshal(body, &whole)
	if err == nil {
		return whole.Items, nil
	}
	err = fmt.Errorf("%w: %w", channel.ErrMalformed, err)
	dec := json.NewDecoder(bytes.NewReader(body))
	for _, want := range []json.Token{json.Delim('{'), "items", json.Delim('[')} {
		if got, e := dec.Token(); e != nil || got != want {
			return nil, err
		}
	}
	var raws []json.RawMessage
	for dec.More() {
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			break
		}
		raws = append(raws, raw)
	}
	return raws, err
}

func kinds(i channel.Item) int {
	n := 0
	for _, set := range []bool{i.Message != nil, i.Receipt != nil, i.Reaction != nil, i.Edit != nil, i.Unsend != nil,
		i.Identity != nil, i.Consent != nil, i.Offer != nil} {
		if set {
			n++
		}
	}
	return n
}

// Acknowledge answers 200 with {"ok":true}.
func (d *Driver) Acknowledge(*channel.Request) channel.Response {
	return channel.Response{Status: http.StatusOK, Type: "application/json", Body: []byte(`{"ok":true}`)}
}

// Handshake answers a GET with the query's challenge.
func (d *Driver) Handshake(r *channel.Request) (channel.Response, bool) {
	u, err := url.Parse(r.URL)
	if err != nil || r.Method != http.MethodGet || !u.Query().Has("challenge") {
		return channel.Response{}, false
	}
	return channel.Response{Status: http.StatusOK, Type: "text/plain", Body: []byte(u.Query().Get("challenge"))}, true
}

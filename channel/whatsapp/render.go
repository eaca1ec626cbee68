package whatsapp

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
)

// location reads a place: its name and address, and the coordinates as a geo address (RFC 5870).
func location(msg *channel.Message, m object) bool {
	p := m.object("location")
	latitude, longitude := p.text("latitude"), p.text("longitude")
	if latitude == "" || longitude == "" {
		return false
	}
	msg.Text = lines(p.text("name"), p.text("address"), "geo:"+latitude+","+longitude, p.text("url"))
	return true
}

// order reads a cart: the customer's note and a line for each product.
func order(msg *channel.Message, m object) bool {
	p := m.object("order")
	if p == nil {
		return false
	}
	rows := []string{p.text("text")}
	for _, raw := range p.list("product_items") {
		i := parseObject(raw)
		row := strings.Join(nonEmpty(i.text("quantity"), "×", i.text("product_retailer_id")), " ")
		if price := strings.Join(nonEmpty(i.text("item_price"), i.text("currency")), " "); price != "" {
			row += ", " + price
		}
		rows = append(rows, row)
	}
	msg.Text = lines(append(rows, labelled("Catalog", p.text("catalog_id")))...)
	return true
}

// cards reads contact cards. A blank line parts two of them.
func cards(msg *channel.Message, m object) bool {
	var all []string
	for _, raw := range m.list("contacts") {
		if card := parseObject(raw); card != nil {
			all = append(all, renderCard(card))
		}
	}
	msg.Text = strings.Join(nonEmpty(all...), "\n\n")
	return msg.Text != ""
}

// renderCard writes every value of a card. Members that the format gains later follow by name.
func renderCard(card object) string {
	name, org := card.object("name"), card.object("org")
	parts := []string{name.text("prefix"), name.text("first_name"), name.text("middle_name"), name.text("last_name"), name.text("suffix")}
	rows := []string{
		cmp.Or(name.text("formatted_name"), strings.Join(nonEmpty(parts...), " ")),
		strings.Join(nonEmpty(org.text("title"), org.text("department"), org.text("company")), ", "),
		labelled("Birthday", card.text("birthday")),
	}
	rows = append(rows, entries(card.list("phones"), "Phone", "phone", "wa_id")...)
	rows = append(rows, entries(card.list("emails"), "E-mail", "email")...)
	rows = append(rows, entries(card.list("addresses"), "Address", "street", "zip", "city", "state", "country")...)
	rows = append(rows, entries(card.list("urls"), "URL", "url")...)
	known := []string{"name", "org", "birthday", "phones", "emails", "addresses", "urls"}
	for _, other := range slices.Sorted(maps.Keys(card)) {
		if !slices.Contains(known, other) {
			rows = append(rows, labelled(other, readable(card[other])))
		}
	}
	return lines(rows...)
}

// entries writes a line for each entry of a list: the label with the entry's type, then the members named, then all others.
func entries(list []json.RawMessage, label string, members ...string) []string {
	var rows []string
	for _, raw := range list {
		o := parseObject(raw)
		var values []string
		for _, m := range members {
			values = append(values, o.text(m))
		}
		for _, other := range slices.Sorted(maps.Keys(o)) {
			if other != "type" && !slices.Contains(members, other) {
				values = append(values, readable(o[other]))
			}
		}
		title := label
		if kind := o.text("type"); kind != "" {
			title += " (" + strings.ToLower(kind) + ")"
		}
		rows = append(rows, labelled(title, strings.Join(nonEmpty(values...), ", ")))
	}
	return rows
}

// form writes the answers of a filled form in the form's order. flow_token is the provider's own.
func form(response string) string {
	d := json.NewDecoder(strings.NewReader(response))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return response
	}
	var rows []string
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return response
		}
		if name, ok := name.(string); ok && name != "flow_token" {
			rows = append(rows, labelled(name, readable(value)))
		}
	}
	return lines(rows...)
}

func labelled(label, value string) string {
	if value == "" {
		return ""
	}
	return label + ": " + value
}

func lines(rows ...string) string { return strings.Join(nonEmpty(rows...), "\n") }

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

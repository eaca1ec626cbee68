package frontdesk

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// jsonLines writes a conversation as one line, its messages as they come.
type jsonLines struct {
	w     *bufio.Writer
	comma bool
}

func (j *jsonLines) begin(conv exported) error {
	text, err := json.Marshal(conv)
	if err != nil {
		return err
	}
	j.comma = false
	_, err = fmt.Fprintf(j.w, `{"conversation":%s,"messages":[`, text)
	return err
}

func (j *jsonLines) message(m exportedMessage) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if j.comma {
		if err := j.w.WriteByte(','); err != nil {
			return err
		}
	}
	j.comma = true
	_, err = j.w.Write(text)
	return err
}

func (j *jsonLines) end() error {
	_, err := j.w.WriteString("]}\n")
	return err
}

func (j *jsonLines) close() error { return nil }

// csvRows writes a message as one row.
type csvRows struct {
	w    *csv.Writer
	conv exported
	head bool
}

var csvHeading = []string{"conversation", "number", "mailbox", "conversation_subject", "status", "tags", "contacts", "message", "at", "direction", "by", "author",
	"channel", "to", "cc", "subject", "text", "attachments", "delivery"}

func (c *csvRows) begin(conv exported) error {
	c.conv = conv
	return c.heading()
}

func (c *csvRows) heading() error {
	if c.head {
		return nil
	}
	c.head = true
	return c.w.Write(csvHeading)
}

func (c *csvRows) message(m exportedMessage) error {
	var people, files []string
	for _, p := range c.conv.Contacts {
		people = append(people, p.Name)
	}
	for i, f := range m.Files {
		files = append(files, strconv.Itoa(i)+":"+f.Name)
	}
	row := []string{c.conv.ID, itoa(c.conv.Number), c.conv.Mailbox, c.conv.Subject, string(c.conv.Status), strings.Join(c.conv.Tags, ","), strings.Join(people, "; "),
		m.ID, m.At.UTC().Format(time.RFC3339), string(m.Direction), string(m.By), m.Author, m.Channel, strings.Join(m.To, "; "), strings.Join(m.CC, "; "),
		m.Subject, m.Text, strings.Join(files, "; "), string(m.Delivery)}
	for i := range row {
		row[i] = harmless(row[i])
	}
	return c.w.Write(row)
}

func (c *csvRows) end() error { return nil }

func (c *csvRows) close() error {
	if err := c.heading(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// harmless keeps a spreadsheet from taking a value for a formula: OWASP names = + - @, tab and line ends at its beginning, and their wide
// forms.
func harmless(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	first, _ := utf8.DecodeRuneInString(value)
	if value != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + value
	}
	return value
}

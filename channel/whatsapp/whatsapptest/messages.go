package whatsapptest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Taken is a message that was accepted.
type Taken struct {
	ID        string
	To        string // the number with "+", or the user ID
	Type      string
	Text      string // or the caption
	File      string // its address or ID
	FileName  string
	Template  string
	Params    []string
	ReplyTo   string
	Reference string
}

// Fault is what becomes of the next call of the messages endpoint whose body is allowed.
type Fault struct {
	Code       int           // of the Graph error; used when Status is 0 or Body is empty
	Subcode    int           // of the Graph error
	Status     int           // in place of the code's own
	Body       string        // in place of a Graph error: sent as it is, with Status
	RetryAfter time.Duration // as a header
}

// Next sets what becomes of the calls that follow, one fault each.
func (s *Server) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, faults...)
}

// send answers a call of the messages endpoint.
func (s *Server) send(r *http.Request) reply {
	data, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/json" {
		return failure(100, 0, "The body must be application/json")
	}
	var m message
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || d.More() {
		return failure(100, 0, fmt.Sprintf("Invalid parameter: %v", err))
	}
	got, f := m.check()
	if f != nil {
		return *f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) > 0 {
		fault := s.next[0]
		s.next = s.next[1:]
		return fault.reply()
	}
	return s.accept(m, got)
}

func (f Fault) reply() reply {
	r := failure(f.Code, f.Subcode, "scripted")
	if f.Body != "" {
		r = reply{status: f.Status, body: json.RawMessage(f.Body)}
	}
	if f.Status != 0 {
		r.status = f.Status
	}
	if f.RetryAfter != 0 {
		r.header = http.Header{"Retry-After": {strconv.Itoa(int(f.RetryAfter / time.Second))}}
	}
	return r
}

// accept checks the template or the 24 hours, and takes the message.
func (s *Server) accept(m message, got Taken) reply {
	who := object{"input": got.To, "user_id": got.To}
	key := got.To
	if m.To != "" {
		key = strings.TrimPrefix(m.To, "+")
		if c := s.corrected[key]; c != "" {
			key = c
		}
		who = object{"input": got.To, "wa_id": key}
	}
	if m.Template != nil {
		switch want, ok := s.templates[m.Template.Name+"/"+m.Template.Language.Code]; {
		case !ok:
			return failure(132001, 0, "template name does not exist in "+m.Template.Language.Code)
		case want != len(got.Params):
			return failure(132000, 0, fmt.Sprintf("number of localizable_params (%d) does not match the expected number of params (%d)", len(got.Params), want))
		}
	} else if now := s.now(); !now.Before(s.wrote[key].Add(24 * time.Hour)) {
		return failure(131047, 0, "Message failed to send because more than 24 hours have passed since the customer last replied to this number.")
	}
	got.ID = "wamid." + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s-%d-%s", key, len(s.taken)+1, got.Reference))
	s.taken = append(s.taken, got)
	return reply{status: http.StatusOK, body: object{"messaging_product": "whatsapp", "contacts": []object{who}, "messages": []object{{"id": got.ID}}}}
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Package twiliotest is a stand-in of Twilio's messaging API for tests and demonstrations.
//
// A [Server] is a http.Handler that answers as https://www.twilio.com/docs/messaging/api/message-resource documents, and refuses what is
// not documented: an unknown path, parameter or method, a wrong login, a body of another form. It holds what was sent, fails on demand,
// and builds the signed webhook requests that Twilio would make.
package twiliotest

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is the stand-in: one account. The zero value has no login; New fills it.
type Server struct {
	AccountSID string // "AC" and 32 hex digits
	AuthToken  string
	APIKey     string // "SK" and 32 hex digits; "" if there is none
	APISecret  string

	// Senders are the numbers, short codes and Messaging Services of the account. Others are refused with error 21606.
	Senders []string
	// URL is where the API is reached, as in media addresses. Defaults to "https://api.twilio.com".
	URL string
	// Storage is where media redirect to, without a path. Defaults to URL.
	Storage string
	// Now gives messages their date. Defaults to time.Now.
	Now func() time.Time

	mu       sync.Mutex
	count    int
	messages []Message
	media    map[string]Media
	failures []failure
	redirect string
}

// Media is a file of a message.
type Media struct {
	SID  string // "ME" and 32 hex digits
	Type string
	Data []byte
}

// Message is a message that the account sent or received.
type Message struct {
	SID                 string // "SM" or, with media, "MM", and 32 hex digits
	From, To            string
	MessagingServiceSID string
	Body                string
	Inbound             bool
	Status              string
	Date                time.Time
	Media               []Media  // of an inbound message
	MediaURLs           []string // of an outbound one
	StatusCallback      string
	ContentSID          string
	ContentVariables    string
	OptOutType          string            // of an inbound one: "STOP", "START" or "HELP" where Twilio answered
	Extra               map[string]string // further parameters of the webhook, such as ProfileName
}

type failure struct {
	code, status int
	after        string
}

// New returns a stand-in with an account that sends from the given senders.
func New(senders ...string) *Server {
	return &Server{AccountSID: "AC00000000000000000000000000000001", AuthToken: "0123456789abcdef0123456789abcdef", Senders: senders}
}

// Secret is the secret of a channel of this account, as package twilio reads it.
func (s *Server) Secret() string {
	fields := map[string]string{"account_sid": s.AccountSID, "auth_token": s.AuthToken}
	if s.APIKey != "" {
		fields["api_key"], fields["api_secret"] = s.APIKey, s.APISecret
	}
	text, _ := json.Marshal(fields) // strings always can be
	return string(text)
}

// Fail makes the next messages be refused with documented error codes, one each.
func (s *Server) Fail(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, code := range codes {
		s.failures = append(s.failures, failure{code: code, status: httpStatus(code)})
	}
}

// FailStatus makes the next message be refused with a status and no body of Twilio's, as something in front of it would; retryAfter is
// the value of the header Retry-After, "" for none.
func (s *Server) FailStatus(status int, retryAfter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failure{status: status, after: retryAfter})
}

// Redirect makes the next download of a file lead to an address.
func (s *Server) Redirect(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redirect = address
}

// Sent returns the messages that were taken for sending, in order.
func (s *Server) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.messages), func(m Message) bool { return m.Inbound })
}

// Receive takes in a message from a customer, and returns it with what was left open: SIDs, date and status. A message with a SID that
// is there already replaces it. Nobody is told: see Webhook.
func (s *Server) Receive(m Message) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Inbound, m.Status = true, "received"
	if m.SID == "" {
		m.SID = s.sid(len(m.Media) > 0)
	}
	if m.Date.IsZero() {
		m.Date = s.now()
	}
	m.Media = slices.Clone(m.Media)
	for i := range m.Media {
		if m.Media[i].SID == "" {
			m.Media[i].SID = fmt.Sprintf("ME%x", md5.Sum(fmt.Append(nil, m.SID, i)))
		}
		if s.media == nil {
			s.media = map[string]Media{}
		}
		s.media[m.Media[i].SID] = m.Media[i]
	}
	s.messages = slices.DeleteFunc(s.messages, func(old Message) bool { return old.SID == m.SID })
	s.messages = append(s.messages, m)
	return m
}

// sid makes a message's SID. The caller holds the lock.
func (s *Server) sid(media bool) string {
	s.count++
	prefix := "SM"
	if media {
		prefix = "MM"
	}
	return prefix + fmt.Sprintf("%032x", s.count)
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}

func (s *Server) url() string {
	if s.URL == "" {
		return "https://api.twilio.com"
	}
	return s.URL
}

// ServeHTTP answers a request to the API, or to the storage of its media.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sid, ok := strings.CutPrefix(r.URL.Path, "/storage/"); ok {
		s.stored(w, r, sid)
		return
	}
	if !s.allowed(r) {
		refuse(w, 20003, "Authenticate")
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+s.AccountSID)
	parts := strings.Split(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case !ok:
		refuse(w, 20404, "The requested resource "+r.URL.Path+" was not found")
	case rest == ".json":
		s.only(w, r, http.MethodGet, s.account)
	case rest == "/Messages.json" && r.Method == http.MethodPost:
		s.create(w, r)
	case rest == "/Messages.json":
		s.only(w, r, http.MethodGet, s.list)
	case len(parts) == 3 && parts[0] == "Messages" && parts[2] == "Media.json":
		s.only(w, r, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) { s.mediaList(w, parts[1]) })
	case len(parts) == 4 && parts[0] == "Messages" && parts[2] == "Media":
		s.only(w, r, http.MethodGet, func(w http.ResponseWriter, r *http.Request) { s.file(w, r, parts[1], parts[3]) })
	default:
		refuse(w, 20404, "The requested resource "+r.URL.Path+" was not found")
	}
}

func (s *Server) only(w http.ResponseWriter, r *http.Request, method string, answer http.HandlerFunc) {
	if r.Method != method {
		refuse(w, 20004, "Method not allowed")
		return
	}
	answer(w, r)
}

func (s *Server) allowed(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && (user == s.AccountSID && password == s.AuthToken || s.APIKey != "" && user == s.APIKey && password == s.APISecret)
}

func (s *Server) account(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"sid": s.AccountSID, "friendly_name": "Stand-in", "status": "active", "type": "Full"})
}

// httpStatus is the status that Twilio answers an error code with.
func httpStatus(code int) int {
	switch code {
	case 20003:
		return http.StatusUnauthorized
	case 20005:
		return http.StatusForbidden
	case 20004:
		return http.StatusMethodNotAllowed
	case 20404:
		return http.StatusNotFound
	case 20429, 14107, 63018:
		return http.StatusTooManyRequests
	case 20500:
		return http.StatusInternalServerError
	case 20503:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// refuse writes an error as https://www.twilio.com/docs/usage/twilios-response describes it.
func refuse(w http.ResponseWriter, code int, message string) {
	answer(w, httpStatus(code), map[string]any{"code": code, "message": message, "status": httpStatus(code),
		"more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(code)})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone
}

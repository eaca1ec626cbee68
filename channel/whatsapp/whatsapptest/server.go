// Package whatsapptest is a stand-in of the WhatsApp Cloud API for tests and demonstrations.
//
// It answers as Meta's pages document and refuses what they do not allow, with the Graph API's own error bodies: an unknown path, method,
// query or JSON member, a wrong token, a text that is too long, a template that was not approved, free text outside the 24 hours. It
// knows texts, media by address or ID, and templates with body parameters; other types of messages it refuses. Unlike the provider it
// fetches nothing from the addresses that it is given.
package whatsapptest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

// Server is the stand-in: an http.Handler for the Graph API and for the host of its media. Its exported fields are not changed once it
// serves. It is safe for concurrent use.
type Server struct {
	Accounts  []string         // phone_number_ids
	Token     string           // that calls must carry
	AppSecret string           // that deliveries are signed with
	Proof     bool             // demand an appsecret_proof of every call
	MediaURL  string           // where files lie, without a path
	Now       func() time.Time // for the 24 hours. Defaults to time.Now

	mu        sync.Mutex
	taken     []Taken
	next      []Fault
	wrote     map[string]time.Time
	corrected map[string]string
	templates map[string]int
	media     map[string]medium
	redirect  string
}

type medium struct {
	kind string
	data []byte
}

// New returns a stand-in of graph.facebook.com with two numbers, whose media lie at lookaside.fbsbx.com.
func New() *Server {
	return &Server{
		Accounts: []string{"106540352242922", "106540352242923"}, Token: "EAAtoken", AppSecret: "0123456789abcdef0123456789abcdef",
		MediaURL: "https://lookaside.fbsbx.com",
	}
}

// Settings are what a channel of an account is opened with.
func (s *Server) Settings(account string, client *http.Client) channel.Settings {
	secret, _ := json.Marshal(map[string]string{"token": s.Token, "app_secret": s.AppSecret, "verify_token": "verify-" + account})
	return channel.Settings{Channel: "whatsapp-" + account, Account: account, Secret: string(secret), Client: client}
}

// Wrote opens the 24 hours for a customer. Deliveries that the stand-in builds do the same.
func (s *Server) Wrote(waID string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote == nil {
		s.wrote = map[string]time.Time{}
	}
	if waID = strings.TrimPrefix(waID, "+"); at.After(s.wrote[waID]) {
		s.wrote[waID] = at
	}
}

// Correct makes the stand-in know a dialled number under another wa_id, as it is with some numbers of Brazil, Argentina and Mexico.
func (s *Server) Correct(dialled, waID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.corrected == nil {
		s.corrected = map[string]string{}
	}
	s.corrected[strings.TrimPrefix(dialled, "+")] = waID
}

// AddTemplate approves a template with a number of body parameters.
func (s *Server) AddTemplate(name, language string, params int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.templates == nil {
		s.templates = map[string]int{}
	}
	s.templates[name+"/"+language] = params
}

// AddMedia keeps a file that a delivery names by ID.
func (s *Server) AddMedia(id, mime string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.media == nil {
		s.media = map[string]medium{}
	}
	s.media[id] = medium{mime, data}
}

// Redirect makes the next download answer with a redirect to address.
func (s *Server) Redirect(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redirect = address
}

// Taken returns the messages that were accepted, in order.
func (s *Server) Taken() []Taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

var versioned = regexp.MustCompile(`^/v\d+\.\d+/([0-9A-Za-z_-]+)(/messages)?$`)

// ServeHTTP answers a call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/whatsapp_business/attachments/" {
		s.serveFile(w, r)
		return
	}
	path := versioned.FindStringSubmatch(r.URL.Path)
	if path == nil {
		write(w, failure(2500, 0, "Unknown path components: "+r.URL.Path))
		return
	}
	if f := s.authorize(r); f != nil {
		write(w, *f)
		return
	}
	switch account := slices.Contains(s.Accounts, path[1]); {
	case path[2] != "" && account && r.Method == http.MethodPost:
		write(w, s.send(r))
	case path[2] == "" && account && r.Method == http.MethodGet:
		write(w, number(path[1], r.URL.Query()))
	case path[2] == "" && r.Method == http.MethodGet:
		write(w, s.about(path[1]))
	default:
		write(w, noObject(r.Method, path[1]))
	}
}

// authorize checks the token and the proof.
func (s *Server) authorize(r *http.Request) *reply {
	if r.Header.Get("Authorization") != "Bearer "+s.Token {
		f := failure(190, 0, "Invalid OAuth access token - Cannot parse access token")
		return &f
	}
	for name := range r.URL.Query() {
		if name != "appsecret_proof" && name != "fields" {
			f := failure(100, 0, "Unexpected key \""+name+"\" on param \"query\"")
			return &f
		}
	}
	given := r.URL.Query().Get("appsecret_proof")
	mac := hmac.New(sha256.New, []byte(s.AppSecret))
	mac.Write([]byte(s.Token))
	if (given != "" || s.Proof) && given != hex.EncodeToString(mac.Sum(nil)) {
		f := failure(100, 0, "Invalid appsecret_proof provided in the API argument")
		return &f
	}
	return nil
}

// number answers for a phone number, with the fields asked for.
func number(id string, query url.Values) reply {
	known := object{"verified_name": "Frontdesk Shop", "display_phone_number": "+49 30 5550100", "quality_rating": "GREEN"}
	answer := object{"id": id}
	for _, f := range strings.Split(query.Get("fields"), ",") {
		if f == "" {
			continue
		}
		value, ok := known[f]
		if !ok {
			return failure(100, 0, "Tried accessing nonexisting field ("+f+")")
		}
		answer[f] = value
	}
	return reply{status: http.StatusOK, body: answer}
}

// about answers for a media ID, with the address where it lies for the next minutes.
func (s *Server) about(id string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.media[id]
	if !ok {
		return noObject(http.MethodGet, id)
	}
	sum := sha256.Sum256(m.data)
	return reply{status: http.StatusOK, body: object{
		"messaging_product": "whatsapp", "id": id, "mime_type": m.kind, "sha256": hex.EncodeToString(sum[:]), "file_size": len(m.data),
		"url": s.MediaURL + "/whatsapp_business/attachments/?mid=" + id + "&ext=1664537344&hash=ARsample",
	}}
}

// serveFile gives a file to whoever carries the token.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	to := s.redirect
	s.redirect = ""
	m, ok := s.media[r.URL.Query().Get("mid")]
	s.mu.Unlock()
	switch {
	case r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer "+s.Token:
		w.WriteHeader(http.StatusUnauthorized)
	case to != "":
		http.Redirect(w, r, to, http.StatusFound)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", m.kind)
		w.Header().Set("Content-Length", fmt.Sprint(len(m.data)))
		_, _ = w.Write(m.data)
	}
}

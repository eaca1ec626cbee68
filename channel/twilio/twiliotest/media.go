package twiliotest

import (
	"net/http"
	"slices"
	"strconv"
)

// find returns a message. The caller holds the lock.
func (s *Server) find(sid string) (Message, bool) {
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.SID == sid })
	if i < 0 {
		return Message{}, false
	}
	return s.messages[i], true
}

func (s *Server) mediaList(w http.ResponseWriter, sid string) {
	m, ok := s.find(sid)
	if !ok {
		refuse(w, 20404, "The message was not found")
		return
	}
	list := []map[string]any{}
	for _, f := range m.Media {
		list = append(list, map[string]any{"sid": f.SID, "account_sid": s.AccountSID, "parent_sid": sid, "content_type": f.Type,
			"uri": "/2010-04-01/Accounts/" + s.AccountSID + "/Messages/" + sid + "/Media/" + f.SID + ".json"})
	}
	answer(w, http.StatusOK, map[string]any{"media_list": list, "page": 0, "page_size": 50, "next_page_uri": nil})
}

// file answers with a redirect to the storage, as Twilio does.
func (s *Server) file(w http.ResponseWriter, r *http.Request, message, sid string) {
	m, ok := s.find(message)
	if !ok || !slices.ContainsFunc(m.Media, func(f Media) bool { return f.SID == sid }) {
		refuse(w, 20404, "The media was not found")
		return
	}
	address := s.Storage
	if address == "" {
		address = s.url()
	}
	address += "/storage/" + sid
	if s.redirect != "" {
		address, s.redirect = s.redirect, ""
	}
	http.Redirect(w, r, address, http.StatusTemporaryRedirect)
}

// stored is the storage, which is another company's: it refuses whoever brings a login.
func (s *Server) stored(w http.ResponseWriter, r *http.Request, sid string) {
	f, ok := s.media[sid]
	switch {
	case r.Header.Get("Authorization") != "":
		http.Error(w, "only one auth mechanism allowed", http.StatusBadRequest)
	case !ok:
		http.Error(w, "no such key", http.StatusForbidden)
	default:
		w.Header().Set("Content-Type", f.Type)
		w.Header().Set("Content-Length", strconv.Itoa(len(f.Data)))
		_, _ = w.Write(f.Data) // the caller has gone
	}
}

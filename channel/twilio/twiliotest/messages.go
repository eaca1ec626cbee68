package twiliotest

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// createParams are the documented parameters of POST Messages.json.
var createParams = []string{"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback", "ApplicationSid", "MaxPrice", "ProvideFeedback",
	"Attempt", "ValidityPeriod", "ForceDelivery", "ContentRetention", "AddressRetention", "SmartEncoded", "PersistentAction", "TrafficType",
	"ShortenUrls", "ScheduleType", "SendAt", "SendAsMms", "ContentSid", "ContentVariables", "RiskCheck"}

// listParams are the documented parameters of GET Messages.json.
var listParams = []string{"To", "From", "DateSent", "DateSent<", "DateSent>", "PageSize", "Page", "PageToken"}

var (
	number  = regexp.MustCompile(`^(whatsapp:)?\+[1-9][0-9]{6,14}$`)
	short   = regexp.MustCompile(`^[0-9]{3,6}$`)
	content = regexp.MustCompile(`^HX[0-9a-f]{32}$`)
)

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	form, err2 := url.ParseQuery(string(body))
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || err2 != nil || kind != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		refuse(w, 20001, "the parameters must be a form in the body")
		return
	}
	if len(s.failures) > 0 {
		f := s.failures[0]
		s.failures = s.failures[1:]
		if f.after != "" {
			w.Header().Set("Retry-After", f.after)
		}
		if f.code == 0 {
			http.Error(w, "<html>upstream</html>", f.status)
			return
		}
		refuse(w, f.code, fmt.Sprintf("Error %d", f.code))
		return
	}
	if code, message := s.check(form); code != 0 {
		refuse(w, code, message)
		return
	}
	m := Message{SID: s.sid(form.Has("MediaUrl")), From: form.Get("From"), To: form.Get("To"), MessagingServiceSID: form.Get("MessagingServiceSid"), Body: form.Get("Body"),
		Status: "queued", Date: s.now(), MediaURLs: form["MediaUrl"], StatusCallback: form.Get("StatusCallback"),
		ContentSID: form.Get("ContentSid"), ContentVariables: form.Get("ContentVariables")}
	if m.MessagingServiceSID != "" {
		m.Status = "accepted"
	}
	s.messages = append(s.messages, m)
	answer(w, http.StatusCreated, s.resource(m))
}

// check returns the error of a form that Twilio would refuse.
func (s *Server) check(form url.Values) (code int, message string) {
	for key, values := range form {
		if !slices.Contains(createParams, key) {
			return 20001, "unknown parameter " + key
		}
		if len(values) > 1 && key != "MediaUrl" && key != "PersistentAction" {
			return 20001, "repeated parameter " + key
		}
	}
	to, from, body := form.Get("To"), form.Get("From"), form.Get("Body")
	sender := from
	if sender == "" {
		sender = form.Get("MessagingServiceSid")
	}
	switch callback, err := url.Parse(form.Get("StatusCallback")); {
	case to == "":
		return 21604, "A 'To' phone number is required."
	case sender == "":
		return 21603, "A 'From' phone number is required."
	case !number.MatchString(to) && !short.MatchString(to):
		return 21211, "The 'To' number " + to + " is not a valid phone number."
	case !slices.Contains(s.Senders, sender):
		return 21606, "The 'From' phone number provided (" + sender + ") is not a valid, SMS-capable Twilio phone number."
	case strings.HasPrefix(from, "whatsapp:") != strings.HasPrefix(to, "whatsapp:"):
		return 63007, "From and To are not of one channel"
	case body == "" && !form.Has("MediaUrl") && !form.Has("ContentSid"):
		return 21619, "A text message body or media urls must be specified."
	case utf8.RuneCountInString(body) > 1600:
		return 21617, "The concatenated message body exceeds the 1600 character limit"
	case len(form["MediaUrl"]) > 10:
		return 21623, "Number of media files exceeds allowed limit"
	case slices.ContainsFunc(form["MediaUrl"], func(u string) bool { return !absolute(u) }):
		return 21620, "Invalid media URL(s)"
	case form.Has("ContentSid") && !content.MatchString(form.Get("ContentSid")):
		return 21655, "The ContentSid is invalid"
	case form.Has("StatusCallback") && (err != nil || callback.Host == ""):
		return 21609, "The StatusCallback URL is not a valid URL."
	}
	return 0, ""
}

func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// resource is a message as the API shows it.
func (s *Server) resource(m Message) map[string]any {
	direction, media := "outbound-api", len(m.MediaURLs)
	if m.Inbound {
		direction, media = "inbound", len(m.Media)
	}
	base := "/2010-04-01/Accounts/" + s.AccountSID + "/Messages/" + m.SID
	date := m.Date.Format(time.RFC1123Z)
	r := map[string]any{"sid": m.SID, "account_sid": s.AccountSID, "messaging_service_sid": null(m.MessagingServiceSID), "from": null(m.From), "to": m.To, "body": m.Body,
		"status": m.Status, "direction": direction, "num_media": strconv.Itoa(media), "num_segments": "1", "date_created": date, "date_updated": date, "date_sent": date,
		"error_code": nil, "error_message": nil, "price": nil, "price_unit": "USD", "api_version": "2010-04-01", "uri": base + ".json",
		"subresource_uris": map[string]string{"media": base + "/Media.json"}}
	if !m.Inbound {
		r["date_sent"] = nil
	}
	return r
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// list answers with the messages of the filter, the newest first.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, page := 50, 0
	for key := range q {
		if !slices.Contains(listParams, key) {
			refuse(w, 20001, "unknown parameter "+key)
			return
		}
	}
	if v := q.Get("PageSize"); v != "" {
		size, _ = strconv.Atoi(v)
	}
	if v := q.Get("Page"); v != "" {
		page, _ = strconv.Atoi(v)
	}
	day, err := time.Parse(time.DateOnly, q.Get("DateSent"))
	if size < 1 || size > 1000 || page < 0 || q.Has("DateSent") && err != nil || q.Has("DateSent<") || q.Has("DateSent>") {
		refuse(w, 20001, "PageSize is 1 to 1000, Page is from 0, DateSent is a date; this stand-in has no inequalities")
		return
	}
	found := slices.DeleteFunc(slices.Clone(s.messages), func(m Message) bool {
		return q.Has("To") && m.To != q.Get("To") || q.Has("From") && m.From != q.Get("From") || q.Has("DateSent") && !m.Date.UTC().Truncate(24*time.Hour).Equal(day)
	})
	slices.Reverse(found)
	slices.SortStableFunc(found, func(a, b Message) int { return b.Date.Compare(a.Date) })
	uri := func(n int) string {
		next := r.URL.Query()
		next.Set("Page", strconv.Itoa(n))
		next.Set("PageSize", strconv.Itoa(size))
		return r.URL.Path + "?" + next.Encode()
	}
	list := []map[string]any{}
	for _, m := range found[min(page*size, len(found)):min((page+1)*size, len(found))] {
		list = append(list, s.resource(m))
	}
	body := map[string]any{"messages": list, "page": page, "page_size": size, "uri": uri(page), "first_page_uri": uri(0), "next_page_uri": nil, "previous_page_uri": nil}
	if (page+1)*size < len(found) {
		body["next_page_uri"] = uri(page + 1)
	}
	answer(w, http.StatusOK, body)
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp/whatsapptest"
)

// The people and numbers of the story.
const (
	anna       = "+4915112345678"
	ben        = "4916098765432"
	ourNumber  = "+4930901820"
	ourPhoneID = "106540352242922"
)

// world is everything outside the desk: the providers, and the address at which they reach it.
type world struct {
	run     string // this run's mark, since a provider never gives an ID twice
	sms     *twiliotest.Server
	wa      *whatsapptest.Server
	waURL   string
	deskURL string
	handler atomic.Value // of the desk's webhooks
	servers []*httptest.Server
	last    *http.Request
	body    []byte
	count   int
}

func startProviders() *world {
	w := &world{run: strconv.FormatInt(time.Now().UnixNano(), 16)}
	w.deskURL = w.listen(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.Load().(http.Handler).ServeHTTP(rw, r) }))

	w.sms = twiliotest.New(ourNumber)
	w.sms.AccountSID = fmt.Sprintf("AC%032s", w.run)
	w.sms.URL = w.listen(http.HandlerFunc(w.twilioAnswers))

	w.wa = whatsapptest.New()
	w.wa.AddTemplate("back_in_stock", "en", 1)
	w.waURL = w.listen(http.HandlerFunc(w.whatsappAnswers))
	return w
}

func (w *world) listen(h http.Handler) string {
	s := httptest.NewServer(h)
	w.servers = append(w.servers, s)
	return s.URL
}

func (w *world) serve(h http.Handler) { w.handler.Store(h) }

func (w *world) close() {
	for _, s := range w.servers {
		s.Close()
	}
}

func (w *world) secret(_ context.Context, _, reference string) (string, error) {
	switch reference {
	case "twilio-main":
		return w.sms.Secret(), nil
	case "whatsapp-main":
		return w.wa.Settings(ourPhoneID, nil).Secret, nil
	}
	return "", fmt.Errorf("no secret %q", reference)
}

// twilioAnswers takes a message and, before it answers, reports it delivered: receipts do overtake the answer.
func (w *world) twilioAnswers(rw http.ResponseWriter, r *http.Request) {
	before := len(w.sms.Sent())
	answer := httptest.NewRecorder()
	w.sms.ServeHTTP(answer, r)
	if sent := w.sms.Sent(); len(sent) > before {
		w.deliver(w.sms.Status(sent[len(sent)-1].SID, "delivered", 0))
	}
	pass(rw, answer)
}

// whatsappAnswers takes a message and reports it delivered soon after.
func (w *world) whatsappAnswers(rw http.ResponseWriter, r *http.Request) {
	before := len(w.wa.Taken())
	answer := httptest.NewRecorder()
	w.wa.ServeHTTP(answer, r)
	pass(rw, answer)
	if taken := w.wa.Taken(); len(taken) > before {
		m := taken[len(taken)-1]
		go w.deliver(w.request(w.wa.Delivery(whatsapptest.Change{Account: ourPhoneID,
			Statuses: []map[string]any{whatsapptest.Status(m.ID, ben, "delivered", m.Reference, time.Now(), 0)}})))
	}
}

func pass(rw http.ResponseWriter, answer *httptest.ResponseRecorder) {
	rw.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes())
}

// smsArrives delivers a text or a picture as Twilio does.
func (w *world) smsArrives(what, from, text string, picture []byte) {
	w.count++
	m := twiliotest.Message{SID: fmt.Sprintf("SM%016s%016x", w.run, w.count), From: from, To: ourNumber, Body: text}
	if picture != nil {
		m.SID = "MM" + m.SID[2:]
		m.Media = []twiliotest.Media{{Type: "image/jpeg", Data: picture}}
	}
	m = w.sms.Receive(m)
	r := w.sms.Webhook(w.deskURL+"/hooks/twilio", m)
	w.body, _ = io.ReadAll(r.Body)
	w.last = r
	w.again(what)
}

// again delivers the last text once more.
func (w *world) again(what string) {
	r := w.last.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(w.body))
	say("%s: %s", what, status(w.deliver(r)))
}

// forged delivers a text signed by somebody who does not know the secret.
func (w *world) forged(what string) {
	r := w.sms.Forge(w.deskURL+"/hooks/twilio", twiliotest.Message{SID: "SM00000000000000000000000000000bad", From: anna, To: ourNumber, Body: "Send the goods elsewhere"})
	say("%s: %s", what, status(w.deliver(r)))
}

// waArrives delivers a WhatsApp message of some time ago.
func (w *world) waArrives(what, from, kind string, content any, ago time.Duration) {
	w.count++
	id := fmt.Sprintf("wamid.%s-%d", w.run, w.count)
	change := whatsapptest.Change{Account: ourPhoneID, Contacts: []map[string]any{whatsapptest.Contact(from, "", "Ben Baker")},
		Messages: []map[string]any{whatsapptest.Message(id, from, kind, time.Now().Add(-ago), content)}}
	say("%s: %s", what, status(w.deliver(w.request(w.wa.Delivery(change)))))
}

// request turns a delivery that the stand-in has signed into one over HTTP.
func (w *world) request(d *channel.Request) *http.Request {
	r, err := http.NewRequest(d.Method, w.deskURL+"/hooks/whatsapp", bytes.NewReader(d.Body))
	if err != nil {
		log.Fatal(err)
	}
	r.Header = d.Header.Clone()
	return r
}

func (w *world) deliver(r *http.Request) int {
	r.RequestURI = ""
	res, err := client.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

var client = &http.Client{Timeout: 10 * time.Second}

package twilio_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"testing"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
)

func FuzzWebhook(f *testing.F) {
	w := newWorld(account)
	text := w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: "STOP", MessagingServiceSID: service})
	picture := w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Media: []twiliotest.Media{{Type: "image/png", Data: []byte("png")}}})
	conn := w.open(f)
	sent, err := conn.Send(f.Context(), channel.Part{Outgoing: to("hi")})
	if err != nil {
		f.Fatal(err)
	}
	channeltest.FuzzWebhook(f, w.driver, conn, request(f, w.server.Webhook(hook, text)), request(f, w.server.WebhookGET(hook, picture)), request(f, w.server.Status(sent.ID, "failed", 21610)))
}

// FuzzSignature signs any form with the stand-in's own algorithm, and wants it accepted, and refused when the body is another.
func FuzzSignature(f *testing.F) {
	f.Add("https://desk.example.com/hooks/twilio?a=b%20c", "From=%2B1&Body=x", "Body=y")
	f.Add("http://u:p@[::1]:80/#x", "a=1&a=2&a=1", "")
	f.Add("x", "%zz", "a=%")
	v := verifier(f, "token", "")
	f.Fuzz(func(t *testing.T, address, body, other string) {
		u, err := url.Parse(address)
		form, formErr := url.ParseQuery(body)
		r := &channel.Request{Method: http.MethodPost, URL: address, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(body)}
		signed, _, _ := bytes.Cut([]byte(address), []byte("#"))
		r.Header.Set("X-Twilio-Signature", twiliotest.Sign("token", string(signed), form))
		sum := sha256.Sum256(r.Body)
		hashed := err == nil && u.Query().Get("bodySHA256") != ""
		want := err == nil && formErr == nil && !hashed || hashed && u.Query().Get("bodySHA256") == hex.EncodeToString(sum[:]) && len(form) == 0
		if got := v.Verify(r) == nil; got != want {
			t.Fatalf("%q with %q: accepted %v, want %v", address, body, got, want)
		}
		otherForm, otherErr := url.ParseQuery(other)
		r.Body = []byte(other)
		if v.Verify(r) == nil && !hashed && (otherErr != nil || twiliotest.Sign("token", "", otherForm) != twiliotest.Sign("token", "", form)) {
			t.Fatalf("%q with the signature of %q instead of %q is accepted", address, body, other)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"+31 6 12345678", "0031612345678", "whatsapp:+1", "12345", "\x00"} {
		f.Add(s)
	}
	conn, err := twilio.New().Open(f.Context(), channel.Settings{Account: account, Secret: secret})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		thread, id, err := conn.(channel.Addresser).Address(typed)
		if (err == nil) != (thread != "") || thread != id.Address {
			t.Fatalf("%q gives %q, %+v, %v", typed, thread, id, err)
		}
		if err == nil {
			if again, _, err := conn.(channel.Addresser).Address(thread); err != nil || again != thread {
				t.Fatalf("%q gives %q, which gives %q, %v", typed, thread, again, err)
			}
		}
	})
}

package twiliotest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	number1 = "+15005550001"
	api     = "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001"
	formed  = "application/x-www-form-urlencoded"
)

// call makes a request with the account's login and returns the status and the JSON of the answer.
func call(t *testing.T, s *Server, method, address, kind, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.SetBasicAuth(s.AccountSID, s.AuthToken)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var got map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &got) // redirects have no JSON
	return w.Code, got
}

func message(change ...string) string {
	f := url.Values{"To": {"+31612345678"}, "From": {number1}, "Body": {"x"}}
	for i := 0; i < len(change); i += 2 {
		f.Del(change[i])
		if change[i+1] != "" {
			f.Set(change[i], change[i+1])
		}
	}
	return f.Encode()
}

func TestCreate(t *testing.T) {
	service := "MG00000000000000000000000000000001"
	tests := []struct {
		name, kind, body string
		status, code     int
	}{
		{"a text", formed, message(), 201, 0},
		{"a short code", formed, message("To", "12345"), 201, 0},
		{"by a service", formed, message("From", "", "MessagingServiceSid", service), 201, 0},
		{"a file alone", formed, message("Body", "", "MediaUrl", "https://x.example/a.jpg"), 201, 0},
		{"1600 characters", formed, message("Body", strings.Repeat("é", 1600)), 201, 0},
		{"JSON", "application/json", `{}`, 400, 20001},
		{"no form", formed, "%zz", 400, 20001},
		{"an unknown parameter", formed, message("Text", "x"), 400, 20001},
		{"two texts", formed, message() + "&Body=y", 400, 20001},
		{"nobody", formed, message("To", ""), 400, 21604},
		{"no sender", formed, message("From", ""), 400, 21603},
		{"another's sender", formed, message("From", "+15005550009"), 400, 21606},
		{"no number", formed, message("To", "0612345678"), 400, 21211},
		{"another channel", formed, message("To", "whatsapp:+31612345678"), 400, 63007},
		{"nothing", formed, message("Body", ""), 400, 21619},
		{"1601 characters", formed, message("Body", strings.Repeat("é", 1601)), 400, 21617},
		{"eleven files", formed, message() + strings.Repeat("&MediaUrl=https%3A%2F%2Fx.example%2Fa", 11), 400, 21623},
		{"a file without a host", formed, message("MediaUrl", "a.jpg"), 400, 21620},
		{"a content of another form", formed, message("ContentSid", "welcome"), 400, 21655},
		{"a callback without a host", formed, message("StatusCallback", "/hooks"), 400, 21609},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(number1, service)
			status, got := call(t, s, "POST", api+"/Messages.json", tt.kind, tt.body)
			assert.Equal(t, tt.status, status)
			if tt.code == 0 {
				require.Len(t, s.Sent(), 1)
				assert.Equal(t, s.Sent()[0].SID, got["sid"])
				assert.Equal(t, "outbound-api", got["direction"])
				return
			}
			assert.Empty(t, s.Sent())
			assert.EqualValues(t, tt.code, got["code"])
			assert.EqualValues(t, tt.status, got["status"])
			assert.NotEmpty(t, got["message"])
			assert.Equal(t, "https://www.twilio.com/docs/errors/"+strconv.Itoa(tt.code), got["more_info"])
		})
	}
}

func TestPaths(t *testing.T) {
	s := New(number1)
	for _, tt := range []struct {
		method, address string
		status          int
	}{
		{"GET", api + ".json", 200},
		{"GET", api + "/Messages.json", 200},
		{"POST", api + ".json", 405},
		{"DELETE", api + "/Messages.json", 405},
		{"GET", api + "/Calls.json", 404},
		{"GET", strings.Replace(api, "1", "2", -1) + "/Messages.json", 404},
		{"GET", api + "/Messages.json?Since=1", 400},
		{"GET", api + "/Messages.json?PageSize=1001", 400},
		{"GET", api + "/Messages.json?DateSent=yesterday", 400},
		{"GET", api + "/Messages/SM1/Media.json", 404},
		{"GET", api + "/Messages/SM1/Media/ME1", 404},
	} {
		status, _ := call(t, s, tt.method, tt.address, "", "")
		assert.Equal(t, tt.status, status, "%s %s", tt.method, tt.address)
	}
}

func TestLogin(t *testing.T) {
	s := New(number1)
	s.APIKey, s.APISecret = "SK00000000000000000000000000000001", "key"
	for _, tt := range []struct {
		user, password string
		status         int
	}{{s.AccountSID, s.AuthToken, 200}, {s.APIKey, "key", 200}, {s.AccountSID, "key", 401}, {s.APIKey, s.AuthToken, 401}, {"", "", 401}} {
		r := httptest.NewRequest("GET", api+".json", nil)
		r.SetBasicAuth(tt.user, tt.password)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		assert.Equal(t, tt.status, w.Code, "%s %s", tt.user, tt.password)
	}
	assert.JSONEq(t, `{"account_sid":"AC00000000000000000000000000000001","auth_token":"0123456789abcdef0123456789abcdef","api_key":"SK00000000000000000000000000000001","api_secret":"key"}`, s.Secret())
}

func TestFailures(t *testing.T) {
	s := New(number1)
	s.Fail(21610, 20503)
	s.FailStatus(502, "3")
	var statuses []int
	for range 4 {
		status, _ := call(t, s, "POST", api+"/Messages.json", formed, message())
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{400, 503, 502, 201}, statuses)
	assert.Len(t, s.Sent(), 1)
}

func TestList(t *testing.T) {
	s := New(number1)
	for i := range 5 {
		s.Receive(Message{From: "+31612345678", To: number1, Body: fmt.Sprint(i), Date: time.Date(2026, 3, 1, 22+i, 0, 0, 0, time.UTC)})
	}
	s.Receive(Message{From: "+31612345678", To: "+15005550002", Body: "another's", Date: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)})
	var bodies []string
	for next := "/2010-04-01/Accounts/" + s.AccountSID + "/Messages.json?DateSent=2026-03-02&PageSize=2&To=" + url.QueryEscape(number1); next != ""; {
		status, got := call(t, s, "GET", "https://api.twilio.com"+next, "", "")
		require.Equal(t, 200, status)
		for _, m := range got["messages"].([]any) {
			bodies = append(bodies, m.(map[string]any)["body"].(string))
		}
		next, _ = got["next_page_uri"].(string)
	}
	assert.Equal(t, []string{"4", "3", "2"}, bodies, "the newest first")
}

func TestMedia(t *testing.T) {
	s := New(number1)
	m := s.Receive(Message{From: "+31612345678", To: number1, Media: []Media{{Type: "image/png", Data: []byte("png")}}})
	status, got := call(t, s, "GET", api+"/Messages/"+m.SID+"/Media.json", "", "")
	require.Equal(t, 200, status)
	assert.Equal(t, m.Media[0].SID, got["media_list"].([]any)[0].(map[string]any)["sid"])

	get := func(address string, login bool) *http.Response {
		r := httptest.NewRequest("GET", address, nil)
		if login {
			r.SetBasicAuth(s.AccountSID, s.AuthToken)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	file := api + "/Messages/" + m.SID + "/Media/" + m.Media[0].SID
	assert.Equal(t, 401, get(file, false).StatusCode)
	resp := get(file, true)
	require.Equal(t, 307, resp.StatusCode)
	storage := resp.Header.Get("Location")
	assert.Equal(t, 400, get(storage, true).StatusCode, "storage takes no login")
	assert.Equal(t, 403, get(storage+"0", false).StatusCode)
	resp = get(storage, false)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "image/png png", resp.Header.Get("Content-Type")+" "+string(data))
	s.Redirect("https://elsewhere.example/")
	assert.Equal(t, "https://elsewhere.example/", get(file, true).Header.Get("Location"))
	assert.Equal(t, storage, get(file, true).Header.Get("Location"), "once")
}

func TestWebhooks(t *testing.T) {
	const hook = "https://desk.example.com/hooks/twilio"
	s := New(number1, "MG00000000000000000000000000000001")
	m := s.Receive(Message{From: "+31612345678", To: number1, Body: "hi", OptOutType: "STOP", MessagingServiceSID: "MG00000000000000000000000000000001", Extra: map[string]string{"ProfileName": "Ann"}})
	for name, r := range map[string]*http.Request{"POST": s.Webhook(hook, m), "GET": s.WebhookGET(hook+"?a=b", m), "forged": s.Forge(hook, m)} {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		p, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		signed := Sign(s.AuthToken, r.URL.String(), p)
		assert.Equal(t, name != "forged", signed == r.Header.Get("X-Twilio-Signature"), name)
		if name == "GET" {
			p = r.URL.Query()
		}
		for key, want := range map[string]string{"MessageSid": m.SID, "Body": "hi", "OptOutType": "STOP", "ProfileName": "Ann", "MessagingServiceSid": m.MessagingServiceSID} {
			assert.Equal(t, want, p.Get(key), "%s of %s", key, name)
		}
	}
	_, got := call(t, s, "POST", api+"/Messages.json", formed, message("StatusCallback", hook+"?x=1"))
	r := s.Status(got["sid"].(string), "failed", 30005)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, hook+"?x=1", r.URL.String())
	assert.Contains(t, string(body), "ErrorCode=30005")
	assert.Panics(t, func() { s.Status("SM404", "sent", 0) })
}

// TestSign compares with the signatures that package twilio tests with, which were computed by other means.
func TestSign(t *testing.T) {
	var file struct {
		Vectors []struct {
			URL, Body, Signature string
			Type                 string `json:"content_type"`
			Token                string `json:"auth_token"`
			Note                 string
		}
	}
	data, err := os.ReadFile("../testdata/signatures.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &file))
	n := 0
	for _, v := range file.Vectors {
		switch v.Note {
		case "a message", "the query is signed as it is written", "spaces are not trimmed", "repeated key, values distinct and sorted", "keys in byte order", "no parameters":
			n++
			p, err := url.ParseQuery(v.Body)
			require.NoError(t, err)
			assert.Equal(t, v.Signature, Sign(v.Token, v.URL, p), v.Note)
		}
	}
	assert.Equal(t, 6, n)
}

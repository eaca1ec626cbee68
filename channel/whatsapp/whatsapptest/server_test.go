package whatsapptest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// call makes a call with the right token and returns the status, the error's code (-1: none) and the body.
func call(s *Server, method, target, body string, headers ...string) (int, int, string) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var answer struct{ Error *struct{ Code int } }
	if json.Unmarshal(w.Body.Bytes(), &answer) != nil || answer.Error == nil {
		return w.Code, -1, w.Body.String()
	}
	return w.Code, answer.Error.Code, w.Body.String()
}

func standIn() *Server {
	s := New()
	s.Now = func() time.Time { return noon }
	s.Wrote("+4915112345678", noon.Add(-time.Hour))
	return s
}

func TestServerRefusesCalls(t *testing.T) {
	s := standIn()
	messages := "/v26.0/" + s.Accounts[0] + "/messages"
	tests := []struct {
		name, method, target string
		headers              []string
		status, code         int
	}{
		{"no version", "POST", "/" + s.Accounts[0] + "/messages", nil, 404, 2500},
		{"an unknown edge", "POST", "/v26.0/" + s.Accounts[0] + "/mesages", nil, 404, 2500},
		{"an unknown number", "POST", "/v26.0/1/messages", nil, 400, 100},
		{"GET of messages", "GET", messages, nil, 400, 100},
		{"POST of a number", "POST", "/v26.0/" + s.Accounts[0], nil, 400, 100},
		{"an unknown medium", "GET", "/v26.0/77", nil, 400, 100},
		{"no token", "POST", messages, []string{"Authorization", ""}, 401, 190},
		{"another token", "POST", messages, []string{"Authorization", "Bearer x"}, 401, 190},
		{"a wrong proof", "POST", messages + "?appsecret_proof=00", nil, 400, 100},
		{"an unknown query", "POST", messages + "?access_token=x", nil, 400, 100},
		{"an unknown field", "GET", "/v26.0/" + s.Accounts[0] + "?fields=verified_name,shoe_size", nil, 400, 100},
		{"a form", "POST", messages, []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, code, body := call(s, tt.method, tt.target, `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"x"}}`, tt.headers...)
			assert.Equal(t, tt.status, status, body)
			assert.Equal(t, tt.code, code, body)
		})
	}
	assert.Empty(t, s.Taken())
}

func TestServerChecksBodies(t *testing.T) {
	const head = `"messaging_product":"whatsapp","to":"+4915112345678",`
	text := func(n int) string { return head + `"type":"text","text":{"body":"` + strings.Repeat("x", n) + `"}` }
	caption := func(s string) string {
		return head + `"type":"image","image":{"link":"https://x/a","caption":"` + s + `"}`
	}
	template := func(components string) string {
		return head + `"type":"template","template":{"name":"hello","language":{"code":"en"}` + components + `}`
	}
	param := func(p string) string {
		return template(`,"components":[{"type":"body","parameters":[{"type":"text","text":"` + p + `"}]}]`)
	}
	tests := []struct {
		name, body string
		code       int // -1: taken
	}{
		{"a text", text(4096), -1},
		{"all that is optional", head + `"recipient_type":"individual","context":{"message_id":"w"},"biz_opaque_callback_data":"r","type":"text","text":{"body":"x","preview_url":true}`, -1},
		{"to a user ID", `"messaging_product":"whatsapp","recipient":"DE.1","type":"text","text":{"body":"x"}`, -1},
		{"an image", caption("x"), -1},
		{"a video by ID", head + `"type":"video","video":{"id":"7"}`, -1},
		{"a document", head + `"type":"document","document":{"link":"https://x/a","filename":"a.pdf","caption":"x"}`, -1},
		{"audio", head + `"type":"audio","audio":{"id":"7"}`, -1},
		{"a sticker", head + `"type":"sticker","sticker":{"link":"http://x/a"}`, -1},
		{"a template", param("x"), -1},

		{"no JSON", `oops`, 100},
		{"an unknown member", text(1) + `,"colour":"red"`, 100},
		{"an unknown member below", head + `"type":"text","text":{"body":"x","html":"y"}`, 100},
		{"a caption of audio", head + `"type":"audio","audio":{"id":"7","caption":"x"}`, 100},
		{"a caption of a sticker", head + `"type":"sticker","sticker":{"id":"7","caption":"x"}`, 100},
		{"a file name of an image", head + `"type":"image","image":{"id":"7","filename":"x"}`, 100},
		{"a namespace of a template", template(`,"namespace":"x"`), 100},
		{"no product", `"to":"+4915112345678","type":"text","text":{"body":"x"}`, 100},
		{"nobody", `"messaging_product":"whatsapp","type":"text","text":{"body":"x"}`, 100},
		{"a crowd", head + `"recipient_type":"everybody","type":"text","text":{"body":"x"}`, 100},
		{"a long reference", text(1) + `,"biz_opaque_callback_data":"` + strings.Repeat("x", 513) + `"`, 100},
		{"an answer to nothing", text(1) + `,"context":{}`, 131009},
		{"no type", head + `"text":{"body":"x"}`, 131009},
		{"a type without its payload", head + `"type":"image","text":{"body":"x"}`, 131009},
		{"two payloads", text(1) + `,"audio":{"id":"7"}`, 131009},
		{"no payload", head + `"type":"text"`, 131009},
		{"an empty text", text(0), 131009},
		{"a long text", text(4097), 131009},
		{"a long text of emoji", head + `"type":"text","text":{"body":"` + strings.Repeat("😀", 2049) + `"}`, 131009},
		{"a long caption", caption(strings.Repeat("x", 1025)), 131009},
		{"neither ID nor link", head + `"type":"image","image":{}`, 131009},
		{"both", head + `"type":"image","image":{"id":"7","link":"https://x/a"}`, 131009},
		{"a link that is none", head + `"type":"image","image":{"link":"a.jpg"}`, 131009},
		{"a template without a language", head + `"type":"template","template":{"name":"hello"}`, 131009},
		{"an empty parameter", param(""), 131009},
		{"a parameter with a line end", param(`a\nb`), 131009},
		{"a parameter with a tab", param(`a\tb`), 131009},
		{"a parameter with five spaces", param("a     b"), 131009},
		{"a parameter of another type", template(`,"components":[{"type":"body","parameters":[{"type":"image","text":"x"}]}]`), 131009},
		{"a component of another type", template(`,"components":[{"type":"header","parameters":[]}]`), 131009},
		{"a template with too few parameters", template(""), 132000},
		{"a template that was not approved", strings.Replace(param("x"), `"en"`, `"de"`, 1), 132001},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := standIn()
			s.Wrote("DE.1", noon)
			s.AddTemplate("hello", "en", 1)
			_, code, body := call(s, "POST", "/v26.0/"+s.Accounts[0]+"/messages", "{"+tt.body+"}")
			assert.Equal(t, tt.code, code, body)
			assert.Equal(t, tt.code == -1, len(s.Taken()) == 1)
		})
	}
}

func TestServerKeepsTheWindow(t *testing.T) {
	s := standIn()
	send := func(to string) int {
		_, code, _ := call(s, "POST", "/v26.0/"+s.Accounts[0]+"/messages", `{"messaging_product":"whatsapp","to":"`+to+`","type":"text","text":{"body":"x"}}`)
		return code
	}
	assert.Equal(t, -1, send("+4915112345678"))
	assert.Equal(t, -1, send("4915112345678"), "the plus may be left out")
	assert.Equal(t, 131047, send("+4915112345679"), "he never wrote")
	s.Wrote("4915112345679", noon.Add(-24*time.Hour))
	assert.Equal(t, 131047, send("+4915112345679"), "the 24 hours are over")
	s.Delivery(Change{Account: s.Accounts[0], Messages: []map[string]any{Text("w", "4915112345679", "hello", noon.Add(-time.Minute))}})
	assert.Equal(t, -1, send("+4915112345679"), "a delivered message opens them")
	s.Wrote("4915112345679", noon.Add(-48*time.Hour))
	assert.Equal(t, -1, send("+4915112345679"), "an older one does not close them")
}

func TestServerScriptsFaults(t *testing.T) {
	s := standIn()
	s.Next(Fault{Code: 131056, RetryAfter: 16 * time.Second}, Fault{Code: 100, Subcode: 33}, Fault{Code: 131000}, Fault{Status: 502, Body: "<html>"}, Fault{Code: 131026, Status: 500})
	body := `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"x"}}`
	target := "/v26.0/" + s.Accounts[0] + "/messages"
	for _, want := range [][2]int{{400, 131056}, {400, 100}, {500, 131000}, {502, -1}, {500, 131026}, {200, -1}} {
		status, code, _ := call(s, "POST", target, body)
		assert.Equal(t, want, [2]int{status, code})
	}
	s.Next(Fault{Code: 4, RetryAfter: 16 * time.Second})
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	assert.Equal(t, "16", w.Header().Get("Retry-After"))
	assert.Len(t, s.Taken(), 1, "what failed was not taken")
}

func TestServerServesMedia(t *testing.T) {
	s := standIn()
	s.AddMedia("77", "image/png", []byte("data"))
	status, _, body := call(s, "GET", "/v26.0/77", "")
	require.Equal(t, 200, status)
	var about struct {
		URL  string
		Size int `json:"file_size"`
		Kind string
	}
	require.NoError(t, json.Unmarshal([]byte(body), &about))
	assert.Equal(t, 4, about.Size)
	path, ok := strings.CutPrefix(about.URL, s.MediaURL)
	require.True(t, ok)

	status, _, body = call(s, "GET", path, "")
	assert.Equal(t, []any{200, "data"}, []any{status, body})
	status, _, _ = call(s, "GET", path, "", "Authorization", "")
	assert.Equal(t, 401, status)
	status, _, _ = call(s, "GET", strings.Replace(path, "77", "78", 1), "")
	assert.Equal(t, 404, status)
	s.Redirect("https://storage.example.net/")
	status, _, _ = call(s, "GET", path, "")
	assert.Equal(t, 302, status)
	status, _, _ = call(s, "GET", path, "")
	assert.Equal(t, 200, status, "one redirect only")
}

func TestServerDemandsTheProof(t *testing.T) {
	s := standIn()
	s.Proof = true
	_, code, _ := call(s, "GET", "/v26.0/"+s.Accounts[0], "")
	assert.Equal(t, 100, code)
}

func TestDeliveryIsWrittenAsTheProviderDoes(t *testing.T) {
	s := New()
	r := s.Delivery(Change{Account: "1", Contacts: []map[string]any{Contact("491", "DE.1", "Jörg")}, Messages: []map[string]any{Text("w", "491", "a/b <50%> me@x 😀\"\\\n", noon)}},
		Change{Account: "2", Statuses: []map[string]any{Status("w", "491", "failed", "ref", noon, 131047)}},
		Change{Account: "3", Field: "smb_message_echoes", Echoes: []map[string]any{Message("w", "", "image", noon, nil)}})
	for _, b := range r.Body {
		require.Less(t, b, byte(0x80))
	}
	body := string(r.Body)
	assert.Contains(t, body, `J\u00f6rg`)
	assert.Contains(t, body, `"a\/b \u003c50\u0025\u003e me\u0040x \ud83d\ude00\"\\\n"`)
	assert.NotContains(t, body, `"contacts":[]`)
	assert.Contains(t, body, `"timestamp":"`+strconv.FormatInt(noon.Unix(), 10)+`"`)

	var plain any
	require.NoError(t, json.Unmarshal(r.Body, &plain))
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Len(t, r.Header.Get("X-Hub-Signature-256"), len("sha256=")+64)
	assert.Equal(t, r, s.Sign(r.Body), "the same bytes have the same signature")
}

func TestSettingsHoldTheSecret(t *testing.T) {
	s := New()
	settings := s.Settings(s.Accounts[1], http.DefaultClient)
	assert.JSONEq(t, `{"token":"`+s.Token+`","app_secret":"`+s.AppSecret+`","verify_token":"verify-`+s.Accounts[1]+`"}`, settings.Secret)
	assert.Equal(t, s.Accounts[1], settings.Account)
}

func TestServerServesOverHTTP(t *testing.T) {
	s := standIn()
	server := httptest.NewServer(s)
	defer server.Close()
	resp, err := http.Get(server.URL + "/v26.0/" + s.Accounts[0])
	require.NoError(t, err)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	assert.Contains(t, string(data), `"fbtrace_id"`)
}

package frontdesk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// kindHandover is where bots ask for an agent, beside the kinds of the drivers.
const kindHandover = "handover"

// maxHandover is the largest request for an agent, in bytes.
const maxHandover = 16 << 10

// handoverRequest names the conversation to be handed over: by its ID, or by the thread that the bot platform knows.
type handoverRequest struct {
	Conversation string `json:"conversation"`
	Channel      string `json:"channel"`
	Thread       string `json:"thread"`
}

// handoverAnswer is what the asker is told.
type handoverAnswer struct {
	Conversation string               `json:"conversation"`
	Availability routing.Availability `json:"availability"`
}

// hookError is an error as it is told over HTTP.
type hookError struct {
	status  int
	code    string
	message string
}

func (e *hookError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &hookError{http.StatusBadRequest, "invalid", fmt.Sprintf(format, args...)}
}

// parseHandover reads a request for an agent. Errors are *hookError.
func parseHandover(body []byte) (r handoverRequest, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, badRequest("the body is not the JSON object expected: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return r, badRequest("something follows the JSON object; send one")
	}
	byThread := r.Channel != "" || r.Thread != ""
	switch {
	case r.Conversation == "" && !byThread:
		return r, badRequest("give conversation, or channel and thread")
	case r.Conversation != "" && byThread:
		return r, badRequest("give either conversation, or channel and thread")
	case byThread && (r.Channel == "" || r.Thread == ""):
		return r, badRequest("channel and thread belong together; give both")
	}
	for field, value := range map[string]string{"conversation": r.Conversation, "channel": r.Channel} {
		if problem := store.CheckText(value, true); problem != "" {
			return r, badRequest("%s %s", field, problem)
		}
	}
	return r, nil
}

// handoverHook serves requests for an agent at /hooks/handover/<tenant>/<mailbox>.
func (d *Desk) handoverHook(w http.ResponseWriter, r *http.Request, path string) channel.Response {
	answer, err := d.handover(w, r, path)
	if err == nil {
		return jsonResponse(http.StatusOK, answer)
	}
	e := &hookError{http.StatusServiceUnavailable, "unavailable", "try again"}
	switch {
	case errors.As(err, &e):
	case errors.Is(err, ErrNotFound):
		e = &hookError{http.StatusNotFound, "not_found", "no such conversation in this mailbox"}
	case errors.Is(err, conversation.ErrState):
		e = &hookError{http.StatusConflict, "state", err.Error()}
	case Refused(err):
		e = &hookError{http.StatusBadRequest, "invalid", err.Error()}
	default:
		d.log.ErrorContext(r.Context(), "request for an agent", "error", err)
	}
	if e.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	return jsonResponse(e.status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}})
}

func jsonResponse(code int, v any) channel.Response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs and maps of text
	}
	return channel.Response{Status: code, Type: "application/json", Body: body}
}

func (d *Desk) handover(w http.ResponseWriter, r *http.Request, path string) (answer handoverAnswer, err error) {
	if r.Method != http.MethodPost {
		return answer, &hookError{http.StatusMethodNotAllowed, "method", "use POST"}
	}
	if d.bound {
		return answer, errBound // nothing is in before the host commits
	}
	tenant, mailbox, err := d.handoverMailbox(r, path)
	if err != nil {
		return answer, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHandover))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return answer, &hookError{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body has more than %d bytes", maxHandover)}
	}
	if err != nil {
		return answer, badRequest("the body cannot be read")
	}
	req, err := parseHandover(body)
	if err != nil {
		return answer, err
	}
	if answer.Conversation, err = d.handoverConversation(r.Context(), tenant, req); err != nil {
		return answer, err
	}
	answer.Availability, err = d.As(System(tenant)).requestHandover(r.Context(), answer.Conversation, mailbox)
	return answer, err
}

// handoverMailbox finds the mailbox of a request that carries its secret. Whoever does not know the secret is not told what there is.
func (d *Desk) handoverMailbox(r *http.Request, path string) (tenant, mailbox string, err error) {
	refused := &hookError{http.StatusUnauthorized, "unauthorized", "the bearer token is not the mailbox's secret"}
	tenantPart, mailboxPart, _ := strings.Cut(path, "/")
	tenant, err1 := url.PathUnescape(tenantPart)
	mailbox, err2 := url.PathUnescape(mailboxPart)
	if err1 != nil || err2 != nil || conversation.CheckID(tenant) != "" || checkTenant(tenant) != nil || conversation.CheckID(mailbox) != "" {
		return "", "", refused
	}
	var box Mailbox
	err = d.view(r.Context(), tenant, func(t *txn) (err error) {
		if err = t.load(document("mailbox", mailbox)); err == nil {
			box, err = t.mailbox(mailbox)
		}
		return err
	})
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (box.Handover.Secret == "" || !bearer):
		return "", "", refused
	case err != nil:
		return "", "", err
	}
	secret, err := d.cfg.Secrets(r.Context(), tenant, box.Handover.Secret)
	if err != nil {
		return "", "", fmt.Errorf("secret %q: %w", box.Handover.Secret, err)
	}
	given, wanted := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(secret))
	if secret == "" || subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		return "", "", refused
	}
	return tenant, mailbox, nil
}

// handoverConversation finds the conversation that a request names.
func (d *Desk) handoverConversation(ctx context.Context, tenant string, req handoverRequest) (string, error) {
	if req.Conversation != "" {
		return req.Conversation, nil
	}
	name := threadName(req.Channel, req.Thread)
	rows, err := d.store.Load(ctx, tenant, []store.Key{name}, nil)
	if err != nil {
		return "", err
	}
	row, ok := rows.Row(name)
	if !ok || row.Target.Kind != store.Conversation {
		return "", ErrNotFound
	}
	return row.Target.ID, nil
}

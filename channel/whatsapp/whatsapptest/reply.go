package whatsapptest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

type object = map[string]any

// reply is an answer of the Graph API.
type reply struct {
	status int
	header http.Header
	body   any
}

func write(w http.ResponseWriter, r reply) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(r.body)
}

// statuses are the HTTP statuses of error codes; all others come with 400.
var statuses = map[int]int{
	0: http.StatusUnauthorized, 190: http.StatusUnauthorized,
	10: http.StatusForbidden, 368: http.StatusForbidden, 131005: http.StatusForbidden, 131031: http.StatusForbidden,
	2500: http.StatusNotFound,
	4:    http.StatusTooManyRequests, 80007: http.StatusTooManyRequests, 130429: http.StatusTooManyRequests, 131048: http.StatusTooManyRequests,
	3: http.StatusInternalServerError, 131000: http.StatusInternalServerError, 131016: http.StatusInternalServerError,
	131057: http.StatusInternalServerError,
	2:      http.StatusServiceUnavailable, 133004: http.StatusServiceUnavailable,
}

// failure is the Graph API's form of an error.
func failure(code, subcode int, details string) reply {
	status := http.StatusBadRequest
	if s, ok := statuses[code]; ok {
		status = s
	}
	if code >= 200 && code <= 299 {
		status = http.StatusForbidden
	}
	e := object{
		"message": fmt.Sprintf("(#%d) %s", code, details), "type": "OAuthException", "code": code, "fbtrace_id": "AStandIn",
		"error_data": object{"messaging_product": "whatsapp", "details": details},
	}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	return reply{status: status, body: object{"error": e}}
}

func noObject(method, id string) reply {
	return failure(100, 33, fmt.Sprintf("Unsupported %s request. Object with ID '%s' does not exist", method, id))
}

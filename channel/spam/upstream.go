package spam

import (
	"math"
	"strconv"
	"strings"
)

// Upstream is what a mail server made of a message before it came to us.
type Upstream struct {
	Spam  bool
	Score float64 // its own points; 0 if it told none
	Limit float64 // from how many points on it takes a message for spam; 0 if it told none
	By    string  // the header that said so
}

// Limits of what ParseHeaders reads.
const (
	maxHeaders = 20   // values of one header
	maxHeader  = 4096 // bytes of a value
)

// ParseHeaders finds a verdict in a mail's headers, whose names are in the canonical form of net/textproto: X-Spam-Flag and X-Spam-Status of
// SpamAssassin, X-Spam and X-Spamd-Result of rspamd. ok is false if there is none.
//
// Anybody can write such a header, also the sender, so a verdict counts only where the server that hands the mail over is trusted to have removed
// those of others. Where headers disagree the message is spam: a sender gains nothing by a header that says it is not.
func ParseHeaders(header map[string][]string) (u Upstream, ok bool) {
	for _, h := range []struct {
		name  string
		parse func(string) (Upstream, bool)
	}{{"X-Spam-Status", parseStatus}, {"X-Spamd-Result", parseResult}, {"X-Spam-Flag", parseFlag}, {"X-Spam", parseFlag}} {
		values := header[h.name]
		for _, value := range values[:min(len(values), maxHeaders)] {
			one, said := h.parse(strings.TrimSpace(value[:min(len(value), maxHeader)]))
			if !said {
				continue
			}
			one.By = h.name
			if !ok || one.Spam && !u.Spam {
				if one.Limit == 0 && one.Score == 0 {
					one.Score, one.Limit = u.Score, u.Limit
				}
				u, ok = one, true
			}
		}
	}
	return u, ok
}

// yes reads a word of consent or refusal; said is false for any other word.
func yes(w string) (yes, said bool) {
	switch strings.ToLower(w) {
	case "yes", "true":
		return true, true
	case "no", "false":
		return false, true
	}
	return false, false
}

// parseFlag reads "YES".
func parseFlag(value string) (u Upstream, said bool) {
	u.Spam, said = yes(value)
	return u, said
}

// parseStatus reads "Yes, score=12.3 required=5.0 tests=…"; old servers write hits for score.
func parseStatus(value string) (u Upstream, said bool) {
	first, rest, _ := strings.Cut(value, ",")
	if u.Spam, said = yes(strings.TrimSpace(first)); !said {
		return u, false
	}
	for _, field := range strings.Fields(rest) {
		switch name, number, _ := strings.Cut(field, "="); name {
		case "score", "hits":
			u.Score = points(number)
		case "required":
			u.Limit = points(number)
		}
	}
	return u, true
}

// parseResult reads "default: False [1.20 / 15.00]; …".
func parseResult(value string) (u Upstream, said bool) {
	_, rest, ok := strings.Cut(value, ":")
	if !ok {
		return u, false
	}
	verdict, rest, _ := strings.Cut(rest, "[")
	if u.Spam, said = yes(strings.TrimSpace(verdict)); !said {
		return u, false
	}
	inside, _, _ := strings.Cut(rest, "]")
	score, limit, _ := strings.Cut(inside, "/")
	u.Score, u.Limit = points(score), points(limit)
	return u, true
}

// points reads a number; one that is none, or is not finite, is 0.
func points(text string) float64 {
	f, err := strconv.ParseFloat(strings.Trim(text, " ,"), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0
	}
	return f
}

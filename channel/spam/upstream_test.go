package spam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/channel/spam"
)

func TestF3_HeadersOfMailServers(t *testing.T) {
	type header = map[string][]string
	for name, c := range map[string]struct {
		header header
		want   spam.Upstream
		ok     bool
	}{
		"none":                 {header{"Subject": {"YES"}}, spam.Upstream{}, false},
		"flag":                 {header{"X-Spam-Flag": {"YES"}}, spam.Upstream{Spam: true, By: "X-Spam-Flag"}, true},
		"flag, no":             {header{"X-Spam-Flag": {" no "}}, spam.Upstream{By: "X-Spam-Flag"}, true},
		"flag, neither":        {header{"X-Spam-Flag": {"maybe"}}, spam.Upstream{}, false},
		"status":               {header{"X-Spam-Status": {"Yes, score=12.3 required=5.0\r\n\ttests=HTML,URI autolearn=no"}}, spam.Upstream{Spam: true, Score: 12.3, Limit: 5, By: "X-Spam-Status"}, true},
		"status of old":        {header{"X-Spam-Status": {"No, hits=-2.6 required=5"}}, spam.Upstream{Score: -2.6, Limit: 5, By: "X-Spam-Status"}, true},
		"status without more":  {header{"X-Spam-Status": {"Yes"}}, spam.Upstream{Spam: true, By: "X-Spam-Status"}, true},
		"status, no number":    {header{"X-Spam-Status": {"Yes, score=NaN required=Inf"}}, spam.Upstream{Spam: true, By: "X-Spam-Status"}, true},
		"rspamd":               {header{"X-Spamd-Result": {"default: True [17.25 / 15.00];\r\n RBL(2.00)[1.2.3.4]"}}, spam.Upstream{Spam: true, Score: 17.25, Limit: 15, By: "X-Spamd-Result"}, true},
		"rspamd, no":           {header{"X-Spamd-Result": {"default: False [-1.10 / 15.00]; X(0)[]"}}, spam.Upstream{Score: -1.1, Limit: 15, By: "X-Spamd-Result"}, true},
		"rspamd, flagged":      {header{"X-Spamd-Result": {"default: False [7.20 / 15.00]"}, "X-Spam": {"Yes"}}, spam.Upstream{Spam: true, Score: 7.2, Limit: 15, By: "X-Spam"}, true},
		"rspamd, broken":       {header{"X-Spamd-Result": {"default True 17"}}, spam.Upstream{}, false},
		"a sender's own no":    {header{"X-Spam-Flag": {"NO"}, "X-Spam-Status": {"Yes, score=9 required=5"}}, spam.Upstream{Spam: true, Score: 9, Limit: 5, By: "X-Spam-Status"}, true},
		"a sender's no, below": {header{"X-Spam-Flag": {"NO", "YES"}}, spam.Upstream{Spam: true, By: "X-Spam-Flag"}, true},
		"too many":             {header{"X-Spam-Flag": append(slices.Repeat([]string{"?"}, 20), "YES")}, spam.Upstream{}, false},
		"very long":            {header{"X-Spam-Status": {"Yes, " + strings.Repeat("a=b ", 1<<20) + "score=3"}}, spam.Upstream{Spam: true, By: "X-Spam-Status"}, true},
	} {
		got, ok := spam.ParseHeaders(c.header)
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.ok, ok, name)
	}
}

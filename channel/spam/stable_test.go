package spam_test

import (
	"encoding/hex"
	"hash/fnv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/channel/spam"
)

// Models are stored, and a text's features must be found in them years later. Whoever changes how texts are read makes every stored model forget what it
// knew of the features that changed, and raises the version of the encoding.
func TestFeaturesStayTheSame(t *testing.T) {
	texts := []string{"WIN a FREE prize now!!! Call 09061701461, 150p/min.", "https://Shop.example/a?b=1 www.shop.example", "Könnten Sie’s prüfen? don't", "注文が無料！ สวัสดี",
		"<p class=x>Hi</p> pr\u200bize \u0430ccount ｆｒｅｅ ４２", "€5 👍👍 .. ...."}
	h := fnv.New64a()
	for _, text := range texts {
		for _, print := range spam.PrintOf(text) {
			for i := range 8 {
				_, _ = h.Write([]byte{byte(print >> (8 * i))})
			}
		}
	}
	assert.Equal(t, "7f0a79f7959e1a9e", hex.EncodeToString(h.Sum(nil)))

	m := learned([]marked{{"Hi there", false}, {"Hi, WIN", true}})
	assert.Equal(t, "66647370616d010101088998c9dfa395aef6330001d8af93b3c6eba5fd400101d6adfcf1e3c9b1c9170100e0cbbaf3eddff1dd1101008ed1cddcbe92d5890601"+
		"008497d985b8cbe1ac0d0100b8dc9fc086ebd591140100f0f1f7e2819ba282230001", hex.EncodeToString(encoded(t, m)))
}

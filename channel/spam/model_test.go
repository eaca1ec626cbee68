package spam_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/spam"
)

func encoded(t testing.TB, m *spam.Model) []byte {
	t.Helper()
	b, err := m.MarshalBinary()
	require.NoError(t, err)
	return b
}

// few are marks of different kinds.
func few() []marked {
	return []marked{
		{"WIN a FREE prize now!!! Call 09061701461 or see http://win.example/now", true},
		{"Cheap pills, 80% off, limited offer: www.pills.example", true},
		{"Where is my order 4711? It should have come on Monday.", false},
		{"Thank you, the parcel is here. Can I send the blue one back?", false},
		{"Könnten Sie mir bitte die Rechnung noch einmal schicken?", false},
		{"", false},
	}
}

func TestUnlearningTakesBackExactlyWhatWasLearned(t *testing.T) {
	var m spam.Model
	empty := encoded(t, &m)
	for i, x := range few() {
		before := encoded(t, &m)
		m.Learn("in between", i%2 == 0)
		m.Learn(x.text, x.spam)
		m.Unlearn("in between", i%2 == 0)
		with := encoded(t, &m)
		assert.NotEqual(t, before, with)
		m.Unlearn(x.text, x.spam)
		assert.Equal(t, before, encoded(t, &m), "%q", x.text)
		m.Learn(x.text, x.spam)
		assert.Equal(t, with, encoded(t, &m))
	}
	for _, x := range few() {
		m.UnlearnPrint(spam.PrintOf(x.text), x.spam)
	}
	assert.Equal(t, empty, encoded(t, &m), "by their prints too")
	assert.Zero(t, m.Words())
	m.Unlearn("never learned", true)
	assert.Equal(t, empty, encoded(t, &m), "what was never learned is not unlearned below nothing")
}

func TestTwoModelsLearnedApartEqualOne(t *testing.T) {
	var one, left, right spam.Model
	for i, x := range few() {
		one.Learn(x.text, x.spam)
		if i%2 == 0 {
			left.Learn(x.text, x.spam)
		} else {
			right.Learn(x.text, x.spam)
		}
	}
	left.Merge(&right)
	assert.Equal(t, encoded(t, &one), encoded(t, &left))
	for _, x := range few() {
		assert.Equal(t, one.Classify(x.text), left.Classify(x.text))
	}
	var none spam.Model
	none.Merge(&one)
	none.Merge(new(spam.Model))
	assert.Equal(t, encoded(t, &one), encoded(t, &none))
}

func TestAModelSurvivesItsEncoding(t *testing.T) {
	var m, again spam.Model
	for _, x := range few() {
		m.Learn(x.text, x.spam)
	}
	require.NoError(t, again.UnmarshalBinary(encoded(t, &m)))
	assert.Equal(t, encoded(t, &m), encoded(t, &again))
	s, h := again.Marks()
	assert.Equal(t, [2]int{2, 4}, [2]int{s, h})
	for _, x := range few() {
		assert.Equal(t, m.Explain(x.text, 9), again.Explain(x.text, 9))
		m.Unlearn(x.text, x.spam)
		again.Unlearn(x.text, x.spam)
	}
	assert.Equal(t, encoded(t, &m), encoded(t, &again), "it goes on from there")
}

func TestForeignBytesAreNoModel(t *testing.T) {
	var m spam.Model
	m.Learn("Where is my order?", false)
	good := encoded(t, &m)
	bad := map[string][]byte{
		"nothing":        nil,
		"text":           []byte("hello, world"),
		"a later one":    append([]byte("fdspam\x02"), good[7:]...),
		"too long":       make([]byte, spam.MaxSize+1),
		"too many words": append([]byte("fdspam\x01\x00\x01"), 0xA1, 0x8D, 0x06),
		"never seen":     []byte("fdspam\x01\x01\x01\x01\x11\x00\x00"),
		"out of order":   []byte("fdspam\x01\x01\x01\x02\x11\x01\x00\x00\x01\x00"),
		"count too high": append([]byte("fdspam\x01\x01\x01\x01\x11"), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0),
		"a tail":         append(bytes.Clone(good), 0),
	}
	for i := range good {
		bad[fmt.Sprintf("cut after %d", i)] = good[:i]
	}
	for name, data := range bad {
		var e *spam.FormatError
		assert.True(t, errors.As(m.UnmarshalBinary(data), &e), name)
		assert.Equal(t, good, encoded(t, &m), "the model stays as it was: %s", name)
	}
}

func TestAModelIsBounded(t *testing.T) {
	var m spam.Model
	text := func(i int) string {
		var b strings.Builder
		for n := range 1500 {
			fmt.Fprintf(&b, "w%xq%x ", i, n)
		}
		return b.String()
	}
	for range 3 {
		m.Learn("an often repeated word", false)
	}
	for i := range 100 {
		m.Learn(text(i), i%2 == 0)
		require.LessOrEqual(t, m.Words(), spam.MaxWords)
	}
	assert.GreaterOrEqual(t, m.Words(), spam.MaxWords/4*3)
	assert.LessOrEqual(t, len(encoded(t, &m)), spam.MaxSize)
	v := m.Explain("repeated", 5)
	require.NotEmpty(t, v.Words, "what was seen often is kept")
	assert.Equal(t, 3, v.Words[len(v.Words)-1].Ham)
	for i := range 100 {
		m.Unlearn(text(i), i%2 == 0)
	}
	s, h := m.Marks()
	assert.Equal(t, [2]int{0, 3}, [2]int{s, h}, "what was dropped meanwhile is unlearned without harm")
}

func TestManyReadOneModel(t *testing.T) {
	m := learned(few())
	want := map[string]spam.Verdict{}
	for _, x := range few() {
		want[x.text] = m.Classify(x.text)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				x := few()[rand.IntN(len(few()))]
				if got := m.Classify(x.text); got.Score != want[x.text].Score {
					t.Errorf("%q: %v, alone %v", x.text, got, want[x.text])
				}
			}
		})
	}
	wg.Wait()
}

func FuzzUnmarshal(f *testing.F) {
	m := learned(few())
	good, _ := m.MarshalBinary()
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("fdspam\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m spam.Model
		if err := m.UnmarshalBinary(data); err != nil {
			var e *spam.FormatError
			require.ErrorAs(t, err, &e)
			return
		}
		assert.LessOrEqual(t, m.Words(), spam.MaxWords)
		for _, x := range few() {
			check(t, m.Classify(x.text))
		}
		again := encoded(t, &m)
		var second spam.Model
		require.NoError(t, second.UnmarshalBinary(again))
		assert.Equal(t, again, encoded(t, &second))
		m.Learn("one more", true)
		m.Merge(&second)
	})
}

// check says that a verdict is one.
func check(t *testing.T, v spam.Verdict) {
	t.Helper()
	assert.False(t, math.IsNaN(v.Score) || v.Score < 0 || v.Score > 1, "%v", v)
	if v.Spam {
		assert.Greater(t, v.Score, 0.5)
	}
	for _, w := range v.Words {
		assert.False(t, math.IsNaN(w.Weight) || math.IsInf(w.Weight, 0))
		assert.NotZero(t, w.Spam+w.Ham)
	}
}

func FuzzText(f *testing.F) {
	for _, x := range few() {
		f.Add(x.text, x.spam)
	}
	f.Add("<a href=\"http://x\">\xff\u200b無料 ＦＲＥＥ ’' аpple", true)
	f.Fuzz(func(t *testing.T, text string, class bool) {
		m := learned(few())
		before := encoded(t, m)
		check(t, m.Explain(text, 20))
		p := spam.PrintOf(text)
		assert.LessOrEqual(t, len(p), spam.MaxFeatures)
		m.Learn(text, class)
		check(t, m.Explain(text, 20))
		m.UnlearnPrint(p, class)
		assert.Equal(t, before, encoded(t, m))
	})
}

func FuzzParseHeaders(f *testing.F) {
	f.Add("X-Spam-Status", "Yes, score=12.3 required=5.0 tests=A,B")
	f.Add("X-Spamd-Result", "default: True [17.00 / 15.00]; R(0.5)[x]")
	f.Add("X-Spam-Flag", "YES")
	f.Add("X-Spam", "Yes")
	f.Fuzz(func(t *testing.T, name, value string) {
		u, ok := spam.ParseHeaders(map[string][]string{name: {value, value}})
		if !ok {
			assert.Zero(t, u)
			return
		}
		assert.Equal(t, name, u.By)
		assert.False(t, math.IsNaN(u.Score+u.Limit) && math.IsInf(u.Score, 0))
	})
}

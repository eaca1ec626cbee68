package spam_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/spam"
)

// marked is a text with its class.
type marked struct {
	text string
	spam bool
}

// collection returns the SMS Spam Collection v.1 (Almeida, Gómez Hidalgo, Yamakami, DocEng 2011) in its own order.
func collection(t testing.TB) []marked {
	t.Helper()
	dir := os.Getenv("FRONTDESK_TESTDATA")
	if dir == "" {
		t.Skip("FRONTDESK_TESTDATA does not name the folder of SMSSpamCollection.tsv")
	}
	text, err := os.ReadFile(filepath.Join(dir, "SMSSpamCollection.tsv"))
	require.NoError(t, err)
	hash := sha256.Sum256(text)
	sum := hex.EncodeToString(hash[:])
	require.True(t, strings.HasPrefix(sum, "7d039a24") && strings.HasSuffix(sum, "239d"), "another version of the collection: %s", sum)
	var all []marked
	for line := range strings.Lines(string(text)) {
		class, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		require.True(t, ok)
		all = append(all, marked{text, class == "spam"})
	}
	require.Len(t, all, 5574)
	return all
}

// split is where the paper parts the collection: what comes before is learned.
const split = 1674

func learned(texts []marked) *spam.Model {
	m := new(spam.Model)
	for _, x := range texts {
		m.Learn(x.text, x.spam)
	}
	return m
}

// outcome counts verdicts.
type outcome struct{ caught, missed, blocked, passed float64 }

func try(m *spam.Model, texts []marked) (o outcome) {
	for _, x := range texts {
		switch v := m.Classify(x.text); {
		case x.spam && v.Spam:
			o.caught++
		case x.spam:
			o.missed++
		case v.Spam:
			o.blocked++
		default:
			o.passed++
		}
	}
	return o
}

// mcc is Matthews' correlation coefficient.
func (o outcome) mcc() float64 {
	return (o.caught*o.passed - o.blocked*o.missed) /
		math.Sqrt((o.caught+o.blocked)*(o.caught+o.missed)*(o.passed+o.blocked)*(o.passed+o.missed))
}

// hamBlocked is the share of what is not spam that was taken for it.
func (o outcome) hamBlocked() float64 { return o.blocked / (o.blocked + o.passed) }

func (o outcome) log(t *testing.T, what string) {
	t.Logf("%s: caught %.2f %%, blocked %.2f %% (%d messages), MCC %.3f", what, 100*o.caught/(o.caught+o.missed), 100*o.hamBlocked(), int(o.blocked), o.mcc())
}

func TestF2_TheCollectionIsToldApart(t *testing.T) {
	all := collection(t)
	o := try(learned(all[:split]), all[split:])
	o.log(t, "1,674 marks")
	assert.GreaterOrEqual(t, o.mcc(), 0.94)
	assert.LessOrEqual(t, o.hamBlocked(), 0.005)

	seen := map[string]bool{}
	for _, x := range all[:split] {
		seen[x.text] = true
	}
	var fresh []marked
	for _, x := range all[split:] {
		if !seen[x.text] {
			fresh = append(fresh, x)
		}
		seen[x.text] = true
	}
	require.Len(t, fresh, 3549)
	o = try(learned(all[:split]), fresh)
	o.log(t, "only what is no duplicate")
	assert.GreaterOrEqual(t, o.mcc(), 0.93)
	assert.LessOrEqual(t, o.hamBlocked(), 0.005)
}

func TestF2_AHundredMarksAreEnough(t *testing.T) {
	all := collection(t)
	o := try(learned(all[:100]), all[split:])
	o.log(t, "100 marks")
	assert.GreaterOrEqual(t, o.mcc(), 0.90)
	assert.LessOrEqual(t, o.hamBlocked(), 0.005)
	o = try(learned(all[:spam.Advise]), all[split:])
	o.log(t, "50 marks")
	assert.LessOrEqual(t, o.hamBlocked(), 0.01)
}

// What is learned from other parts of the collection, and in other proportions, holds as well: the figures do not hang on the first
// 1,674 messages, nor on how rare spam is among them.
func TestF2_OtherPartsOfTheCollection(t *testing.T) {
	all := collection(t)
	for _, part := range []struct {
		name        string
		train, test []marked
	}{
		{"the last third", all[3900:], all[:3900]},
		{"the middle", all[2000:3674], append(append([]marked(nil), all[:2000]...), all[3674:]...)},
		{"100 of the middle", all[2000:2100], all[2100:]},
	} {
		o := try(learned(part.train), part.test)
		o.log(t, part.name)
		assert.GreaterOrEqual(t, o.mcc(), 0.88, part.name)
		assert.LessOrEqual(t, o.hamBlocked(), 0.006, part.name)
	}
	var spams, hams []marked
	for _, x := range all[:split] {
		if x.spam {
			spams = append(spams, x)
		} else {
			hams = append(hams, x)
		}
	}
	for _, part := range []struct {
		name  string
		train []marked
	}{
		{"ten spam, all others", append(append([]marked(nil), hams...), spams[:10]...)},
		{"all spam, ten others", append(append([]marked(nil), spams...), hams[:10]...)},
		{"as many of each", append(append([]marked(nil), spams...), hams[:len(spams)]...)},
	} {
		o := try(learned(part.train), all[split:])
		o.log(t, part.name)
		assert.LessOrEqual(t, o.hamBlocked(), 0.03, part.name)
		assert.Greater(t, o.caught, 100.0, part.name)
	}
}

// Mail of other people than those whose messages were learned is not blocked for being other mail.
func TestF2_OtherPeoplesMail(t *testing.T) {
	all := collection(t)
	m := learned(all[:split])
	for _, size := range []struct{ short, long int }{{1, 3}, {5, 15}, {50, 100}} {
		var good []marked
		for _, x := range mails(uint64(size.long), 1000, size.short, size.long) {
			if !x.spam {
				good = append(good, x)
			}
		}
		o := try(m, good)
		t.Logf("mails of %d to %d sentences: blocked %.2f %%", size.short, size.long, 100*o.hamBlocked())
		assert.LessOrEqual(t, o.hamBlocked(), 0.01)
	}
}

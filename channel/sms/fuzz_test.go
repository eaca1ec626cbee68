package sms_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

func FuzzCount(f *testing.F) {
	for _, text := range []string{"", "a", rep("a", 161), rep("]", 153), rep("😀", 70), rep("🇩🇪", 40), "e" + rep("\u0301", 140),
		rep("ğ", 150), rep("नमस्ते ", 30), "\xff\xe2\x82", rep("a", 152) + "\r\n" + rep("я", 70), rep("👩\u200D", 80)} {
		for flags := range uint8(8) {
			f.Add(text, flags)
		}
	}
	f.Fuzz(func(t *testing.T, text string, flags uint8) {
		o := sms.Options{Graphemes: flags&1 != 0, Ref16: flags&2 != 0}
		if flags&4 == 0 {
			require.Equal(t, reference(text, o), o.Count(text))
		} else {
			o.Languages = []sms.Language{sms.Turkish, sms.Hindi, sms.Spanish, sms.Language(flags >> 3)}
		}
		info := o.Count(text)
		require.GreaterOrEqual(t, info.Segments, 1)
		require.GreaterOrEqual(t, info.Remaining, 0)
		checkSplit(t, o, text, info)
	})
}

func FuzzSmart(f *testing.F) {
	for _, text := range []string{"", "“Hi” — ok…", "naïve", "cafe\u0301", "👨‍👩‍👧", rep("“", 80), "\xffé\u200B", rep("Ž", 71)} {
		f.Add(text, uint8(0))
		f.Add(text, uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, level uint8) {
		p := sms.Smart(text, sms.Level(level))
		require.Equal(t, sms.Count(text), p.Before)
		require.Equal(t, sms.Count(p.Text), p.After)
		require.Equal(t, p.Before.Segments-p.After.Segments, p.Saved)
		require.GreaterOrEqual(t, p.Saved, 0)
		if p.Replaced == nil {
			require.Equal(t, text, p.Text)
			return
		}
		require.True(t, p.Saved > 0 || p.Before.Encoding == sms.UCS2 && p.After.Encoding == sms.GSM7)
	})
}

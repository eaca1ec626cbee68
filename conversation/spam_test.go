package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who said last whether a conversation is spam, and whether it is judged any more.
func TestJudgements(t *testing.T) {
	reply, answer := Reply{Message: Message{Text: "hello"}, Thread: mainThread}, again
	type act struct {
		by  Actor
		cmd Command
	}
	filtered, restored := act{system, ToSpam{By: JudgedFilter}}, act{ann, Restore{}}
	for name, c := range map[string]struct {
		acts    []act
		want    Judgement
		trusted bool
	}{
		"nobody":                        {nil, "", false},
		"an agent":                      {[]act{{ann, ToSpam{}}}, JudgedSpam, false},
		"an agent, back":                {[]act{{ann, ToSpam{}}, restored}, JudgedHam, true},
		"the host":                      {[]act{{system, ToSpam{}}}, "", false},
		"the host, back":                {[]act{{ann, ToSpam{}}, {system, Restore{}}}, JudgedTrusted, true},
		"a bot, back":                   {[]act{filtered, {bot, Restore{}}}, JudgedTrusted, true},
		"the filter":                    {[]act{filtered}, JudgedFilter, false},
		"the filter, an agent agrees":   {[]act{filtered, {ann, ToSpam{}}}, JudgedFilter, false},
		"the filter, an agent does not": {[]act{filtered, restored}, JudgedHam, true},
		"a list":                        {[]act{{system, ToSpam{By: JudgedList}}}, JudgedList, false},
		"upstream":                      {[]act{{system, ToSpam{By: JudgedUpstream}}}, JudgedUpstream, false},
		"an answer":                     {[]act{{ann, reply}}, JudgedHam, true},
		"a bot's answer":                {[]act{{ann, SetStatus{Closed}}, {bot, reply}}, "", false},
		"an answer, then spam":          {[]act{{ann, reply}, {ben, ToSpam{}}}, JudgedSpam, false},
		"an answer, then a list":        {[]act{{ann, reply}, {system, ToSpam{By: JudgedList}}}, JudgedList, false},
		"from the archive":              {[]act{{ann, ToArchive{}}, restored}, "", false},
		"trash and back":                {[]act{filtered, {ann, ToTrash{}}, restored}, JudgedFilter, false},
		"trash and back to the inbox":   {[]act{filtered, {ann, ToTrash{}}, restored, restored}, JudgedHam, true},
		"more from the customer":        {[]act{filtered, {customer, answer}}, JudgedFilter, false},
	} {
		l := begin(t, Rules{})
		l.do(customer, again)
		for _, a := range c.acts {
			l.do(a.by, a.cmd)
		}
		assert.Equal(t, c.want, l.c.Judged, name)
		assert.Equal(t, c.trusted, l.c.Trusted(), name)
	}
	old := Conversation{Answered: start.Add(time.Hour)}
	assert.True(t, old.Trusted(), "answered before judgements were kept")
}

func TestNobodySpeaksForTheFilter(t *testing.T) {
	l := begin(t, Rules{})
	_, err := l.try(system, ToSpam{By: JudgedHam})
	require.ErrorIs(t, err, ErrValue)
	_, err = l.try(ann, ToSpam{By: "somebody"})
	require.ErrorIs(t, err, ErrValue)
}

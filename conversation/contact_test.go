package conversation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func phoneID(number string) Identity { return Identity{Scope: ScopePhone, Address: number} }

func many(n int, prefix string) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%s%03d", prefix, i))
	}
	return out
}

func TestContactChanges(t *testing.T) {
	c := Contact{ID: "p1", Identities: []Identity{phoneID("+4915112345678")}, Labels: []string{"a"}}
	assert.Equal(t, "+4915112345678", c.DisplayName())
	changed, err := c.ChangeLabels([]string{"c", "b", "b"}, []string{"a", "c"})
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, []string{"b", "c"}, c.Labels)
	changed, err = c.ChangeLabels([]string{"b"}, []string{"z"})
	require.NoError(t, err)
	assert.False(t, changed)
	_, err = c.ChangeLabels(many(MaxLabels-1, "x"), nil)
	require.ErrorIs(t, err, ErrValue)
	assert.Equal(t, []string{"b", "c"}, c.Labels)
	full := Contact{Labels: []string{"b", "c"}}
	_, err = full.ChangeLabels(many(MaxLabels-2, "x"), nil)
	require.NoError(t, err)
	assert.Len(t, full.Labels, MaxLabels)

	added, err := c.AddIdentity(phoneID("+4915112345678"))
	require.NoError(t, err)
	assert.False(t, added)
	for _, number := range many(MaxIdentities-1, "+49151000000") {
		added, err = c.AddIdentity(phoneID(number))
		require.NoError(t, err)
		assert.True(t, added)
	}
	_, err = c.AddIdentity(phoneID("+4917000000000"))
	require.ErrorIs(t, err, ErrValue)
	assert.True(t, c.RemoveIdentity(phoneID("+4915112345678")))
	assert.False(t, c.RemoveIdentity(phoneID("+4915112345678")))

	for _, id := range many(maxRecords, "") {
		added, err = c.AddLink(Link{Kind: "order", ID: id, By: ByHand})
		require.NoError(t, err)
		assert.True(t, added)
	}
	added, err = c.AddLink(Link{Kind: "order", ID: "000", By: ByMatch})
	require.NoError(t, err)
	assert.False(t, added, "a record is linked once")
	_, err = c.AddLink(Link{Kind: "order", ID: "x"})
	require.ErrorIs(t, err, ErrValue)
	assert.Len(t, c.Links, maxRecords)
	assert.True(t, c.RemoveLink("order", "000"))
	assert.False(t, c.RemoveLink("order", "000"))
	assert.False(t, c.RemoveLink("ticket", "001"), "a record is known by kind and ID")
	assert.Len(t, c.Links, maxRecords-1, "the others stay")
	other := Identity{Scope: ScopeEmail, Address: "+49151000000000"}
	assert.False(t, c.RemoveIdentity(other), "an address belongs to its scope")
	added, err = c.AddLink(Link{Kind: "ticket", ID: "001", By: ByHand})
	require.NoError(t, err)
	assert.True(t, added)
	assert.True(t, c.RemoveLink("ticket", "001"))
	assert.Len(t, c.Links, maxRecords-1)
}

func TestConsent(t *testing.T) {
	c := Contact{OptedOut: []string{"old"}}
	assert.Equal(t, Consent{State: OptedOut}, c.ConsentOn("old"), "from before the word was kept")
	word := func(s ConsentState) Consent { return Consent{State: s, At: start, By: ann} }
	for _, step := range []struct {
		channel string
		state   ConsentState
		news    bool
		out     []string
	}{
		{"sms", OptInAsked, true, []string{"old"}},
		{"sms", OptInAsked, false, []string{"old"}},
		{"sms", OptedIn, true, []string{"old"}},
		{"sms", OptInAsked, false, []string{"old"}},
		{"sms", OptedOut, true, []string{"old", "sms"}},
		{"sms", OptedOut, false, []string{"old", "sms"}},
		{"sms", OptInAsked, false, []string{"old", "sms"}},
		{"old", OptedOut, false, []string{"old", "sms"}},
		{"old", OptedIn, true, []string{"sms"}},
	} {
		news, err := c.SetConsent(step.channel, word(step.state))
		require.NoError(t, err)
		assert.Equal(t, step.news, news, "%+v", step)
		assert.Equal(t, step.out, c.OptedOut, "%+v", step)
	}
	assert.Equal(t, Consent{State: OptedIn, At: start, By: Actor{Kind: ByAgent, ID: "ann"}}, c.ConsentOn("old"))
	c.OptedOut = nil
	assert.Equal(t, Consent{}, c.ConsentOn("sms"), "an older program has opted him in")
	for _, id := range many(maxConsents-2, "c") {
		_, err := c.SetConsent(id, word(OptedOut))
		require.NoError(t, err)
	}
	_, err := c.SetConsent("one too many", word(OptedIn))
	require.ErrorIs(t, err, ErrValue)
	_, err = c.SetConsent("one too many", word(OptedOut))
	require.NoError(t, err, "a no is never one too many")

	for text, want := range map[string][3]bool{"STOP": {true, false, false}, " stop. ": {true, false, false}, "Unsubscribe": {true, false, false},
		"yes": {false, true, true}, "Y": {false, false, true}, "START": {false, true, false}, "please stop": {}, "": {}, "stop\n": {true, false, false},
		strings.Repeat(" ", 200) + "STOP\u00a0": {true, false, false}, "*Stop*…": {true, false, false}, "\u200eSTOP": {true, false, false}, "stop it": {}, "S.T.O.P": {}} {
		assert.Equal(t, want, [3]bool{SaysStop(text), SaysStart(text), SaysYes(text)}, "%q", text)
	}
}

func TestMergeContacts(t *testing.T) {
	word := func(s ConsentState, at time.Time) Consent { return Consent{State: s, At: at} }
	head := Contact{ID: "a", Identities: []Identity{phoneID("+491")}, Labels: []string{"vip"}, Refused: 1,
		Fields:   map[string]Value{"size": {Values: []string{"L"}}},
		Consents: map[string]Consent{"sms": word(OptedIn, start), "wa": word(OptedIn, start)}}
	part := Contact{ID: "b", Name: "Bea", PlatformName: "bea_k", Identities: []Identity{phoneID("+491"), phoneID("+492")}, Labels: []string{"new", "vip"},
		Fields: map[string]Value{"size": {Values: []string{"M"}}, "city": {Values: []string{"Ulm"}}, "pet": {Values: []string{"cat"}}},
		Links:  []Link{{Kind: "order", ID: "1", By: ByHand}}, Blocked: true, Refused: 2, OptedOut: []string{"sms", "old"},
		Consents: map[string]Consent{"sms": word(OptedOut, start), "wa": word(OptInAsked, start), "mail": word(OptedIn, start)}, Parts: []string{"c"}}
	before := [2]Contact{head.Clone(), part.Clone()}

	merged, parts, err := MergeContacts(start.Add(time.Hour), head, part)
	require.NoError(t, err)
	assert.Equal(t, before, [2]Contact{head, part}, "what it was given is as it was")
	assert.Equal(t, "Bea", merged.Name)
	assert.Equal(t, []Identity{phoneID("+491"), phoneID("+492")}, merged.Identities)
	assert.Equal(t, []string{"new", "vip"}, merged.Labels)
	assert.Equal(t, []string{"L"}, merged.Fields["size"].Values, "the first wins")
	assert.Equal(t, []string{"Ulm"}, merged.Fields["city"].Values)
	assert.Equal(t, OptedOut, merged.ConsentOn("sms").State, "an opt-out survives")
	assert.Equal(t, OptedOut, merged.ConsentOn("old").State)
	assert.Equal(t, OptedIn, merged.ConsentOn("wa").State, "an answer counts before a question")
	assert.Equal(t, OptedIn, merged.ConsentOn("mail").State)
	assert.True(t, merged.Blocked)
	assert.Equal(t, int64(3), merged.Refused)
	assert.Equal(t, []string{"b", "c"}, merged.Parts)
	assert.Equal(t, "a", parts[0].Into)
	copied := parts[0].Clone()
	copied.Gave.Labels[0] = "changed"
	copied.Gave.Consents["sms"] = Consent{}
	assert.Equal(t, []string{"new"}, parts[0].Gave.Labels, "a clone shares nothing")
	assert.Equal(t, OptedIn, parts[0].Gave.Consents["sms"].State)

	// Since then somebody changed a field, and the person opted out by mail.
	_, err = merged.SetFields(map[string]Value{"pet": {Values: []string{"dog"}}})
	require.NoError(t, err)
	_, err = merged.SetConsent("mail", word(OptedOut, start.Add(2*time.Hour)))
	require.NoError(t, err)
	undone, back, err := UnmergeContact(merged, parts[0])
	require.NoError(t, err)
	assert.Empty(t, undone.Name)
	assert.Empty(t, undone.PlatformName)
	assert.Empty(t, undone.Identities, "both had it, and it is the part's by name")
	assert.Equal(t, []string{"vip"}, undone.Labels)
	assert.Empty(t, undone.Links)
	assert.Equal(t, map[string]Value{"size": {Values: []string{"L"}}, "pet": {Values: []string{"dog"}}}, undone.Fields)
	assert.Equal(t, OptedIn, undone.ConsentOn("sms").State, "as it was")
	assert.Equal(t, Consent{}, undone.ConsentOn("old"))
	assert.Equal(t, OptedOut, undone.ConsentOn("mail").State)
	assert.Equal(t, OptedOut, back.ConsentOn("mail").State, "nobody knows which of them said it")
	assert.False(t, undone.Blocked)
	assert.Equal(t, int64(1), undone.Refused)
	assert.Empty(t, undone.Parts)
	assert.Empty(t, back.Into)
	assert.Nil(t, back.Gave)
	assert.Equal(t, "Bea", back.Name)
}

// What the first contact has stays his: undoing takes back nothing that he did not get.
func TestMergeContactsTakesWhatIsLacking(t *testing.T) {
	in := func(at time.Time) Consent { return Consent{State: OptedIn, At: at} }
	head := Contact{ID: "a", Name: "Ann", PlatformName: "ann_k", Blocked: true, OptedOut: []string{"old"},
		Consents: map[string]Consent{"sms": in(start), "mail": {State: OptInAsked, At: start}}}
	part := Contact{ID: "b", Name: "Bea", PlatformName: "bea_k", Blocked: true, OptedOut: []string{"old"},
		Consents: map[string]Consent{"sms": in(start.Add(time.Minute)), "mail": in(start), "wa": {State: OptInAsked, At: start}}}
	merged, parts, err := MergeContacts(start.Add(time.Hour), head, part)
	require.NoError(t, err)
	assert.Equal(t, []string{"Ann", "ann_k"}, []string{merged.Name, merged.PlatformName})
	assert.Equal(t, in(start), merged.ConsentOn("sms"), "the same word stays as it was said")
	assert.Equal(t, &Given{Consents: map[string]Consent{"mail": {State: OptInAsked, At: start}, "wa": {}}, At: start.Add(time.Hour)}, parts[0].Gave)
	undone, back, err := UnmergeContact(merged, parts[0])
	require.NoError(t, err)
	assert.Equal(t, []string{"Ann", "ann_k"}, []string{undone.Name, undone.PlatformName})
	assert.True(t, undone.Blocked, "he was blocked before")
	assert.Equal(t, head.Consents, undone.Consents)
	assert.Equal(t, part.Consents, back.Consents)

	// What both say stays when the first of them is without a name of his own.
	merged, parts, err = MergeContacts(start, Contact{ID: "a"}, Contact{ID: "b"}, part)
	require.Error(t, err, "two of one ID")
	assert.Empty(t, parts)
	merged, parts, err = MergeContacts(start, Contact{ID: "a"}, Contact{ID: "c"}, part)
	require.NoError(t, err)
	assert.Equal(t, []string{"Bea", "bea_k"}, []string{merged.Name, merged.PlatformName})
	assert.Empty(t, parts[0].Gave.Name)
	merged.Name, merged.PlatformName, merged.Blocked = "Bea Baker", "bea_b", false
	undone, _, err = UnmergeContact(merged, parts[1])
	require.NoError(t, err)
	assert.Equal(t, []string{"Bea Baker", "bea_b"}, []string{undone.Name, undone.PlatformName}, "changed since, so it stays")
	assert.False(t, undone.Blocked)
}

func TestMergeContactsHoldsItsLimit(t *testing.T) {
	merged, _, err := MergeContacts(start, Contact{ID: "a"}, Contact{ID: "b", Parts: many(MaxMerged-1, "p")})
	require.NoError(t, err)
	assert.Len(t, merged.Parts, MaxMerged)
	_, _, err = MergeContacts(start, merged, Contact{ID: "z"})
	require.ErrorIs(t, err, ErrValue)
}

func TestMergeContactsRefused(t *testing.T) {
	a, b := Contact{ID: "a"}, Contact{ID: "b"}
	full := Contact{ID: "full"}
	for _, n := range many(MaxIdentities, "+49") {
		full.Identities = append(full.Identities, phoneID(n))
	}
	labels, links, fields, words := Contact{ID: "l", Labels: many(MaxLabels, "x")}, Contact{ID: "k"}, Contact{ID: "f", Fields: map[string]Value{}}, Contact{ID: "w", Consents: map[string]Consent{}}
	for _, id := range many(maxRecords, "") {
		links.Links = append(links.Links, Link{Kind: "order", ID: id})
	}
	for _, id := range many(MaxFields, "f") {
		fields.Fields[id] = Value{Values: []string{"x"}}
	}
	for _, id := range many(maxConsents, "c") {
		words.Consents[id] = Consent{State: OptedIn}
	}
	for name, tt := range map[string]struct {
		head   Contact
		others []Contact
		want   error
	}{
		"nobody":          {a, nil, ErrValue},
		"himself":         {a, []Contact{a}, ErrValue},
		"twice":           {a, []Contact{b, b}, ErrValue},
		"a part":          {a, []Contact{{ID: "b", Into: "c"}}, ErrState},
		"into a part":     {Contact{ID: "a", Into: "c"}, []Contact{b}, ErrState},
		"many identities": {Contact{ID: "a", Identities: []Identity{phoneID("+1")}}, []Contact{full}, ErrValue},
		"many labels":     {Contact{ID: "a", Labels: []string{"z"}}, []Contact{labels}, ErrValue},
		"many links":      {Contact{ID: "a", Links: []Link{{Kind: "z", ID: "1"}}}, []Contact{links}, ErrValue},
		"many fields":     {Contact{ID: "a", Fields: map[string]Value{"z": {Values: []string{"x"}}}}, []Contact{fields}, ErrValue},
		"many words":      {Contact{ID: "a", Consents: map[string]Consent{"z": {State: OptedIn}}}, []Contact{words}, ErrValue},
		"many parts":      {a, []Contact{{ID: "b", Parts: many(MaxMerged, "p")}}, ErrValue},
	} {
		_, _, err := MergeContacts(start, tt.head, tt.others...)
		require.ErrorIs(t, err, tt.want, name)
	}
	for name, pair := range map[string][2]Contact{
		"not merged":     {a, b},
		"into another":   {a, {ID: "b", Into: "c", Gave: &Given{}}},
		"merged further": {{ID: "a", Into: "c"}, {ID: "b", Into: "a", Gave: &Given{}}},
	} {
		_, _, err := UnmergeContact(pair[0], pair[1])
		require.ErrorIs(t, err, ErrState, name)
	}
	// A no fits however many words there are.
	head := Contact{ID: "a", OptedOut: []string{"z"}, Consents: map[string]Consent{"z": {State: OptedOut, At: start.Add(time.Hour)}}}
	part := Contact{ID: "b", Into: "a", Gave: &Given{At: start}, Consents: map[string]Consent{}}
	for _, id := range many(maxConsents, "c") {
		part.Consents[id] = Consent{State: OptedIn}
	}
	_, part, err := UnmergeContact(head, part)
	require.NoError(t, err)
	require.Equal(t, OptedOut, part.ConsentOn("z").State)
}

func TestFieldTypes(t *testing.T) {
	options := []string{"S", "M", "L"}
	for _, tt := range []struct {
		kind FieldType
		in   string
		want string // "" is refused
	}{
		{FieldText, "  hello ", "hello"}, {FieldText, " ", ""}, {FieldText, "a\x00b", ""}, {FieldText, strings.Repeat("x", MaxFieldText+1), ""},
		{FieldNumber, "007", "7"}, {FieldNumber, "-12.50", "-12.5"}, {FieldNumber, "-0.0", "0"}, {FieldNumber, "1,5", ""}, {FieldNumber, "1.", ""},
		{FieldNumber, ".5", ""}, {FieldNumber, "1e3", ""}, {FieldNumber, "--1", ""}, {FieldNumber, strings.Repeat("1", 31), ""},
		{FieldNumber, "1." + strings.Repeat("1", 16), ""}, {FieldNumber, strings.Repeat("1", 30) + "." + strings.Repeat("1", 15), strings.Repeat("1", 30) + "." + strings.Repeat("1", 15)},
		{FieldText, strings.Repeat("x", MaxFieldText), strings.Repeat("x", MaxFieldText)},
		{FieldDate, "2026-03-02", "2026-03-02"}, {FieldDate, "2026-02-30", ""}, {FieldDate, "02.03.2026", ""},
		{FieldDateTime, "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"}, {FieldDateTime, "2026-03-02", ""}, {FieldDateTime, "0000-01-01T00:00:00Z", ""},
		{FieldDateTime, "9999-12-31T23:59:59-10:00", ""}, {FieldDateTime, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		{FieldDateTime, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"}, {FieldDate, "0001-01-01", "0001-01-01"},
		{FieldBoolean, "TRUE", "true"}, {FieldBoolean, "false", "false"}, {FieldBoolean, "yes", ""},
		{FieldList, "M", "M"}, {FieldList, "XL", ""}, {"colour", "red", ""},
	} {
		got, err := tt.kind.Canonical("f", []string{tt.in}, options)
		if tt.want == "" {
			require.ErrorIs(t, err, ErrValue, "%s %q", tt.kind, tt.in)
			continue
		}
		require.NoError(t, err, "%s %q", tt.kind, tt.in)
		assert.Equal(t, []string{tt.want}, got, "%s %q", tt.kind, tt.in)
	}
	got, err := FieldList.Canonical("f", []string{"L", "S", "S"}, options)
	require.NoError(t, err)
	assert.Equal(t, []string{"S", "L"}, got, "in the options' order")
	_, err = FieldList.Canonical("f", nil, options)
	require.ErrorIs(t, err, ErrValue)
	most, err := FieldList.Canonical("f", many(MaxFieldValues, "o"), many(MaxOptions, "o"))
	require.NoError(t, err)
	assert.Len(t, most, MaxFieldValues)
	_, err = FieldList.Canonical("f", many(MaxFieldValues+1, "o"), many(MaxOptions, "o"))
	require.ErrorIs(t, err, ErrValue)
	_, err = FieldText.Canonical("f", []string{"a", "b"}, nil)
	require.ErrorIs(t, err, ErrValue)
	assert.Equal(t, "S, L", Value{Values: got}.Text())
}

func TestSetFields(t *testing.T) {
	c := Contact{Fields: map[string]Value{"a": {Values: []string{"1"}}, "b": {Values: []string{"2"}}}}
	old := c.Clone()
	changed, err := c.SetFields(map[string]Value{"a": {}, "b": {Values: []string{"2"}}, "c": {Values: []string{"3"}}, "d": {}})
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "c"}, changed)
	assert.Equal(t, map[string]Value{"b": {Values: []string{"2"}}, "c": {Values: []string{"3"}}}, c.Fields)
	assert.Len(t, old.Fields, 2)
	_, err = c.SetFields(map[string]Value{"x": {Values: many(maxValues, "v")}})
	require.ErrorIs(t, err, ErrValue)
	_, err = c.SetFields(map[string]Value{"x": {Values: many(maxValues-2, "v")}})
	require.NoError(t, err, "as many as it may be")
	none := Contact{}
	changed, err = none.SetFields(map[string]Value{"x": {}})
	require.NoError(t, err)
	assert.Empty(t, changed)
	assert.Equal(t, Contact{}, none, "what changes nothing leaves him as he was")
	fields := map[string]Value{}
	for _, id := range many(MaxFields, "f") {
		fields[id] = Value{Values: []string{"x"}}
	}
	_, err = none.SetFields(fields)
	require.NoError(t, err)
	_, err = none.SetFields(map[string]Value{"one more": {Values: []string{"x"}}})
	require.ErrorIs(t, err, ErrValue)
	_, err = none.SetFields(map[string]Value{"one more": {Values: []string{"x"}}, "f000": {}})
	require.NoError(t, err)

	l := begin(t, Rules{})
	l.do(ben, SetFields{map[string]Value{"size": {Values: []string{"L"}}}})
	change, err := l.try(ben, SetFields{map[string]Value{"size": {Values: []string{"L"}}}})
	require.NoError(t, err)
	assert.False(t, change.Changed())
	_, err = l.try(ben, SetFields{map[string]Value{"x": {Values: many(maxValues, "v")}}})
	require.ErrorIs(t, err, ErrValue)
}

func TestFound(t *testing.T) {
	l := begin(t, Rules{})
	suggested := Link{Kind: "order", ID: "1", By: ByCapture}
	size := map[string]Value{"size": {Values: []string{"L"}, Suggested: true}}
	l.do(customer, Found{Suggested: []Link{suggested, {Kind: "order", ID: "2", By: ByCapture}}, Fields: size})
	assert.Len(t, l.c.Suggestions, 2)
	assert.Empty(t, l.c.Links)
	change, err := l.try(customer, Found{Suggested: []Link{suggested}, Fields: size})
	require.NoError(t, err)
	assert.False(t, change.Changed(), "found again")

	l.do(customer, Found{Links: []Link{suggested}})
	assert.Equal(t, []Link{suggested}, l.c.Links, "now it is certain")
	assert.Len(t, l.c.Suggestions, 1)
	change, err = l.try(customer, Found{Suggested: []Link{suggested}})
	require.NoError(t, err)
	assert.False(t, change.Changed(), "what is linked is not suggested")

	l.do(ben, Judge{Field: "size", Confirm: true})
	assert.Equal(t, Value{Values: []string{"L"}}, l.c.Fields["size"])
	change, err = l.try(customer, Found{Fields: map[string]Value{"size": {Values: []string{"M"}}}})
	require.NoError(t, err)
	assert.False(t, change.Changed(), "what a person has set stays")
	l.do(customer, Found{Fields: map[string]Value{"city": {Values: []string{"Ulm"}, Suggested: true}}})
	l.do(ben, Judge{Field: "city"})
	assert.NotContains(t, l.c.Fields, "city")
	for _, f := range []string{"size", "city"} {
		_, err = l.try(ben, Judge{Field: f, Confirm: true})
		require.ErrorIs(t, err, ErrState)
	}
	l.do(ben, Judge{Link: Link{Kind: "order", ID: "2"}})
	assert.Empty(t, l.c.Suggestions)
	assert.Len(t, l.c.Links, 1)
	change, err = l.try(customer, Found{Fields: map[string]Value{"x": {Values: many(maxValues, "v")}, "y": {Values: []string{"v"}}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"v"}, change.Conversation.Fields["y"].Values)
	assert.NotContains(t, change.Conversation.Fields, "x", "more than there may be")

	// Beyond the limits what is found is dropped, and what a person confirms is refused.
	var orders []Link
	for _, id := range many(MaxLinks+5, "n") {
		orders = append(orders, Link{Kind: "order", ID: id, By: ByCapture})
	}
	l.do(customer, Found{Suggested: orders})
	assert.Len(t, l.c.Suggestions, MaxSuggestions)
	l.do(customer, Found{Links: orders[MaxSuggestions+7:]})
	require.Len(t, l.c.Links, MaxLinks-MaxSuggestions-1)
	for _, o := range orders[:MaxSuggestions] {
		l.do(ben, Judge{Link: o, Confirm: true})
	}
	l.do(customer, Found{Suggested: orders[MaxSuggestions : MaxSuggestions+1]})
	l.do(ben, Judge{Link: orders[MaxSuggestions], Confirm: true})
	assert.Len(t, l.c.Links, MaxLinks, "confirmed, as many as it may be")
	other := begin(t, Rules{})
	other.do(customer, Found{Links: orders})
	assert.Equal(t, orders[:MaxLinks], other.c.Links, "found, as many as it may be")
	l.do(customer, Found{Links: orders})
	assert.Len(t, l.c.Links, MaxLinks)
	l.do(customer, Found{Suggested: []Link{{Kind: "order", ID: "z"}}})
	_, err = l.try(ben, Judge{Link: Link{Kind: "order", ID: "z"}, Confirm: true})
	require.ErrorIs(t, err, ErrValue)
	change, err = l.try(system, Relabel{Labels: nil})
	require.NoError(t, err)
	assert.False(t, change.Changed())
}

func TestPattern(t *testing.T) {
	for _, bad := range []string{"(", "a**", "", "a*", "x{1000}y{1000}", "((a{100}){100}){100}", "x{999}", strings.Repeat("a", MaxPattern+1), "\xff"} {
		_, err := Pattern("Pattern", bad)
		require.ErrorIs(t, err, ErrValue, "%q", bad)
	}
	for _, good := range []string{"x{998}", strings.Repeat("a", MaxPattern)} { // as large as it may be
		_, err := Pattern("Pattern", good)
		require.NoError(t, err, "%q", good)
	}
	order, err := Pattern("Pattern", `(?i)order[ #:]+([0-9]{4,8})|invoice (x)`)
	require.NoError(t, err)
	assert.Equal(t, []string{"4711", "4712"}, Finds(order, &Message{Subject: "Order #4711", Text: "order: 4712, order 4711, invoice x"}))
	number, err := Pattern("Pattern", `[0-9]+`)
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2", "3", "4", "5"}, Finds(number, &Message{Text: "1 2 3 4 5 6"}))
	assert.Empty(t, Finds(number, &Message{Text: strings.Repeat(" ", maxLookedAt) + "1"}), "too far into the text")
	assert.Equal(t, []string{"1"}, Finds(number, &Message{Text: strings.Repeat(" ", maxLookedAt-1) + "12"}), "as far as it is looked at")
	for id, ok := range map[string]bool{"4711": true, "": false, "a\nb": false, "a b": true, "a\x1fb": false, "a\x7fb": false, "\xff": false,
		strings.Repeat("x", MaxLinkID): true, strings.Repeat("x", MaxLinkID+1): false} {
		assert.Equal(t, ok, CheckLinkID(id) == "", "%q", id)
	}
}

func FuzzFinds(f *testing.F) {
	f.Add(`order ([0-9]+)`, "order 4711")
	f.Add(`(a|b)?c`, "abc\x00")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := Pattern("Pattern", pattern)
		if err != nil {
			require.ErrorIs(t, err, ErrValue)
			return
		}
		found := Finds(re, &Message{Text: CleanText(text)})
		assert.LessOrEqual(t, len(found), maxFinds)
		for _, v := range found {
			assert.Empty(t, CheckLinkID(v))
		}
	})
}

func FuzzFieldValue(f *testing.F) {
	for _, kind := range FieldTypes() {
		f.Add(string(kind), "-12.5")
	}
	f.Add("datetime", "2026-03-02T10:00:00+01:00")
	f.Fuzz(func(t *testing.T, kind, value string) {
		got, err := FieldType(kind).Canonical("f", []string{value}, []string{"a", "b"})
		if err != nil {
			require.ErrorIs(t, err, ErrValue)
			return
		}
		again, err := FieldType(kind).Canonical("f", got, []string{"a", "b"})
		require.NoError(t, err)
		assert.Equal(t, got, again, "a canonical form is its own")
	})
}

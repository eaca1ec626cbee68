package routing_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/routing"
)

func duties(t testing.TB) routing.Roster {
	return routing.Roster{Slots: []routing.Slot{{Name: "early", Span: span(t, "06:00-14:00")}, {Name: "late", Span: span(t, "14:00-22:00")}, {Name: "night", Span: span(t, "22:00-06:00")}},
		Duties: []routing.Duty{{Agent: "old", Date: "2026-01-01", Slot: "early"}}}
}

// staff finds agents by their e-mail address.
func staff(address string) (string, bool) {
	id, ok := map[string]string{"jane@example.com": "jd", "max@example.com": "mm"}[strings.ToLower(address)]
	return id, ok
}

func TestRosterImport(t *testing.T) {
	jane := routing.Duty{Agent: "jd", Date: "2026-12-24", Slot: "early"}
	late := routing.Duty{Agent: "mm", Date: "2026-12-24", Slot: "late"}
	for _, tt := range []struct {
		name, text string
		want       []routing.Duty
		refused    []string
	}{
		{"replaces", "agent,date,slot\njane@example.com,2026-12-24,early\nmax@example.com,2026-12-24,late\n", []routing.Duty{jane, late}, nil},
		{"with nothing", "agent,date,slot\n", nil, nil},
		{"from a spreadsheet", "\ufeffSlot;Agent;Note;Date\r\nEARLY;Jane@example.com;\"a;b\";2026-12-24\r\n", []routing.Duty{jane}, nil},
		{"as many semicolons as commas", "agent,date,slot,\"a;b;c;d\"\njane@example.com,2026-12-24,early,x\n", []routing.Duty{jane}, nil},
		{"twice counts once", "agent,date,slot\njane@example.com,2026-12-24,early\njane@example.com, 2026-12-24 ,Early\n", []routing.Duty{jane}, nil},
		{"bad rows", "agent,date,slot\nnobody@example.com,2026-12-24,early\njane@example.com,24.12.2026,early\njane@example.com,2026-12-24,noon\njane@example.com,2026-12-24\nja\"ne,2026-12-24,early\n\nmax@example.com,2026-12-24,late\n",
			[]routing.Duty{late}, []string{
				`routing: roster: line 2: unknown agent "nobody@example.com"`,
				`routing: roster: line 3: "24.12.2026" is not a date such as 2026-12-25`,
				`routing: roster: line 4: unknown slot "noon"; there are early, late, night`,
				`routing: roster: line 5: 2 fields, the columns agent, date and slot need 3`,
				`routing: roster: line 6: not CSV`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := duties(t)
			after, refused, err := before.Import(tt.text, staff)
			require.NoError(t, err)
			assert.Equal(t, tt.want, after.Duties)
			assert.Equal(t, before.Slots, after.Slots)
			assert.Equal(t, duties(t), before)
			var problems []string
			for _, r := range refused {
				assert.ErrorIs(t, r, routing.ErrRoster)
				problems = append(problems, r.Error())
			}
			assert.Equal(t, tt.refused, problems)
		})
	}
}

func TestRosterImportRefused(t *testing.T) {
	six := routing.Roster{}
	for _, name := range []string{"1", "2", "3", "4", "5", "6"} {
		six.Slots = append(six.Slots, routing.Slot{Name: name, Span: span(t, "06:00-14:00")})
	}
	for _, tt := range []struct {
		roster     routing.Roster
		text, want string
	}{
		{duties(t), "", "routing: roster: line 1: no line that names the columns agent, date and slot"},
		{duties(t), "agent,slot\n", "routing: roster: line 1: the column date is missing; needed are agent, date and slot"},
		{duties(t), "agent,date,slot\n" + strings.Repeat("jane@example.com,2026-12-24,early\n", routing.MaxDuties+1), "routing: roster: more than 100000 rows"},
		{six, "agent,date,slot\n", "routing: roster: 6 slots, at most 5"},
		{routing.Roster{Slots: []routing.Slot{{Name: "a", Span: span(t, "06:00-14:00")}, {Name: "A", Span: span(t, "14:00-22:00")}}}, "", `routing: roster: two slots are named "A"`},
		{routing.Roster{Slots: []routing.Slot{{Name: " ", Span: span(t, "06:00-14:00")}}}, "", "routing: roster: slot 1 needs a name of 1 to 100 bytes"},
		{routing.Roster{Slots: []routing.Slot{{Name: "a"}}}, "", `routing: roster: slot "a" ends when it begins; a whole day is 00:00-24:00`},
	} {
		after, refused, err := tt.roster.Import(tt.text, staff)
		require.ErrorIs(t, err, routing.ErrRoster)
		assert.EqualError(t, err, tt.want)
		assert.Empty(t, refused)
		assert.Equal(t, tt.roster, after, "nothing is replaced")
	}
	six.Slots = six.Slots[:5]
	assert.NoError(t, six.Validate())
	six.Slots[0].Name = strings.Repeat("x", 100)
	assert.NoError(t, six.Validate())
	six.Slots[0].Name += "x"
	assert.ErrorIs(t, six.Validate(), routing.ErrRoster)
	most, refused, err := duties(t).Import("agent,date,slot\n"+strings.Repeat("jane@example.com,2026-12-24,early\n", routing.MaxDuties), staff)
	require.NoError(t, err, "as many rows as there may be")
	assert.Empty(t, refused)
	assert.Len(t, most.Duties, 1)
}

func TestOnDuty(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	r := duties(t)
	r.Duties = []routing.Duty{{Agent: "jd", Date: "2026-12-24", Slot: "early"}, {Agent: "mm", Date: "2026-12-31", Slot: "night"}, {Agent: "jd", Date: "2026-12-26", Slot: "gone"}}
	for _, tt := range []struct {
		agent, at string
		want      bool
	}{
		{"jd", "2026-12-24 05:59", false}, {"jd", "2026-12-24 06:00", true}, {"jd", "2026-12-24 06:01", true}, {"jd", "2026-12-24 13:59", true}, {"jd", "2026-12-24 14:00", false},
		{"jd", "2026-12-25 07:00", false}, {"mm", "2026-12-24 07:00", false}, {"jd", "2026-12-26 07:00", false},
		{"mm", "2026-12-31 05:00", false}, {"mm", "2026-12-31 22:00", true}, {"mm", "2027-01-01 05:59", true}, {"mm", "2027-01-01 06:00", false}, {"mm", "2027-01-01 22:00", false},
	} {
		assert.Equal(t, tt.want, r.OnDuty(tt.agent, instant(t, tt.at+" +01:00").UTC(), berlin), "%s at %s", tt.agent, tt.at)
	}
}

func TestRosterJSON(t *testing.T) {
	text, err := json.Marshal(duties(t))
	require.NoError(t, err)
	var back routing.Roster
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, duties(t), back)
	assert.Contains(t, string(text), `{"name":"night","span":"22:00-06:00"}`)
}

func FuzzRoster(f *testing.F) {
	for _, seed := range []string{"", "agent,date,slot\njane@example.com,2026-12-24,early\n", "\ufeffslot;agent;date\n\"", "agent,date,slot\n\"\n\"\"\",\n", "agent,date,slot\r\r\n,,"} {
		f.Add(seed)
	}
	slots := duties(f).Slots
	f.Fuzz(func(t *testing.T, text string) {
		r, refused, err := routing.Roster{Slots: slots}.Import(text, staff)
		if err != nil {
			require.ErrorIs(t, err, routing.ErrRoster)
			require.Empty(t, r.Duties)
			return
		}
		require.LessOrEqual(t, len(r.Duties)+len(refused), strings.Count(text, "\n")+strings.Count(text, "\r"))
		for _, d := range r.Duties {
			require.Contains(t, []string{"jd", "mm"}, d.Agent)
			require.Contains(t, []string{"early", "late", "night"}, d.Slot)
		}
		for _, bad := range refused {
			require.Positive(t, bad.Line)
		}
	})
}

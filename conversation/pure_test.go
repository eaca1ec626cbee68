package conversation

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// tryPure is try, with slices that have room behind their end, and demands that Apply writes to none of the memory it was given.
func (l *life) tryPure(by Actor, cmd Command) (Change, error) {
	l.tb.Helper()
	l.c = roomy(l.c)
	cmd = changing(roomy(cmd), cmd)
	before := l.c
	header, command := memory(before), memory(given(cmd))
	change, err := l.try(by, cmd)
	assert.Equal(l.tb, header, memory(before), "Apply wrote to the conversation it was given")
	assert.Equal(l.tb, command, memory(given(cmd)), "Apply wrote to the command it was given")

	// What comes out is independent of what the caller does next.
	if err == nil && change.Changed() {
		after := memory(change.Conversation)
		scribble(reflect.ValueOf(&before).Elem())
		assert.Equal(l.tb, after, memory(change.Conversation), "the result shares memory with the conversation it was made from")
	}
	return change, err
}

// changing gives a copy the original's message where Apply changes it in place, by the command's contract.
func changing(cmd, original Command) Command {
	switch c := cmd.(type) {
	case Unsend:
		c.Message = original.(Unsend).Message
		return c
	case TrashMessage:
		c.Message = original.(TrashMessage).Message
		return c
	case RestoreMessage:
		c.Message = original.(RestoreMessage).Message
		return c
	case SetMinutes:
		c.Message = original.(SetMinutes).Message
		return c
	}
	return cmd
}

// given is the part of a command that Apply must not write to.
func given(cmd Command) any {
	switch c := cmd.(type) {
	case Unsend:
		return c.Timeline
	case TrashMessage:
		return c.Timeline
	case RestoreMessage:
		return c.Timeline
	case SetMinutes:
		return nil
	}
	return cmd
}

// roomy returns a deep copy whose slices have room for three more.
func roomy[T any](v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	out.Set(deepCopy(reflect.ValueOf(&v).Elem()))
	return out.Interface().(T)
}

func opaque(t reflect.Type) bool { return t == reflect.TypeFor[time.Time]() }

func deepCopy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch {
	case opaque(v.Type()):
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(deepCopy(v.Field(i)))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(deepCopy(v.Elem()))
	case v.Kind() == reflect.Interface && !v.IsNil():
		out.Set(deepCopy(v.Elem()))
	case v.Kind() == reflect.Slice && !v.IsNil():
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()+3))
		for i := range v.Len() {
			out.Index(i).Set(deepCopy(v.Index(i)))
		}
	}
	return out
}

// memory writes down everything that a value reaches, slices up to their capacity.
func memory(v any) string {
	var b strings.Builder
	write(&b, reflect.ValueOf(v))
	return b.String()
}

func write(b *strings.Builder, v reflect.Value) {
	switch {
	case !v.IsValid():
	case opaque(v.Type()):
		b.WriteString(v.Interface().(time.Time).Format(time.RFC3339Nano))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fmt.Fprintf(b, "%s{", v.Type().Field(i).Name)
			write(b, v.Field(i))
			b.WriteString("}")
		}
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		write(b, v.Elem())
	case v.Kind() == reflect.Slice:
		for i := range v.Cap() {
			write(b, v.Slice(0, v.Cap()).Index(i))
			b.WriteString(";")
		}
	default:
		fmt.Fprintf(b, "%v", v.Interface())
	}
}

// scribble empties the elements of every slice that a value reaches.
func scribble(v reflect.Value) {
	switch {
	case opaque(v.Type()):
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			scribble(v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
			v.Index(i).SetZero()
		}
	case v.Kind() == reflect.Map:
		v.Clear()
	}
}

// Every slice of a header is filled, and commands that change each of them leave the original as it was.
func TestApplyLeavesItsArgumentAlone(t *testing.T) {
	l := begin(t, Rules{})
	other := Thread{Channel: "sms", Key: "49170", Answers: []time.Time{start.Add(-time.Hour), start}}
	l.receive("first")
	l.do(ann, ChangeFolders{Add: []string{"a", "ann/b", "c"}}, ChangeOwners{Add: []Owner{{"r", "ann"}, {"r", "ben"}}}, Pin{},
		ChangeSubscribers{Add: []string{"agent/ann", "role/r"}}, ChangeLinks{Add: []Link{{Kind: "order", ID: "1"}, {Kind: "order", ID: "2"}}})
	l.do(ann, MarkRead{}, ChangeTags{Add: []string{"a", "b", "c"}}, Offer{Actions: []Action{{ID: "x"}, {ID: "y"}}})
	for range maxAnswers {
		l.reply(ann, "answer")
	}
	l.do(ben, MarkRead{})
	for name, c := range map[string]Command{
		"window":       again,
		"new thread":   Receive{Message: Message{At: start.Add(-time.Minute)}, Thread: other, Contact: "contact-2"},
		"new echo":     Echo{Message: Message{Text: "x"}, Thread: other},
		"reply thread": Reply{Message: Message{Text: "x"}, Thread: other},
		"answers":      Reply{Message: Message{Text: "x"}, Thread: mainThread},
		"tags":         ChangeTags{Add: []string{"z", "a"}, Remove: []string{"b"}},
		"offer":        Offer{Actions: []Action{{ID: "z"}}},
		"unread":       MarkUnread{},
		"folders":      ChangeFolders{Add: []string{"b"}, Remove: []string{"a"}},
		"owners":       ChangeOwners{Add: []Owner{{"a", "ann"}}, Remove: []Owner{{"r", "ann"}}},
		"subscribers":  ChangeSubscribers{Add: []string{"agent/a"}, Remove: []string{"agent/ann"}},
		"links":        ChangeLinks{Add: []Link{{Kind: "a", ID: "1"}}, Remove: []Link{{Kind: "order", ID: "1"}}},
		"unpin":        Unpin{},
		"passed":       Passed{Channel: "wa", Key: mainThread.Key, Delivery: Delivered, Until: start},
	} {
		t.Run(name, func(t *testing.T) {
			one := *l
			one.tb = t
			one.now = one.now.Add(time.Minute)
			change, err := one.tryPure(ann, c)
			assert.NoError(t, err)
			assert.True(t, change.Changed())
		})
	}
}

// A later Apply does not reach into the result of an earlier one.
func TestApplyLeavesEarlierResultsAlone(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	l.do(ann, MarkRead{})
	second := l.receive("second")
	result, kept := l.c, memory(l.c)
	l.do(ben, l.unsend(second), MarkRead{}, ChangeTags{Add: []string{"t"}})
	l.do(ann, MarkUnread{})
	assert.Equal(t, kept, memory(result))
	assert.Equal(t, []string{"ben"}, l.c.Readers.Agents)
	assert.Equal(t, []string{"ann"}, second.Prior.Readers.Agents, "the entry keeps who had read before it")
}

func TestCloneSharesNothing(t *testing.T) {
	c := Conversation{
		Threads:  []Thread{{Key: "k", To: []Identity{{Address: "a"}}, Answers: []time.Time{start}}},
		Contacts: []string{"c"}, Tags: []string{"t"}, Actions: []Action{{ID: "a"}}, Readers: Readers{Agents: []string{"ann"}},
		Folders: []string{"f"}, Pinned: []string{"ann"}, Owners: []Owner{{Role: "r"}}, Subscribers: []string{"agent/ann"}, Links: []Link{{ID: "l"}}, Suggestions: []Link{{ID: "s"}},
		Labels: []string{"l"}, Fields: map[string]Value{"f": {Values: []string{"v"}}}, Parts: []string{"p"},
		Pending: []string{"m"},
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice || f.Kind() == reflect.Map {
			assert.NotZero(t, f.Len(), "fill %s in this test", v.Type().Field(i).Name)
		}
	}
	clone := c.Clone()
	want := memory(clone)
	scribble(reflect.ValueOf(&c).Elem())
	assert.Equal(t, want, memory(clone))
}

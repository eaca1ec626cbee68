package frontdesk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// parsed are the files of a pattern that are no tests.
func parsed(t *testing.T, pattern string) (files []*ast.File) {
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}

// Every action that the package names can be stored, so that a new one cannot be left out of bulks.
func TestV5_EveryActionIsInTheRegistry(t *testing.T) {
	known := map[string]bool{}
	for _, a := range registry {
		known[reflect.TypeOf(a).Name()] = true
	}
	commands := map[string]bool{}
	for _, file := range parsed(t, "conversation/*.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "do" {
				if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
					commands[name.Name] = true
				}
			}
			return true
		})
	}
	actions := 0
	for _, file := range parsed(t, "*.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Assign.IsValid() {
				return true
			}
			if of, ok := spec.Type.(*ast.SelectorExpr); ok && commands[of.Sel.Name] {
				actions++
				assert.True(t, known[of.Sel.Name], "action %s = conversation.%s is not in the registry", spec.Name.Name, of.Sel.Name)
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, actions, 24)
}

func TestV5_ActionsAreStoredAndRead(t *testing.T) {
	in := []Action{Assign{Agent: "jd", Team: "x"}, SetStatus{Status: conversation.Closed}, Complete{}, Archive{}, Spam{}, Trash{}, Restore{},
		Snooze{Until: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), KeepAsleep: true}, Wake{ByHand: true}, Tag{Add: []string{"a"}, Remove: []string{"b"}},
		SetFollowUp{At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}, SetDeadline{At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}, SetPriority{Priority: 3},
		SetType{Type: "claim", Stage: "new"}, SetHold{Hold: true}, ChangeFolders{Add: []string{"a"}}, ChangeOwners{Add: []conversation.Owner{{Role: "r", Agent: "jd"}}},
		ChangeSubscribers{Add: []string{"agent/jd"}}, ChangeLinks{Add: []conversation.Link{{Kind: "order", ID: "1"}}}, Pin{}, Unpin{},
		Pause{Off: true}, MarkRead{Viewed: true}, MarkUnread{}, conversation.Erase{}}
	require.Len(t, in, len(registry), "one of each")
	stored, err := storeActions(in)
	require.NoError(t, err)
	out, err := loadActions(stored)
	require.NoError(t, err)
	assert.Equal(t, in, out)

	_, err = loadActions([]storedAction{{Do: "dance"}})
	assert.ErrorIs(t, err, ErrInvalid)
	_, err = loadActions([]storedAction{{Do: "tag", With: []byte(`{"Add":7}`)}})
	assert.ErrorIs(t, err, ErrInvalid)
	_, err = storeActions([]Action{conversation.Fail{}})
	assert.ErrorIs(t, err, ErrInvalid)
}

func FuzzV5_LoadActions(f *testing.F) {
	f.Add("tag", []byte(`{"Add":["a"]}`))
	f.Add("snooze", []byte(`{"Until":"x"}`))
	f.Fuzz(func(t *testing.T, name string, with []byte) {
		actions, err := loadActions([]storedAction{{Do: name, With: with}})
		if err != nil {
			assert.ErrorIs(t, err, ErrInvalid)
			return
		}
		again, err := storeActions(actions)
		require.NoError(t, err)
		assert.Equal(t, name, again[0].Do)
	})
}

func TestV6_Harmless(t *testing.T) {
	for in, want := range map[string]string{"": "", "hello": "hello", "=1+1": "'=1+1", "+49": "'+49", "-1": "'-1", "@sum": "'@sum", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=": "'\n=",
		"＝1": "'＝1", "a=1": "a=1", "\xff=": "\uFFFD=", "ä": "ä"} {
		assert.Equal(t, want, harmless(in), "%q", in)
	}
}

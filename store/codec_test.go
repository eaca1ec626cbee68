package store_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

type inner struct {
	City string `json:"city"`
}

type oldThing struct {
	ID   string `json:"id"`
	Home inner  `json:"home"`
}

type newThing struct {
	ID    string   `json:"id"`
	Home  inner    `json:"home"`
	Since int      `json:"since"`
	Tags  []string `json:"tags"`
}

func TestCodecRoundTrip(t *testing.T) {
	in := newThing{ID: "1 <b>", Home: inner{"Łódź\n"}, Since: 3, Tags: []string{"x"}}
	body, err := store.Encode(2, in, store.Kept{})
	require.NoError(t, err)
	var out newThing
	kept, err := store.Decode(body, &out)
	require.NoError(t, err)
	assert.Equal(t, in, out)
	assert.False(t, kept.Newer(2))
	again, err := store.Encode(2, out, kept)
	require.NoError(t, err)
	assert.Equal(t, string(body), string(again))
	header, _, _ := strings.Cut(string(body), "\n")
	assert.NotContains(t, header, "+", "it holds nothing that its writer did not know")
}

// What a newer program added survives the write of an older one.
func TestCodecKeepsUnknownMembers(t *testing.T) {
	body, err := store.Encode(1, newThing{ID: "1", Since: 7, Tags: []string{"a", "b"}}, store.Kept{})
	require.NoError(t, err)
	for range 3 {
		var old oldThing
		kept, err := store.Decode(body, &old)
		require.NoError(t, err)
		old.Home.City = "Berlin"
		body, err = store.Encode(1, old, kept)
		require.NoError(t, err)
		header, _, _ := strings.Cut(string(body), "\n")
		assert.Contains(t, header, "+", "there is more in it than its writer knew")
	}
	var out newThing
	_, err = store.Decode(body, &out)
	require.NoError(t, err)
	assert.Equal(t, newThing{ID: "1", Home: inner{"Berlin"}, Since: 7, Tags: []string{"a", "b"}}, out)
}

func TestCodecKeepsUnknownMembersBesideNone(t *testing.T) {
	type none struct{}
	body, err := store.Encode(1, newThing{ID: "1"}, store.Kept{})
	require.NoError(t, err)
	var n none
	kept, err := store.Decode(body, &n)
	require.NoError(t, err)
	body, err = store.Encode(1, n, kept)
	require.NoError(t, err)
	var out newThing
	_, err = store.Decode(body, &out)
	require.NoError(t, err)
	assert.Equal(t, "1", out.ID)
}

func TestCodecRefusesToReplaceANewerFormat(t *testing.T) {
	body, err := store.Encode(3, newThing{ID: "1"}, store.Kept{})
	require.NoError(t, err)
	var old oldThing
	kept, err := store.Decode(body, &old)
	require.NoError(t, err, "it may be read")
	assert.Equal(t, "1", old.ID)
	assert.True(t, kept.Newer(2))
	_, err = store.Encode(2, old, kept)
	assert.ErrorIs(t, err, store.ErrNewer)
}

// What is in the object under any of the names that JSON gives it is known, and is not kept a second time.
func TestCodecKnowsItsMembers(t *testing.T) {
	type Base struct {
		A int
	}
	type Tagged struct {
		D int
	}
	type thing struct {
		Base
		*Tagged `json:"t"`
		B       int `json:",omitempty"`
		C       int `json:"-"`
		hidden  int
	}
	body, err := store.Encode(1, thing{Base: Base{1}, Tagged: &Tagged{2}, B: 3, hidden: 4}, store.Kept{})
	require.NoError(t, err)
	other := []byte("1 other\n" + string(body[strings.IndexByte(string(body), '\n')+1:len(body)-1]) + `,"C":5,"hidden":6}`)
	var got thing
	kept, err := store.Decode(other, &got)
	require.NoError(t, err)
	again, err := store.Encode(1, got, kept)
	require.NoError(t, err)
	_, object, _ := strings.Cut(string(again), "\n")
	assert.Equal(t, `{"A":1,"t":{"D":2},"B":3,"C":5,"hidden":6}`, object)
	pointed, err := store.Encode(1, &got, kept)
	require.NoError(t, err)
	assert.Equal(t, string(again), string(pointed))
}

func TestCodecRefusesForeignBytes(t *testing.T) {
	for _, body := range []string{"", "{}", "x y\n{}", "0 m\n{}", "-1 m\n{}", "1 m\n", "1 m\n[]", "1 m\n{", "1\n{}", "99999999999999999999 m\n{}"} {
		var v oldThing
		_, err := store.Decode([]byte(body), &v)
		assert.ErrorIs(t, err, store.ErrInvalid, "%q", body)
	}
}

func FuzzDecode(f *testing.F) {
	good, _ := store.Encode(1, newThing{ID: "1"}, store.Kept{})
	f.Add(good)
	f.Add([]byte("1 m+\n{\"a\":1,\"a\":2}"))
	f.Add([]byte("1 m\nnull"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var v oldThing
		kept, err := store.Decode(body, &v)
		if err != nil {
			assert.ErrorIs(t, err, store.ErrInvalid)
			return
		}
		if kept.Newer(1) {
			return
		}
		again, err := store.Encode(1, v, kept)
		require.NoError(t, err)
		var w oldThing
		_, err = store.Decode(again, &w)
		require.NoError(t, err, "%q", again)
		assert.Equal(t, v, w)
		_, object, _ := strings.Cut(string(again), "\n")
		assert.True(t, json.Valid([]byte(object)))
	})
}

var golden = flag.Bool("golden", false, "write the golden bodies again")

// Bodies written by earlier programs stay readable. A body is added to testdata/bodies when a format is raised, and never changed.
func TestGoldenBodies(t *testing.T) {
	file := filepath.Join("testdata", "bodies", "thing.1")
	want := oldThing{ID: "42", Home: inner{"Köln"}}
	if *golden {
		body, err := store.Encode(1, want, store.Kept{})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, body, 0o600))
	}
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	var got oldThing
	_, err = store.Decode(body, &got)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

package blob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/blob"
	"github.com/frontdesk-go/frontdesk/blob/blobtest"
)

func openDir(t testing.TB, directory string) *blob.Dir {
	t.Helper()
	d, err := blob.OpenDir(directory)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestMemory(t *testing.T) {
	blobtest.Run(t, func(testing.TB) blob.Blobs { return &blob.Memory{} })
}

func TestDir(t *testing.T) {
	blobtest.Run(t, func(t testing.TB) blob.Blobs { return openDir(t, filepath.Join(t.TempDir(), "new", "blobs")) })
}

func TestDirLeavesNothingUnfinished(t *testing.T) {
	directory := t.TempDir()
	blobtest.Run(t, func(t testing.TB) blob.Blobs {
		return openDir(t, filepath.Join(directory, strings.ReplaceAll(t.Name(), "/", "-")))
	})
	left, err := filepath.Glob(filepath.Join(directory, "*", ".unfinished", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDirRemovesWhatTheDeadLeft(t *testing.T) {
	directory := t.TempDir()
	d := openDir(t, directory)
	old, young := filepath.Join(directory, ".unfinished", "old"), filepath.Join(directory, ".unfinished", "young")
	for _, f := range []string{old, young} {
		require.NoError(t, os.WriteFile(f, []byte("x"), 0o600))
	}
	before := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(old, before, before))
	require.NoError(t, d.Close())
	openDir(t, directory)
	assert.NoFileExists(t, old)
	assert.FileExists(t, young, "its writer may be another process")
}

func TestDirStaysWithinItsDirectory(t *testing.T) {
	outside := t.TempDir()
	directory := t.TempDir()
	d := openDir(t, directory)
	require.NoError(t, os.Symlink(outside, filepath.Join(directory, "t-acme")))
	require.Error(t, d.Put(t.Context(), "t-acme/x", strings.NewReader("x")))
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	assert.Empty(t, left)
	for _, name := range []string{"../x", "t-acme/../../x", "/etc/passwd", ".unfinished/x", "x"} {
		require.Error(t, d.Put(t.Context(), name, strings.NewReader("x")), name)
		_, err := d.Open(t.Context(), name)
		require.Error(t, err, name)
		require.Error(t, d.Delete(t.Context(), name), name)
	}
}

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{"t-acme/x": true, "a/b/c": true, "a_/-": true, "": false, "a": false, "a/": false, "/a": false, "a//b": false, "A/b": false,
		"a/b.c": false, "a/..": false, "a/\x00": false, `a\b/c`: false, "a/é": false, strings.Repeat("a", 240) + "/b": true, strings.Repeat("a", 241) + "/b": false,
		strings.Repeat("a/", 300) + "b": false} {
		assert.Equal(t, good, blob.CheckName(name) == "", "%q %s", name, blob.CheckName(name))
	}
}

func FuzzElement(f *testing.F) {
	for _, s := range []string{"acme", "ACME", "..", "a_41", "", "ü/\x00"} {
		f.Add(s, "acme")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 79 || len(b) > 79 {
			t.Skip("longer than a tenant may be")
		}
		assert.Empty(t, blob.CheckName(blob.Element(a)+"/x"))
		assert.Equal(t, a == b, strings.EqualFold(blob.Element(a), blob.Element(b)))
	})
}

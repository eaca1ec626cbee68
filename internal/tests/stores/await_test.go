package stores_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The function that hosts copy from the documentation is the one that the tests run.
func TestAwaitIsTheDocumentedOne(t *testing.T) {
	code, err := os.ReadFile("await.go")
	require.NoError(t, err)
	doc, err := os.ReadFile("../../../docs/embedding.md")
	require.NoError(t, err)
	_, function, found := strings.Cut(string(code), "\nfunc Await(")
	require.True(t, found)
	require.Contains(t, string(doc), "func Await("+function)
}

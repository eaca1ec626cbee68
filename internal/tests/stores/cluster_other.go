//go:build !unix

package stores

import "errors"

// start is for systems with Unix sockets and accounts.
func start() (string, error) {
	return "", errors.New("a server of the tests' own is started on Unix only")
}

//go:build !unix

package stores

import "errors"

var errUnixOnly = errors.New("a server of the tests' own is started on Unix only")

// cluster is for systems with Unix sockets and accounts.
type cluster struct{}

func start() (*cluster, error) { return nil, errUnixOnly }
func (*cluster) dsn() string   { return "" }
func (*cluster) up() error     { return errUnixOnly }
func (*cluster) down() error   { return errUnixOnly }

// Package crash holds tests that kill: processes that take messages in and send them, connections, and the database itself. It has no
// code of its own. The test binary runs itself as the processes that are killed; see child_test.go.
//
// Each test has a small size by default, and a larger one by an environment variable that its comment names. The seed of what is drawn
// by chance is printed, and FRONTDESK_CRASH_SEED sets it.
package crash

//go:build race

package spam_test

// The race detector has a sync.Pool forget at random what it was given.
const raced = true

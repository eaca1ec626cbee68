//go:build !race

package spam_test

const raced = false

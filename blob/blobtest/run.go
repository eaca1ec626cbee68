// Package blobtest is the suite that every implementation of blob.Blobs passes.
//
//	func TestBucket(t *testing.T) {
//		blobtest.Run(t, func(t testing.TB) blob.Blobs { … })
//	}
//
// The function makes an empty place for each case. Each failure begins with the rule that was broken.
package blobtest

import (
	"context"
	"testing"

	"github.com/frontdesk-go/frontdesk/blob"
)

// kase is one case: its rule is what a failure says first.
type kase struct {
	name string
	rule string
	run  func(*probe)
}

// probe is what a case works with.
type probe struct {
	testing.TB
	blob.Blobs
	ctx  context.Context
	rule string
}

// bad reports that the rule is broken and goes on.
func (p *probe) bad(format string, args ...any) {
	p.Helper()
	p.Errorf(p.rule+"\n  "+format, args...)
}

// Run runs every case as a subtest. open makes empty Blobs; t is the case's own.
func Run(t *testing.T, open func(t testing.TB) blob.Blobs) {
	t.Helper()
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			k.run(&probe{TB: t, Blobs: open(t), ctx: t.Context(), rule: k.rule})
		})
	}
}

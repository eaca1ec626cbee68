// Package retention decides what is moved to the archive and what is erased for good, and when; and when an answered conversation is
// followed up or closed by itself.
//
// It is pure. Nothing here does I/O, reads a clock, makes an ID or takes a context. A [Policy] gives the [Step] that is next for one
// conversation or message, and the cutoffs by which a store selects what is due without reading what is not. A legal hold wins over
// every policy.
package retention

// Package conversation is the domain: what a conversation, a message and a contact are, and the rules that change them.
//
// It is pure. Nothing here does I/O, reads a clock, makes an ID or takes a context: [Apply] is given a conversation, commands, the time
// and the IDs it may use, and returns the new conversation, the timeline entries and the events, or a typed error. The table in its
// comment lists every transition.
//
// A conversation has a few small axes that change apart from one another: the work status (open or closed, with a finished mark), the
// assignee (agent, team or both), the place (inbox, archive, spam, trash), the snooze, and who has read. One place is derived from them,
// the [Shelf]. [Tally] says what a conversation adds to the kept unread counters.
//
// Two times never go back: Changed moves at every commit, Activity with an inbound, outbound or whispered message, a return, a
// reopening and a move between places. The provider's time of a message is kept beside them: windows count from it and people see it;
// the sequence alone decides order.
package conversation

// Package routing decides who answers: business hours, who is available, and which waiting conversation goes to whom.
//
// It is pure. Nothing here does I/O, reads a clock, makes an ID or takes a context: what is known comes in as values and the decisions
// come out as values, for the caller to commit.
//
// [Hours] are a mailbox's opening hours as settings hold them; [Hours.Calendar] makes of them and a time zone a [Calendar], which knows
// what is open, what opens next, and how much business time lies between two moments. [Alerts] count in it.
//
// [Assign] hands out one round of waiting conversations. A [Pool] does the same for a caller that keeps it between rounds and tells it
// each change, so that handing one conversation to one of 10,000 agents looks at a few of them only.
//
// [Activity] says whether an agent is online, away or offline. A [Roster] says who is on duty.
package routing

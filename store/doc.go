// Package store is the contract between frontdesk and a database.
//
// A store keeps rows it does not understand. It sees of each row what it needs to find it again, and nothing of the inbox's rules:
// those are decided in pure Go on what was loaded, and handed back as one conditional [Batch]. [Store] has four methods. Commit and
// Jobs write; nothing else does.
//
// An author writes those four methods, runs storetest.Run on them, and follows docs/writing-a-store.md. The numbered rules below are
// what the suite checks; every failure of the suite names one of them.
//
// # Rows
//
//  1. A row is found by tenant, kind and ID. The same key under two tenants is two rows, and no call reads or changes a row, a
//     counter or a job of another tenant.
//  2. IDs, names, values, words, counters and groups are compared byte by byte, whatever the database's collation: "B" comes before
//     "a", "a" differs from "A" and from "a ".
//  3. A body is kept exactly, byte for byte, also when it is empty, is not text, or is JSON with odd spacing. It is never stored in
//     a type that rewrites it.
//  4. What a Put gave comes back: version, body, target, place, facts in their order, words.
//  5. What is handed in and what is handed out is a copy: changing a slice afterwards changes nothing in the store.
//  6. A deleted row is absent at once, from Load and from every list, and its key can be put again.
//  7. The longest inputs work: IDs, values, groups and counters of [MaxID] bytes, bodies of [MaxBody] bytes.
//  8. A Put replaces the whole row: facts, words, place and target that the new row lacks are gone from every list.
//
// # Load
//
//  9. Load returns each row that exists once, whatever the order and the repetition of the keys, and names the absent ones.
//  10. A row that has a target brings the target's row too, one hop and no further; a target that is not there is named absent.
//  11. Every counter asked for is in the answer. One that was never added to is 0.
//  12. Load of nothing is an empty answer.
//
// # Commit
//
//  13. A batch is written whole or not at all: rows, counters, jobs and finishes alike.
//  14. A write holds only if the row has exactly the version in If: equal, not greater, not smaller; 0 means the row must be absent.
//     That is so for Put, Delete and Check.
//  15. A check holds until the commit: when two batches each check a row that the other writes, at most one of them commits.
//  16. A batch that does not hold is a [ConflictError] that names at least one row that did not hold; errors.Is(err, ErrConflict).
//  17. Committing a batch without writes, adds, jobs and finishes returns nil and does nothing. A batch of checks alone is not empty:
//     it is checked, and may conflict.
//  18. Add has no condition. Adds of any number of callers all count; deltas may be negative.
//  19. Under contention nobody's write is lost: of a hundred callers who read, add one and write on the version read, with retries
//     after conflicts, each value is written once.
//  20. What Commit acknowledged survives the end of the process, and is seen by every later Load, List and Jobs, of every process. A
//     store's documentation says what survives a loss of power.
//  21. A call whose context is already done returns an error and changes nothing. One whose context ends on the way may have had its
//     effect or not, but harms no other call, then or later. No error but a conflict is ErrConflict.
//  22. Batches that touch the same rows never deadlock into an error: the library sorts a batch's writes by key and its adds by name,
//     and a store keeps that order. What a database still aborts for its own reasons is an ErrConflict that names all keys of the
//     batch's writes.
//
// # Lists
//
//  23. A list of ranges returns the rows whose place has the range's shelf and its value in the range's dimension, merged, newest
//     activity first, then greatest ID; a row that is in several of the ranges comes once.
//  24. A list by a fact returns the rows of the kind that carry the fact's name and value, by the fact's order, then ID, greatest first.
//  25. A list with neither is by ID, greatest first; with Prefix only IDs that begin with it.
//  26. Ascending turns any list around exactly.
//  27. A page has at most Limit rows and resumes exactly after its cursor: walking pages to the end meets every row once. An empty
//     cursor means there is no more; a cursor may be followed by an empty page.
//  28. A cursor that the query did not make, or made by another query, is ErrCursor. Direction, limit and budget may change under a cursor.
//  29. Match and Words filter as [Matches] does.
//  30. A query examines at most Budget rows. When it is spent the page is short and carries a cursor that goes on from there; each page
//     makes progress. Rows that an index of words leaves out were not examined.
//  31. While rows move, a walk in the same order repeats none that did not move and misses none that did not move.
//  32. A query that the store cannot evaluate is ErrUnsupported, never a wrong or partial answer.
//
// # Jobs
//
//  33. Jobs leases only what is due: a job without a due time always is, another when Due is not after Now.
//  34. A group's leased jobs come by Order, then ID, smallest first, at most PerGroup; one that is not due yet holds up no other.
//  35. A leased group is nobody else's until the lease ends, also not when new jobs join it.
//  36. When the lease has ended, at Until, without a finish, the group's jobs are leased again. A call that is made again with
//     its token, because its answer was lost, leases anew what it had leased.
//  37. Finish drops the jobs it names by their IDs, also when its lease is lost meanwhile, and when they are already gone.
//  38. Finish with the held lease opens the group, or keeps it closed until Hold, earlier or later than before: nobody leases it until
//     then, and the holder goes on finishing under his token. A lease is held as long as no other lease has replaced it, whatever the
//     time. Without the held lease, finish leaves the group as it is.
//  39. A job whose ID the tenant has queued counts once: the second is dropped. A batch finishes before it queues, so a job that it
//     both finishes and queues is queued.
//  40. Of the groups of one tenant at most PerTenant are leased in a call, first those that could be leased for the longest time as far
//     as the store can tell. The tenants are visited in the order of shard, then name, beginning with the first after Shard and After
//     and wrapping around: a tenant with any number of due groups does not keep another's from being leased.
//  41. A query with Tenant and Group leases that group or nothing; with Tenant alone, that tenant's groups.
//  42. Two calls at the same time never lease the same group.
//
// # A host's transaction
//
//  43. A store bound to a host's transaction shows nothing before the host commits, and leaves nothing when the host rolls back.
//  44. After ErrConflict or a refused batch the host's transaction is usable, and holds what it held before.
//  45. Versions are compared, never made: a store keeps the number it was given.
//
// # What is listed
//
// Conversations are listed by four ranges, each an index that ends in activity and ID: shelf; shelf and mailbox; shelf and team; shelf
// and agent. These facts are listed, each by an index (kind, name, value, order, ID); all others only filter. [Listed] tells them.
//
//	conversation  agent channel contact deadline failed folder followup handover label number owner pin queue record snoozed subscriber tag
//	message       conversation person record trash undelivered
//	contact       field label phone record
//	event         contact feed
//	delivery      state
//	notice        agent conversation told
//
// Every message has one fact "conversation", every event one "feed" and every delivery one "state": a store may give those columns of
// their own. All other lists are of the kind's rows by ID.
//
// Words have no list of their own: they filter every list. A store whose tenants search in many rows keeps an index (kind, word, ID) and
// begins a list by ID that asks for words at the rarest of them: among millions of rows a search then reads little more than it shows, and
// never walks back through time for words that are rare together. A store without such an index examines rows until the budget is spent,
// page after page: right, and slow where little is found.
//
// # Limits
//
// [Batch.Seal] enforces every limit before a store is asked, so that a store need not: [MaxID] (of tenants, kinds, IDs, names, values, the
// fields of a place, counters, groups and job IDs), [MaxBody], [MaxFacts], [MaxWords]. Text that is not valid UTF-8 or holds NUL never
// reaches a store in a batch, except in a body; a query or a key to Load may hold anything, and then finds nothing. All times that reach
// a store are UTC in whole microseconds.
//
// # What is not promised
//
// Load need not be one snapshot: Commit checks what a decision rests on. The rows of a page must belong to the list at the moment they
// were read. The order of Rows.Absent and of leases means nothing. A place on a row that is no conversation is only carried, and one
// without a shelf is in no range.
package store

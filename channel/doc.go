// Package channel says what a driver must be: the code that speaks to one platform.
//
// A [Driver] opens channels; an opened channel is a [Conn]. Both mandatory interfaces are small:
//
//   - Driver: Kind names the platform, Open connects one channel.
//   - Conn: Capabilities says in data what the channel can carry, Send makes one call to the provider.
//
// Everything else is optional, one method each, and found by type assertion:
//
//   - on the driver [WebhookDriver] (parses deliveries) and [Handshaker] (answers a provider's address check);
//   - on the Conn [Verifier], [Planner], [Addresser], [Finder], [Poller], [Fetcher], [Actor] and [Tester].
//
// A driver needs this package and conversation, and nothing else of ours. It keeps no state that must survive, decides no rule of the inbox, and never
// retries: it sorts what the provider said into an [Error] class, and the Desk decides. Run channeltest.Run on it.
//
// # Deliveries
//
// A webhook goes through three steps. Accounts names the channels a raw request speaks of; nothing it says is trusted. Verify of each of
// those channels checks the signature over the raw bytes. Parse walks every level of the request into [Item] values, each with its
// account; items of an account whose channel did not verify are dropped. What a driver does not know becomes an item all the same: a
// message of an unknown type is a Message with Unsupported set, and never fails the rest of its batch.
//
// # Sending
//
// Plan splits what an agent wrote into calls, one [Part] each. Send makes one of them. Its error says whether the provider may have the
// message: an error of class Unknown means that it may, and then nobody calls again by himself.
package channel

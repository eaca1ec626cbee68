// Package frontdesk is a customer-messaging inbox as a library: a CRM, ERP or shop system embeds it and keeps its database, its users
// and its screens.
//
// A host makes one [Desk] from a store and drivers, mounts its webhooks, runs it, and does everything else through a [Session], which is
// one actor's door to one tenant:
//
//	desk, err := frontdesk.New(frontdesk.Config{
//		Store:   memstore.New(),
//		Drivers: channel.Drivers{twilio.New(), whatsapp.New()},
//		BaseURL: "https://desk.example.com",
//	})
//	http.Handle("/hooks/", desk.Webhooks()) // verified, stored, then answered
//	go func() { done <- desk.Run(ctx) }()   // sends, wakes, polls, tells subscribers
//
//	me := desk.As(frontdesk.Actor{Tenant: "acme", Agent: "jd"})
//	page, err := me.Conversations(ctx, frontdesk.Query{View: frontdesk.Inbox})
//	msg, err := me.Reply(ctx, page.Items[0].ID, frontdesk.Draft{Text: "On its way, {{contact.first_name|there}}!"})
//
// # What it promises
//
// Nothing accepted is lost: a webhook is answered with 2xx when its content is committed, and a reply is accepted when the message and the
// job that sends it are. Nothing is done twice: deliveries are recognised by the provider's ID, sends by the caller's key, and a send
// whose outcome is unknown is shown as that and never repeated by itself. Nobody sees what he may not: every list, count and single read
// is compiled from what its caller may see, and what he may not see he is told is not there.
//
// # The map
//
//   - conversation: the domain, pure; its Apply lists every transition. conversation/reply: saved replies and their fields.
//   - channel: what a driver must be; channel/twilio, channel/whatsapp, channel/loopback; channel/sms counts segments.
//   - store: what a database must do, in numbered rules; store/memstore, store/sqlstore; storetest is the suite for a store of one's own.
//
// The commands of a session that write return when their commit is durable. Several Desks, in one or more processes, may work on one
// database.
package frontdesk

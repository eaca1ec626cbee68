// Package whatsapp is the driver for the WhatsApp Cloud API (Graph API, business messaging).
//
// # Settings
//
// A channel's Account is the phone_number_id of the business number. Its Secret is JSON:
//
//	{"token": "…", "app_secret": "…", "verify_token": "…"}
//
// token is the access token of a system user. app_secret checks the deliveries' signatures; while a secret is being changed it may be a
// list, the current one first. verify_token is optional and answers the address check of a webhook that belongs to this channel alone; for
// one address for a whole app see [Driver.VerifyToken].
//
// The one option is "appsecret_proof": "on" adds a proof of the first app secret to every call, as an app that demands it wants. Defaults
// to "off".
//
// # People and threads
//
// WhatsApp knows a person by phone number (wa_id, scope "phone", with "+") and by business-scoped user ID (scope [ScopeUser]). Since user
// names exist the number may be missing. A message carries every identity that its delivery names, the number first. The thread's key is
// the address of the first: "+" and wa_id where the number is shown, else the user ID. A person who hides the number later therefore gets
// a second thread; that message and the earlier ones share the user ID, so both belong to one contact. What is written in a group has a
// thread of its own, "group:" and the group's ID, which takes no answers. Which of a person's numbers WhatsApp uses, it says when a
// message is sent: that one is in Sent.To.
//
// # What comes in
//
// Media become attachments by ID; [channel.Fetcher] opens them. Locations, contact cards, orders and forms become text that holds their
// values. The advertisement that somebody came from becomes the message's Subject. A number's or user ID's change is an identity change,
// one item for each address. Deliveries with news of templates, accounts, calls or history are read and give no items.
//
// # What goes out
//
// A message is free text, files with a caption, or a template with positional parameters of its body. Each call carries one file, so
// files are planned into parts in their order; the text is the caption of the first file that can have one, if it fits. Files go by
// address (the provider fetches them within its own time) or by the ID that an earlier upload gave; the driver uploads nothing itself.
// A template's text stands in Outgoing.Text only for people, and is not sent.
//
// The window is 24 hours from the customer's last message; a template goes at any time. The API takes no idempotency key and finds no
// message: a call that ended in doubt is resolved by the receipt, which carries the message's ID as biz_opaque_callback_data.
//
// Numbers in this package are those of Meta's pages on the Cloud API, version 26 of the Graph API.
package whatsapp

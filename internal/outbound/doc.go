// Package outbound is what a driver calls its provider with.
//
// A [Client] belongs to one provider. Call makes a call of the API and sorts what goes wrong on the way into channel.Retry (the provider
// surely does not have the request) and channel.Unknown (it may have it). Open opens a file, which may lie elsewhere: logins go to the
// provider's own addresses alone, and elsewhere public addresses alone are reached. What a status or a code of the provider means is the
// driver's to say.
package outbound

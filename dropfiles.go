package frontdesk

import "github.com/frontdesk-go/frontdesk/conversation"

// dropFiles drops what is kept of a message's files, in the commit that drops the message. Files stay with the provider or the host: there
// is nothing of them here.
func (t *txn) dropFiles(m *conversation.Message) error { return nil }

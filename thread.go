package frontdesk

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// outgoing picks the thread and channel of an answer: the channel named, else the thread of the newest inbound.
func (t *txn) outgoing(c caller, conv *conversation.Conversation, channelID string) (thread conversation.Thread, ch Channel, conn channel.Conn, err error) {
	if conv.Method == conversation.MethodInternal {
		return thread, ch, nil, &conversation.StateError{Command: "reply", Reason: "the conversation is internal and has no recipients", Instead: "whisper"}
	}
	if len(conv.Threads) > 0 {
		thread = conv.Threads[0]
	}
	if channelID != "" && channelID != thread.Channel {
		if i := slices.IndexFunc(conv.Threads, func(th conversation.Thread) bool { return th.Channel == channelID }); i >= 0 {
			thread = conv.Threads[i]
		} else if thread, err = t.threadOn(c, conv, channelID); err != nil {
			return thread, ch, nil, err
		}
	}
	if thread.Channel == "" {
		return thread, ch, nil, invalid("Channel", "the conversation has no thread to answer on; name a channel")
	}
	if ch, conn, err = t.opened(thread.Channel); err != nil {
		return thread, ch, nil, err
	}
	if ch.Inactive {
		return thread, ch, nil, invalid("Channel", "channel %q is inactive; use another of the mailbox", ch.ID)
	}
	return thread, ch, conn, nil
}

// threadOn makes the thread of the conversation's customer on another channel of the mailbox, by an identity he is known under there.
func (t *txn) threadOn(c caller, conv *conversation.Conversation, channelID string) (th conversation.Thread, err error) {
	ch, conn, err := t.opened(channelID)
	if err != nil {
		return th, err
	}
	if ch.Mailbox != conv.Mailbox {
		return th, invalid("Channel", "channel %q belongs to another mailbox; use one of %q", channelID, conv.Mailbox)
	}
	if !c.reaches(ch.Mailbox, ch.Method) {
		return th, c.noMessaging("reply", ch.Mailbox, ch.Method)
	}
	if ch.Addressed {
		return th, invalid("Channel", "channel %q writes only to addresses that are given; begin a conversation with one", channelID)
	}
	if !conn.Capabilities().Initiate {
		return th, &CapabilityError{Channel: channelID, Problems: []string{"on this channel the customer writes first"}}
	}
	people, err := t.people(conv)
	if err != nil {
		return th, err
	}
	for _, contact := range people {
		for _, i := range contact.Identities {
			if key, to, err := address(conn, i.Address); err == nil && to.Scope == i.Scope {
				return t.knownThread(channelID, key, to)
			}
		}
	}
	return th, invalid("Channel", "the customer has no address that channel %q can write to", channelID)
}

// knownThread returns a thread with what is known of its window, if it is in use already.
func (t *txn) knownThread(channelID, key string, to conversation.Identity) (conversation.Thread, error) {
	th := conversation.Thread{Channel: channelID, Key: key, To: []conversation.Identity{to}}
	name := threadName(channelID, key)
	if err := t.load(name); err != nil {
		return th, err
	}
	row, ok := t.led(name)
	if !ok {
		return th, nil
	}
	conv, err := decode[conversation.Conversation](t, row)
	if err != nil {
		return th, err
	}
	if known, ok := conv.Thread(channelID, key); ok {
		return known, nil
	}
	return th, nil
}

// address turns what a person typed into a thread and an identity.
func address(conn channel.Conn, typed string) (string, conversation.Identity, error) {
	if a, ok := conn.(channel.Addresser); ok {
		return a.Address(typed)
	}
	typed = strings.TrimSpace(typed)
	if typed == "" || len(conversation.CheckText(typed, 320)) > 0 {
		return "", conversation.Identity{}, &channel.Error{Class: channel.Recipient, Detail: "not an address"}
	}
	return typed, conversation.Identity{Scope: conversation.ScopePhone, Address: typed}, nil
}

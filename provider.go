package frontdesk

import (
	"context"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// Act carries out an action that the platform offers in a conversation, such as accepting a dispute's claim. The platform is called at
// once; what comes of it comes in as its next delivery. Errors: ErrNotFound, ErrInvalid, ErrCapability, *channel.Error: of its class
// Unknown nobody knows whether it was done, so look before asking again.
func (s *Session) Act(ctx context.Context, id, action, input string) error {
	var th conversation.Thread
	var offered conversation.Action
	var conn channel.Conn
	err := s.readFor(ctx, "act", toWork, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(conv.Actions, func(a conversation.Action) bool { return a.ID == action })
		if i < 0 || len(conv.Threads) == 0 {
			return invalid("action", "%q is not offered in this conversation", action)
		}
		offered, th = conv.Actions[i], conv.Threads[0]
		if problems := conversation.CheckText(input, conversation.MaxText); len(problems) > 0 {
			return &InvalidError{Field: "input", Problems: problems}
		}
		if offered.Input != "" && input == "" {
			return invalid("input", "%q needs a %s", action, offered.Input)
		}
		_, conn, err = t.opened(th.Channel)
		return err
	})
	if err != nil {
		return wrap("act", id, err)
	}
	actor, ok := conn.(channel.Actor)
	if !ok {
		return wrap("act", id, &CapabilityError{Channel: th.Channel, Problems: []string{"it has no actions"}})
	}
	return wrap("act", id, actor.Act(ctx, th.Key, offered, input))
}

// TestChannel checks a channel's login details with the provider and returns its answer in words. It needs an admin.
func (s *Session) TestChannel(ctx context.Context, id string) (answer string, err error) {
	var conn channel.Conn
	err = s.readFor(ctx, "test channel", toManage, func(t *txn, _ caller) (err error) {
		_, conn, err = t.opened(id)
		return err
	})
	if err != nil {
		return "", wrap("test channel", id, err)
	}
	tester, ok := conn.(channel.Tester)
	if !ok {
		return "", wrap("test channel", id, &CapabilityError{Channel: id, Problems: []string{"it cannot be tested without sending"}})
	}
	answer, err = tester.Test(ctx)
	return answer, wrap("test channel", id, err)
}

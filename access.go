package frontdesk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// right is what a command needs.
type right uint8

const (
	toRead   right = iota + 1 // see conversations
	toWork                    // change them, answer
	toManage                  // change settings
)

func (r right) String() string {
	return [...]string{"", "the right to read", "the right to work in the mailbox", "an admin"}[r]
}

// may says what each role may do; nobody else may do anything. This is the one table of rights.
var may = map[Role][]right{
	Owner:    {toRead, toWork, toManage},
	Admin:    {toRead, toWork, toManage},
	Member:   {toRead, toWork},
	ReadOnly: {toRead},
}

// caller is who acts in one attempt, with what he may see and do. It rests on the agent's document, which the commit checks, so that a
// withdrawn role bites at once.
type caller struct {
	Actor
	agent Agent // of an agent
	all   bool  // sees every mailbox
}

// caller finds the acting agent, bot or system, and refuses a command it has no right to.
func (t *txn) caller(a Actor, command string, needs right) (caller, error) {
	if err := checkTenant(a.Tenant); err != nil {
		return caller{}, err
	}
	t.called = true
	c := caller{Actor: a, all: true}
	switch {
	case a.Agent != "" && a.Automation != "":
		return c, invalid("Actor", "names an agent and an automation; name one of them")
	case conversation.CheckID(a.Automation) != "" && a.Automation != "":
		return c, invalid("Automation", "%q %s", a.Automation, conversation.CheckID(a.Automation))
	case a.system:
		return c, nil
	case a.Automation != "":
		if needs == toManage {
			return c, &ForbiddenError{Command: command, Needs: needs.String()}
		}
		return c, nil
	}
	agent, err := t.agent(a.Agent)
	if errors.Is(err, ErrNotFound) {
		return c, &ForbiddenError{Command: command, Needs: fmt.Sprintf("an agent, and %q is none", a.Agent)}
	}
	if err != nil {
		return c, err
	}
	if agent.Inactive || !slices.Contains(may[agent.Role], needs) {
		return c, &ForbiddenError{Command: command, Needs: needs.String()}
	}
	c.agent, c.all = agent, seesAll(agent)
	return c, nil
}

// seesAll reports whether an agent sees every mailbox.
func seesAll(a Agent) bool { return a.Role == Owner || a.Role == Admin }

// sees reports whether the caller may see a conversation of this mailbox. What he may not see he is told is not there.
func (c *caller) sees(mailbox string) bool {
	return c.all || slices.Contains(c.agent.Mailboxes, mailbox)
}

// has reports whether an agent has a right.
func (c *caller) has(r right) bool { return slices.Contains(may[c.agent.Role], r) }

// who is the caller as the domain knows him.
func (c *caller) who() conversation.Actor {
	switch {
	case c.system:
		return conversation.Actor{Kind: conversation.BySystem}
	case c.Automation != "":
		return conversation.Actor{Kind: conversation.ByAutomation, ID: c.Automation, Name: c.Automation}
	}
	return conversation.Actor{Kind: conversation.ByAgent, ID: c.agent.ID, Name: c.agent.Name, Initials: conversation.Initials(c.agent.Name)}
}

// env is what a decision about a mailbox's conversation may use. ids are those left of the command's.
func (t *txn) env(actor conversation.Actor, mailbox string, ids []string) (conversation.Env, error) {
	settings, err := t.settings()
	if err != nil {
		return conversation.Env{}, err
	}
	box, err := t.mailbox(mailbox)
	if err != nil {
		return conversation.Env{}, err
	}
	return conversation.Env{Now: t.now, Actor: actor, Rules: rules(box, settings), IDs: ids}, nil
}

func rules(box Mailbox, s Settings) conversation.Rules {
	return conversation.Rules{Start: box.Start, StartNew: box.StartNew, NewAfter: days(box.NewAfterDays),
		ReadOnAnswer: box.ReadOnAnswer, GlobalRead: s.GlobalRead}
}

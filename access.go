package frontdesk

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
	sight
}

// caller finds the acting agent, bot or system, and refuses a command it has no right to.
func (t *txn) caller(a Actor, command string, needs right) (caller, error) {
	c := caller{Actor: a}
	if err := checkTenant(a.Tenant); err != nil {
		return c, err
	}
	t.called = true
	switch {
	case a.Agent != "" && a.Automation != "":
		return c, invalid("Actor", "names an agent and an automation; name one of them")
	case conversation.CheckID(a.Automation) != "" && a.Automation != "":
		return c, invalid("Automation", "%q %s", a.Automation, conversation.CheckID(a.Automation))
	case a.only() && needs != toRead:
		return c, &ForbiddenError{Command: command, Needs: "one's own door: through a record or as somebody else one only reads"}
	case a.system:
	case a.Automation != "":
		if needs == toManage || a.as != "" {
			return c, &ForbiddenError{Command: command, Needs: toManage.String()}
		}
	default:
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
		if m := moduleOf(command, needs); !agent.uses(m) {
			return c, &ForbiddenError{Command: command, Needs: fmt.Sprintf("the module %q", m)}
		}
		c.agent = agent
	}
	var err error
	c.sight, err = t.sight(c, command)
	return c, err
}

// only reports whether an actor looks through a record or as somebody else, and so may only read.
func (a Actor) only() bool { return a.as != "" || a.record != "" }

// seesAll reports whether an agent sees every mailbox.
func seesAll(a Agent) bool { return a.Role == Owner || a.Role == Admin }

// uses reports whether an agent is not limited to other modules. "" belongs to all.
func (a Agent) uses(m Module) bool {
	return m == "" || len(a.Modules) == 0 || slices.Contains(a.Modules, m)
}

// reaches reports whether an agent has the messaging permission for a mailbox and method.
func (a Agent) reaches(mailbox, method string) bool {
	switch {
	case seesAll(a):
		return true
	case !slices.Contains(a.Mailboxes, mailbox):
		return false
	}
	return a.Messaging == nil || slices.Contains(a.Messaging[mailbox], method)
}

// modules are the parts of the program.
var modules = []Module{ModuleInbox, ModuleContacts, ModuleExports, ModuleSettings}

// everywhere are the readings that belong to no module, since every screen needs them.
var everywhere = []string{"agents", "teams", "mailboxes", "channels", "settings", "tags"}

// ofInbox are the commands of the inbox that need an admin where they touch what is everybody's.
var ofInbox = []string{"save reply", "delete reply", "save view", "delete view", "view as"}

// moduleOf says which part of the program a command belongs to. Commands are named after what they are about.
func moduleOf(command string, needs right) Module {
	switch {
	case slices.Contains(everywhere, command):
		return ""
	case strings.Contains(command, "export"):
		return ModuleExports
	case strings.Contains(command, "contact"):
		return ModuleContacts
	case needs == toManage && !slices.Contains(ofInbox, command):
		return ModuleSettings
	}
	return ModuleInbox
}

// has reports whether an agent has a right.
func (c *caller) has(r right) bool {
	return slices.Contains(may[c.agent.Role], r) && (r == toRead || !c.only())
}

// noMessaging refuses what needs the messaging permission, to somebody who knows of the mailbox.
func (c *caller) noMessaging(command, mailbox, method string) error {
	return &ForbiddenError{Command: command, Needs: fmt.Sprintf("the messaging permission for %s in mailbox %q", method, mailbox)}
}

// keeps has what somebody of limited scope begins assigned to him, unless the draft says to whom: he would not see it otherwise.
func (c *caller) keeps(d *Draft) {
	assigns := func(a Action) bool { _, ok := a.(Assign); return ok }
	if c.ties != nil && !slices.ContainsFunc(d.Then, assigns) {
		d.Then = append(slices.Clone(d.Then), Assign{Agent: c.agent.ID})
	}
}

// checkHolder refuses to assign a conversation to an agent without the messaging permission for it: he would not see it.
func (t *txn) checkHolder(c *conversation.Conversation, a Assign) error {
	if a.Agent == "" {
		return nil
	}
	agent, err := t.agent(a.Agent)
	if err == nil && !agent.reaches(c.Mailbox, c.Method) {
		err = invalid("Agent", "%q cannot be assigned: without the messaging permission for %s in mailbox %q", a.Agent, c.Method, c.Mailbox)
	}
	return err
}

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
		ReadOnAnswer: box.ReadOnAnswer, GlobalRead: s.GlobalRead, Release: box.Slots > 0 && box.AssignOnFirst}
}

package conversation

// Judgement is the last word on whether a conversation is spam, and whose it is.
type Judgement string

// The judgements. Those of agents are what a filter learns from.
const (
	JudgedSpam     Judgement = "spam"     // an agent moved it to spam
	JudgedHam      Judgement = "ham"      // an agent restored it from spam, or answered it
	JudgedTrusted  Judgement = "trusted"  // it was restored by somebody else, or an agent answered on its thread before it began
	JudgedFilter   Judgement = "filter"   // moved to spam for what it says
	JudgedUpstream Judgement = "upstream" // moved to spam for what the mail server before us made of it
	JudgedList     Judgement = "list"     // moved to spam for who wrote it
)

// Trusted reports whether people have shown that the conversation is no spam: what it says is not judged any more.
func (c *Conversation) Trusted() bool {
	switch c.Judged {
	case JudgedHam, JudgedTrusted:
		return true
	case "":
		return !c.Answered.IsZero()
	}
	return false
}

// ToSpam moves to spam.
type ToSpam struct {
	By Judgement // JudgedFilter, JudgedUpstream or JudgedList, if it is the library's own; "": the actor's
}

func (cmd ToSpam) do(x *step) error {
	switch cmd.By {
	case "", JudgedFilter, JudgedUpstream, JudgedList:
	default:
		return badValue("by", "%q is no judgement of the library's own; use none", cmd.By)
	}
	switch x.c.Place {
	case Spam:
		return nil
	case Trash:
		return x.notWorkedOn("spam")
	}
	x.c.Judged = cmd.By
	if cmd.By == "" && x.env.Actor.Kind == ByAgent {
		x.c.Judged = JudgedSpam
	}
	x.place(Spam)
	return nil
}

// judgedHam notes that the actor has taken the conversation out of spam.
func (x *step) judgedHam() {
	x.c.Judged = JudgedTrusted
	if x.env.Actor.Kind == ByAgent {
		x.c.Judged = JudgedHam
	}
}

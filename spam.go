package frontdesk

import (
	"context"
	"strings"
	"sync"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/spam"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// SpamSettings say whether a tenant's customers' messages are judged.
type SpamSettings struct {
	On         bool `json:"on,omitempty"`         // spam goes to the Spam folder, and agents' marks are learned: Spam, Restore, and an answer as "not spam"
	JudgeKnown bool `json:"judgeKnown,omitempty"` // contacts whom people have named, or who have a record, are judged like strangers. Defaults to never
	Folder     bool `json:"folder,omitempty"`     // there is a Spam folder: kept by the Desk, from the first time it was on
}

// judgeBy adds to the keys of a load what judging needs: which model is the newest. Nobody waits for that row, and a commit does not check it:
// a verdict may rest on the model of a moment ago.
func (in *inbound) judgeBy(keys []store.Key) ([]store.Key, error) {
	settings, err := in.settings()
	if err != nil || !settings.Spam.On {
		return keys, err
	}
	in.batch.Ignore(spamHeadKey)
	return append(keys, spamHeadKey), nil
}

// judge moves the thread's conversation to spam if the customer's message that it has just got is. Of the IDs that items may use, the entry of
// the move takes one of a conversation that begins or of its coming back: no conversation does both.
func (in *inbound) judge(m *channel.Message) error {
	settings, err := in.settings()
	if err != nil || !settings.Spam.On || in.current.Place == conversation.Spam {
		return err
	}
	by, err := in.judgement(settings.Spam, m)
	if err != nil || by == "" {
		return err
	}
	return in.applyAs(conversation.Actor{Kind: conversation.BySystem}, in.current, conversation.ToSpam{By: by})
}

// judgement says why a message is spam; "" if it is not. What people have said of the sender comes first, then what shows that the conversation
// is no spam, then what others and the filter make of the message.
func (in *inbound) judgement(s SpamSettings, m *channel.Message) (conversation.Judgement, error) {
	lists, err := in.senderLists()
	if err != nil {
		return "", err
	}
	switch allowed, blocked := lists.find(m.From); {
	case allowed:
		return "", nil
	case blocked:
		return conversation.JudgedList, nil
	case in.current.Trusted(), in.current.Agent != "", !s.JudgeKnown && in.knows(m.From):
		return "", nil
	case m.Spam != nil && m.Spam.Spam && in.ch.TrustSpamHeaders:
		return conversation.JudgedUpstream, nil
	}
	model, err := in.model()
	if err != nil {
		return "", err
	}
	if v := model.Classify(spamText(m.Subject, m.Text, m.HTML)); v.Spam && !v.Advice {
		return conversation.JudgedFilter, nil
	}
	return "", nil
}

// knows reports whether the sender is a contact who has a name that people gave, or a record of the host's.
func (in *inbound) knows(from []conversation.Identity) bool {
	if in.contact == nil || in.contact.Name == "" && len(in.contact.Links) == 0 {
		return false
	}
	for _, i := range from {
		if vouched(i) {
			return true
		}
	}
	return false
}

// vouched reports whether an address is the sender's as far as the channel can tell. Anybody can write any From into a mail.
func vouched(i conversation.Identity) bool { return i.Scope != conversation.ScopeEmail || i.Verified }

// spamText is the text by which a message is judged and learned.
func spamText(subject, text, html string) string {
	if strings.TrimSpace(text) == "" {
		text = html
	}
	return strings.TrimSpace(subject + "\n" + text)
}

// model returns the tenant's newest model as of this load.
func (in *inbound) model() (*spam.Model, error) {
	row, ok := in.row(spamHeadKey)
	if !ok {
		return new(spam.Model), nil
	}
	head, err := decode[spamHead](in.txn, row)
	if err != nil {
		return nil, err
	}
	return in.desk.spamModel(in.ctx, in.tenant, head.Generation)
}

// spamModel returns a tenant's model of a generation or a later one, from the cache or the store. It is never changed. One that this program
// cannot read judges nothing: a filter holds no message up.
func (d *Desk) spamModel(ctx context.Context, tenant string, generation int64) (*spam.Model, error) {
	if f, ok := d.spamModels.get(tenant); ok && f.generation >= generation {
		return f.model, nil
	}
	rows, err := d.store.Load(ctx, tenant, []store.Key{spamModelKey}, nil)
	if err != nil {
		return nil, err
	}
	row, ok := rows.Row(spamModelKey)
	if !ok {
		return new(spam.Model), nil
	}
	doc, model, err := decodeModel(row)
	if err != nil {
		d.log.ErrorContext(ctx, "spam model not read", "tenant", tenant, "error", err)
		doc.Generation, model = generation, new(spam.Model)
	}
	d.spamModels.put(tenant, tenantModel{doc.Generation, model})
	return model, nil
}

// tenantModel is a tenant's model as a process keeps it.
type tenantModel struct {
	generation int64
	model      *spam.Model
}

// maxCachedWords bounds the models that a process keeps, in features of all tenants: about 40 bytes each.
const maxCachedWords = 2_000_000

// modelCache keeps models by tenant. When they are too large together, some are dropped: reading one again takes one call.
type modelCache struct {
	mu    sync.RWMutex
	vals  map[string]tenantModel
	words int
}

func (c *modelCache) get(tenant string) (tenantModel, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	f, ok := c.vals[tenant]
	return f, ok
}

func (c *modelCache) put(tenant string, f tenantModel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vals == nil {
		c.vals = map[string]tenantModel{}
	}
	if old, ok := c.vals[tenant]; ok {
		if old.generation > f.generation {
			return
		}
		c.remove(tenant, old)
	}
	for other, old := range c.vals {
		if c.words+f.model.Words() <= maxCachedWords && len(c.vals) < cacheLimit {
			break
		}
		c.remove(other, old)
	}
	c.vals[tenant] = f
	c.words += f.model.Words()
}

func (c *modelCache) remove(tenant string, f tenantModel) {
	delete(c.vals, tenant)
	c.words -= f.model.Words()
}

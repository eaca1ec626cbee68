package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel/spam"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// What agents say of conversations is learned by jobs of one group, so that no mark is lost and nobody who answers or receives waits for the model.
// A job names a conversation; its worker makes what was learned of it what agents say of it now, whichever job of it comes first, or twice.

// groupSpam is the group of a tenant's marks.
const groupSpam = "spam"

// learnEvery gathers marks, since each change of a model writes all of it.
const learnEvery = 10 * time.Second

var (
	spamHeadKey  = document("spam", "head")
	spamModelKey = document("spam", "model")
)

// spamHead says which model is the newest. It is small, since every inbound message reads it.
type spamHead struct {
	Generation int64 `json:"generation"` // raised whenever the model changes
}

// spamDoc is a tenant's model.
type spamDoc struct {
	Generation int64  `json:"generation"`
	Model      []byte `json:"model"` // as spam.Model encodes itself
}

// spamLearned is what was learned of a conversation, so that it can be unlearned when its messages are gone or changed.
type spamLearned struct {
	Spam  bool       `json:"spam"`
	Print spam.Print `json:"print"`
}

// spamJob has what agents say of a conversation learned.
type spamJob struct {
	Conversation string `json:"conversation"`
}

func learnedKey(conversationID string) store.Key { return document("learned", conversationID) }

func decodeModel(row store.Row) (doc spamDoc, model *spam.Model, err error) {
	if _, err := store.Decode(row.Body, &doc); err != nil {
		return doc, nil, fmt.Errorf("%s: %w", row.Key, err)
	}
	model = new(spam.Model)
	if err := model.UnmarshalBinary(doc.Model); err != nil {
		return doc, nil, fmt.Errorf("%s: %w", row.Key, err)
	}
	return doc, model, nil
}

// agentsWord is an agent's word in a judgement: true for spam. ok is false if it is nobody's, or not an agent's.
func agentsWord(j conversation.Judgement) (isSpam, ok bool) {
	return j == conversation.JudgedSpam, j == conversation.JudgedSpam || j == conversation.JudgedHam
}

// teach queues the learning of what an agent has said of a conversation, or has taken back.
func (t *txn) teach(before, after *conversation.Conversation) error {
	var was conversation.Judgement
	if before != nil {
		was = before.Judged
	}
	oldSpam, old := agentsWord(was)
	newSpam, now := agentsWord(after.Judged)
	if old == now && oldSpam == newSpam {
		return nil
	}
	settings, err := t.settings()
	if err != nil || !settings.Spam.On {
		return err
	}
	due := t.now.Truncate(learnEvery).Add(learnEvery)
	return t.enqueue(groupSpam, "spam/"+after.ID+"/"+itoa(after.Changed.UnixMicro()), due, spamJob{Conversation: after.ID})
}

// learnSpam folds the leased marks into the model, all in one commit.
func (w *work) learnSpam(ctx context.Context) error {
	ids, done, err := w.spamJobs()
	if err != nil {
		return err
	}
	again := false
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		if again {
			// The model was not where it was read, so another has the lease.
			return errLeaseLost
		}
		again = true
		keys := []store.Key{spamHeadKey, spamModelKey}
		for _, id := range ids {
			keys = append(keys, learnedKey(id), conversationKey(id))
			t.batch.Ignore(conversationKey(id)) // whoever says something else queues a job for it
		}
		if err := t.load(keys...); err != nil {
			return err
		}
		if err := w.held(); err != nil {
			return err
		}
		t.batch.Done(done)
		return t.learnAll(ids)
	})
}

func (w *work) spamJobs() (ids []string, done store.Finish, err error) {
	done = store.Finish{Group: w.lease.Group, Token: w.lease.Token}
	for _, job := range w.lease.Jobs {
		var j spamJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return nil, done, err
		}
		done.Jobs = append(done.Jobs, job.ID)
		if !slices.Contains(ids, j.Conversation) {
			ids = append(ids, j.Conversation)
		}
	}
	return ids, done, nil
}

// learnAll changes the model by what agents say of conversations now.
func (t *txn) learnAll(ids []string) error {
	doc, model := spamDoc{}, new(spam.Model)
	if row, ok := t.row(spamModelKey); ok {
		var err error
		if doc, model, err = decodeModel(row); err != nil {
			return err
		}
	}
	changed := false
	for _, id := range ids {
		one, err := t.learn(model, id)
		if err != nil {
			return err
		}
		changed = changed || one
	}
	if !changed {
		return nil
	}
	var err error
	if doc.Model, err = model.MarshalBinary(); err != nil {
		return err
	}
	doc.Generation++
	if err := t.put(store.Row{Key: spamModelKey}, formatDocument, doc); err != nil {
		return err
	}
	return t.put(store.Row{Key: spamHeadKey}, formatDocument, spamHead{Generation: doc.Generation})
}

// learn makes what the model has learned of a conversation what an agent says of it, and reports whether that changed anything.
func (t *txn) learn(model *spam.Model, id string) (changed bool, err error) {
	var was spamLearned
	row, learned := t.row(learnedKey(id))
	if learned {
		if was, err = decode[spamLearned](t, row); err != nil {
			return false, err
		}
	}
	conv, err := t.conversation(id)
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return false, err
	}
	isSpam, marked := agentsWord(conv.Judged)
	switch {
	case gone && learned:
		t.remove(row.Key) // what it taught stays, and cannot be told from what others did
		return false, nil
	case gone, marked == learned && isSpam == was.Spam:
		return false, nil
	}
	if learned {
		model.UnlearnPrint(was.Print, was.Spam)
		t.remove(row.Key)
	}
	if !marked {
		return true, nil
	}
	text, err := t.customersText(id)
	if err != nil || text == "" {
		return learned, err // a picture alone teaches nothing
	}
	now := spamLearned{Spam: isSpam, Print: spam.PrintOf(text)}
	model.LearnPrint(now.Print, now.Spam)
	return true, t.put(store.Row{Key: learnedKey(id)}, formatDocument, now)
}

// learnedMessages is how many of a customer's messages, from the first, are learned of a conversation and explained.
const learnedMessages = 10

// customersText is what the customer has written first in a conversation.
func (t *txn) customersText(id string) (string, error) {
	page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: id, Ascending: true,
		Match: []store.Match{{Name: "type", Any: []string{conversation.EventReceived}}}, Limit: learnedMessages})
	if err != nil {
		return "", err
	}
	messages, err := decodeAll[conversation.Message](page.Rows)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, m := range messages {
		if text := spamText(m.Subject, m.Text, m.HTML); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "\n"), nil
}

// SpamVerdict is what is said of a conversation, and what the tenant's filter makes of it.
type SpamVerdict struct {
	spam.Verdict                        // of what the customer wrote first, with the words that weigh most
	Judged       conversation.Judgement // the last word, and whose it is; empty: nobody's
	Marks        int                    // conversations that the filter has learned. Below spam.Advise it only advises
}

// SpamWord is a word of a text, or another feature of it, that weighs in a verdict.
type SpamWord = spam.Word

// spamWords is how many words a verdict names.
const spamWords = 10

// SpamVerdict explains what the tenant's filter makes of a conversation, whether it is on or off. Error: ErrNotFound.
func (s *Session) SpamVerdict(ctx context.Context, id string) (v SpamVerdict, err error) {
	err = s.read(ctx, "spam verdict", id, func(t *txn, c caller) error {
		conv, err := t.visiblePart(c, id)
		if err != nil {
			return err
		}
		if err := t.load(spamHeadKey); err != nil {
			return err
		}
		model := new(spam.Model)
		if row, ok := t.row(spamHeadKey); ok {
			head, err := decode[spamHead](t, row)
			if err != nil {
				return err
			}
			if model, err = t.desk.spamModel(ctx, t.tenant, head.Generation); err != nil {
				return err
			}
		}
		text, err := t.customersText(id)
		if err != nil {
			return err
		}
		spams, hams := model.Marks()
		v = SpamVerdict{Verdict: model.Explain(text, spamWords), Judged: conv.Judged, Marks: spams + hams}
		return nil
	})
	return v, err
}

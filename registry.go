package frontdesk

import (
	"encoding/json"
	"reflect"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Actions that only people take, for themselves.
type (
	MarkRead   = conversation.MarkRead
	MarkUnread = conversation.MarkUnread
)

// registry names the actions that are stored: what is queued today is read by tomorrow's program, so a name stays for ever.
var registry = map[string]Action{
	"assign":      Assign{},
	"status":      SetStatus{},
	"complete":    Complete{},
	"archive":     Archive{},
	"spam":        Spam{},
	"trash":       Trash{},
	"restore":     Restore{},
	"snooze":      Snooze{},
	"wake":        Wake{},
	"tag":         Tag{},
	"pause":       Pause{},
	"followUp":    SetFollowUp{},
	"deadline":    SetDeadline{},
	"priority":    SetPriority{},
	"type":        SetType{},
	"hold":        SetHold{},
	"folders":     ChangeFolders{},
	"owners":      ChangeOwners{},
	"subscribers": ChangeSubscribers{},
	"links":       ChangeLinks{},
	"pin":         Pin{},
	"unpin":       Unpin{},
	"markRead":    MarkRead{},
	"markUnread":  MarkUnread{},
	"erase":       conversation.Erase{},
}

// storedAction is an action as a document holds it.
type storedAction struct {
	Do   string          `json:"do"` // a name of registry
	With json.RawMessage `json:"with,omitempty"`
}

// storeActions turns actions into what is stored. Error: ErrInvalid for one that is not in registry.
func storeActions(actions []Action) ([]storedAction, error) {
	out := make([]storedAction, len(actions))
	for i, a := range actions {
		for name, known := range registry {
			if reflect.TypeOf(known) == reflect.TypeOf(a) {
				out[i].Do = name
			}
		}
		if out[i].Do == "" {
			return nil, invalid("Actions", "%T is not an action that can be stored", a)
		}
		with, err := json.Marshal(a)
		if err != nil {
			return nil, invalid("Actions", "%T: %v", a, err)
		}
		out[i].With = with
	}
	return out, nil
}

// loadActions is the reverse. Error: ErrInvalid for a name that this program does not know.
func loadActions(stored []storedAction) ([]Action, error) {
	out := make([]Action, len(stored))
	for i, s := range stored {
		known, ok := registry[s.Do]
		if !ok {
			return nil, invalid("Actions", "%q is an action that this program does not know; run a newer one", s.Do)
		}
		v := reflect.New(reflect.TypeOf(known))
		if err := json.Unmarshal(s.With, v.Interface()); err != nil {
			return nil, invalid("Actions", "%s: %v", s.Do, err)
		}
		out[i] = v.Elem().Interface().(Action)
	}
	return out, nil
}

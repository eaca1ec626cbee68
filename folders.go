package frontdesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Folder is a place that agents put conversations into, as many as they like. A conversation stays in its inbox.
type Folder struct {
	ID    string `json:"id"`              // given by SaveFolder if empty; of a personal folder conversation.PersonalFolder
	Name  string `json:"name"`            // of at most 200 bytes
	Agent string `json:"agent,omitempty"` // whose personal folder it is: nobody else sees it. Empty: everybody's
	By    string `json:"by,omitempty"`    // the agent who made it, kept by the Desk; empty: the host or an automation
}

// storedFolder is a folder's document. A deleted one stays, so that its ID never leads to what is still in it.
type storedFolder struct {
	Folder
	Deleted bool `json:"deleted,omitempty"`
}

// SaveFolder makes a folder or renames it, and returns it with its ID. Everybody who works may make folders; one for everybody is
// changed by who made it or an admin, a personal one by its agent and the host. Errors: ErrInvalid (also an ID that was deleted),
// ErrForbidden, ErrNotFound.
func (s *Session) SaveFolder(ctx context.Context, f Folder) (out Folder, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "save folder", toWork)
		if err != nil {
			return err
		}
		if out, err = t.nameFolder(c, f); err != nil {
			return err
		}
		key := document("folder", out.ID)
		old, exists, err := doc[storedFolder](t, key)
		switch {
		case err != nil:
			return err
		case old.Deleted:
			return invalid("ID", "%q was deleted, and conversations may still name it; choose another", out.ID)
		case exists:
			if err := t.mayChange(c, "save folder", old.Folder); err != nil {
				return err
			}
			out.By = old.By
		default:
			out.By = c.agent.ID
		}
		return t.saveDocument(c, key, storedFolder{Folder: out})
	})
	return out, wrap("save folder", f.ID, err)
}

// nameFolder checks a folder and completes its ID.
func (t *txn) nameFolder(c caller, f Folder) (Folder, error) {
	if err := checkName("Name", f.Name); err != nil {
		return f, err
	}
	if f.Agent != "" {
		if !c.system && c.agent.ID != f.Agent {
			return f, &ForbiddenError{Command: "save folder", Needs: "to be the agent whose folder it is"}
		}
		if _, err := t.agent(f.Agent); err != nil {
			return f, err
		}
		f.ID = strings.TrimPrefix(f.ID, conversation.PersonalFolder(f.Agent, ""))
	}
	f.ID = cmp.Or(f.ID, t.id(0))
	if problem := conversation.CheckID(f.ID); problem != "" {
		return f, invalid("ID", "%q %s", f.ID, problem)
	}
	if f.Agent != "" {
		f.ID = conversation.PersonalFolder(f.Agent, f.ID)
	}
	return f, nil
}

// mayChange refuses a change of a folder by somebody it is not for.
func (t *txn) mayChange(c caller, command string, f Folder) error {
	switch {
	case !c.seesFolder(f.ID):
		return fmt.Errorf("folder %q: %w", f.ID, ErrNotFound)
	case f.Agent != "" || c.system || c.has(toManage) || f.By != "" && f.By == c.agent.ID:
		return nil
	}
	return &ForbiddenError{Command: command, Needs: "who made the folder, or an admin"}
}

// DeleteFolder deletes a folder. The conversations in it stay where they are; they may go on naming it, which shows nothing. It needs
// what changing it does. Deleting one that is not there does nothing.
func (s *Session) DeleteFolder(ctx context.Context, id string) error {
	key := document("folder", id)
	if store.CheckText(key.ID, false) != "" {
		return nil // there is none of such an ID
	}
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "delete folder", toWork)
		if err != nil {
			return err
		}
		f, exists, err := doc[storedFolder](t, key)
		if err != nil || !exists || f.Deleted || !c.seesFolder(id) {
			return err
		}
		if err := t.mayChange(c, "delete folder", f.Folder); err != nil {
			return err
		}
		return t.saveDocument(c, key, storedFolder{Folder: Folder{ID: id, Agent: f.Agent}, Deleted: true})
	})
	return wrap("delete folder", id, err)
}

// Folders returns the folders for everybody and the caller's own, by name.
func (s *Session) Folders(ctx context.Context) (out []Folder, err error) {
	err = s.read(ctx, "folders", "", func(t *txn, c caller) error {
		out = nil
		all, err := documents[storedFolder](t, "folder/")
		if err != nil {
			return err
		}
		for _, f := range all {
			if !f.Deleted && c.seesFolder(f.ID) {
				out = append(out, f.Folder)
			}
		}
		slices.SortFunc(out, func(a, b Folder) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		return nil
	})
	return out, err
}

// folder returns a folder that the caller sees; ErrNotFound for any other.
func (t *txn) folder(c caller, id string) (Folder, error) {
	f, err := need[storedFolder](t, "folder", id)
	if err == nil && (f.Deleted || !c.seesFolder(id)) {
		err = fmt.Errorf("folder %q: %w", id, ErrNotFound)
	}
	return f.Folder, err
}

// seesFolder reports whether a folder is everybody's or the caller's own.
func (c *caller) seesFolder(id string) bool {
	agent := conversation.FolderAgent(id)
	return agent == "" || c.system || agent == c.agent.ID
}

// folders are those of a conversation's that the caller sees.
func (c *caller) folders(ids []string) []string {
	if !slices.ContainsFunc(ids, func(id string) bool { return !c.seesFolder(id) }) {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !c.seesFolder(id) })
}

// checkFolders refuses folders that are not there or not the caller's to see. One that was deleted can be left.
func (t *txn) checkFolders(c caller, a ChangeFolders) error {
	for _, id := range a.Add {
		if _, err := t.folder(c, id); err != nil {
			return err
		}
	}
	for _, id := range a.Remove {
		if !c.seesFolder(id) {
			return fmt.Errorf("folder %q: %w", id, ErrNotFound)
		}
	}
	return nil
}

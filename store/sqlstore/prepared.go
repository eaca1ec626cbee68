package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// prepared is a SQLite database whose readings are parsed once: parsing is a third of what a short one costs. PostgreSQL's drivers keep
// statements themselves.
type prepared struct {
	*sql.DB
	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

// manyStatements bounds what is kept. The texts are few: they differ by the shape of a query and by how many keys are asked for.
const manyStatements = 500

func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := p.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return p.DB.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

func (p *prepared) kept(text string) (stmt *sql.Stmt, full bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.statements[text], len(p.statements) >= manyStatements
}

// statement returns a kept statement, keeping it if there is room; nil if there is none.
func (p *prepared) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	stmt, full := p.kept(text)
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := p.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.statements[text]; other != nil {
		return other, stmt.Close()
	}
	if p.statements == nil {
		p.statements = map[string]*sql.Stmt{}
	}
	p.statements[text] = stmt
	return stmt, nil
}

// texts holds the texts of statements, each once. A driver keeps the text of every statement that it has prepared, on every connection, and would
// otherwise keep as many copies of it.
type texts struct {
	mu  sync.RWMutex
	all map[string]string
}

func (t *texts) once(text string) string {
	t.mu.RLock()
	known, ok := t.all[text]
	full := len(t.all) >= manyStatements
	t.mu.RUnlock()
	switch {
	case ok:
		return known
	case full:
		return text
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.all[text]; ok {
		return known
	}
	if t.all == nil {
		t.all = map[string]string{}
	}
	t.all[text] = text
	return text
}

// writing is a transaction on a SQLite database, whose statements are likewise parsed once: a commit writes many rows with few texts.
type writing struct {
	*sql.Tx
	prepared   *prepared
	statements map[string]*sql.Stmt // of this transaction
	fresh      []string             // texts that are not among the kept ones
}

// Its statements are short: whoever gives up is heard between two of them. To hear him within one, database/sql and the driver would start a
// goroutine for each, which costs as much as writing a row.

func (w *writing) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := w.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(context.WithoutCancel(ctx), args...)
}

func (w *writing) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := w.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(context.WithoutCancel(ctx), args...)
}

// statement keeps nothing yet: that takes a connection, and the transaction may have the only one.
func (w *writing) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if stmt := w.statements[text]; stmt != nil {
		return stmt, nil
	}
	var stmt *sql.Stmt
	if kept, _ := w.prepared.kept(text); kept != nil {
		stmt = w.StmtContext(ctx, kept)
	} else {
		var err error
		if stmt, err = w.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
		w.fresh = append(w.fresh, text)
	}
	if w.statements == nil {
		w.statements = map[string]*sql.Stmt{}
	}
	w.statements[text] = stmt
	return stmt, nil
}

// keep has the next transaction find the statements that this one has had to parse, once it has ended. If that fails they are parsed again.
func (w *writing) keep(ctx context.Context) {
	for _, text := range w.fresh {
		_, _ = w.prepared.statement(ctx, text)
	}
}

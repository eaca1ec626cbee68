package sqlstore

import (
	"context"
	"database/sql"
	"errors"
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

// statement returns a kept statement, keeping it if there is room; nil if there is none.
func (p *prepared) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.RLock()
	stmt, full := p.statements[text], len(p.statements) >= manyStatements
	p.mu.RUnlock()
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

// reused is a SQLite connection within a transaction, in which each text is parsed once: a commit writes many rows with few texts.
type reused struct {
	*sql.Conn
	statements map[string]*sql.Stmt
}

func (r *reused) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := r.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (r *reused) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := r.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (r *reused) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := r.statements[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := r.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if r.statements == nil {
		r.statements = map[string]*sql.Stmt{}
	}
	r.statements[text] = stmt
	return stmt, nil
}

func (r *reused) close() (err error) {
	for _, stmt := range r.statements {
		err = errors.Join(err, stmt.Close())
	}
	return err
}

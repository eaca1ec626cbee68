package sqlstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// querier is a database, a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// statement is SQL in the making. Its placeholders are question marks until it is run.
type statement struct {
	text strings.Builder
	args []any
}

// add appends text whose question marks stand for args.
func (s *statement) add(text string, args ...any) *statement {
	s.text.WriteString(text)
	s.args = append(s.args, args...)
	return s
}

// join appends another statement.
func (s *statement) join(other *statement) *statement {
	return s.add(other.text.String(), other.args...)
}

// values appends a list of rows in parentheses. The first row is cast to the types, from which PostgreSQL infers the others'; with
// types nil (an insert) the table says them. Its columns are called column1, column2, … in both dialects.
func (s *statement) values(types []string, rows [][]any) *statement {
	s.text.WriteString("values ")
	for i, row := range rows {
		s.text.WriteString(separator(i, "("))
		for j := range row {
			s.text.WriteString(separator(j, ""))
			if i == 0 && types != nil {
				s.text.WriteString("cast(? as " + types[j] + ")")
			} else {
				s.text.WriteString("?")
			}
		}
		s.text.WriteString(")")
		s.args = append(s.args, row...)
	}
	return s
}

func separator(i int, text string) string {
	if i == 0 {
		return text
	}
	return ", " + text
}

// beside appends a join that looks up one row r of a table for every row of what was written before. On PostgreSQL it is a lateral
// subquery with a limit, which cannot become a join that reads the whole table, as a plan made before the table was analyzed does; on
// SQLite a cross join, which is done in the written order. The mode locks the row.
func (t *tables) beside(s *statement, table, where string, args []any, mode string) *statement {
	if t.dialect == SQLite {
		return s.add(" cross join "+table+" as r where "+where, args...)
	}
	return s.add(" cross join lateral (select r.* from "+table+" as r where "+where, args...).add(" limit 1" + mode + ") as r")
}

// marks returns n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// render numbers the placeholders as PostgreSQL wants them. No text of this package holds a question mark for another reason.
func (s *statement) render(d Dialect) string {
	text := s.text.String()
	if d == SQLite {
		return text
	}
	var out strings.Builder
	out.Grow(len(text) + 3*len(s.args))
	for n := 1; ; n++ {
		before, after, found := strings.Cut(text, "?")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		out.WriteByte('$')
		out.WriteString(strconv.Itoa(n))
		text = after
	}
}

// query runs the statement and hands each row to scan.
func (t *tables) query(ctx context.Context, q querier, s *statement, scan func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, s.render(t.dialect), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exec runs the statement and returns the number of rows it changed.
func (t *tables) exec(ctx context.Context, q querier, s *statement) (int64, error) {
	result, err := q.ExecContext(ctx, s.render(t.dialect), s.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
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

// values appends a list of rows, all with as many columns as there are types: text, bigint or bytea. Its columns are called column1, column2,
// … in both dialects. It is a list in parentheses on SQLite, and on PostgreSQL an array for each column: the text does not depend on the
// number of rows, so that the driver and the server parse and plan it once. An array stands in a query of its own: knowing its length, the server
// would think a plan for these very rows worth making each time.
func (s *statement) values(types []string, rows [][]any) *statement {
	return s.add("?", list{types, rows})
}

// rows is values as an insert takes them, if the batch is to be written.
func (s *statement) rows(types []string, rows [][]any, m manner) *statement {
	s.values(types, rows)
	if m.gated() {
		s.add(" where " + m.when())
	}
	return s
}

// few is values for a handful of rows that a table is joined with: in parentheses on PostgreSQL too, where the planner then knows how few they are.
func (s *statement) few(types []string, rows [][]any) *statement {
	s.add("values ")
	for i, row := range filledUp(rows) {
		s.add(separator(i, "("))
		for j, value := range row {
			text := "?"
			if i == 0 {
				text = "cast(? as " + types[j] + ")" // from which PostgreSQL infers the others'
			}
			s.add(separator(j, text), value)
		}
		s.add(")")
	}
	return s
}

// filledUp repeats the last of some rows until there are as many as some other text has. Whoever looks for a row twice, takes it out twice or writes the
// same to it twice has done so once.
func filledUp[R any](rows []R) []R {
	if len(rows) == 0 {
		return rows
	}
	return filledWith(rows, rows[len(rows)-1])
}

// filledWith adds a filler to some rows until they are one of few sizes, so that a process needs few texts however many rows it asks for: each is
// parsed once and kept. Up to eight they stay as many as they are; from then on four sizes lead to the double.
func filledWith[R any](rows []R, filler R) []R {
	step := 1
	for 8*step <= len(rows) {
		step *= 2
	}
	n := (len(rows) + step - 1) / step * step
	if n == len(rows) {
		return rows
	}
	return append(slices.Clip(rows), slices.Repeat([]R{filler}, n-len(rows))...)
}

// list is an argument that stands for rows.
type list struct {
	types []string
	rows  [][]any
}

func (l list) write(out *strings.Builder, d Dialect, args []any) []any {
	if d == PostgreSQL {
		return l.arrays(out, args)
	}
	out.WriteString("values ")
	for i, row := range filledUp(l.rows) {
		out.WriteString(separator(i, "("))
		out.WriteString(marks(len(row)))
		out.WriteString(")")
		args = append(args, row...)
	}
	return args
}

func (l list) arrays(out *strings.Builder, args []any) []any {
	names := ""
	out.WriteString("select * from unnest(")
	for i, kind := range l.types {
		args = append(args, array(l.rows, i))
		out.WriteString(separator(i, "(select cast($"+strconv.Itoa(len(args))+" as "+kind+"[]))"))
		names += separator(i, "column"+strconv.Itoa(i+1))
	}
	out.WriteString(") as list(" + names + ")")
	return args
}

// array is the text form of a PostgreSQL array of one column, which every driver takes.
// https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
func array(rows [][]any, column int) string {
	size := 2
	for _, row := range rows {
		switch v := row[column].(type) {
		case string:
			size += len(v) + 3
		case []byte:
			size += 2*len(v) + 6
		default:
			size += 21
		}
	}
	out := make([]byte, 1, size)
	out[0] = '{'
	for i, row := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		switch v := row[column].(type) {
		case nil:
			out = append(out, "NULL"...)
		case string:
			out = appendQuoted(out, v)
		case []byte:
			out = append(out, `"\\x`...)
			out = append(hex.AppendEncode(out, v), '"')
		case int64:
			out = strconv.AppendInt(out, v, 10)
		default:
			panic(fmt.Sprintf("sqlstore: %T in a list", v)) // the callers are this package's
		}
	}
	return string(append(out, '}'))
}

func appendQuoted(out []byte, v string) []byte {
	out = append(out, '"')
	if strings.IndexByte(v, '"') < 0 && strings.IndexByte(v, '\\') < 0 {
		return append(append(out, v...), '"')
	}
	for j := range len(v) {
		if v[j] == '"' || v[j] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, v[j])
	}
	return append(out, '"')
}

func separator(i int, text string) string {
	if i == 0 {
		return text
	}
	return ", " + text
}

// among appends the condition that a column is one of some values, which an index finds one by one. On PostgreSQL its text is the same for any number.
func (t *tables) among(s *statement, column string, values []string) *statement {
	rows := make([][]any, len(values))
	for i, value := range values {
		rows[i] = []any{value}
	}
	if t.dialect == PostgreSQL {
		return s.add(column+" = any (cast(? as text[]))", array(rows, 0))
	}
	args := slices.Concat(filledUp(rows)...)
	return s.add(column+" in ("+marks(len(args))+")", args...)
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

// render returns the text with its placeholders as the dialect wants them, and what stands in their places. No text of this package holds
// a question mark for another reason.
func (s *statement) render(d Dialect) (string, []any) {
	text := s.text.String()
	var out strings.Builder
	out.Grow(len(text) + 3*len(s.args))
	args := make([]any, 0, len(s.args))
	for _, arg := range s.args {
		before, after, _ := strings.Cut(text, "?")
		text = after
		out.WriteString(before)
		if l, ok := arg.(list); ok {
			args = l.write(&out, d, args)
			continue
		}
		args = append(args, arg)
		if d == PostgreSQL {
			out.WriteByte('$')
			out.WriteString(strconv.Itoa(len(args)))
		} else {
			out.WriteByte('?')
		}
	}
	out.WriteString(text)
	return out.String(), args
}

// ready is a statement as it is run.
func (t *tables) ready(s *statement) (string, []any) {
	text, args := s.render(t.dialect)
	if t.dialect == PostgreSQL {
		text = t.texts.once(text)
	}
	return text, args
}

// query runs the statement and hands each row to scan.
func (t *tables) query(ctx context.Context, q querier, s *statement, scan func(*sql.Rows) error) error {
	text, args := t.ready(s)
	rows, err := q.QueryContext(ctx, text, args...)
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
	text, args := t.ready(s)
	result, err := q.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

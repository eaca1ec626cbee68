package stores

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/stdlib"
)

// Await is sqlstore.Options.Await with pgx, as docs/embedding.md shows it.
func Await(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(c any) error {
		_, err := c.(*stdlib.Conn).Conn().WaitForNotification(ctx)
		return err
	})
}

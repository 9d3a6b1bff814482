package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// backend is what River's part of the store needs of a database, in the type of
// its transactions.
type backend[TTx any] interface {
	driver() riverdriver.Driver[TTx]
	begin(ctx context.Context) (TTx, error)
	use(tx TTx) statements
}

// statements are our own statements inside a transaction, in SQL that both
// databases read. A statement outside it would wait for ever on SQLite, which
// has one connection.
type statements interface {
	exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	each(ctx context.Context, query string, args []any, row func(scanner) error) error
	commit(ctx context.Context) error
	rollback(ctx context.Context) error
}

// scanner copies the columns of the current row.
type scanner func(dest ...any) error

// transact runs f in a transaction: committed if f returns nil.
func transact[TTx any](ctx context.Context, b backend[TTx], f func(TTx, statements) error) error {
	tx, err := b.begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	st := b.use(tx)
	if err := f(tx, st); err != nil {
		return errors.Join(err, st.rollback(context.WithoutCancel(ctx)))
	}
	if err := st.commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// sqlStatements are statements in a transaction of database/sql.
type sqlStatements struct{ tx *sql.Tx }

func (s sqlStatements) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := s.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s sqlStatements) each(ctx context.Context, query string, args []any, row func(scanner) error) error {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, row)
}

func (s sqlStatements) commit(context.Context) error { return s.tx.Commit() }

func (s sqlStatements) rollback(context.Context) error {
	if err := s.tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil // it had ended with its context
}

// eachRow calls row for every row and closes rows.
func eachRow(rows *sql.Rows, row func(scanner) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// pgxStatements are statements in a transaction of pgx.
type pgxStatements struct{ tx pgx.Tx }

func (s pgxStatements) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := s.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (s pgxStatements) each(ctx context.Context, query string, args []any, row func(scanner) error) error {
	rows, err := s.tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s pgxStatements) commit(ctx context.Context) error { return s.tx.Commit(ctx) }

func (s pgxStatements) rollback(ctx context.Context) error {
	if err := s.tx.Rollback(ctx); !errors.Is(err, pgx.ErrTxClosed) {
		return err
	}
	return nil
}

// dialect is where SQL differs. The functions take a placeholder and return an
// expression.
type dialect struct {
	shared      bool   // several machines may use the database
	now         string // the time in the type of River's columns
	bytes       string // the type of a column of bytes
	abandoned   string // whether the process of a running row of river_job is gone
	skipLocked  string // ends a select that is to lock its rows
	appendError func(json string) string
	mergeMeta   func(json string) string
}

func sqliteDialect() dialect {
	return dialect{
		now:   `datetime('now', 'subsec')`,
		bytes: `blob`,
		// The lock on the file is ours, so whatever ran before is gone.
		abandoned: `true`,
		appendError: func(json string) string {
			return `jsonb(json_insert(json(coalesce(errors, jsonb('[]'))), '$[#]', json(` + json + `)))`
		},
		mergeMeta: func(json string) string { return `jsonb_patch(json(metadata), json(` + json + `))` },
	}
}

func postgresDialect() dialect {
	return dialect{
		shared: true,
		now:    `now()`,
		bytes:  `bytea`,
		abandoned: `coalesce(attempted_by[array_upper(attempted_by, 1)], '') not in
			(select id from bot_node where expires_at > now())`,
		skipLocked:  ` for update skip locked`,
		appendError: func(json string) string { return `array_append(coalesce(errors, '{}'), ` + json + `::jsonb)` },
		mergeMeta:   func(json string) string { return `metadata || ` + json + `::jsonb` },
	}
}

// schema is our own tables. Times are milliseconds since 1970 by [Options.Clock].
// A row of work_item is the work of one key: gen deliveries have come, tried_gen
// of them were there when a job last began, done_gen when one last finished.
func schema(d dialect) []string {
	return []string{
		`create table if not exists delivery (guid text primary key, event text not null, action text not null,
			repository text not null, number bigint not null, key text not null, received_at bigint not null)`,
		`create index if not exists delivery_received_at on delivery (received_at)`,
		`create table if not exists work_item (key text primary key, gen bigint not null,
			tried_gen bigint not null default 0, done_gen bigint not null default 0,
			delivery text not null, updated_at bigint not null)`,
		`create table if not exists blob (sha text primary key, size bigint not null, used_at bigint not null,
			content ` + d.bytes + ` not null)`,
		`create index if not exists blob_used_at on blob (used_at, sha, size)`,
		`create table if not exists mark (name text primary key, at bigint not null)`,
		`create table if not exists redelivery (guid text primary key, asked_at bigint not null, asks bigint not null)`,
		`create table if not exists note (scope text not null, name text not null, at bigint not null, primary key (scope, name))`,
	}
}

// open opens the database of the URL and makes the engine for it.
func (s *Store) open(ctx context.Context) error {
	switch scheme, rest, _ := strings.Cut(s.opts.URL, ":"); scheme {
	case "sqlite":
		return s.openSQLite(ctx, rest)
	case "postgres", "postgresql":
		return s.openPostgres(ctx)
	default:
		return errors.New("not sqlite:PATH and not postgres://USER:PASSWORD@HOST/DATABASE")
	}
}

// migrate brings River's tables and ours up to date.
func migrate[TTx any](ctx context.Context, s *Store, b backend[TTx]) error {
	m, err := rivermigrate.New(b.driver(), &rivermigrate.Config{Logger: riverLogger(s.opts.Logger)})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, statement := range schema(s.dialect) {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}

// openError is an error of Open in one line: those of pgx have several.
type openError struct {
	url string
	err error
}

func (e *openError) Error() string {
	return "open database " + e.url + ": " + strings.Join(strings.Fields(e.err.Error()), " ")
}

func (e *openError) Unwrap() error { return e.err }

// redact is a database URL without anything secret.
func redact(raw string) string {
	scheme, _, ok := strings.Cut(raw, ":")
	if !ok {
		return `""`
	}
	if scheme == "sqlite" {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return scheme + ":…"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Del(name)
		}
	}
	u.RawQuery, u.Fragment, u.Opaque = q.Encode(), "", ""
	return u.String()
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// postgres is a backend for many machines.
type postgres struct{ pool *pgxpool.Pool }

func (b postgres) driver() riverdriver.Driver[pgx.Tx]        { return riverpgxv5.New(b.pool) }
func (b postgres) begin(ctx context.Context) (pgx.Tx, error) { return b.pool.Begin(ctx) }
func (b postgres) use(tx pgx.Tx) statements                  { return pgxStatements{tx} }

// migrationLock is the advisory lock under which tables are changed: River's
// migrations fail when several machines run them at once.
const migrationLock = 0x6f6e626f617264 // "onboard"

func (s *Store) openPostgres(ctx context.Context) error {
	pool, err := s.pool(ctx)
	if err != nil {
		return err
	}
	s.unlock = func() error { return nil }
	s.db = stdlib.OpenDBFromPool(pool)
	s.closeDB = func() error {
		err := s.db.Close()
		pool.Close()
		return err
	}
	if err := s.preparePostgres(ctx, postgres{pool}); err != nil {
		return errors.Join(err, s.closeDB())
	}
	return nil
}

func (s *Store) pool(ctx context.Context) (*pgxpool.Pool, error) {
	u, err := url.Parse(s.opts.URL)
	if err != nil {
		// The text of a url.Error repeats the URL with its password.
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return nil, fmt.Errorf("not a URL: %w", err)
	}
	config, err := pgxpool.ParseConfig(s.opts.URL)
	if err != nil {
		return nil, errors.New("the URL is not understood; want postgres://USER:PASSWORD@HOST/DATABASE")
	}
	if !u.Query().Has("pool_max_conns") {
		// River listens on one; every job may hold one for a moment.
		config.MaxConns = int32(min(s.opts.Workers, 60) + 6) //nolint:gosec // at most 66
	}
	return pgxpool.NewWithConfig(ctx, config)
}

func (s *Store) preparePostgres(ctx context.Context, b postgres) error {
	s.dialect = postgresDialect()
	// The lock belongs to a transaction and not to a session, so that it also
	// works behind a pooler that hands out connections by transaction.
	err := transact(ctx, b, func(_ pgx.Tx, st statements) error {
		if _, err := st.exec(ctx, `select pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if err := migrate(ctx, s, b); err != nil {
			return err
		}
		_, err := s.db.ExecContext(ctx,
			`create table if not exists bot_node (id text primary key, expires_at timestamptz not null)`)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.buryNodes(ctx); err != nil {
		return err
	}
	e, err := newEngine(s, b)
	s.engine = e
	return err
}

// holdLease says that this process is alive. Others take back its jobs when it
// has not said so for a while.
func (s *Store) holdLease(ctx context.Context) error {
	if !s.dialect.shared {
		return nil
	}
	_, err := s.db.ExecContext(ctx, `insert into bot_node (id, expires_at) values ($1, now() + make_interval(secs => $2))
		on conflict (id) do update set expires_at = excluded.expires_at`, s.node, s.opts.lease.Seconds())
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	return nil
}

// renewLease says again that this process is alive. held is false if others had
// already counted it as gone.
func (s *Store) renewLease(ctx context.Context) (held bool, err error) {
	r, err := s.db.ExecContext(ctx, `update bot_node set expires_at = now() + make_interval(secs => $2)
		where id = $1 and expires_at > now()`, s.node, s.opts.lease.Seconds())
	if err != nil {
		return false, fmt.Errorf("lease: %w", err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

func (s *Store) dropLease(ctx context.Context) error {
	if !s.dialect.shared {
		return nil
	}
	if _, err := s.db.ExecContext(ctx, `delete from bot_node where id = $1`, s.node); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	return nil
}

// buryNodes takes back the jobs of processes whose lease has ended, and the
// leadership if one of them held it.
func (s *Store) buryNodes(ctx context.Context) error {
	if err := s.takeBack(ctx); err != nil {
		return err
	}
	for _, statement := range []string{
		`delete from river_leader where leader_id not in (select id from bot_node where expires_at > now())`,
		`delete from bot_node where expires_at <= now()`,
	} {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("bury nodes: %w", err)
		}
	}
	return nil
}

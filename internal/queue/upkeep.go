package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// active is the keys that have a job which is not over.
const active = `(select args ->> 'key' from river_job
	where state in ('available', 'pending', 'retryable', 'running', 'scheduled'))`

// startUpkeep starts what a store does by itself while it is started.
func (s *Store) startUpkeep(ctx context.Context) {
	s.every(ctx, s.opts.sweep, "look for work that is owed", s.reconcile)
	s.every(ctx, time.Hour, "remove what is old", s.prune)
	if s.dialect.shared && s.opts.Handler != nil {
		touched := s.opts.Clock()
		s.every(ctx, s.opts.lease/3, "renew the lease", func(ctx context.Context) error { return s.beat(ctx, &touched) })
		s.every(ctx, s.opts.watch, "compare generations", s.compare)
	}
}

// every runs f now and then until ctx ends.
func (s *Store) every(ctx context.Context, pause time.Duration, what string, f func(context.Context) error) {
	s.upkeep.Go(func() {
		t := time.NewTicker(pause)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if err := f(ctx); err != nil && ctx.Err() == nil {
				s.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "queue upkeep", slog.String("what", what), slog.Any("error", err))
			}
		}
	})
}

// beat renews the lease. If that did not work for the time of a lease, others
// have taken the jobs back, so they are cancelled here. Only a machine that was
// in touch all the time buries others: after an outage of the database it would
// take for dead whoever is a moment later than itself.
func (s *Store) beat(ctx context.Context, touched *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.lease/3)
	defer cancel()
	held, err := s.renewLease(ctx)
	now := s.opts.Clock()
	if err != nil {
		if now.Sub(*touched) > s.opts.lease {
			s.runs.cancelAll(errLeaseLost)
		}
		return err
	}
	*touched = now
	if !held {
		s.runs.cancelAll(errLeaseLost)
		return s.holdLease(ctx)
	}
	return s.buryNodes(ctx)
}

// compare cancels runs for which another machine has taken in a newer delivery.
func (s *Store) compare(ctx context.Context) error {
	for _, key := range s.runs.keys() {
		var generation int64
		err := s.db.QueryRowContext(ctx, `select gen from work_item where key = $1`, key).Scan(&generation)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		s.runs.supersede(key, generation)
	}
	return nil
}

// prune removes deliveries and finished work that nobody will ask for again.
func (s *Store) prune(ctx context.Context) error {
	before := s.opts.Clock().Add(-retention).UnixMilli()
	forgotten := s.opts.Clock().Add(-noteLife).UnixMilli()
	for _, statement := range []string{
		`delete from delivery where received_at < $1`,
		`delete from redelivery where asked_at < $1`,
		`delete from work_item where updated_at < $1 and done_gen >= gen and key not in ` + active,
	} {
		if _, err := s.db.ExecContext(ctx, statement, before); err != nil {
			return err
		}
	}
	_, err := s.db.ExecContext(ctx, `delete from note where at < $1`, forgotten)
	return err
}

// reconcile makes good what transactions alone cannot: jobs that River gave up
// because they hung, rows that someone deleted, a delivery that came in the
// moment between the end of a failed attempt and River's note of it.
func (s *Store) reconcile(ctx context.Context) error {
	// What River gave up is over, for the generation that was tried.
	if _, err := s.db.ExecContext(ctx, `update work_item set done_gen = tried_gen where done_gen < tried_gen
		and key not in `+active+` and key in
		(select args ->> 'key' from river_job where state in ('discarded', 'cancelled'))`); err != nil {
		return err
	}
	var groups []owed
	err := s.each(ctx, `select key, delivery from work_item where done_gen < gen and key not in `+active+` order by key`,
		func(scan scanner) error {
			var g owed
			var body string
			if err := scan(&g.key, &body); err != nil {
				return err
			}
			var d Delivery
			if err := json.Unmarshal([]byte(body), &d); err != nil {
				return err
			}
			g.priority = d.Priority
			groups = append(groups, g)
			return nil
		})
	if err != nil {
		return err
	}
	for len(groups) > 0 {
		n := min(len(groups), maxBatch)
		if err := s.engine.owe(ctx, groups[:n]); err != nil {
			return err
		}
		groups = groups[n:]
	}
	var ids []int64
	err = s.each(ctx, `select j.id from river_job j join work_item w on w.key = j.args ->> 'key'
		where j.state = 'retryable' and w.gen > w.tried_gen`, func(scan scanner) error {
		var id int64
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	return s.engine.hurry(ctx, ids)
}

// each runs a query outside a transaction.
func (s *Store) each(ctx context.Context, query string, row func(scanner) error, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, row)
}

// takeBack makes the jobs of processes that died run again. The attempt counts,
// because the job may be why the process died. After the last one the handler is
// called once more, to tell whoever waits for a result; if that kills the
// process too, the job is a dead letter.
func (s *Store) takeBack(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("take jobs back: %w", err)
	}
	st := sqlStatements{tx}
	if err := s.takeBackTx(ctx, st); err != nil {
		return errors.Join(fmt.Errorf("take jobs back: %w", err), st.rollback(ctx))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("take jobs back: %w", err)
	}
	return nil
}

// orphan is a running job without a process.
type orphan struct {
	id                   int64
	attempt, maxAttempts int
	exhausted            bool
}

func (s *Store) takeBackTx(ctx context.Context, st statements) error {
	var orphans []orphan
	query := `select id, attempt, max_attempts, metadata ->> 'exhausted' from river_job
		where state = 'running' and ` + s.dialect.abandoned + s.dialect.skipLocked
	err := st.each(ctx, query, nil, func(scan scanner) error {
		var o orphan
		var exhausted sql.NullString
		if err := scan(&o.id, &o.attempt, &o.maxAttempts, &exhausted); err != nil {
			return err
		}
		o.exhausted = exhausted.Valid
		orphans = append(orphans, o)
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range orphans {
		if err := s.adopt(ctx, st, o); err != nil {
			return err
		}
		s.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "job taken back, its process is gone",
			slog.Int64("job", o.id), slog.Int("attempt", o.attempt))
	}
	return nil
}

func (s *Store) adopt(ctx context.Context, st statements, o orphan) error {
	report, err := s.attemptError(o.attempt, errors.New("the process died"))
	if err != nil {
		return err
	}
	if o.exhausted {
		query := `update river_job set state = 'discarded', finalized_at = ` + s.dialect.now +
			`, errors = ` + s.dialect.appendError(`$2`) + ` where id = $1`
		if _, err := st.exec(ctx, query, o.id, report); err != nil {
			return err
		}
		_, err := st.exec(ctx, `update work_item set done_gen = tried_gen where done_gen < tried_gen
			and key = (select args ->> 'key' from river_job where id = $1)`, o.id)
		return err
	}
	meta := `{}`
	if o.attempt >= o.maxAttempts {
		meta, o.maxAttempts = `{"exhausted": true}`, o.attempt+1
	}
	query := `update river_job set state = 'available', scheduled_at = ` + s.dialect.now + `, max_attempts = $2, metadata = ` +
		s.dialect.mergeMeta(`$3`) + `, errors = ` + s.dialect.appendError(`$4`) + ` where id = $1`
	_, err = st.exec(ctx, query, o.id, o.maxAttempts, meta, report)
	return err
}

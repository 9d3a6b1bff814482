package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Bounds of asking for one delivery again. GitHub's log shows the new attempt
// only a while after it was asked for, and what failed so often will fail again.
const (
	redeliveryPause = 30 * time.Minute
	maxRedeliveries = 5
)

// noteLife is how long a note is of use: GitHub itself ends a check run that is
// in progress for 14 days.
// https://docs.github.com/rest/checks/runs
const noteLife = 14 * 24 * time.Hour

// ClaimRedelivery reports whether a delivery that a sender could not bring here
// is to be asked for again, and notes that this is being done. It is not if the
// delivery was kept after all, if somebody asked half an hour ago or later, or
// if it was asked for five times. If asking fails, call [Store.ReleaseRedelivery].
func (s *Store) ClaimRedelivery(ctx context.Context, guid string) (bool, error) {
	now := s.now()
	r, err := s.db.ExecContext(ctx, `insert into redelivery (guid, asked_at, asks)
		select cast($1 as text), cast($2 as bigint), 1 where not exists (select 1 from delivery where guid = $1)
		on conflict (guid) do update set asked_at = excluded.asked_at, asks = redelivery.asks + 1
		where redelivery.asked_at <= $3 and redelivery.asks < $4`,
		guid, now, now-redeliveryPause.Milliseconds(), maxRedeliveries)
	if err != nil {
		return false, fmt.Errorf("claim redelivery of %s: %w", guid, err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

// ReleaseRedelivery takes a claim back: nobody was asked.
func (s *Store) ReleaseRedelivery(ctx context.Context, guid string) error {
	_, err := s.db.ExecContext(ctx, `update redelivery set asked_at = 0, asks = asks - 1 where guid = $1`, guid)
	if err != nil {
		return fmt.Errorf("release redelivery of %s: %w", guid, err)
	}
	return nil
}

// Owes reports whether there is work for a key that waits or is being done.
func (s *Store) Owes(ctx context.Context, key string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `select count(*) from work_item where key = $1 and done_gen < gen`, key).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for work of %s: %w", key, err)
	}
	return n > 0, nil
}

// Mark is the time that was last noted under a name, to the millisecond; the
// zero time if none was.
func (s *Store) Mark(ctx context.Context, name string) (time.Time, error) {
	var at int64
	err := s.db.QueryRowContext(ctx, `select at from mark where name = $1`, name).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read mark %s: %w", name, err)
	}
	return time.UnixMilli(at), nil
}

// SetMark notes a time under a name, for all machines and the next start.
func (s *Store) SetMark(ctx context.Context, name string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `insert into mark (name, at) values ($1, $2)
		on conflict (name) do update set at = excluded.at`, name, at.UnixMilli())
	if err != nil {
		return fmt.Errorf("set mark %s: %w", name, err)
	}
	return nil
}

// Note keeps a name in a scope until it is forgotten, for 14 days at most: what was begun outside and
// has to be ended, should this process not live to do it.
func (s *Store) Note(ctx context.Context, scope, name string) error {
	_, err := s.db.ExecContext(ctx, `insert into note (scope, name, at) values ($1, $2, $3) on conflict (scope, name) do nothing`,
		scope, name, s.now())
	if err != nil {
		return fmt.Errorf("note %s in %s: %w", name, scope, err)
	}
	return nil
}

// Notes are the names in a scope, sorted.
func (s *Store) Notes(ctx context.Context, scope string) ([]string, error) {
	names, err := s.names(ctx, `select name from note where scope = $1 order by name`, scope)
	if err != nil {
		return nil, fmt.Errorf("read notes in %s: %w", scope, err)
	}
	return names, nil
}

// names is the one column of a query.
func (s *Store) names(ctx context.Context, query string, args ...any) ([]string, error) {
	var names []string
	err := s.each(ctx, query, func(scan scanner) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	}, args...)
	return names, err
}

// Forget ends a note. There need not be one.
func (s *Store) Forget(ctx context.Context, scope, name string) error {
	if _, err := s.db.ExecContext(ctx, `delete from note where scope = $1 and name = $2`, scope, name); err != nil {
		return fmt.Errorf("forget %s in %s: %w", name, scope, err)
	}
	return nil
}

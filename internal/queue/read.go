package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// DeliveryStatus is what is told of one delivery.
type DeliveryStatus struct {
	GUID, Event, Action string
	Repository          string // owner/name, empty if there is none
	Number              int
	Key                 string // empty if no work was asked for
	Received            time.Time
}

// JobStatus is how one job stands.
type JobStatus struct {
	ID  int64
	Key string
	// State is River's: available, running, retryable, scheduled, completed,
	// cancelled (would never succeed) or discarded (out of attempts).
	State                string
	Attempt, MaxAttempts int
	Created, Scheduled   time.Time
	Finished             time.Time // zero while the job is not over
	Error                string    // of the last failed attempt
}

// Deliveries lists the newest deliveries of the last 72 hours, newest first.
func (s *Store) Deliveries(ctx context.Context, limit int) ([]DeliveryStatus, error) {
	var list []DeliveryStatus
	err := s.each(ctx, `select guid, event, action, repository, number, key, received_at from delivery
		order by received_at desc, guid limit $1`, func(scan scanner) error {
		var d DeliveryStatus
		var received int64
		if err := scan(&d.GUID, &d.Event, &d.Action, &d.Repository, &d.Number, &d.Key, &received); err != nil {
			return err
		}
		d.Received = time.UnixMilli(received).UTC()
		list = append(list, d)
		return nil
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

// Jobs lists the newest jobs, newest first. limit is 1 to 1000.
func (s *Store) Jobs(ctx context.Context, limit int) ([]JobStatus, error) {
	list, err := s.engine.jobs(ctx, min(max(limit, 1), 1000))
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return list, nil
}

// Counts says how many jobs are in each state, by River's names; a state
// without jobs is missing.
func (s *Store) Counts(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := s.each(ctx, `select cast(state as text), count(*) from river_job group by state`, func(scan scanner) error {
		var state string
		var n int
		if err := scan(&state, &n); err != nil {
			return err
		}
		counts[state] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return counts, nil
}

func (e *riverEngine[TTx]) jobs(ctx context.Context, limit int) ([]JobStatus, error) {
	r, err := e.client.JobList(ctx, river.NewJobListParams().First(limit).OrderBy(river.JobListOrderByID, river.SortOrderDesc))
	if err != nil {
		return nil, err
	}
	list := make([]JobStatus, 0, len(r.Jobs))
	for _, j := range r.Jobs {
		key, err := keyOf(j)
		if err != nil {
			return nil, err
		}
		status := JobStatus{
			ID: j.ID, Key: key, State: string(j.State), Attempt: j.Attempt, MaxAttempts: j.MaxAttempts,
			Created: j.CreatedAt, Scheduled: j.ScheduledAt,
		}
		if j.FinalizedAt != nil {
			status.Finished = *j.FinalizedAt
		}
		if n := len(j.Errors); n > 0 {
			status.Error = j.Errors[n-1].Error
		}
		list = append(list, status)
	}
	return list, nil
}

package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of one delivery. GitHub's own names are far below them.
const (
	maxName    = 200     // bytes of GUID, Event, Action, Owner, Name, Kind, Key
	maxPayload = 4 << 10 // bytes of Payload
	maxBatch   = 64      // deliveries in one transaction; more gains nothing and delays the first
)

// intakeTimeout is below the ten seconds GitHub waits for an answer.
// https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
const intakeTimeout = 8 * time.Second

// item is a delivery on its way to the database, and the way back.
type item struct {
	delivery Delivery
	body     string // the delivery as JSON
	done     chan outcome
}

type outcome struct {
	duplicate bool
	err       error
}

// Enqueue keeps a delivery and, if it has a key, the work it asks for. It
// returns after the commit; nothing is lost after that. duplicate says that a
// delivery of this GUID was kept before, and nothing was done. ErrBusy and any
// other error mean that the delivery should be sent again. If ctx ends first,
// the delivery may or may not have been kept.
func (s *Store) Enqueue(ctx context.Context, d Delivery) (duplicate bool, err error) {
	it, err := newItem(d)
	if err != nil {
		return false, err
	}
	select {
	case <-s.closing:
		return false, ErrClosed
	default:
	}
	select {
	case s.waiting <- it:
	default:
		return false, ErrBusy
	}
	select {
	case o := <-it.done:
		return o.duplicate, o.err
	case <-ctx.Done():
		return false, fmt.Errorf("keep delivery %s: %w", d.GUID, ctx.Err())
	case <-s.closed:
	}
	select { // the committer may have answered just before it ended
	case o := <-it.done:
		return o.duplicate, o.err
	default:
		return false, ErrClosed
	}
}

// newItem checks a delivery. What passes cannot make a statement fail, so one
// sender cannot spoil the transaction it shares with others.
func newItem(d Delivery) (*item, error) {
	for _, f := range []struct{ name, value string }{
		{"guid", d.GUID},
		{"event", d.Event},
		{"action", d.Action},
		{"owner", d.Owner},
		{"name", d.Name},
		{"kind", d.Kind},
		{"key", d.Key},
	} {
		if len(f.value) > maxName {
			return nil, fmt.Errorf("delivery: %s is longer than %d bytes", f.name, maxName)
		}
		if !utf8.ValidString(f.value) || strings.ContainsRune(f.value, 0) {
			return nil, fmt.Errorf("delivery: %s is not text", f.name)
		}
	}
	switch {
	case d.GUID == "" || d.Event == "":
		return nil, errors.New("delivery: guid and event are required")
	case len(d.Payload) > maxPayload:
		return nil, fmt.Errorf("delivery %s: payload is longer than %d bytes", d.GUID, maxPayload)
	case len(d.Payload) > 0 && !json.Valid(d.Payload):
		return nil, fmt.Errorf("delivery %s: payload is not JSON", d.GUID)
	case d.Priority < 0 || d.Priority > 4:
		return nil, fmt.Errorf("delivery %s: priority %d is not 0 to 4", d.GUID, d.Priority)
	}
	if d.Priority == 0 {
		d.Priority = 2
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("delivery %s: %w", d.GUID, err)
	}
	return &item{delivery: d, body: string(body), done: make(chan outcome, 1)}, nil
}

// commit is the one goroutine that writes deliveries. It takes what is waiting
// into one transaction: a disk syncs a few hundred times a second, senders come
// by the thousand.
func (s *Store) commit(ctx context.Context) {
	defer close(s.closed)
	for {
		select {
		case it := <-s.waiting:
			s.flush(ctx, s.gather(it))
		case <-s.closing:
			for {
				select {
				case it := <-s.waiting:
					s.flush(ctx, s.gather(it))
				default:
					return
				}
			}
		}
	}
}

func (s *Store) gather(first *item) []*item {
	batch := []*item{first}
	for len(batch) < maxBatch {
		select {
		case it := <-s.waiting:
			batch = append(batch, it)
		default:
			return batch
		}
	}
	return batch
}

// flush commits a batch and answers its senders. If that fails with several,
// each is tried alone, so that one bad item fails only itself; not if time ran
// out, because then every other one would wait as long again.
func (s *Store) flush(ctx context.Context, batch []*item) {
	duplicates, err := s.intake(ctx, batch)
	switch {
	case err == nil:
		for i, it := range batch {
			it.done <- outcome{duplicate: duplicates[i]}
		}
	case len(batch) == 1 || errors.Is(err, context.DeadlineExceeded):
		for _, it := range batch {
			it.done <- outcome{err: fmt.Errorf("keep delivery %s: %w", it.delivery.GUID, err)}
		}
	default:
		for _, it := range batch {
			s.flush(ctx, []*item{it})
		}
	}
}

// intake is one transaction for a batch, after which runs of older deliveries
// are cancelled.
func (s *Store) intake(ctx context.Context, batch []*item) ([]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, intakeTimeout)
	defer cancel()
	duplicates, generations, err := s.engine.intake(ctx, batch)
	if err != nil {
		return nil, err
	}
	for key, generation := range generations {
		s.runs.supersede(key, generation)
	}
	return duplicates, nil
}

// owed is what a batch adds to the work of one key.
type owed struct {
	key        string
	deliveries int64 // how many the batch has
	newest     *item
	priority   int // the most urgent of them
	demands    []string
}

// byKey groups the items that are not skipped by key, in the order of keys.
// Every transaction locks keys in that order, so two machines cannot wait for
// each other.
func byKey(batch []*item, skip []bool) []owed {
	at := make(map[string]int, len(batch))
	var groups []owed
	for i, it := range batch {
		key := it.delivery.Key
		if skip[i] || key == "" {
			continue
		}
		g, ok := at[key]
		if !ok {
			g = len(groups)
			at[key] = g
			groups = append(groups, owed{key: key, priority: it.delivery.Priority})
		}
		groups[g].deliveries++
		groups[g].newest = it // batches are in the order of arrival
		groups[g].priority = min(groups[g].priority, it.delivery.Priority)
		if it.delivery.Demand {
			groups[g].demands = append(groups[g].demands, it.delivery.GUID)
		}
	}
	slices.SortFunc(groups, func(a, b owed) int { return strings.Compare(a.key, b.key) })
	return groups
}

// insertDeliveries is one statement for the batch, sorted by GUID for the same
// reason as in byKey. It says which items were there before; the second of a
// GUID within the batch counts as one.
func (s *Store) insertDeliveries(ctx context.Context, tx statements, batch []*item) ([]bool, error) {
	first := make(map[string]int, len(batch))
	duplicate := make([]bool, len(batch))
	var order []int
	for i, it := range batch {
		duplicate[i] = true
		if _, again := first[it.delivery.GUID]; !again {
			first[it.delivery.GUID] = i
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(batch[a].delivery.GUID, batch[b].delivery.GUID) })
	now := s.now()
	var args []any
	for _, i := range order {
		d := batch[i].delivery
		args = append(args, d.GUID, d.Event, d.Action, repository(d), d.Number, d.Key, now)
	}
	query := `insert into delivery (guid, event, action, repository, number, key, received_at) values ` +
		placeholders(len(order), 7) + ` on conflict (guid) do nothing returning guid`
	err := tx.each(ctx, query, args, func(scan scanner) error {
		var guid string
		if err := scan(&guid); err != nil {
			return err
		}
		duplicate[first[guid]] = false
		return nil
	})
	return duplicate, err
}

// addWork raises the generation of every key and returns it by key.
func (s *Store) addWork(ctx context.Context, tx statements, groups []owed) (map[string]int64, error) {
	now := s.now()
	args := make([]any, 0, 4*len(groups))
	for _, g := range groups {
		args = append(args, g.key, g.deliveries, g.newest.body, now)
	}
	query := `insert into work_item (key, gen, delivery, updated_at) values ` + placeholders(len(groups), 4) +
		` on conflict (key) do update set gen = work_item.gen + excluded.gen,
		delivery = excluded.delivery, updated_at = excluded.updated_at returning key, gen`
	generations := make(map[string]int64, len(groups))
	err := tx.each(ctx, query, args, func(scan scanner) error {
		var key string
		var generation int64
		if err := scan(&key, &generation); err != nil {
			return err
		}
		generations[key] = generation
		return nil
	})
	return generations, err
}

// demandsOn is the scope in which the demands for the work of a key are noted.
func demandsOn(key string) string { return "demand/" + key }

func (s *Store) addDemands(ctx context.Context, tx statements, groups []owed) error {
	now := s.now()
	var args []any
	for _, g := range groups {
		for _, guid := range g.demands {
			args = append(args, demandsOn(g.key), guid, now)
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `insert into note (scope, name, at) values `+placeholders(len(args)/3, 3)+` on conflict (scope, name) do nothing`, args...)
	return err
}

func repository(d Delivery) string {
	if d.Owner == "" && d.Name == "" {
		return ""
	}
	return d.Owner + "/" + d.Name
}

// placeholders is ($1,$2),($3,$4) for 2 rows of 2 columns.
func placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}

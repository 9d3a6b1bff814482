package github

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// What GitHub allows one installation, after
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
// Whether check runs count as content is not documented; they are paced as if
// they did.
const (
	maxConcurrent    = 32          // GitHub stops at 100 for everything an installation does
	writeInterval    = time.Second // between requests that change something, when there are many
	writeBurst       = 10          // that need not keep it: 70 a minute, of 80
	maxWritesPerHour = 500
	maxPoints        = 900 // a minute over REST
	maxQueryPoints   = 2000
	readPoints       = 1
	writePoints      = 5
	maxWriteWait     = 30 * time.Second
	maxSpareWait     = 2 * time.Second // of work that can wait: its turns would be before those of others
)

// Rate is the last known state of one of an installation's budgets.
type Rate struct {
	// Resource is GitHub's name: "core" for REST, "graphql".
	Resource         string
	Limit, Remaining int
	Reset            time.Time
}

// gate is the one place that knows what an installation may still ask. It
// refuses with a [RateLimitError] what GitHub would refuse anyway: asking
// while limited prolongs the limit.
type gate struct {
	clock Clock
	slots chan struct{}

	mu      sync.Mutex
	blocked map[string]time.Time // by resource, "secondary" for all
	strikes int                  // limited answers in a row
	pace    bucket               // of writes
	points  map[string]*bucket   // by resource
	writes  []time.Time          // of the last hour, oldest first
	budgets map[string]budget    // by resource
}

func newGate(clock Clock) *gate {
	return &gate{
		clock:   clock,
		slots:   make(chan struct{}, maxConcurrent),
		blocked: make(map[string]time.Time),
		pace:    bucket{size: writeBurst, every: writeInterval},
		points: map[string]*bucket{
			"core":    perMinute(maxPoints),
			"graphql": perMinute(maxQueryPoints),
		},
		budgets: make(map[string]budget),
	}
}

// perMinute allows no more than n in any minute: half of it at once, and what
// comes back in a minute is the other half.
func perMinute(n int) *bucket {
	return &bucket{size: float64(n) / 2, every: 2 * time.Minute / time.Duration(n)}
}

// admit waits for a place among the concurrent requests, and before that for
// the request's turn. The caller gives the place back with release.
func (g *gate) admit(ctx context.Context, resource string, write bool) error {
	wait, err := g.reserve(resource, write, priorityOf(ctx))
	if err != nil {
		return err
	}
	if wait > 0 {
		if err := g.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) release() { <-g.slots }

// reserve takes the next turn of a request and tells how long it is away. A
// turn too far away is not taken: the work is better put back than held.
func (g *gate) reserve(resource string, write bool, priority int) (time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	if err := g.open(resource, priority, now); err != nil {
		return 0, err
	}
	longest := maxWriteWait
	if priority > priorityPush {
		longest = maxSpareWait
	}
	points := readPoints
	if write {
		points = writePoints
	}
	wait, ok := g.points[resource].take(now, float64(points), longest)
	if !ok {
		return 0, &RateLimitError{Resource: "secondary", Wait: wait}
	}
	if write {
		turn, err := g.reserveWrite(now, priority, longest)
		return max(wait, turn), err
	}
	return wait, nil
}

// open refuses what GitHub would refuse, and what has to leave the rest of a
// budget to others.
func (g *gate) open(resource string, priority int, now time.Time) error {
	for _, r := range [...]string{"secondary", resource} {
		if until, ok := g.blocked[r]; ok {
			if wait := until.Sub(now); wait > 0 {
				return &RateLimitError{Resource: r, Wait: wait}
			}
			delete(g.blocked, r)
		}
	}
	if wait := g.budgets[resource].short(priority, now); wait > 0 {
		return &RateLimitError{Resource: resource, Wait: wait}
	}
	return nil
}

func (g *gate) reserveWrite(now time.Time, priority int, longest time.Duration) (time.Duration, error) {
	old := 0
	for old < len(g.writes) && now.Sub(g.writes[old]) >= time.Hour {
		old++
	}
	g.writes = append(g.writes[:0], g.writes[old:]...)
	most := maxWritesPerHour - int(kept(priority)*maxWritesPerHour)
	if n := len(g.writes); n >= most {
		// When so many have left the hour that one more is within the share.
		return 0, &RateLimitError{Resource: "content", Wait: g.writes[n-most].Add(time.Hour).Sub(now)}
	}
	wait, ok := g.pace.take(now, 1, longest)
	if !ok {
		return 0, &RateLimitError{Resource: "content", Wait: wait}
	}
	g.writes = append(g.writes, now.Add(wait))
	return wait, nil
}

// note remembers what an answer's headers say about the budget.
func (g *gate) note(h http.Header) {
	now := g.clock.Now()
	b, ok := budgetOf(h, now)
	if !ok {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.budgets[b.Resource]; known || len(g.budgets) < 16 {
		g.budgets[b.Resource] = b
	}
	if b.Remaining == 0 {
		g.blocked[b.Resource] = now.Add(limitWait(h, now, 0))
	}
}

// limited remembers a refusal, so that nothing more is asked until it ends.
func (g *gate) limited(e *RateLimitError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strikes++
	g.blocked[e.Resource] = g.clock.Now().Add(e.Wait)
}

func (g *gate) succeeded() {
	g.mu.Lock()
	g.strikes = 0
	g.mu.Unlock()
}

func (g *gate) struck() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.strikes
}

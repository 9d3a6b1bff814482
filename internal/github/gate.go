package github

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What GitHub allows one installation, after
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
// Whether check runs count as content is not documented; they are paced as if
// they did.
const (
	maxConcurrent    = 32          // GitHub stops at 100 for everything an installation does
	writeInterval    = time.Second // between requests that change something
	maxWritesPerHour = 500         // and 80 a minute, which the interval implies
	maxWriteWait     = 30 * time.Second
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
	next    time.Time            // the earliest moment of the next write
	writes  []time.Time          // of the last hour, oldest first
	rates   map[string]Rate
}

func newGate(clock Clock) *gate {
	return &gate{
		clock:   clock,
		slots:   make(chan struct{}, maxConcurrent),
		blocked: make(map[string]time.Time),
		rates:   make(map[string]Rate),
	}
}

// admit waits for a place among the concurrent requests, and for a write until
// its turn. The caller gives the place back with release.
func (g *gate) admit(ctx context.Context, resource string, write bool) error {
	if err := g.open(resource); err != nil {
		return err
	}
	if write {
		wait, err := g.reserve()
		if err != nil {
			return err
		}
		if wait > 0 {
			if err := g.clock.Sleep(ctx, wait); err != nil {
				return err
			}
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

func (g *gate) open(resource string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	for _, r := range [...]string{"secondary", resource} {
		if until, ok := g.blocked[r]; ok {
			if wait := until.Sub(now); wait > 0 {
				return &RateLimitError{Resource: r, Wait: wait}
			}
			delete(g.blocked, r)
		}
	}
	return nil
}

// reserve takes the next turn of a write and tells how long it is away. A turn
// too far away is not taken: the work is better put back than held.
func (g *gate) reserve() (time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	old := 0
	for old < len(g.writes) && now.Sub(g.writes[old]) >= time.Hour {
		old++
	}
	g.writes = append(g.writes[:0], g.writes[old:]...)
	if len(g.writes) >= maxWritesPerHour {
		return 0, &RateLimitError{Resource: "content", Wait: g.writes[0].Add(time.Hour).Sub(now)}
	}
	at := now
	if g.next.After(now) {
		at = g.next
	}
	if wait := at.Sub(now); wait > maxWriteWait {
		return 0, &RateLimitError{Resource: "content", Wait: wait}
	}
	g.next = at.Add(writeInterval)
	g.writes = append(g.writes, at)
	return at.Sub(now), nil
}

// note remembers what an answer's headers say about the budget.
func (g *gate) note(h http.Header) {
	resource := h.Get("X-RateLimit-Resource")
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if err != nil {
		return
	}
	remaining, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil {
		return
	}
	if resource == "" {
		resource = "core"
	}
	now := g.clock.Now()
	rate := Rate{Resource: printable(resource, 40), Limit: limit, Remaining: remaining}
	if seconds, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		rate.Reset = time.Unix(seconds, 0)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.rates[rate.Resource]; known || len(g.rates) < 16 {
		g.rates[rate.Resource] = rate
	}
	if remaining == 0 {
		g.blocked[rate.Resource] = now.Add(limitWait(h, now, 0))
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

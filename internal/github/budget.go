package github

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Priorities of requests, those of the queue's jobs.
const (
	priorityClick = 1 // somebody waits; also what has no priority
	priorityPush  = 2
)

// kept is the share of a budget that requests of a priority leave to more
// urgent ones: so that a baseline of a thousand repositories does not hold up
// reviews, and pushes of bots do not hold up a click.
func kept(priority int) float64 {
	switch {
	case priority <= priorityClick:
		return 0
	case priority == priorityPush:
		return 0.05
	default:
		return 0.4
	}
}

type priorityKey struct{}

// WithPriority says how urgent the requests of a context are: 1 for somebody
// who waits, which they are without it, 2 for pushes, 3 and 4 for what can
// wait. When an installation's budget runs low, the less urgent are refused
// with a [RateLimitError] while there is still something left for the others.
func WithPriority(ctx context.Context, priority int) context.Context {
	return context.WithValue(ctx, priorityKey{}, priority)
}

func priorityOf(ctx context.Context) int {
	p, ok := ctx.Value(priorityKey{}).(int)
	if !ok {
		return priorityClick
	}
	return p
}

// budget is a [Rate] and when it is whole again by our clock.
type budget struct {
	Rate
	until time.Time
}

// budgetOf reads an answer's headers; false if they tell nothing.
func budgetOf(h http.Header, now time.Time) (budget, bool) {
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if err != nil {
		return budget{}, false
	}
	remaining, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil {
		return budget{}, false
	}
	resource := h.Get("X-RateLimit-Resource")
	if resource == "" {
		resource = "core"
	}
	b := budget{Rate: Rate{Resource: printable(resource, 40), Limit: limit, Remaining: remaining}}
	seconds, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return b, true
	}
	b.Reset = time.Unix(seconds, 0)
	b.until = now.Add(resetWait(b.Reset, githubNow(h, now)))
	return b, true
}

// short is how long a request of a priority has to wait for a budget that is
// nearly used up; 0 if it need not.
func (b budget) short(priority int, now time.Time) time.Duration {
	if float64(b.Remaining) > kept(priority)*float64(b.Limit) || !b.until.After(now) {
		return 0
	}
	return b.until.Sub(now)
}

// bucket allows some at once and then so many in a time. The zero bucket is
// full.
type bucket struct {
	size  float64
	every time.Duration // for one
	taken float64
	since time.Time // when taken was so much
}

// take takes n and tells how long to wait before using them. Nothing is taken
// if that is longer than longest.
func (b *bucket) take(now time.Time, n float64, longest time.Duration) (wait time.Duration, ok bool) {
	taken := max(0, b.taken-float64(now.Sub(b.since))/float64(b.every))
	if over := taken + n - b.size; over > 0 {
		wait = time.Duration(over * float64(b.every))
	}
	if wait > longest {
		return wait, false
	}
	b.taken, b.since = taken+n, now
	return wait, true
}

package queue

import (
	"log/slog"
	"time"
)

// Options are what [Open] needs. URL is required.
type Options struct {
	// URL is sqlite: and the path of a file on a local disk, or a postgres:// URL.
	URL string
	// Workers is how many jobs run at a time on this machine; 0 means 4.
	Workers int
	// Handler does the work; nil makes a store that only takes in.
	Handler Handler
	// Logger gets one line per finished run; nil discards.
	Logger *slog.Logger
	// Clock is the time for what this package itself keeps; nil is time.Now.
	Clock func() time.Time
	// OnBug is told of panics and broken invariants; nil ignores them.
	OnBug func(error)
	// MaxAttempts is how often a job is tried; 0 means 8, which with the default
	// pause is about 80 minutes.
	MaxAttempts int
	// Backoff is the pause after a failed attempt (1, 2, …), above zero; nil is
	// the fourth power of the attempt in seconds.
	Backoff func(attempt int) time.Duration
	// JobTimeout is the longest a job may run; 0 means 5 minutes.
	JobTimeout time.Duration
	// Grace is how long jobs may go on after [Store.Stop] before they are
	// cancelled and handed back; 0 means 20 seconds.
	Grace time.Duration
	// BlobBytes bounds the cache of blobs; 0 means 256 MiB.
	BlobBytes int64

	lease  time.Duration     // how long a node counts as alive without a sign of life; 0 means 15 s
	sweep  time.Duration     // how often what is owed is looked for; 0 means 1 min
	watch  time.Duration     // how often generations are compared with other machines; 0 means 2 s
	buffer int               // deliveries that may wait for a commit; 0 means 1024
	step   func(name string) // told of every step, so that tests can end the process there
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	set(&o.JobTimeout, 5*time.Minute)
	set(&o.Grace, 20*time.Second)
	set(&o.lease, 15*time.Second)
	set(&o.sweep, time.Minute)
	set(&o.watch, 2*time.Second)
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = 8
	}
	if o.BlobBytes <= 0 {
		o.BlobBytes = 256 << 20
	}
	if o.buffer <= 0 {
		o.buffer = 1024
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.OnBug == nil {
		o.OnBug = func(error) {}
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	return o
}

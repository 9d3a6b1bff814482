package queue

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkIntake is 64 senders, each of which waits for its answer, as GitHub
// does, on SQLite with a sync for every transaction.
func BenchmarkIntake(b *testing.B) {
	const senders = 64
	r := open(b, Options{URL: sqliteURL(b)})
	var next atomic.Int64
	times := make([][]time.Duration, senders)
	var wg sync.WaitGroup
	b.ResetTimer()
	for s := range senders {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				begun := time.Now()
				name := strconv.FormatInt(n, 10)
				if _, err := r.Enqueue(b.Context(), Delivery{
					GUID: "72d3162e-cc78-11e3-81ab-" + name, Event: "pull_request", Action: "synchronize",
					Installation: 1, Repository: 2, Owner: "acme", Name: "infra", Kind: "review",
					Number: int(n), Key: "review/2/" + name, Payload: []byte(`{"head":"6dcb09b5b57875f334f61aebed695e2e4193db5e"}`),
				}); err != nil {
					b.Error(err)
				}
				times[s] = append(times[s], time.Since(begun))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(times...)
	slices.Sort(all)
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkWork is from the sender's call to the end of the job in the database.
func BenchmarkWork(b *testing.B) {
	r := begin(b, Options{URL: sqliteURL(b), Workers: 8, Handler: func(context.Context, Job) error { return nil }})
	times := make([]time.Duration, 0, b.N)
	for n := range b.N {
		begun := time.Now()
		r.put(b, Delivery{GUID: strconv.Itoa(n), Key: strconv.Itoa(n)})
		<-r.ends
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}

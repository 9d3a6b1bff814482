package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
)

// TestRiverVersion holds River's modules together: a newer core with an older
// driver compiles, and then treats retried jobs as cancelled.
func TestRiverVersion(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s*(?:require )?(github\.com/riverqueue/river\S*) (v\S+)`).FindAllStringSubmatch(string(text), -1) {
		versions[m[1]] = m[2]
	}
	core := "github.com/riverqueue/river"
	for _, module := range []string{"", "/riverdriver", "/riverdriver/riverpgxv5", "/riverdriver/riversqlite", "/rivershared", "/rivertype"} {
		if v := versions[core+module]; v == "" || v != versions[core] {
			t.Errorf("%s%s is at %q, and the core at %q", core, module, v, versions[core])
		}
	}
	if strings.Contains(string(text), "replace ") && strings.Contains(string(text), "=> github.com/riverqueue") {
		t.Error("a module of River is replaced")
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(strings.Repeat("not a database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ url, want string }{
		{"", `open database "": not sqlite:PATH`},
		{"mysql://root:secret@h/d", "open database mysql://root@h/d: not sqlite:PATH"},
		{"sqlite:", "open database sqlite:: no path"},
		{"sqlite::memory:", "no path of a file"},
		{"sqlite:" + file, "open database sqlite:" + file + ": "},
		{"sqlite:" + filepath.Join(file, "x.db"), "not a directory"},
		{"postgres://bot:secret@127.0.0.1:1/d?connect_timeout=2", "open database postgres://bot@127.0.0.1:1/d?connect_timeout=2: "},
		{"postgres://bot:secret@127.0.0.1:1/d?sslpassword=secret&sslmode=odd", "is not understood"},
		{"postgres://bot:se cret@127.0.0.1:port/d", "open database postgres:…: not a URL"},
		{"postgresql://bot@h:1/d?password=secret&pool_max_conns=none", "open database postgresql://bot@h:1/d?pool_max_conns=none: "},
	} {
		s, err := Open(t.Context(), Options{URL: c.url})
		if err == nil {
			t.Errorf("%s: opened", c.url)
			_ = s.Close()
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.want) || strings.ContainsAny(text, "\n\t") ||
			strings.Contains(text, "secret@") || strings.Contains(text, "=secret") || strings.Contains(text, "cret@") {
			t.Errorf("%s: %q, want %q", c.url, text, c.want)
		}
	}
}

// TestSQLiteFile is about what is on the disk.
func TestSQLiteFile(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	path := strings.TrimPrefix(url, "sqlite:")
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1"})
	if _, err := Open(t.Context(), Options{URL: url}); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	for _, c := range []struct{ pragma, want string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"busy_timeout", "10000"}, {"journal_size_limit", "67108864"},
	} {
		var got string
		if err := r.db.QueryRowContext(t.Context(), "pragma "+c.pragma).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s = %s, %v; want %s", c.pragma, got, err, c.want)
		}
	}
	if n := r.db.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections", n)
	}
	if runtime.GOOS != "windows" {
		for _, name := range []string{path, path + "-wal", path + ".lock"} {
			info, err := os.Stat(name)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v; want it private", name, info.Mode(), err)
			}
		}
	}
	r = r.reopen(t)
	if list, err := r.Deliveries(t.Context(), 10); err != nil || len(list) != 1 {
		t.Errorf("after opening again: %v, %v", list, err)
	}
}

// TestTakeInOnly is about a store without a handler, for a machine that only
// receives.
func TestTakeInOnly(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err == nil {
		t.Error("started twice")
	}
	if _, err := s.Enqueue(t.Context(), Delivery{GUID: "g1", Event: "push", Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	r := begin(t, Options{URL: url})
	if job := r.finish(t, nil); job.Delivery.GUID != "g1" {
		t.Errorf("job = %+v", job)
	}
}

func TestEnqueueCancelled(t *testing.T) {
	t.Parallel()
	held, release := make(chan struct{}), make(chan struct{})
	r := open(t, Options{URL: sqliteURL(t), step: func(step string) {
		if step == "intake: begun" {
			close(held)
			<-release
		}
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-held
		cancel()
	}()
	if _, err := r.Enqueue(ctx, Delivery{GUID: "g", Event: "push"}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	close(release)
}

// TestBadItem has one item of a batch fail: the others are kept.
func TestBadItem(t *testing.T) {
	t.Parallel()
	r := open(t, Options{URL: sqliteURL(t)})
	r.exec(t, `create trigger refuse before insert on delivery when new.guid = 'bad' begin select raise(abort, 'refused'); end`)
	var batch []*item
	for _, guid := range []string{"a", "bad", "b"} {
		it, err := newItem(Delivery{GUID: guid, Event: "push", Key: guid})
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, it)
	}
	r.flush(t.Context(), batch)
	for i, wantErr := range []bool{false, true, false} {
		if o := receive(t, batch[i].done, "answer"); (o.err != nil) != wantErr || o.duplicate {
			t.Errorf("%s: %+v", batch[i].delivery.GUID, o)
		}
	}
	r.states(t, map[string]int{"available": 2})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	fail := errors.New("bad gateway")
	stopped, stop := context.WithCancelCause(context.Background())
	stop(errors.New("stop"))
	remote, cancelRemote := context.WithCancelCause(context.Background())
	cancelRemote(river.ErrJobCancelledRemotely)
	late, cancelLate := context.WithTimeout(context.Background(), 0)
	defer cancelLate()
	running := context.Background()
	first, last := Job{Attempt: 1, MaxAttempts: 2}, Job{Attempt: 2, MaxAttempts: 2}
	exhausted := Job{Attempt: 3, MaxAttempts: 3, Exhausted: true}
	permanent := permanentError{fail}
	for name, c := range map[string]struct {
		ctx  context.Context //nolint:containedctx // a table
		job  Job
		err  error
		want verdict
	}{
		"done":                    {running, first, nil, verdict{what: done}},
		"done while stopping":     {stopped, first, nil, verdict{what: done}},
		"failed":                  {running, first, fail, verdict{what: retry}},
		"failed late":             {late, first, late.Err(), verdict{what: retry}},
		"failed last":             {running, last, fail, verdict{what: discarded}},
		"permanent":               {running, first, permanent, verdict{what: cancelled}},
		"permanent while stop":    {stopped, first, permanent, verdict{what: cancelled}},
		"stopping":                {stopped, last, fail, verdict{what: handBack}},
		"cancelled in River":      {remote, first, fail, verdict{what: retry}},
		"wait":                    {running, last, waitError{time.Minute}, verdict{what: later, after: time.Minute}},
		"wait, negative":          {running, last, waitError{-time.Minute}, verdict{what: later, after: time.Second}},
		"wait, endless":           {running, last, waitError{1 << 62}, verdict{what: later, after: maxWait}},
		"wait, wrapped":           {running, last, fmt.Errorf("w: %w", waitError{time.Minute}), verdict{what: later, after: time.Minute}},
		"exhausted":               {running, exhausted, nil, verdict{what: discarded}},
		"exhausted, failed":       {running, exhausted, fail, verdict{what: discarded}},
		"exhausted, stopping":     {stopped, exhausted, fail, verdict{what: handBack}},
		"exhausted, rate limited": {running, exhausted, waitError{time.Minute}, verdict{what: later, after: time.Minute}},
	} {
		got := judge(c.ctx, c.job, c.err)
		if (got.err == nil) != (c.want.what == done) {
			t.Errorf("%s: err = %v", name, got.err)
		}
		if got.err = nil; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestByKey(t *testing.T) {
	t.Parallel()
	var batch []*item
	for _, d := range []Delivery{
		{GUID: "1", Key: "b", Priority: 3}, {GUID: "2", Key: "a", Priority: 2}, {GUID: "3"}, {GUID: "4", Key: "b", Priority: 4}, {GUID: "5", Key: "a"},
	} {
		batch = append(batch, &item{delivery: d})
	}
	type group struct {
		Key, Newest string
		N           int64
		Priority    int
	}
	var got []group
	for _, g := range byKey(batch, []bool{false, false, false, false, true}) {
		got = append(got, group{g.key, g.newest.delivery.GUID, g.deliveries, g.priority})
	}
	if d := cmp.Diff([]group{{"a", "2", 1, 2}, {"b", "4", 2, 3}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRuns is about a delivery that comes between the start of a run and its
// reading of the generation.
func TestRuns(t *testing.T) {
	t.Parallel()
	active := &runs{active: map[*run]struct{}{}}
	ctx, cancel := context.WithCancelCause(t.Context())
	other, cancelOther := context.WithCancelCause(t.Context())
	defer cancelOther(nil)
	r, o := active.begin("k", cancel), active.begin("other", cancelOther)
	active.supersede("k", 5)
	if ctx.Err() != nil {
		t.Error("cancelled although it may read generation 5")
	}
	active.arm(r, 4)
	active.arm(o, 1)
	if !errors.Is(context.Cause(ctx), ErrSuperseded) || other.Err() != nil {
		t.Errorf("causes: %v, %v", context.Cause(ctx), context.Cause(other))
	}
	active.end(r)
	active.end(o)
	if keys := active.keys(); len(keys) != 0 {
		t.Errorf("keys = %v", keys)
	}
}

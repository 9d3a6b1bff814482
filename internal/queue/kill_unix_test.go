//go:build unix

//nolint:thelper // functions named test… are tests, which TestQueue runs on every database
package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVariable tells the test binary that it is to be a process that gets
// killed, and how.
const childVariable = "QUEUE_TEST_CHILD"

// child is what such a process does: open the store, send a delivery unless
// there is one, work, and die at a step.
type child struct {
	URL         string
	Step        string // "" is in the handler
	Log         string // a file: "acknowledged" and one line for every run of the handler
	MaxAttempts int
	Supersede   bool // send a second delivery while the first is worked on
}

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(childVariable); ok {
		if err := beChild(text); err != nil {
			panic(err)
		}
		return
	}
	m.Run()
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal may take a moment
}

func beChild(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var s *Store
	opts := Options{
		URL: c.URL, MaxAttempts: c.MaxAttempts, lease: time.Second,
		step: func(step string) {
			if step == c.Step {
				die()
			}
		},
		Handler: func(ctx context.Context, job Job) error {
			if err := appendLine(c.Log, "run"); err != nil {
				return err
			}
			if c.Supersede && job.Generation == 1 {
				if _, err := s.Enqueue(ctx, Delivery{GUID: "g2", Event: "push", Key: "k"}); err != nil && ctx.Err() == nil {
					return err
				}
			}
			if c.Step == "" {
				die()
			}
			return nil
		},
	}
	var err error
	if s, err = Open(ctx, opts); err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	if _, err := s.Enqueue(ctx, Delivery{GUID: "g1", Event: "push", Key: "k"}); err != nil {
		return err
	}
	if err := appendLine(c.Log, "acknowledged"); err != nil {
		return err
	}
	<-ctx.Done()
	return errors.New("step not reached: " + c.Step)
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// lines counts the lines in a file that may not be there.
func lines(t *testing.T, path, line string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(b), line+"\n")
}

// runChild runs a child until it has killed itself.
func runChild(t *testing.T, c child) {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("child: %v\n%s", err, out.String())
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("child: %v\n%s", err, out.String())
	}
}

// kill is a step after which a process is killed, and what it leaves behind.
type kill struct {
	step      string
	supersede bool // a second delivery came during the first run
	duplicate bool // the delivery is there
	runs      int  // how often the handler ran
	over      bool // nothing is left to do
}

func (k kill) name() string {
	if k.supersede {
		return k.step + ", superseded"
	}
	return k.step
}

// kills is every step there is.
func kills() []kill {
	return []kill{
		{step: "intake: begun"},
		{step: "intake: deliveries inserted"},
		{step: "intake: work added"},
		{step: "intake: jobs inserted"},
		{step: "intake: committed", duplicate: true},
		{step: "work: begun", duplicate: true},
		{step: "work: handled", duplicate: true, runs: 1},
		{step: "end: generation marked", duplicate: true, runs: 1},
		{step: "end: job completed", duplicate: true, runs: 1},
		{step: "end: next job inserted", duplicate: true, runs: 1, supersede: true},
		{step: "end: committed", duplicate: true, runs: 1, over: true},
		{step: "end: committed", duplicate: true, runs: 1, supersede: true},
	}
}

// testKill kills a process after a step. The next process finds everything that
// was acknowledged, does what is left, and does not do again what was done.
func testKill(t *testing.T, url string, k kill) {
	log := filepath.Join(t.TempDir(), "log")
	runChild(t, child{URL: url, Step: k.step, Log: log, Supersede: k.supersede})
	if got := lines(t, log, "run"); got != k.runs {
		t.Errorf("the child ran the handler %d times, want %d", got, k.runs)
	}
	r := open(t, Options{URL: url})
	// What was not acknowledged is delivered again.
	duplicate, err := r.Enqueue(t.Context(), Delivery{GUID: "g1", Event: "push", Key: "k"})
	if err != nil || duplicate != k.duplicate {
		t.Errorf("delivered again: duplicate = %v, %v; want %v", duplicate, err, k.duplicate)
	}
	if !k.duplicate && lines(t, log, "acknowledged") > 0 {
		t.Error("acknowledged, and lost")
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !k.over {
		r.next(t).reply <- nil
	}
	for gen, done := r.generations(t, "k"); done < gen; gen, done = r.generations(t, "k") {
		select {
		case c := <-r.calls:
			c.reply <- nil
		case <-r.ends:
		case <-time.After(patience):
			t.Fatal("the work has no end")
		}
	}
	counts, err := r.Counts(t.Context())
	if err != nil || counts["completed"] == 0 || len(counts) != 1 {
		t.Errorf("jobs by state: %v, %v", counts, err)
	}
}

// testKiller has a job that ends its process in every attempt. After the last
// one the handler may say so, and then the job is a dead letter.
func testKiller(t *testing.T, url string) {
	log := filepath.Join(t.TempDir(), "log")
	for attempt := 1; attempt <= 2; attempt++ {
		runChild(t, child{URL: url, Log: log, MaxAttempts: 2})
		if got := lines(t, log, "run"); got != attempt {
			t.Fatalf("%d runs after attempt %d", got, attempt)
		}
	}
	r := begin(t, Options{URL: url, MaxAttempts: 2})
	if job := r.finish(t, nil); !job.Exhausted {
		t.Errorf("job = %+v, want it exhausted", job)
	}
	r.states(t, map[string]int{"discarded": 1})
	// A new delivery begins with all its attempts.
	r.put(t, Delivery{GUID: "g2", Key: "k"})
	if job := r.finish(t, nil); job.Exhausted || job.Attempt != 1 {
		t.Errorf("job = %+v", job)
	}
}

// testKillerForGood has one that even dies while the handler says so.
func testKillerForGood(t *testing.T, url string) {
	log := filepath.Join(t.TempDir(), "log")
	for range 3 {
		runChild(t, child{URL: url, Log: log, MaxAttempts: 2})
	}
	r := begin(t, Options{URL: url, MaxAttempts: 2})
	// On PostgreSQL the dead process's lease has to end first.
	deadline := time.Now().Add(patience)
	for counts := map[string]int{}; r.dialect.shared && counts["discarded"] == 0 && time.Now().Before(deadline); {
		if err := r.buryNodes(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if counts, err = r.Counts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r.states(t, map[string]int{"discarded": 1})
	if gen, done := r.generations(t, "k"); gen != done {
		t.Errorf("generations = %d, %d: it would begin again", gen, done)
	}
}

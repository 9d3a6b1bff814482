package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

var (
	chaosHistories = flag.Int("chaos", 1, "how many random histories TestChaos goes through")
	chaosSteps     = flag.Int("chaos.steps", 20, "how many steps each history has")
	chaosSeed      = flag.Uint64("chaos.seed", 1, "the seed of the first history; 0 chooses one")
	chaosChild     = flag.String("chaos.child", "", "serve with these settings, for TestChaos")
)

// chaosSpeed is how much faster the App's clock runs than the machine's: its
// pauses would take too long, and a clock that is wrong is part of the trouble.
const chaosSpeed = 20

// TestChaos runs the real program as a process of its own against the stand-in
// and does to it what can happen: webhooks lost, doubled, out of order and too
// early, a third of the API's answers errors or lost after the deed, tokens that
// end at once, clocks that differ, hours of outage, and kill -9 in the middle of
// requests. Once it calms down, the newest check run of every open head is what
// a clean evaluation of its files says, and nothing was done twice.
//
//	go test ./cmd/bot -run '^TestChaos$' -v -chaos 10
func TestChaos(t *testing.T) {
	t.Parallel()
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	for n := range *chaosHistories {
		t.Run(strconv.FormatUint(seed+uint64(n), 10), func(t *testing.T) {
			t.Parallel()
			c := newChaos(t, seed+uint64(n))
			t.Logf("again with -chaos.seed %d -chaos.steps %d", seed+uint64(n), *chaosSteps)
			for range *chaosSteps {
				c.step()
			}
			c.calm()
		})
	}
}

// TestChaosChild is the process that TestChaos kills.
func TestChaosChild(t *testing.T) {
	t.Parallel()
	if *chaosChild == "" {
		t.Skip("for TestChaos only")
	}
	var child chaosProcess
	if err := json.Unmarshal([]byte(*chaosChild), &child); err != nil {
		t.Fatal(err)
	}
	process, err := config.FromEnvironment(config.Environment{Cores: 2, ReadFile: noFile, Lookup: lookupIn(child.Environment)})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(child.Offset) }
	err = serveWith(t.Context(), process, newLogger(os.Stderr, process), func(a addresses) {
		fmt.Fprintln(os.Stdout, chaosListening+a.public.String())
	}, func(q *queue.Options, g *github.Options) {
		q.Clock, q.MaxAttempts = now, 60
		q.Backoff = func(int) time.Duration { return 50 * time.Millisecond }
		g.Clock = fastClock{time.Now()}
	})
	t.Fatalf("served until %v", err)
}

const chaosListening = "listening on "

type chaosProcess struct {
	Environment map[string]string
	Offset      time.Duration // of its clock
}

// fastClock runs chaosSpeed times as fast as the machine's.
type fastClock struct{ start time.Time }

func (c fastClock) Now() time.Time { return c.start.Add(time.Since(c.start) * chaosSpeed) }

func (c fastClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d / chaosSpeed)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// chaos is one history.
type chaos struct {
	*githubtest.Server
	t            *testing.T
	app          int64
	life         context.Context //nolint:containedctx // that of the test, past its end
	dir          string
	random       *rand.Rand
	offset       atomic.Int64 // of everybody's clock but the API client's, in nanoseconds
	pulls        []chaosPull
	calmed       atomic.Bool
	requests     atomic.Int64
	killAt       atomic.Int64
	faults       sync.Mutex
	faultsRandom *rand.Rand

	mu     sync.Mutex
	starts int
	child  *exec.Cmd
	target *url.URL      // where it listens
	dead   chan struct{} // closed when it is gone
	log    *os.File
}

type chaosPull struct {
	number int
	branch string
	base   string
	open   bool
	clicks int
}

const chaosRepository = "acme/infra"

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	c := &chaos{t: t, life: context.WithoutCancel(t.Context()), dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 2)), faultsRandom: rand.New(rand.NewPCG(seed, 3))}
	limits := githubtest.Limits{ContentMinute: githubtest.Off, ContentHour: githubtest.Off, Points: githubtest.Off, GraphQLPoints: githubtest.Off}
	if seed%2 == 0 {
		limits.TokenExpiry = 1
	}
	c.Server = githubtest.NewServer(githubtest.Options{
		Seed: seed, Limits: limits,
		Clock: func() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) },
	})
	api := httptest.NewServer(http.HandlerFunc(c.api))
	t.Cleanup(api.Close)
	c.SetURL(api.URL)
	c.app = c.AddApp(githubtest.App{
		Slug: "onboard-defender", PublicKey: &appKey().PublicKey, WebhookSecret: "secret",
		Permissions: githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write"},
		Events:      []string{"pull_request", "check_run", "check_suite", "push"},
	})
	hooks := httptest.NewServer(http.HandlerFunc(c.hooks))
	t.Cleanup(hooks.Close)
	c.SetWebhook(c.app, hooks.URL+"/webhook", "secret")
	c.CreateRepository(chaosRepository, githubtest.RepositoryOptions{Private: true})
	c.Commit(chaosRepository, "main", githubtest.Files{"readme.md": githubtest.Text("# Infra\n")}, "Start")
	c.Branch(chaosRepository, "release", "main")
	c.SetPermission(chaosRepository, "mona", "write")
	c.Install(c.app, "acme")
	var err error
	if c.log, err = os.Create(c.dir + "/log"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			if b, err := os.ReadFile(c.dir + "/log"); err == nil {
				t.Logf("the end of the log:\n%s", b[max(0, len(b)-20_000):])
			}
		}
		c.log.Close()
	})
	c.start()
	return c
}

// start starts the program and waits until it listens.
func (c *chaos) start() {
	c.t.Helper()
	setting, err := json.Marshal(chaosProcess{
		Environment: variables(c.Server, c.app, "secret", c.dir), Offset: time.Duration(c.offset.Load()),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	child := exec.CommandContext(c.life, self, "-test.run=^TestChaosChild$", "-test.timeout=0", "-chaos.child="+string(setting))
	child.Stderr = c.log
	out, err := child.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		c.t.Fatal(err)
	}
	dead := make(chan struct{})
	listening := make(chan *url.URL, 1)
	go func() {
		defer close(dead)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if address, ok := strings.CutPrefix(lines.Text(), chaosListening); ok {
				listening <- &url.URL{Scheme: "http", Host: address}
			}
			fmt.Fprintln(c.log, lines.Text())
		}
		_ = child.Wait()
	}()
	c.mu.Lock()
	c.child, c.dead, c.target = child, dead, nil
	c.starts++
	c.mu.Unlock()
	select {
	case target := <-listening:
		c.mu.Lock()
		c.target = target
		c.mu.Unlock()
	case <-dead: // killed while it started, which is as good a moment as any
	case <-time.After(time.Minute):
		c.t.Fatal("the program does not listen")
	}
}

// kill is kill -9, and waits until the process is gone.
func (c *chaos) kill() {
	c.mu.Lock()
	child, dead := c.child, c.dead
	c.target = nil
	c.mu.Unlock()
	_ = child.Process.Kill()
	<-dead
}

// restart starts the program if it is dead, after an outage of some hours or of
// a moment.
func (c *chaos) restart() {
	c.t.Helper()
	select {
	case <-c.dead:
		if c.random.IntN(2) == 0 {
			c.offset.Add(int64(time.Hour))
		}
		c.start()
	default:
	}
}

// hooks passes webhooks on to the program, wherever it is.
func (c *chaos) hooks(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	target := c.target
	c.mu.Unlock()
	if target == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	proxy.ServeHTTP(w, r)
}

// api is GitHub as seen through bad weather.
func (c *chaos) api(w http.ResponseWriter, r *http.Request) {
	kill := c.requests.Add(1) == c.killAt.Load()
	c.faults.Lock()
	dice, before := c.faultsRandom.IntN(100), c.faultsRandom.IntN(2) == 0
	c.faults.Unlock()
	if c.calmed.Load() {
		c.ServeHTTP(w, r)
		return
	}
	if kill && before {
		c.kill()
	}
	switch {
	case dice < 20:
		w.WriteHeader(http.StatusBadGateway)
	case dice < 30: // done, and nobody is told
		c.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		answer := httptest.NewRecorder()
		c.ServeHTTP(answer, r)
		if kill && !before {
			c.kill()
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = io.Copy(w, answer.Body)
	}
}

// step lets something happen.
func (c *chaos) step() {
	c.t.Helper()
	kinds := []githubtest.WebhookFault{githubtest.Drop, githubtest.Duplicate, githubtest.Reorder, githubtest.Early}
	if c.random.IntN(2) == 0 {
		c.FaultNext("*", kinds[c.random.IntN(len(kinds))], 1)
	}
	if c.random.IntN(3) == 0 {
		c.killAt.Store(c.requests.Load() + 1 + c.random.Int64N(15))
	}
	if len(c.pulls) < 2 {
		c.open()
	} else {
		p := &c.pulls[c.random.IntN(len(c.pulls))]
		switch dice := c.random.IntN(10); {
		case dice < 2:
			c.open()
		case dice < 6:
			c.Commit(chaosRepository, p.branch, c.files(), "Push", "mona")
		case dice < 7 && p.open:
			c.ClosePull(chaosRepository, p.number)
			p.open = false
		case dice < 7:
			c.Commit(chaosRepository, "main", githubtest.Files{"readme.md": githubtest.Text(strconv.Itoa(c.random.Int()))}, "Push", "mona")
		case dice < 8 && p.open:
			p.base = map[string]string{"main": "release", "release": "main"}[p.base]
			c.ChangeBase(chaosRepository, p.number, p.base)
		case dice < 8 && !p.open:
			c.ReopenPull(chaosRepository, p.number)
			p.open = true
		default:
			c.use(p)
		}
	}
	c.Deliver(c.t.Context())
	c.work(c.random.Int64N(25))
	c.restart()
}

// work lets the program make some requests, or none for a moment.
func (c *chaos) work(requests int64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := c.requests.Load() + requests
	for idle, last := 0, int64(0); idle < 20; idle++ {
		<-tick.C
		now := c.requests.Load()
		if now >= end {
			return
		}
		if now != last {
			idle, last = 0, now
		}
	}
}

func (c *chaos) open() {
	branch := "pull-" + strconv.Itoa(len(c.pulls))
	c.Branch(chaosRepository, branch, "main")
	c.Commit(chaosRepository, branch, c.files(), "Start", "mona")
	number := c.OpenPull(githubtest.PullOptions{Repository: chaosRepository, Head: branch, Author: "mona"})
	c.pulls = append(c.pulls, chaosPull{number: number, branch: branch, base: "main", open: true})
}

// use clicks on a check run of the pull request, if it has one.
func (c *chaos) use(p *chaosPull) {
	for _, run := range slices.Backward(c.CheckRuns(chaosRepository, p.branch)) {
		switch {
		case !p.open || run.Status != "completed":
		case len(run.Actions) > 0 && c.random.IntN(2) == 0:
			c.ClickAction(run.ID, run.Actions[0].Identifier, "mona")
			p.clicks++
			return
		default:
			c.RerequestRun(run.ID, "mona")
			return
		}
	}
}

// files are templates with some APIs, of which some are onboarded.
func (c *chaos) files() githubtest.Files {
	files := githubtest.Files{}
	for n := range 1 + c.random.IntN(2) {
		var b strings.Builder
		b.WriteString("resource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = {\n  name: 'apim'\n}\n")
		for i := range c.random.IntN(60) {
			fmt.Fprintf(&b, "\nresource api%d 'Microsoft.ApiManagement/service/apis@2024-05-01' = {\n  parent: apim\n  name: 'api-%d-%d'\n"+
				"  properties: {\n    path: 'p%d'\n    protocols: [\n      'https'\n    ]\n  }\n}\n", i, n, i, c.random.IntN(1000))
		}
		files[fmt.Sprintf("infra/f%d.bicep", n)] = githubtest.Text(b.String())
	}
	return files
}

// calm ends the bad weather, has the program come back after an outage, and
// waits until all is as it should be.
func (c *chaos) calm() {
	c.t.Helper()
	c.calmed.Store(true)
	c.kill()
	c.offset.Add(int64(2 * time.Hour))
	c.start()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	var problems []string
	for quiet := 0; quiet < 20; { // for a second nothing has changed
		select {
		case <-tick.C:
		case <-limit:
			c.t.Fatalf("not settled: %s", strings.Join(problems, "\n"))
		}
		before := c.requests.Load()
		delivered := c.Deliver(c.t.Context())
		problems = c.problems()
		if quiet++; delivered > 0 || len(problems) > 0 || c.requests.Load() != before {
			quiet = 0
		}
	}
	c.once()
	c.t.Logf("%d pull requests, %d requests, %d processes, %d webhooks", len(c.pulls), c.requests.Load(), c.starts, len(c.Deliveries()))
}

// problems are what is not as it should be.
func (c *chaos) problems() []string {
	var list []string
	for _, p := range c.pulls {
		if !p.open {
			continue
		}
		if err := c.settled(p); err != nil {
			list = append(list, fmt.Sprintf("#%d: %v", p.number, err))
		}
	}
	return list
}

// settled compares the newest check run of a head with a clean evaluation.
func (c *chaos) settled(p chaosPull) error {
	runs := c.CheckRuns(chaosRepository, p.branch)
	if len(runs) == 0 {
		return errors.New("no check run")
	}
	newest := runs[len(runs)-1]
	if newest.Status != "completed" {
		return fmt.Errorf("the check run is %s", newest.Status)
	}
	conclusion, want := c.evaluate(p.branch)
	if newest.Conclusion != conclusion {
		return fmt.Errorf("the check run says %s (%s), a clean evaluation %s", newest.Conclusion, newest.Output.Title, conclusion)
	}
	var got []string
	for _, a := range newest.Output.Annotations {
		got = append(got, place(a.Path, a.StartLine, a.Level, a.Title))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("annotations (-want +got):\n%s", diff)
	}
	return nil
}

func place(path string, line int, level, title string) string {
	return fmt.Sprintf("%s:%d %s %s", path, line, level, title)
}

// evaluate is what the rule says of a branch, whose pull request brings all the
// templates there are.
func (c *chaos) evaluate(branch string) (conclusion string, places []string) {
	c.t.Helper()
	var entries []source.Entry
	for path := range c.Paths(chaosRepository, branch) {
		content, _ := c.File(chaosRepository, branch, path)
		entries = append(entries, source.Entry{Path: path, Mode: source.Regular, File: source.NewFile(path, []byte(content))})
	}
	settings, psRule, _ := config.Load(source.NewSnapshot(entries))
	a, err := review.Analyze(c.t.Context(), source.NewSnapshot(entries), nil, review.Plan{Settings: settings, PSRule: psRule, Today: "2026-01-01"})
	if err != nil {
		c.t.Fatal(err)
	}
	conclusion = "success"
	for _, f := range a.Report.Findings {
		if f.Severity == diag.Failure {
			conclusion = "failure"
		}
	}
	for _, n := range report.Annotations(a.Report) {
		places = append(places, place(n.Path, n.StartLine, n.Level, n.Title))
	}
	slices.Sort(places)
	return conclusion, places
}

// once: of every identity there is one check run that counts, no annotation is
// there twice, and no click led to more than one commit.
func (c *chaos) once() {
	c.t.Helper()
	for _, p := range c.pulls {
		bot := 0
		for _, commit := range c.Log(chaosRepository, p.branch) {
			if strings.HasPrefix(commit.Message, "Onboard") {
				bot++
			}
			c.onceOn(commit.SHA)
		}
		if bot > p.clicks {
			c.t.Errorf("#%d has %d commits for %d clicks", p.number, bot, p.clicks)
		}
	}
}

func (c *chaos) onceOn(sha string) {
	c.t.Helper()
	count := map[string]int{}
	for _, run := range c.CheckRuns(chaosRepository, sha) {
		if run.Status != "completed" {
			c.t.Errorf("%s: check run %s is left %s", sha, run.ExternalID, run.Status)
		}
		if run.Conclusion != "cancelled" {
			count[run.ExternalID]++
		}
		seen := map[string]bool{}
		for _, a := range run.Output.Annotations {
			at := place(a.Path, a.StartLine, a.Level, a.Title)
			if seen[at] {
				c.t.Errorf("%s: annotation twice: %s", sha, at)
			}
			seen[at] = true
		}
	}
	for id, n := range count {
		if n > 1 {
			c.t.Errorf("%s: %d check runs %s", sha, n, id)
		}
	}
}

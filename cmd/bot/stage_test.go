package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/server"
)

const (
	infra  = "acme/infra"
	secret = "a webhook secret"
)

// leaper is a clock whose sleepers wake at once, because it leaps to the moment
// they wait for.
type leaper struct {
	mu  sync.Mutex
	now time.Time
}

func (l *leaper) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *leaper) Sleep(ctx context.Context, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(max(d, 0))
	return context.Cause(ctx)
}

// stage is a GitHub with the App on it: signed webhooks go in at the real desk,
// wait in the real queue, and come out as check runs.
type stage struct {
	t *testing.T
	*githubtest.Server
	clock        *leaper
	app          int64
	installation int64
	repository   int64
	process      config.Process
	store        *queue.Store
	desk         *httptest.Server
	log          *lines
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// newStage makes a GitHub with one repository, on whose default branch are the
// files, and starts the App.
func newStage(t *testing.T, files githubtest.Files, options ...func(*githubtest.Options)) *stage {
	t.Helper()
	s := &stage{t: t, clock: &leaper{now: time.Now().Truncate(time.Second)}, log: &lines{}}
	o := githubtest.Options{Clock: s.clock.Now}
	for _, f := range options {
		f(&o)
	}
	s.Server = githubtest.NewServer(o)
	site := httptest.NewServer(s.Server)
	t.Cleanup(site.Close)
	s.SetURL(site.URL)
	s.app = s.AddApp(githubtest.App{
		Slug: "onboard-defender", PublicKey: &appKey().PublicKey, WebhookSecret: secret,
		Permissions: githubtest.Permissions{
			"checks": "write", "contents": "write", "pull_requests": "write", "merge_queues": "read", "metadata": "read",
		},
		Events: []string{"pull_request", "check_run", "check_suite", "merge_group", "push"},
	})
	s.repository = s.CreateRepository(infra, githubtest.RepositoryOptions{Private: true})
	if files == nil {
		files = githubtest.Files{"README.md": githubtest.Text("# Infra\n")}
	}
	s.Commit(infra, "main", files, "Start")
	s.SetPermission(infra, githubtest.DefaultAuthor, "write")
	s.installation = s.Install(s.app, "acme")
	s.DiscardPending()
	var err error
	s.process, err = config.FromEnvironment(config.Environment{
		Cores: 2, ReadFile: noFile, Lookup: lookupIn(variables(s.Server, s.app, secret, filepath.Join(t.TempDir(), "state"))),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.begin(nil)
	t.Cleanup(s.end)
	return s
}

// begin starts the App.
func (s *stage) begin(adjust func(*queue.Options, *github.Options)) {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(s.log, nil))
	var err error
	s.store, _, err = openStore(context.WithoutCancel(s.t.Context()), s.process, log, func(q *queue.Options, g *github.Options) {
		g.Clock = s.clock
		q.MaxAttempts, q.Backoff = 3, func(int) time.Duration { return time.Millisecond }
		if adjust != nil {
			adjust(q, g)
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	srv, err := server.New(server.Options{Secrets: [][]byte{[]byte(secret)}, AppID: s.app, Intake: s.store, Ready: s.store.Ready, Logger: log})
	if err != nil {
		s.t.Fatal(err)
	}
	s.desk = httptest.NewServer(srv.Public())
	s.SetWebhook(s.app, s.desk.URL+"/webhook", secret)
	if err := s.store.Start(context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}

// end closes everything without waiting for what runs.
func (s *stage) end() {
	if s.store == nil {
		return
	}
	s.desk.Close()
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
	s.store = nil
}

// run delivers what waits and lets the App work until nothing is left to do.
func (s *stage) run() {
	s.t.Helper()
	for {
		s.Deliver(s.t.Context())
		s.until("the queue to be empty", func() bool { return s.unfinished() == 0 })
		if s.Pending() == 0 {
			return
		}
	}
}

// reopen closes a pull request and opens it again, so that it is reviewed anew.
func (s *stage) reopen(number int) {
	s.t.Helper()
	s.ClosePull(infra, number)
	s.ReopenPull(infra, number)
	s.run()
}

// unfinished is the number of jobs that are not over.
func (s *stage) unfinished() int {
	counts, err := s.store.Counts(s.t.Context())
	if err != nil {
		s.t.Error(err)
	}
	return counts["available"] + counts["running"] + counts["retryable"] + counts["scheduled"] + counts["pending"]
}

func (s *stage) until(what string, done func() bool) {
	s.t.Helper()
	if err := wait(s.t.Context(), what, done); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.text.String())
	}
}

// post sends a webhook that the world would not send by itself.
func (s *stage) post(event, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.desk.URL+"/webhook", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", event)
	req.Header.Set("X-GitHub-Delivery", rand.Text())
	req.Header.Set("X-Hub-Signature-256", githubtest.Sign(secret, []byte(body)))
	resp, err := s.desk.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		s.t.Errorf("%s was answered with %d", event, resp.StatusCode)
	}
}

// propose makes a branch with files and opens a pull request from it.
func (s *stage) propose(branch string, files githubtest.Files) int {
	s.t.Helper()
	s.Branch(infra, branch, "main")
	s.Commit(infra, branch, files, "Change "+branch)
	s.DiscardPending()
	return s.OpenPull(githubtest.PullOptions{Repository: infra, Head: branch})
}

// runs are the App's check runs on a revision, which have to be completed.
func (s *stage) runs(revision string) []githubtest.CheckRun {
	s.t.Helper()
	all := s.CheckRuns(infra, revision)
	for _, r := range all {
		if r.Name != review.CheckName || r.Status != "completed" || r.Conclusion == "" || r.Output.Title == "" || r.Output.Summary == "" {
			s.t.Errorf("check run on %s is %s %q: %q", revision, r.Status, r.Conclusion, r.Output.Title)
		}
	}
	return all
}

// only is the one check run on a revision, with its conclusion and title.
func (s *stage) only(revision, conclusion, title string) githubtest.CheckRun {
	s.t.Helper()
	return s.newest(revision, 1, conclusion, title)
}

// newest is the last of n check runs on a revision.
func (s *stage) newest(revision string, n int, conclusion, title string) githubtest.CheckRun {
	s.t.Helper()
	all := s.runs(revision)
	if len(all) != n {
		s.t.Fatalf("%d check runs on %s, want %d\n%s", len(all), revision, n, s.log.text.String())
	}
	last := all[n-1]
	if last.Conclusion != conclusion || last.Output.Title != title {
		s.t.Errorf("check run on %s: %s, %q, want %s, %q\n%s", revision, last.Conclusion, last.Output.Title, conclusion, title, last.Output.Summary)
	}
	return last
}

// cost is the number of requests so far without those for tokens.
func (s *stage) cost() (total int, routes map[string]int) {
	routes = s.Requests().ByRoute()
	for route, n := range routes {
		if !strings.HasSuffix(route, "/access_tokens") {
			total += n
		}
	}
	return total, routes
}

const service = `resource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: 'apim-contoso'
}
`

// api is a template with APIs that have no collection.
func api(names ...string) githubtest.Entry { return githubtest.Text(text(names...)) }

func text(names ...string) string {
	var b strings.Builder
	b.WriteString(service)
	for _, n := range names {
		fmt.Fprintf(&b, `
resource %s 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: '%s'
  properties: {
    displayName: '%s'
    path: '%s'
  }
}
`, n, n, n, n)
	}
	return b.String()
}

// protected is a template with an API that has one.
func protected(name string) githubtest.Entry {
	return githubtest.Text(text(name) + fmt.Sprintf(`
resource %sCollection 'Microsoft.Security/apiCollections@2023-11-15' = {
  scope: apim
  name: '%s'
  dependsOn: [%s]
}
`, name, name, name))
}

package main

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

const deliveryBranch = "feature/apis"

// deliverySite is a GitHub with one repository, and the reviewer that works on
// it without a queue in between.
type deliverySite struct {
	*githubtest.Server
	t        *testing.T
	reviewer *review.Reviewer
	repo     review.Repo
	app      int64
	number   int
	log      bytes.Buffer

	mu        sync.Mutex
	intercept func(w http.ResponseWriter, r *http.Request, body string) bool
	answered  chan struct{} // told of every answer
}

// deliveryStart is what a test begins with.
type deliveryStart struct {
	settings    string // of the repository
	base, head  map[string]string
	files       githubtest.Files // of the head, beside head
	permissions githubtest.Permissions
	fork, draft bool
}

func newDelivery(t *testing.T, start deliveryStart) *deliverySite {
	t.Helper()
	clock := &leaper{now: time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)}
	s := &deliverySite{t: t, Server: githubtest.NewServer(githubtest.Options{Clock: clock.Now})}
	web := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(web.Close)
	s.SetURL(web.URL)
	permissions := githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write", "metadata": "read"}
	if start.permissions != nil {
		permissions = start.permissions
	}
	s.app = s.AddApp(githubtest.App{Slug: "onboard-defender", PublicKey: &appKey().PublicKey, Permissions: permissions, Events: []string{"pull_request", "check_run"}})
	id := s.CreateRepository(infra, githubtest.RepositoryOptions{})
	base := deliveryTexts(start.base)
	base["README.md"] = githubtest.Text("# Infra\n")
	if start.settings != "" {
		base[config.RepositoryPath] = githubtest.Text("version: 1\n" + start.settings)
	}
	s.Commit(infra, "main", base, "Start")
	s.repo = review.Repo{Installation: s.Install(s.app, "acme"), ID: id, Owner: "acme", Name: "infra"}
	s.SetPermission(infra, "mona", "write")
	app, err := github.New(github.Options{APIURL: s.APIURL(), AppID: s.app, PrivateKey: []byte(privatePEM(appKey())), Clock: clock, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p := port{app}
	s.reviewer = &review.Reviewer{
		Pulls: p, Branches: p, Snapshots: p, Checks: p, Commits: p, History: p, Suggestions: p, Proposals: p,
		Now: clock.Now, Logger: slog.New(slog.NewTextHandler(&s.log, nil)), Cache: deployment.NewCache(64),
		OnBug: func(err error) { t.Errorf("bug: %v", err) },
	}
	if start.head == nil && start.files == nil {
		return s
	}
	where, label := infra, deliveryBranch
	if start.fork {
		where, label = s.Fork(infra, "hubot"), "hubot:"+deliveryBranch
	}
	files := deliveryTexts(start.head)
	maps.Copy(files, start.files)
	s.Branch(where, deliveryBranch, "main")
	s.Commit(where, deliveryBranch, files, "Publish APIs")
	s.number = s.OpenPull(githubtest.PullOptions{Repository: infra, Head: label, Author: "mona", Draft: start.draft})
	return s
}

func deliveryTexts(files map[string]string) githubtest.Files {
	out := githubtest.Files{}
	for path, text := range files {
		out[path] = githubtest.Text(text)
	}
	return out
}

// serve lets a test step in before a request reaches GitHub.
func (s *deliverySite) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	intercept, answered := s.intercept, s.answered
	s.mu.Unlock()
	defer func() {
		select {
		case answered <- struct{}{}:
		default:
		}
	}()
	if intercept != nil && intercept(w, r, string(body)) {
		return
	}
	s.ServeHTTP(w, r)
}

// onCommit makes f step in when the App asks for a commit.
func (s *deliverySite) onCommit(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = func(w http.ResponseWriter, r *http.Request, body string) bool {
		return strings.Contains(body, "createCommitOnBranch") && f(w, r)
	}
}

// refuseCommits makes GitHub answer with a status when the App asks for a
// commit.
func (s *deliverySite) refuseCommits(status int) {
	s.onCommit(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		return true
	})
}

// review is the review of the pull request as it is now.
func (s *deliverySite) review(change ...func(*review.Request)) error {
	r := review.Request{Repo: s.repo, Number: s.number}
	for _, f := range change {
		f(&r)
	}
	return s.reviewer.Review(s.t.Context(), r)
}

func (s *deliverySite) reviewed() githubtest.CheckRun {
	s.t.Helper()
	if err := s.review(); err != nil {
		s.t.Fatal(err)
	}
	return s.run()
}

func (s *deliverySite) head() string { return s.Head(infra, deliveryBranch) }

// run is the newest check run of the head.
func (s *deliverySite) run() githubtest.CheckRun {
	s.t.Helper()
	return s.runOf(s.head())
}

func (s *deliverySite) runOf(sha string) githubtest.CheckRun {
	s.t.Helper()
	runs := s.CheckRuns(infra, sha)
	if len(runs) == 0 {
		s.t.Fatal("no check run")
	}
	return runs[len(runs)-1]
}

// click presses the button of a run.
func (s *deliverySite) click(run githubtest.CheckRun, sender string) error {
	return s.reviewer.Fix(s.t.Context(), review.Click{
		Repo: s.repo, Number: s.number, Head: run.HeadSHA, ExternalID: run.ExternalID, Sender: sender,
	})
}

// commits are the messages of the App's commits on the head branch.
func (s *deliverySite) commits() []string {
	var out []string
	for _, c := range s.Log(infra, deliveryBranch) {
		if c.AuthorName == "onboard-defender[bot]" {
			out = append(out, c.Message)
		}
	}
	return out
}

// patched is what git apply makes of main.bicep of the head with the patch of a
// check run's text.
func (s *deliverySite) patched(text, repo string) string {
	s.t.Helper()
	const path = "main.bicep"
	_, rest, ok := strings.Cut(text, "```diff\n")
	patch, _, ended := strings.Cut(rest, "```\n")
	if !ok || !ended {
		s.t.Fatalf("no patch in %q", text)
	}
	dir := s.t.TempDir()
	content, _ := s.File(repo, deliveryBranch, path)
	if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	git := exec.CommandContext(s.t.Context(), "git", "apply", "-")
	git.Dir, git.Stdin = dir, strings.NewReader(patch)
	if out, err := git.CombinedOutput(); err != nil {
		s.t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
	}
	out, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(out)
}

// deliveryAPIs is a template with APIs of a service that it declares; protected ones
// have a collection.
func deliveryAPIs(names ...string) string {
	var b strings.Builder
	b.WriteString("param service string\n\nresource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = {\n  name: service\n}\n")
	for _, name := range names {
		b.WriteString("\nresource " + name + " 'Microsoft.ApiManagement/service/apis@2024-05-01' = {\n" +
			"  parent: apim\n  name: '" + name + "'\n  properties: {\n    path: '" + name + "'\n  }\n}\n")
	}
	return b.String()
}

// deliveryCollection is how the fix protects an API of such a template.
func deliveryCollection(name string) string {
	return "resource " + name + "Defender 'Microsoft.Security/apiCollections@2023-11-15' = {\n  scope: apim\n  name: " + name + ".name\n}\n"
}

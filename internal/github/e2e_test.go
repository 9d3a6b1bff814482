package github

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const acme = "acme/infra"

// site is a whole GitHub with one App on one repository.
type site struct {
	*githubtest.Server
	t     *testing.T
	clock *fakeClock
	app   *App
	slug  int64
	repo  Repo
}

func newSite(t *testing.T, o githubtest.Options) *site {
	t.Helper()
	s := &site{t: t, clock: newFakeClock()}
	o.Clock = s.clock.Now
	s.Server = githubtest.NewServer(o)
	prefix := ""
	if o.Enterprise {
		prefix = "/api/v3"
	}
	server := httptest.NewServer(openapitest.Handler(t, prefix, s.Server))
	t.Cleanup(server.Close)
	s.SetURL(server.URL)
	s.slug = s.AddApp(githubtest.App{
		Slug: "onboard-defender", PublicKey: &testKey().PublicKey, WebhookSecret: "secret",
		Permissions: githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write", "merge_queues": "read"},
		Events:      []string{"pull_request", "check_run", "check_suite", "push", "merge_group"},
	})
	id := s.CreateRepository(acme, githubtest.RepositoryOptions{Private: true})
	s.Commit(acme, "main", githubtest.Files{"readme.md": githubtest.Text("# Infra\n")}, "Start")
	options := Options{APIURL: s.APIURL(), AppID: s.slug, PrivateKey: testPEM(), Clock: s.clock, UserAgent: "test"}
	app, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.app = app
	s.repo = Repo{Installation: s.Install(s.slug, "acme"), ID: id, Owner: "acme", Name: "infra"}
	return s
}

// change opens a pull request that changes n templates and adds one.
func (s *site) change(n int) int {
	files := githubtest.Files{}
	for i := range n {
		files[fmt.Sprintf("infra/api%d.bicep", i)] = githubtest.Text(fmt.Sprintf("param old%d string\n", i))
	}
	s.Commit(acme, "main", files, "Add templates")
	s.Branch(acme, "feature/x", "main")
	for i := range n {
		files[fmt.Sprintf("infra/api%d.bicep", i)] = githubtest.Text(fmt.Sprintf("param new%d string\nparam more string\n", i))
	}
	files["infra/added.bicep"] = githubtest.Text("param added string\n")
	s.Commit(acme, "feature/x", files, "Change templates")
	s.Commit(acme, "main", githubtest.Files{"other.md": githubtest.Text("meanwhile")}, "Meanwhile")
	return s.OpenPull(githubtest.PullOptions{Repository: acme, Head: "feature/x"})
}

// requests are the requests so far but those for tokens, by route.
func (s *site) requests() (total int, routes map[string]int) {
	routes = s.Requests().ByRoute()
	maps.DeleteFunc(routes, func(route string, _ int) bool { return strings.HasSuffix(route, "/access_tokens") })
	for _, n := range routes {
		total += n
	}
	return total, routes
}

func templates(e source.Entry) bool { return strings.HasSuffix(e.Path, ".bicep") }

// TestTypicalPullRequest: what a pull request with many templates costs.
func TestTypicalPullRequest(t *testing.T) {
	t.Parallel()
	for _, enterprise := range []bool{false, true} {
		t.Run(strconv.FormatBool(enterprise), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, githubtest.Options{Enterprise: enterprise})
			number := s.change(20)
			s.ResetRequests()
			ctx := t.Context()
			pull, err := s.app.Pull(ctx, s.repo, number)
			if err != nil {
				t.Fatal(err)
			}
			if pull.HeadSHA != s.Head(acme, "feature/x") || pull.BaseRef != "main" || pull.Fork {
				t.Errorf("pull %+v", pull)
			}
			run, err := s.app.StartCheckRun(ctx, s.repo, CheckRun{Name: "Defender for APIs", HeadSHA: pull.HeadSHA, ExternalID: strconv.Itoa(number)})
			if err != nil {
				t.Fatal(err)
			}
			diff, err := s.app.Compare(ctx, s.repo, pull.BaseRef, pull.HeadSHA)
			if err != nil {
				t.Fatal(err)
			}
			if diff.BaseSHA != s.Head(acme, "main") || diff.MergeBase == diff.BaseSHA || len(diff.Files) != 21 || diff.Truncated {
				t.Errorf("comparison from %s with %d files", diff.MergeBase, len(diff.Files))
			}
			snaps, err := s.app.Snapshots(ctx, s.repo, templates, pull.HeadSHA, diff.MergeBase)
			if err != nil {
				t.Fatal(err)
			}
			head, base := snaps[0], snaps[1]
			for i := range 20 {
				path := fmt.Sprintf("infra/api%d.bicep", i)
				if got := string(head.File(path).Content); got != fmt.Sprintf("param new%d string\nparam more string\n", i) {
					t.Errorf("head has %q", got)
				}
				if got := string(base.File(path).Content); got != fmt.Sprintf("param old%d string\n", i) {
					t.Errorf("base has %q", got)
				}
			}
			if base.File("infra/added.bicep") != nil || head.File("infra/added.bicep") == nil || head.File("readme.md") != nil {
				t.Error("not the right files are loaded")
			}
			run.Conclusion, run.Title, run.Summary = "failure", "1 of 1 APIs not onboarded", "table"
			run.Annotations = []Annotation{{Path: "infra/added.bicep", StartLine: 1, EndLine: 1, StartColumn: 7, EndColumn: 12, Level: "failure", Message: "m"}}
			if err := s.app.CompleteCheckRun(ctx, s.repo, run); err != nil {
				t.Fatal(err)
			}
			total, routes := s.requests()
			if total > 7 || s.app.Requests() != int64(total) {
				t.Errorf("%d requests, %d counted: %v", total, s.app.Requests(), routes)
			}
			runs := s.CheckRuns(acme, pull.HeadSHA)
			if len(runs) != 1 || runs[0].Conclusion != "failure" || len(runs[0].Output.Annotations) != 1 {
				t.Errorf("runs %+v", runs)
			}
		})
	}
}

func TestManyAnnotations(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	head := s.Head(acme, "main")
	run, err := s.app.StartCheckRun(t.Context(), s.repo, CheckRun{Name: "n", HeadSHA: head, ExternalID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	run.Conclusion, run.Title, run.Annotations = "failure", strings.Repeat("t", 300), someAnnotations(125)
	run.Summary, run.Text = strings.Repeat("s", 70_000), strings.Repeat("界", 70_000)
	run.Annotations[60].Path = "" // one bad one would take its request along
	s.FailNext("PATCH /repos/{owner}/{repo}/check-runs/{id}", 1, githubtest.Response{})
	if err := s.app.CompleteCheckRun(t.Context(), s.repo, run); err == nil {
		t.Fatal("no error from a lost connection")
	}
	for range 2 { // the second time all is there
		found, err := s.app.CheckRuns(t.Context(), s.repo, "n", head)
		if err != nil || len(found) != 1 || found[0].ID != run.ID || found[0].ExternalID != "x" {
			t.Fatalf("found %+v, %v", found, err)
		}
		run.Posted = found[0].Posted
		if err := s.app.CompleteCheckRun(t.Context(), s.repo, run); err != nil {
			t.Fatal(err)
		}
	}
	runs := s.CheckRuns(acme, head)
	if len(runs) != 1 || len(runs[0].Output.Annotations) != 124 || runs[0].Status != "completed" {
		t.Errorf("%d runs, %d annotations", len(runs), len(runs[0].Output.Annotations))
	}
}

// TestTextsAtTheLimits: what is just as long as GitHub takes it arrives whole,
// and what is longer by one arrives.
func TestTextsAtTheLimits(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	head := s.Head(acme, "main")
	for _, more := range []int{0, 1} {
		title, text, message := strings.Repeat("t", 255+more), strings.Repeat("x", 65_535+more), strings.Repeat("m", 65_536+more)
		run := CheckRun{
			Name: "n", HeadSHA: head, Conclusion: "failure", Title: title, Summary: text, Text: text,
			Annotations: []Annotation{{Path: "a", StartLine: 1, EndLine: 1, Level: "notice", Title: title, Message: message, RawDetails: message}},
			Actions:     []Action{{strings.Repeat("l", 20), strings.Repeat("d", 40), strings.Repeat("i", 20)}},
		}
		if err := s.app.CompleteCheckRun(t.Context(), s.repo, run); err != nil {
			t.Fatal(err)
		}
		runs := s.CheckRuns(acme, head)
		got := runs[len(runs)-1]
		a := got.Output.Annotations[0]
		whole := got.Output.Title == title && got.Output.Summary == text && got.Output.Text == text && a.Title == title && a.Message == message && a.RawDetails == message
		if whole != (more == 0) || len(got.Actions) != 1 {
			t.Errorf("%d over the limits: title of %d, summary of %d, text of %d, message of %d bytes", more,
				len(got.Output.Title), len(got.Output.Summary), len(got.Output.Text), len(a.Message))
		}
	}
}

func TestCommitEndToEnd(t *testing.T) {
	t.Parallel()
	commit := func(s *site, head string) (string, error) {
		return s.app.Commit(s.t.Context(), s.repo, CommitRequest{
			Branch: "feature/x", ExpectedHead: head, Headline: "Onboard 1 APIs to Microsoft Defender for APIs", Body: "b",
			Files: map[string][]byte{"infra/api0.bicep": []byte("\ufeffparam x string\r\n"), "infra/new.json": []byte("\xe9")},
		})
	}
	written := func(s *site, sha string, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
		if s.Head(acme, "feature/x") != sha {
			s.t.Errorf("branch is not at %s", sha)
		}
		for path, want := range map[string]string{"infra/api0.bicep": "\ufeffparam x string\r\n", "infra/new.json": "\xe9", "readme.md": "# Infra\n"} {
			if got, ok := s.File(acme, sha, path); !ok || got != want {
				s.t.Errorf("%s is %q", path, got)
			}
		}
	}
	for name, run := range map[string]func(*site){
		"written": func(s *site) {
			sha, err := commit(s, s.Head(acme, "feature/x"))
			written(s, sha, err)
		},
		"without GraphQL": func(s *site) {
			s.FailNext("POST /graphql", 1, githubtest.Response{Status: http.StatusNotFound, Body: `{"message":"Not Found"}`})
			sha, err := commit(s, s.Head(acme, "feature/x"))
			written(s, sha, err)
		},
		"head moved": func(s *site) {
			head := s.Head(acme, "feature/x")
			s.Commit(acme, "feature/x", githubtest.Files{"x": githubtest.Text("x")}, "Push")
			if _, err := commit(s, head); !errors.Is(err, ErrHeadMoved) {
				s.t.Errorf("error %v", err)
			}
		},
		"head moved, without GraphQL": func(s *site) {
			head := s.Head(acme, "feature/x")
			s.Commit(acme, "feature/x", githubtest.Files{"x": githubtest.Text("x")}, "Push")
			s.FailNext("POST /graphql", 1, githubtest.Response{Status: http.StatusNotFound})
			if _, err := commit(s, head); !errors.Is(err, ErrHeadMoved) {
				s.t.Errorf("error %v", err)
			}
		},
		"protected": func(s *site) {
			s.Protect(acme, "feature/x", githubtest.Protection{RequirePull: true})
			if _, err := commit(s, s.Head(acme, "feature/x")); !errors.Is(err, ErrNotWritable) {
				s.t.Errorf("error %v", err)
			}
		},
		"protected by rules": func(s *site) {
			s.Protect(acme, "feature/x", githubtest.Protection{RequirePull: true, Ruleset: true})
			if _, err := commit(s, s.Head(acme, "feature/x")); !errors.Is(err, ErrNotWritable) {
				s.t.Errorf("error %v", err)
			}
		},
		"signatures required": func(s *site) {
			s.Protect(acme, "feature/x", githubtest.Protection{RequireSigned: true})
			sha, err := commit(s, s.Head(acme, "feature/x"))
			written(s, sha, err)
		},
		"archived": func(s *site) {
			s.Archive(acme)
			if _, err := commit(s, s.Head(acme, "feature/x")); !errors.Is(err, ErrNotWritable) {
				s.t.Errorf("error %v", err)
			}
		},
		"branch is gone": func(s *site) {
			head := s.Head(acme, "feature/x")
			s.DeleteBranch(acme, "feature/x")
			if _, err := commit(s, head); !errors.Is(err, ErrNotWritable) && !errors.Is(err, ErrHeadMoved) {
				s.t.Errorf("error %v", err)
			}
		},
		"lost answer": func(s *site) {
			s.FailNext("POST /graphql", 1, githubtest.Response{Status: http.StatusBadGateway})
			head := s.Head(acme, "feature/x")
			if _, err := commit(s, head); err == nil || errors.Is(err, ErrNotWritable) || s.Head(acme, "feature/x") != head {
				s.t.Errorf("error %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, githubtest.Options{})
			s.change(1)
			run(s)
		})
	}
}

func TestInstallationTrouble(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do func(*site)
		is error
	}{
		"suspended":   {func(s *site) { s.Suspend(s.repo.Installation, true) }, ErrForbidden},
		"uninstalled": {func(s *site) { s.Uninstall(s.repo.Installation) }, ErrNotFound},
		"deleted":     {func(s *site) { s.DeleteRepository(acme) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, githubtest.Options{})
			number := s.change(1)
			tt.do(s)
			_, err := s.app.Pull(t.Context(), s.repo, number)
			judge, ok := errors.AsType[interface {
				error
				Permanent() bool
			}](err)
			if !ok || !judge.Permanent() || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTokensEndToEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{FreshTokenDelay: 2 * time.Second})
	number := s.change(1)
	for range 3 {
		if _, err := s.app.Pull(t.Context(), s.repo, number); err != nil {
			t.Fatal(err)
		}
		s.clock.advance(time.Hour + time.Minute) // by GitHub's clock the token has expired
	}
}

func TestLargeRepository(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{Limits: githubtest.Limits{TreeEntries: 40, GraphQLObjects: 30}})
	files := githubtest.Files{
		"large.bicep":  githubtest.Text(strings.Repeat("// comment\n", 60_000)),
		"latin1.bicep": githubtest.Bytes([]byte("// \xe9\n")),
		"utf16.bicep":  githubtest.Bytes([]byte("\xff\xfe/\x00/\x00")),
		"link.bicep":   githubtest.Symlink("large.bicep"),
		"mod.bicep":    githubtest.Submodule(headSHA),
		"run.bicep":    githubtest.Executable("param x string"),
	}
	for i := range 110 {
		files[fmt.Sprintf("d%d/e%d/f%d.bicep", i%3, i%5, i)] = githubtest.Text(fmt.Sprint("param p", i, " string"))
	}
	sha := s.Commit(acme, "main", files, "Many")
	snap, err := snapshot(t.Context(), s.app, s.repo, sha, templates)
	if err != nil {
		t.Fatal(err)
	}
	listed, loaded := 0, 0
	for _, e := range snap.Entries() {
		want, isFile := s.File(acme, sha, e.Path)
		listed++
		switch {
		case e.Mode > source.Executable || !templates(e):
			if e.File != nil {
				t.Errorf("%s is loaded", e.Path)
			}
		case e.File == nil || !isFile || string(e.File.Content) != want:
			t.Errorf("%s is not what it is", e.Path)
		default:
			loaded++
		}
	}
	if listed != len(files)+1 || loaded != len(files)-2 {
		t.Errorf("%d of %d listed, %d loaded", listed, len(files)+1, loaded)
	}
}

func TestManyFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	s.Branch(acme, "feature/x", "main")
	files := githubtest.Files{}
	for i := range 350 {
		files[fmt.Sprintf("f%d.bicep", i)] = githubtest.Text(strconv.Itoa(i))
	}
	s.Commit(acme, "feature/x", files, "Many")
	diff, err := s.app.Compare(t.Context(), s.repo, "main", s.Head(acme, "feature/x"))
	if err != nil || !diff.Truncated || len(diff.Files) != MaxCompareFiles {
		t.Errorf("%d files, truncated %v, %v", len(diff.Files), diff.Truncated, err)
	}
}

func TestForks(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	fork := s.Fork(acme, "mona")
	s.Commit(fork, "feature", githubtest.Files{"a.bicep": githubtest.Text("param a string")}, "Add")
	s.Commit(fork, "main", githubtest.Files{"b.bicep": githubtest.Text("param b string")}, "Add")
	number := s.OpenPull(githubtest.PullOptions{Repository: acme, Head: "mona:main", Author: "mona"})
	pull, err := s.app.Pull(t.Context(), s.repo, number)
	if err != nil || !pull.Fork || pull.HeadRef != "main" {
		t.Fatalf("pull %+v, %v", pull, err)
	}
	diff, err := s.app.Compare(t.Context(), s.repo, pull.BaseRef, pull.HeadSHA)
	if err != nil || len(diff.Files) != 1 || diff.Files[0].Path != "b.bicep" {
		t.Fatalf("comparison %+v, %v", diff, err)
	}
	snap, err := snapshot(t.Context(), s.app, s.repo, pull.HeadSHA, templates)
	if err != nil || snap.File("b.bicep") == nil {
		t.Errorf("snapshot: %v", err)
	}
}

func TestRateLimitsEndToEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		for name, o := range map[string]githubtest.Options{
			"primary":   {Limits: githubtest.Limits{PrimaryRate: 10}},
			"secondary": {Limits: githubtest.Limits{Points: 10}},
			"silent":    {Limits: githubtest.Limits{Points: 10}, OmitRetryAfter: true},
			"graphql":   {Limits: githubtest.Limits{GraphQLPoints: 2}, OmitRetryAfter: true},
		} {
			t.Run(fmt.Sprint(name, status), func(t *testing.T) {
				t.Parallel()
				o.LimitedStatus = status
				s := newSite(t, o)
				number := s.change(1)
				refused, waited := 0, 0
				for range 40 {
					_, err := s.app.Pull(t.Context(), s.repo, number)
					if err == nil {
						_, err = snapshot(t.Context(), s.app, s.repo, s.Head(acme, "feature/x"), templates)
					}
					if err == nil {
						continue
					}
					limit, ok := errors.AsType[*RateLimitError](err)
					if !ok {
						t.Fatal(err)
					}
					waited++
					s.clock.advance(limit.RetryAfter())
				}
				for _, r := range s.Requests() {
					if r.Status == status {
						refused++
					}
				}
				// The last request of a primary budget says so itself: nobody is refused.
				if waited == 0 || refused > waited || name == "primary" && refused > 0 {
					t.Errorf("%d waits, %d refusals", waited, refused)
				}
			})
		}
	}
}

func TestUnsteadyServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{FailureRate: 0.2, Seed: 3})
	number := s.change(3)
	good := 0
	for range 20 {
		if _, err := s.app.Pull(t.Context(), s.repo, number); err == nil {
			good++
		}
	}
	if good < 18 {
		t.Errorf("%d of 20 went well", good)
	}
}

// TestWebhooksEndToEnd: what the stand-in sends is what is read.
func TestWebhooksEndToEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	var got []Event
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readAll(r.Body, MaxEventBytes)
		if err != nil || !Verify(body, r.Header.Get(SignatureHeader), [][]byte{[]byte("secret")}) {
			t.Errorf("signature %q, %v", r.Header.Get(SignatureHeader), err)
		}
		e, err := ParseEvent(r.Header.Get("X-GitHub-Event"), body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, e)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(receiver.Close)
	s.DiscardPending()
	s.SetWebhook(s.slug, receiver.URL, "secret")
	number := s.change(1)
	head := s.Head(acme, "feature/x")
	run, err := s.app.StartCheckRun(t.Context(), s.repo, CheckRun{Name: "n", HeadSHA: head, ExternalID: strconv.Itoa(number)})
	if err != nil {
		t.Fatal(err)
	}
	run.Conclusion, run.Actions = "failure", []Action{{"Onboard APIs", "d", "onboard"}}
	if err := s.app.CompleteCheckRun(t.Context(), s.repo, run); err != nil {
		t.Fatal(err)
	}
	s.ClickAction(run.ID, "onboard", "mona")
	s.RerequestRun(run.ID, "mona")
	s.ChangeBase(acme, number, "feature/x")
	s.Deliver(t.Context())
	seen := make(map[string]Event)
	for _, e := range got {
		seen[e.Name+"/"+e.Action] = e
		if e.Installation != s.repo.Installation || e.Sender.Login == "" {
			t.Errorf("%s without installation or sender: %+v", e.Name, e)
		}
	}
	opened := seen["pull_request/opened"]
	if opened.Number != number || opened.HeadSHA != head || opened.HeadRef != "feature/x" || opened.BaseRef != "main" || opened.Repository.ID != s.repo.ID || opened.Repository.DefaultBranch != "main" {
		t.Errorf("opened %+v", opened)
	}
	if click := seen["check_run/requested_action"]; click.RequestedAction != "onboard" || click.CheckRun != run.ID || click.ExternalID != strconv.Itoa(number) || click.AppID != s.slug || click.HeadSHA != head {
		t.Errorf("click %+v", click)
	}
	if again := seen["check_run/rerequested"]; again.CheckRun != run.ID {
		t.Errorf("rerequested %+v", again)
	}
	if edited := seen["pull_request/edited"]; !edited.BaseChanged || edited.BaseRef != "feature/x" {
		t.Errorf("edited %+v", edited)
	}
	if push := seen["push/"]; push.HeadRef != "main" || push.HeadSHA == "" {
		t.Errorf("push %+v", push)
	}
}

func TestDeliveryLog(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	down := true
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(receiver.Close)
	s.DiscardPending()
	s.SetWebhook(s.slug, receiver.URL, "secret")
	start := s.clock.Now()
	for i := range 120 { // more than one page
		down = i%2 == 0
		s.Ping(s.slug)
		s.Deliver(t.Context())
		s.clock.advance(time.Second)
	}
	failed, err := s.app.Undelivered(t.Context(), start)
	if err != nil || len(failed) != 60 {
		t.Fatalf("%d undelivered, %v", len(failed), err)
	}
	for i := range failed[1:] {
		if failed[i+1].At.Before(failed[i].At) {
			t.Error("not the oldest first")
		}
	}
	if later, err := s.app.Undelivered(t.Context(), start.Add(100*time.Second)); err != nil || len(later) != 10 {
		t.Errorf("%d undelivered of late, %v", len(later), err)
	}
	down = false
	for _, d := range failed[:5] {
		if err := s.app.Redeliver(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
	}
	s.Deliver(t.Context())
	if left, err := s.app.Undelivered(t.Context(), start); err != nil || len(left) != 55 {
		t.Errorf("%d undelivered after 5 redeliveries, %v", len(left), err)
	}
}

func TestAdministration(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	s.CreateRepository("acme/.github", githubtest.RepositoryOptions{Private: true})
	s.Commit("acme/.github", "main", githubtest.Files{"onboard-defender.yml": githubtest.Text("version: 1\n")}, "Settings")
	ctx := t.Context()
	info, err := s.app.Info(ctx)
	if err != nil || info.ID != s.slug || info.Slug != "onboard-defender" || info.Permissions["checks"] != "write" || len(info.Events) != 5 {
		t.Errorf("info %+v, %v", info, err)
	}
	installed, err := s.app.Installations(ctx)
	if err != nil || len(installed) != 1 || installed[0].ID != s.repo.Installation || installed[0].Account != "acme" || installed[0].Suspended {
		t.Errorf("installations %+v, %v", installed, err)
	}
	repos, err := s.app.Repositories(ctx, s.repo.Installation)
	if err != nil || len(repos) != 2 {
		t.Fatalf("repositories %+v, %v", repos, err)
	}
	settings, err := s.app.Repository(ctx, s.repo.Installation, "acme", ".github")
	if err != nil || settings.String() != "acme/.github" || settings.DefaultBranch != "main" {
		t.Fatalf("repository %+v, %v", settings, err)
	}
	content, err := s.app.File(ctx, s.repo.Installation, "acme", ".github", "onboard-defender.yml")
	if err != nil || string(content) != "version: 1\n" {
		t.Errorf("file %q, %v", content, err)
	}
	for _, missing := range []string{"other.yml", "a/b..c.yml"} {
		if _, err := s.app.File(ctx, s.repo.Installation, "acme", ".github", missing); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", missing, err)
		}
	}
	if _, err := s.app.File(ctx, s.repo.Installation, "acme", "nowhere", "x"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a file of nowhere: %v", err)
	}
	s.SetPermission(acme, "hubot", "maintain")
	for user, want := range map[string]string{"hubot": "write", "stranger": "none"} {
		if got, err := s.app.Permission(ctx, s.repo, user); err != nil || got != want {
			t.Errorf("%s: %q, %v", user, got, err)
		}
	}
	number := s.change(1)
	open, err := s.app.ListPulls(ctx, s.repo, 10)
	if err != nil || len(open) != 1 || open[0].Number != number || open[0].HeadSHA == "" {
		t.Errorf("open pull requests %+v, %v", open, err)
	}
	if head, err := s.app.Head(ctx, s.repo, "feature/x"); err != nil || head != s.Head(acme, "feature/x") {
		t.Errorf("head %q, %v", head, err)
	}
}

// TestTooNew: a webhook was faster than the commit it speaks of.
func TestTooNew(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*site, string) error{
		"check run": func(s *site, head string) error {
			_, err := s.app.StartCheckRun(t.Context(), s.repo, CheckRun{Name: "n", HeadSHA: head, ExternalID: "1"})
			return err
		},
		"check runs of an earlier head": func(s *site, head string) error {
			_, err := s.app.CheckRuns(t.Context(), s.repo, "n", head)
			return err
		},
		"comparison": func(s *site, head string) error {
			_, err := s.app.Compare(t.Context(), s.repo, "main", head)
			return err
		},
		"tree": func(s *site, head string) error {
			_, err := snapshot(t.Context(), s.app, s.repo, head, templates)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, githubtest.Options{})
			s.change(1)
			head := s.Head(acme, "feature/x")
			s.HideCommit(head, visibleAttempts-1)
			if err := ask(s, head); err != nil {
				t.Errorf("a moment later: %v", err)
			}
			s.HideCommit(head, 1000)
			s.ResetRequests()
			other, err := New(Options{APIURL: s.APIURL(), AppID: s.slug, PrivateKey: testPEM(), Clock: s.clock})
			if err != nil {
				t.Fatal(err)
			}
			s.app = other // which remembers nothing
			judge, ok := errors.AsType[interface {
				error
				Permanent() bool
			}](ask(s, head))
			if total, _ := s.requests(); !ok || !judge.Permanent() || total != visibleAttempts {
				t.Errorf("never: %v after %d requests", judge, total)
			}
		})
	}
}

func TestWebURL(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, newStub(newFakeClock()))
	if app.WebURL() != "http://localhost" {
		t.Error(app.WebURL())
	}
}

// TestRenamed works on with the name that an event had before the repository
// got another one.
func TestRenamed(t *testing.T) {
	t.Parallel()
	for _, enterprise := range []bool{false, true} {
		t.Run(strconv.FormatBool(enterprise), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, githubtest.Options{Enterprise: enterprise})
			number := s.change(2)
			s.Rename(acme, "infrastructure")
			ctx, now := t.Context(), "acme/infrastructure"
			pull, err := s.app.Pull(ctx, s.repo, number)
			if err != nil || pull.HeadSHA != s.Head(now, "feature/x") {
				t.Fatalf("%+v, %v", pull, err)
			}
			snap, err := snapshot(ctx, s.app, s.repo, pull.HeadSHA, templates)
			if err != nil || snap.File("infra/added.bicep") == nil {
				t.Fatal(err)
			}
			run, err := s.app.StartCheckRun(ctx, s.repo, CheckRun{Name: "n", HeadSHA: pull.HeadSHA, ExternalID: "x"})
			if err != nil {
				t.Fatal(err)
			}
			run.Conclusion, run.Title, run.Summary = "success", "title", "summary"
			if err := s.app.CompleteCheckRun(ctx, s.repo, run); err != nil {
				t.Fatal(err)
			}
			if runs := s.CheckRuns(now, pull.HeadSHA); len(runs) != 1 || runs[0].Conclusion != "success" {
				t.Errorf("runs %+v", runs)
			}
			s.CreateRepository(acme, githubtest.RepositoryOptions{Private: true}) // has the old name now
			if _, err := s.app.Pull(ctx, s.repo, number); !errors.Is(err, ErrNotFound) {
				t.Errorf("error %v", err)
			}
		})
	}
}

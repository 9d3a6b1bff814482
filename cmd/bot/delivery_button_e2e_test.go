package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

func TestDeliveryByButton(t *testing.T) {
	t.Parallel()
	for role, commits := range map[string]bool{"admin": true, "maintain": true, "write": true, "triage": false, "read": false, "none": false} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			s := newDelivery(t, deliveryStart{
				base: map[string]string{"other/main.bicep": deliveryAPIs("elsewhere")},
				head: map[string]string{"main.bicep": deliveryAPIs("orders", "billing")},
			})
			s.SetPermission(infra, "octocat", role)
			run := s.reviewed()
			if run.Conclusion != "failure" || len(run.Actions) != 1 || run.Output.Text != "" {
				t.Fatalf("run %+v", run)
			}
			if err := s.click(run, "octocat"); err != nil {
				t.Fatal(err)
			}
			if !commits {
				if s.head() != run.HeadSHA || !strings.Contains(s.log.String(), "without write access") {
					t.Errorf("the head is %s, the log %s", s.head(), s.log.String())
				}
				return
			}
			deliveredByButton(t, s, run)
		})
	}
}

func deliveredByButton(t *testing.T, s *deliverySite, before githubtest.CheckRun) {
	t.Helper()
	c := s.Log(infra, deliveryBranch)[0]
	want := "Onboard 2 APIs to Microsoft Defender for APIs\n\n- billing (service service) in main.bicep\n- orders (service service) in main.bicep"
	if c.Message != want || !c.Signed || !slices.Equal(c.Parents, []string{before.HeadSHA}) {
		t.Errorf("commit %+v", c)
	}
	text, _ := s.File(infra, deliveryBranch, "main.bicep")
	if !strings.Contains(text, deliveryCollection("orders")) || !strings.Contains(text, deliveryCollection("billing")) {
		t.Errorf("main.bicep:\n%s", text)
	}
	if text, _ := s.File(infra, deliveryBranch, "other/main.bicep"); text != deliveryAPIs("elsewhere") {
		t.Errorf("a file that the pull request has nothing to do with:\n%s", text)
	}
	if old := s.runOf(before.HeadSHA); !strings.Contains(old.Output.Text, c.SHA) || len(old.Actions) != 0 || old.Conclusion != "failure" ||
		len(old.Output.Annotations) != len(before.Output.Annotations) {
		t.Errorf("run of the old head %+v", old)
	}
	if run := s.reviewed(); run.Conclusion != "success" || len(run.Actions) != 0 {
		t.Errorf("run of the new head %+v", run)
	}
	if err := s.click(before, "octocat"); err != nil || len(s.commits()) != 1 {
		t.Errorf("a second click: %v, commits %q", err, s.commits())
	}
}

func TestDeliveryOfOneAPI(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{head: map[string]string{"main.bicep": strings.Replace(deliveryAPIs("orders"), "name: 'orders'", "name: 'orders @all fixes #1'", 1)}})
	s.reviewed()
	if err := s.review(func(r *review.Request) { r.Again, r.Delivery = true, "again" }); err != nil {
		t.Fatal(err)
	}
	again := s.run() // of two; who clicks in it is told there
	if err := s.click(again, "mona"); err != nil {
		t.Fatal(err)
	}
	if run := s.runOf(again.HeadSHA); run.ID != again.ID || !strings.Contains(run.Output.Text, s.head()) {
		t.Errorf("run %+v", run)
	}
	want := []string{"Onboard 1 API to Microsoft Defender for APIs\n\n- orders @\u200ball fixes #\u200b1 (service service) in main.bicep"}
	if diff := cmp.Diff(want, s.commits()); diff != "" {
		t.Error(diff)
	}
}

// A commit through GitHub has mode 100644 and goes to no place that GitHub acts
// upon.
func TestDeliveryLeavesFilesAlone(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]githubtest.Files{
		"executable":    {"main.bicep": githubtest.Executable(deliveryAPIs("orders"))},
		"below .github": {".github/main.bicep": githubtest.Text(deliveryAPIs("orders"))},
		"symbolic link": {"main.bicep": githubtest.Symlink("real.txt"), "real.txt": githubtest.Text(deliveryAPIs("orders"))},
		"submodule":     {"main.bicep": githubtest.Submodule(strings.Repeat("1", 40))},
		"pointer of Git LFS": {"main.bicep": githubtest.Text("version https://git-lfs.github.com/spec/v1\n" +
			"oid sha256:" + strings.Repeat("a", 64) + "\nsize 123\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []string{"button", "suggest", "commit"} {
				s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: " + mode + "\n", files: files})
				run := s.reviewed()
				if len(run.Actions) != 0 || run.Output.Text != "" || len(s.Reviews(infra, s.number)) != 0 || len(s.commits()) != 0 {
					t.Errorf("mode %s: run %+v", mode, run)
				}
				if err := s.click(run, "mona"); err != nil || len(s.commits()) != 0 {
					t.Errorf("mode %s: a click: %v, commits %q", mode, err, s.commits())
				}
			}
		})
	}
}

func TestDeliveryOnAnotherHead(t *testing.T) {
	t.Parallel()
	start := deliveryStart{head: map[string]string{"main.bicep": deliveryAPIs("orders")}}
	push := func(s *deliverySite) string {
		return s.Commit(infra, deliveryBranch, githubtest.Files{"note.md": githubtest.Text("n")}, "Push")
	}
	for name, before := range map[string]func(s *deliverySite){
		"pushed": func(s *deliverySite) {
			push(s)
			s.reviewed() // which has a button of its own
		},
		"pushed while the fix was made": func(s *deliverySite) {
			s.onCommit(func(http.ResponseWriter, *http.Request) bool {
				push(s)
				return false
			})
		},
		"closed": func(s *deliverySite) { s.ClosePull(infra, s.number) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDelivery(t, start)
			run := s.reviewed()
			before(s)
			if err := s.click(run, "mona"); err != nil {
				t.Fatal(err)
			}
			if got := s.commits(); len(got) != 0 {
				t.Errorf("commits %q", got)
			}
		})
	}
}

// A run on a fork has no button. Who asks for the fix all the same does not get
// it on a branch of the same name that happens to be here.
func TestDeliveryNotBesideAFork(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{fork: true, head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	head := s.Head("hubot/infra", deliveryBranch)
	s.Push(infra, deliveryBranch, head)
	if err := s.review(); err != nil {
		t.Fatal(err)
	}
	if err := s.click(s.runOf(head), "mona"); err != nil || s.head() != head {
		t.Errorf("%v, branch at %s", err, s.head())
	}
}

// The commit is made, and its answer lost: the next attempt makes no second one.
func TestDeliveryAnswerLost(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"button", "commit"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: " + mode + "\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
			lose := func() {
				s.onCommit(func(_ http.ResponseWriter, r *http.Request) bool {
					s.ServeHTTP(httptest.NewRecorder(), r)
					panic(http.ErrAbortHandler)
				})
			}
			do := func() error { return s.review() }
			if mode == "button" {
				run := s.reviewed()
				do = func() error { return s.click(run, "mona") }
			}
			lose()
			if err := do(); err == nil {
				t.Fatal("the lost answer is no error, so that nobody would try again")
			}
			s.onCommit(func(http.ResponseWriter, *http.Request) bool { return false })
			for range 2 {
				if err := do(); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.commits(); len(got) != 1 {
				t.Errorf("commits %q", got)
			}
			if run := s.reviewed(); run.Conclusion != "success" {
				t.Errorf("run %+v", run)
			}
		})
	}
}

func TestDeliveryWithoutGraphQL(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	run := s.reviewed()
	s.refuseCommits(http.StatusNotFound)
	if err := s.click(run, "mona"); err != nil {
		t.Fatal(err)
	}
	if c := s.Log(infra, deliveryBranch)[0]; !c.Signed || !slices.Equal(c.Parents, []string{run.HeadSHA}) || len(s.commits()) != 1 {
		t.Errorf("commit %+v", c)
	}
}

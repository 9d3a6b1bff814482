package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// TestCost: what pull requests cost, in requests.
func TestCost(t *testing.T) {
	t.Parallel()
	before, after := githubtest.Files{"README.md": githubtest.Text("x")}, githubtest.Files{}
	for i := range 20 {
		path := fmt.Sprintf("infra/api%d.bicep", i)
		before[path], after[path] = protected(fmt.Sprintf("a%d", i)), api(fmt.Sprintf("a%d", i))
	}
	s := newStage(t, before)
	s.settle("version: 1\ngate: new\n")
	spent := func(what string, most int) {
		t.Helper()
		s.run()
		if total, routes := s.cost(); total > most {
			t.Errorf("%s costs %d requests: %v", what, total, routes)
		}
		s.ResetRequests()
	}
	typical := func(branch string) {
		t.Helper()
		s.Commit(infra, "main", githubtest.Files{"README.md": githubtest.Text("before " + branch)}, "Before")
		s.Branch(infra, branch, "main")
		after["infra/api19.bicep"] = githubtest.Text(text("a19") + "// " + branch + "\n")
		s.Commit(infra, branch, after, "Change all")
		s.Commit(infra, "main", githubtest.Files{"README.md": githubtest.Text("while " + branch)}, "Meanwhile")
		s.DiscardPending()
		s.OpenPull(githubtest.PullOptions{Repository: infra, Head: branch})
	}
	typical("first")
	spent("a typical pull request, and once in ten minutes the settings of the organisation", 7+1)
	typical("typical")
	spent("a typical pull request", 7)
	s.only("typical", "failure", "20 of 20 APIs not onboarded")

	s.Commit(infra, "typical", githubtest.Files{"infra/api0.bicep": before["infra/api0.bicep"]}, "Onboard one")
	spent("one more push", 7)
	s.only("typical", "failure", "19 of 19 APIs not onboarded")

	s.propose("nothing", githubtest.Files{"README.md": githubtest.Text("y")})
	spent("a pull request without templates", 2)
	s.only("nothing", "success", untouched)

	s.Commit(infra, "nothing", githubtest.Files{"README.md": githubtest.Text("z")}, "More")
	spent("one more push without templates", 4)
	s.only("nothing", "success", untouched)

	s.propose("data", githubtest.Files{"infra/values.yaml": githubtest.Text("a: b\n")})
	spent("a pull request with data that no template reads", 2)
	s.only("data", "success", untouched)

	s.propose("stacked", githubtest.Files{"infra/api1.bicep": after["infra/api1.bicep"]})
	spent("one more pull request on the same base", 6)

	s.Commit(infra, "main", githubtest.Files{"infra/api2.bicep": after["infra/api2.bicep"]}, "Merge")
	spent("a push to the default branch", 1+6)
	s.only("main", "success", "1 of 20 APIs not onboarded")

	s.Commit(infra, "main", githubtest.Files{"README.md": githubtest.Text("more")}, "Merge")
	spent("a push to the default branch without templates", 1)
}

// TestFilesThatTemplatesRead: what a template loads decides like the template.
func TestFilesThatTemplatesRead(t *testing.T) {
	t.Parallel()
	template := githubtest.Text(service + `
resource all 'Microsoft.ApiManagement/service/apis@2024-05-01' = [for a in loadYamlContent('apis.yaml').names: {
  parent: apim
  name: a
  properties: {
    path: a
  }
}]

resource one 'Microsoft.Security/apiCollections@2023-11-15' = if (loadJsonContent('switch.json').on) {
  scope: apim
  name: loadTextContent('NAME')
  dependsOn: [all]
}
`)
	s := newStage(t, githubtest.Files{
		"infra/main.bicep": template, "infra/apis.yaml": githubtest.Text("names: [orders]\n"), "infra/NAME": githubtest.Text("orders"),
		"infra/switch.json": githubtest.Text(`{"on": true}`),
	})
	s.propose("data", githubtest.Files{"infra/apis.yaml": githubtest.Text("names: [orders, billing]\n")})
	s.run()
	s.only("data", "failure", "1 of 2 APIs not onboarded")
	// Nothing in its name says so, but the templates have been looked at.
	s.propose("name", githubtest.Files{"infra/NAME": githubtest.Text("invoices")})
	s.run()
	s.only("name", "failure", "1 of 1 API not onboarded")
	s.propose("switch", githubtest.Files{"infra/switch.json": githubtest.Text(`{"on": false}`)})
	s.run()
	s.only("switch", "failure", "1 of 1 API not onboarded")
	main := s.Commit(infra, "main", githubtest.Files{"infra/apis.yaml": githubtest.Text("names: [orders, billing, invoices]\n")}, "Publish")
	s.run()
	s.only(main, "success", "2 of 3 APIs not onboarded")
}

// TestRateLimitStorm: many pull requests at once on one base.
func TestRateLimitStorm(t *testing.T) {
	t.Parallel()
	const n = 10
	base := githubtest.Files{}
	for i := range n {
		base[fmt.Sprintf("infra/api%d.bicep", i)] = protected(fmt.Sprintf("a%d", i))
	}
	s := newStage(t, base)
	for i := range n {
		branch := fmt.Sprintf("x%d", i)
		s.Branch(infra, branch, "main")
		s.Commit(infra, branch, githubtest.Files{fmt.Sprintf("infra/api%d.bicep", i): api(fmt.Sprintf("a%d", i))}, "Change")
	}
	s.DiscardPending()
	for i := range n {
		s.OpenPull(githubtest.PullOptions{Repository: infra, Head: fmt.Sprintf("x%d", i)})
	}
	s.run()
	for i := range n {
		s.only(fmt.Sprintf("x%d", i), "failure", oneOfOne)
	}
	// The base is fetched once by each worker that needs it at the same time.
	if total, routes := s.cost(); total > 6*n+2*s.process.Workers {
		t.Errorf("%d requests: %v", total, routes)
	}
}

func TestBaseMovesOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{"old.bicep": protected("old")})
	number := s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.DiscardPending()
	// Merged after the branch began, and in force for it all the same.
	s.Commit(infra, "main", githubtest.Files{".github/onboard-defender.yml": githubtest.Text("version: 1\n" +
		"suppress:\n  - api: orders\n    reason: retired in May\n")}, "Accept a risk")
	s.DiscardPending()
	s.reopen(number)
	s.only("x", "success", "1 API suppressed")
}

func TestWhenNothingApplies(t *testing.T) {
	t.Parallel()
	for _, conclusion := range []string{"success", "skipped", "neutral"} {
		t.Run(conclusion, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, githubtest.Files{".github/onboard-defender.yml": githubtest.Text("version: 1\nwhenNothingApplies: " + conclusion + "\n")})
			s.propose("x", githubtest.Files{"README.md": githubtest.Text("x")})
			s.run()
			s.only("x", conclusion, untouched)
			s.propose("y", githubtest.Files{"storage.bicep": githubtest.Text("param name string\n")})
			s.run()
			s.only("y", conclusion, untouched)
		})
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	for gate, want := range map[string]struct{ old, both string }{
		"new": {"success", "failure"}, "all": {"failure", "failure"}, "none": {"success", "success"},
	} {
		t.Run(gate, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, githubtest.Files{
				".github/onboard-defender.yml": githubtest.Text("version: 1\ngate: " + gate + "\n"), "api.bicep": api("orders"),
			})
			s.propose("old", githubtest.Files{"api.bicep": githubtest.Text("// The API of the shop.\n" + text("orders"))})
			s.run()
			run := s.only("old", want.old, oneOfOne)
			if !strings.Contains(run.Output.Summary, "existing") || len(run.Output.Annotations) != 1 || run.Output.Annotations[0].Level != "notice" {
				t.Errorf("%+v", run.Output)
			}
			s.propose("both", githubtest.Files{"api.bicep": api("orders", "billing")})
			s.run()
			s.only("both", want.both, "2 of 2 APIs not onboarded")
		})
	}
}

// TestConfigErrorThatNobodySees: broken settings on the base branch are said,
// and a pull request that would break them has to act.
func TestConfigErrorThatNobodySees(t *testing.T) {
	t.Parallel()
	const path = ".github/onboard-defender.yml"
	s := newStage(t, githubtest.Files{path: githubtest.Text("version: 1\ngates: all\n")})
	s.propose("x", githubtest.Files{"api.bicep": protected("orders")})
	s.run()
	run := s.only("x", "success", "The API is onboarded")
	if !strings.Contains(run.Output.Summary, path+":2") {
		t.Errorf("summary says nothing of the settings:\n%s", run.Output.Summary)
	}
	s.propose("worse", githubtest.Files{path: githubtest.Text("version: 1\nenabled: true\ngate: some\n")})
	s.run()
	worse := s.only("worse", "action_required", "1 settings file not valid")
	if a := worse.Output.Annotations; len(a) != 1 || a[0].Path != path || a[0].StartLine != 3 || a[0].Level != "failure" {
		t.Errorf("annotations %+v", a)
	}
	s.propose("better", githubtest.Files{path: githubtest.Text("version: 1\ngate: all\n")})
	s.run()
	s.only("better", "success", untouched)
}

// TestBadConfigMerged: settings that switch the check off are validated, too.
func TestBadConfigMerged(t *testing.T) {
	t.Parallel()
	const path = ".github/onboard-defender.yml"
	s := newStage(t, githubtest.Files{path: githubtest.Text("version: 1\nenabled: false\n")})
	s.propose("off", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.only("off", "success", "Switched off")
	s.propose("broken", githubtest.Files{path: githubtest.Text("version: 2\n")})
	s.run()
	s.only("broken", "action_required", "1 settings file not valid")
}

// TestCouldNotEvaluate: that is never neutral, which would pass.
func TestCouldNotEvaluate(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{".github/onboard-defender.yml": githubtest.Text("version: 1\nwhenNothingApplies: neutral\n")})
	s.propose("x", githubtest.Files{"broken.bicep": githubtest.Text("// Microsoft.ApiManagement/service/apis\nparam name string = 'x\n")})
	s.run()
	s.only("x", "failure", "1 file could not be evaluated")
}

// TestAnnotationAtTheCall: the API is declared in a module that the pull
// request does not touch.
func TestAnnotationAtTheCall(t *testing.T) {
	t.Parallel()
	module := "param name string\n" + service + `
resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: name
  properties: {
    displayName: name
    path: name
  }
}
`
	s := newStage(t, githubtest.Files{"modules/api.bicep": githubtest.Text(module), "main.bicep": githubtest.Text("// nothing yet\n")})
	s.propose("x", githubtest.Files{"main.bicep": githubtest.Text("// nothing yet\n\nmodule orders 'modules/api.bicep' = {\n  name: 'orders'\n  params: {\n    name: 'orders'\n  }\n}\n")})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	a := run.Output.Annotations
	if len(a) != 1 || a[0].Path != "main.bicep" || a[0].StartLine != 3 || !strings.HasPrefix(a[0].Message, "The API is declared in modules/api.bicep, line 6.") {
		t.Errorf("annotations %+v", a)
	}
}

// TestManyFiles: more files than a comparison lists, and than a pull request
// lists; the template is the last of them.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	for _, n := range []int{301, 3001} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, githubtest.Files{"infra/old.bicep": api("old"), "README.md": githubtest.Text("x")})
			files := githubtest.Files{
				"z/api.bicep": api("orders"), "infra/old.bicep": githubtest.Deleted(), "z/infra/old.bicep": githubtest.Text("// Moved.\n" + text("old")),
			}
			for i := range n {
				files[fmt.Sprintf("docs/%04d.md", i)] = githubtest.Text(strconv.Itoa(i))
			}
			s.propose("x", files)
			s.run()
			run := s.only("x", "failure", "2 of 2 APIs not onboarded")
			if !strings.Contains(run.Output.Summary, "1 of 2 failures is new") {
				t.Error(run.Output.Summary)
			}
		})
	}
}

// TestDiffThatTakesTooLong: GitHub lists no files at all, and the trees tell.
func TestDiffThatTakesTooLong(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{
		base: map[string]string{"old.bicep": deliveryAPIs("old")}, head: map[string]string{"api.bicep": deliveryAPIs("orders")},
	})
	s.mu.Lock()
	s.intercept = func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if !strings.Contains(r.URL.Path, "/compare/") || r.URL.Query().Get("page") != "1" {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"message":"Server Error: Sorry, this diff is taking too long to generate."}`)
		return true
	}
	s.mu.Unlock()
	run := s.reviewed()
	if a := run.Output.Annotations; run.Output.Title != oneOfOne || len(a) != 1 || a[0].Path != "api.bicep" || a[0].Level != "failure" {
		t.Errorf("%q, annotations %+v", run.Output.Title, a)
	}
}

// TestTruncatedTree: the repository is larger than one listing.
func TestTruncatedTree(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{
		"a/1": githubtest.Text("1"), "a/2": githubtest.Text("2"), "b/c/3": githubtest.Text("3"), "b/c/4": githubtest.Text("4"), "b/5": githubtest.Text("5"),
	}, func(o *githubtest.Options) { o.Limits.TreeEntries = 4 })
	s.propose("x", githubtest.Files{"z/api.bicep": api("orders")})
	s.run()
	s.only("x", "failure", oneOfOne)
}

// TestFilesOverAMegabyte: GraphQL cuts them, and REST has them.
func TestFilesOverAMegabyte(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": githubtest.Text(strings.Repeat("// "+strings.Repeat("x", 97)+"\n", 12_000) + text("orders"))})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	if a := run.Output.Annotations; len(a) != 1 || a[0].StartLine != 12_005 {
		t.Errorf("annotations %+v", a)
	}
}

// TestKindsOfEntries: what a pull request may do to a file.
func TestKindsOfEntries(t *testing.T) {
	t.Parallel()
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 12345\n"
	base := githubtest.Files{"api.bicep": api("orders"), "collection.bicep": githubtest.Text(collection("orders"))}
	for name, tt := range map[string]struct {
		base, head        githubtest.Files
		conclusion, title string
		existing          bool
	}{
		"removed":            {base: githubtest.Files{"api.bicep": api("orders")}, head: githubtest.Files{"api.bicep": githubtest.Deleted()}, conclusion: "success", title: untouched},
		"removed collection": {base: base, head: githubtest.Files{"collection.bicep": githubtest.Deleted()}, conclusion: "failure", title: oneOfOne},
		"renamed": {
			base: githubtest.Files{"api.bicep": api("orders")}, head: githubtest.Files{"api.bicep": githubtest.Deleted(), "moved.bicep": api("orders")},
			conclusion: "success", title: oneOfOne, existing: true,
		},
		"copied": {
			base: githubtest.Files{"api.bicep": api("orders")}, head: githubtest.Files{"copy.bicep": api("orders")},
			conclusion: "failure", title: oneOfOne,
		},
		"symbolic link":            {base: githubtest.Files{"api.bicep": api("orders")}, head: githubtest.Files{"link.bicep": githubtest.Symlink("api.bicep")}, conclusion: "success", title: untouched},
		"submodule":                {head: githubtest.Files{"sub.bicep": githubtest.Submodule(strings.Repeat("1", 40))}, conclusion: "success", title: untouched},
		"LFS pointer":              {head: githubtest.Files{"lfs.bicep": githubtest.Text(pointer), "lfs.json": githubtest.Text(pointer)}, conclusion: "success", title: untouched},
		"file to link":             {base: githubtest.Files{"api.bicep": api("orders")}, head: githubtest.Files{"api.bicep": githubtest.Symlink("README.md")}, conclusion: "success", title: untouched},
		"executable":               {head: githubtest.Files{"api.bicep": githubtest.Executable(text("orders"))}, conclusion: "failure", title: oneOfOne},
		"strange names":            {head: githubtest.Files{"a#b ?..%41/á \"x\".bicep": api("orders")}, conclusion: "failure", title: oneOfOne},
		"text that is no template": {head: githubtest.Files{"package.json": githubtest.Text(`{"name": "x"}`)}, conclusion: "success", title: untouched},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := githubtest.Files{"README.md": githubtest.Text("x")}
			maps.Copy(files, tt.base)
			s := newStage(t, files)
			s.propose("x", tt.head)
			s.run()
			run := s.only("x", tt.conclusion, tt.title)
			if strings.Contains(run.Output.Summary, ", existing") != tt.existing {
				t.Error(run.Output.Summary)
			}
		})
	}
}

// TestCopies: GitHub can say that a file is a copy. What it publishes is new.
func TestCopies(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{"api.bicep": api("orders")})
	s.propose("x", githubtest.Files{"copy.bicep": githubtest.Text(text("orders"))})
	base := s.Head(infra, "main")
	s.FailNext("GET /repos/acme/infra/compare/*", 1, githubtest.Response{Status: http.StatusOK, Body: fmt.Sprintf(
		`{"base_commit":{"sha":%q},"merge_base_commit":{"sha":%q},"files":[{"filename":"copy.bicep","previous_filename":"api.bicep","status":"copied"}]}`, base, base)})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	if a := run.Output.Annotations; len(a) != 1 || a[0].Path != "copy.bicep" || a[0].Level != "failure" {
		t.Errorf("annotations %+v", a)
	}
}

// TestFirstThirtyOfAnything: all annotations arrive, in batches.
func TestFirstThirtyOfAnything(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": api(apis(151)...)})
	s.run()
	run := s.only("x", "failure", "151 of 151 APIs not onboarded")
	lines := map[int]bool{}
	for _, a := range run.Output.Annotations {
		lines[a.StartLine] = true
	}
	if len(lines) != 151 || len(run.Output.Annotations) != 151 {
		t.Errorf("%d annotations on %d lines", len(run.Output.Annotations), len(lines))
	}
}

// TestSummaryOverTheLimit: thousands of findings; what does not fit is counted.
func TestSummaryOverTheLimit(t *testing.T) {
	t.Parallel()
	const n = 1200
	s := newStage(t, nil, func(o *githubtest.Options) {
		o.Limits.ContentMinute, o.Limits.ContentHour = githubtest.Off, githubtest.Off
	})
	files := githubtest.Files{}
	for i := range 12 {
		files[fmt.Sprintf("%s/api%d.bicep", strings.Repeat("long-folder-name-", 8), i)] = api(slices.Collect(func(yield func(string) bool) {
			for j := range n / 12 {
				if !yield(fmt.Sprintf("a%dx%d", i, j)) {
					return
				}
			}
		})...)
	}
	s.propose("x", files)
	s.run()
	run := s.only("x", "failure", fmt.Sprintf("%d of %d APIs not onboarded", n, n))
	summary := run.Output.Summary
	if utf8.RuneCountInString(summary) > 65_535 || !strings.Contains(summary, "more APIs") || !strings.Contains(summary, "`bot check` lists them all") {
		t.Errorf("%d characters: …%s", len(summary), summary[len(summary)-1500:])
	}
	if len(run.Output.Annotations) != n {
		t.Errorf("%d annotations", len(run.Output.Annotations))
	}
}

// TestNothingOfATemplateActs: names that would mention, link, or break the
// table if they were let.
func TestNothingOfATemplateActs(t *testing.T) {
	t.Parallel()
	const name = "@octocat | #1 <img src=x onerror=y> [a](javascript:y) `x` $(id)"
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": githubtest.Text(strings.ReplaceAll(text("orders"), "name: 'orders'", "name: '"+name+"'"))})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	for _, bad := range []string{"@octocat", "<img", "](javascript", "| #1", "`x`"} {
		if strings.Contains(run.Output.Summary, bad) || strings.Contains(run.Output.Title, bad) {
			t.Errorf("%q got through:\n%s", bad, run.Output.Summary)
		}
	}
}

// TestBotCommitLoops: the App's own commit is reviewed once and leads to
// nothing more.
func TestBotCommitLoops(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	before := s.Head(infra, "x")
	s.ClickAction(s.only("x", "failure", oneOfOne).ID, "onboard", "mona")
	s.run()
	after := s.Log(infra, "x")
	if len(after) < 2 || after[1].SHA != before {
		t.Fatalf("log %+v", after)
	}
	s.only("x", "success", "The API is onboarded")
}

func collection(name string) string {
	return service + fmt.Sprintf(`
resource %sCollection 'Microsoft.Security/apiCollections@2023-11-15' = {
  scope: apim
  name: '%s'
}
`, name, name)
}

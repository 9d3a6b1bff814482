package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPullFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	body := strings.Repeat("resource line that is long enough to be like itself\n", 20)
	w.Commit("acme/infra", "main", Files{
		"old/name.bicep": Text(body), "edit.bicep": Text("a\nb\nc\n"), "gone.bicep": Text("x\n"), "run.sh": Text("#!/bin/sh\n"), "bin": Bytes([]byte{0, 1}),
	}, "More")
	w.openPull(Files{
		"old/name.bicep": Deleted(), "new/name.bicep": Text(body + "one more\n"), "edit.bicep": Text("a\nB\nc\n"), "gone.bicep": Deleted(),
		"run.sh": Executable("#!/bin/sh\n"), "bin": Bytes([]byte{0, 2}), "added.bicep": Text("new\n"),
	})
	// The base moves on: what it changes is not the pull request's.
	w.Commit("acme/infra", "main", Files{"later.bicep": Text("later\n")}, "Later")
	r := w.get("/repos/acme/infra/pulls/1/files?per_page=100").want(http.StatusOK)
	var got []string
	for i := range r.list {
		got = append(got, strings.TrimSuffix(fmt.Sprintln(r.at(i, "status"), r.at(i, "filename"), r.at(i, "previous_filename"), r.at(i, "additions"), r.at(i, "deletions")), "\n"))
	}
	want := []string{
		"added added.bicep <nil> 1 0", "modified bin <nil> 0 0", "modified edit.bicep <nil> 1 1", "removed gone.bicep <nil> 0 1",
		"renamed new/name.bicep old/name.bicep 1 0", "changed run.sh <nil> 0 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if patch := r.at(2, "patch"); patch != "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c" {
		t.Errorf("patch %q", patch)
	}
	if r.at(1, "patch") != nil {
		t.Errorf("patch of a binary file: %v", r.at(1, "patch"))
	}
	if p := w.get("/repos/acme/infra/pulls/1").want(http.StatusOK); p.at("changed_files") != 6.0 || p.at("commits") != 1.0 {
		t.Error(p.text)
	}
	c := w.get("/repos/acme/infra/compare/main...feature").want(http.StatusOK)
	if c.at("status") != "diverged" || c.at("ahead_by") != 1.0 || c.at("behind_by") != 1.0 || c.at("merge_base_commit", "sha") == w.Head("acme/infra", "main") {
		t.Error(c.text)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	files := Files{}
	for i := range 7 {
		files[fmt.Sprintf("%d.bicep", i)] = Text("x")
	}
	w.openPull(files)
	next := regexp.MustCompile(`<http://github\.invalid([^>]*)>; rel="next"`)
	path, seen, pages := "/repos/acme/infra/pulls/1/files?per_page=3", 0, 0
	for path != "" {
		r := w.get(path).want(http.StatusOK)
		seen, pages = seen+len(r.list), pages+1
		path = ""
		if match := next.FindStringSubmatch(r.header.Get("Link")); match != nil {
			path = match[1]
		}
	}
	if seen != 7 || pages != 3 {
		t.Errorf("%d files on %d pages", seen, pages)
	}
	if r := w.get("/repos/acme/infra/pulls/1/files?per_page=3&page=9").want(http.StatusOK); r.text != "[]" {
		t.Error(r.text)
	}
	r := w.get("/repos/acme/infra/pulls/1/files?per_page=3&page=2")
	for _, relation := range []string{"prev", "next", "last", "first"} {
		if !strings.Contains(r.header.Get("Link"), fmt.Sprintf("rel=%q", relation)) {
			t.Errorf("no %s in %s", relation, r.header.Get("Link"))
		}
	}
}

func TestPullLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Branch("acme/infra", "fix", "main")
	create := m{"title": "Fix", "head": "fix", "base": "main", "body": "b"}
	w.post("/repos/acme/infra/pulls", create).want(http.StatusUnprocessableEntity) // no commits
	w.Commit("acme/infra", "fix", Files{"x": Text("x")}, "Fix")
	r := w.post("/repos/acme/infra/pulls", create).want(http.StatusCreated)
	if r.at("user", "login") != "defender[bot]" || r.at("head", "ref") != "fix" || r.at("number") != 1.0 {
		t.Error(r.text)
	}
	if r := w.post("/repos/acme/infra/pulls", create).want(http.StatusUnprocessableEntity); !strings.Contains(r.text, "A pull request already exists for acme:fix.") {
		t.Error(r.text)
	}
	count := func(query string, want int) {
		t.Helper()
		if r := w.get("/repos/acme/infra/pulls" + query).want(http.StatusOK); len(r.list) != want {
			t.Errorf("%s: %d, want %d", query, len(r.list), want)
		}
	}
	count("", 1)
	count("?head=acme:fix&base=main", 1)
	count("?head=acme:other", 0)
	count("?state=closed", 0)
	if r := w.patch("/repos/acme/infra/pulls/1", m{"title": "New", "state": "closed"}).want(http.StatusOK); r.at("state") != "closed" || r.at("title") != "New" {
		t.Error(r.text)
	}
	count("?state=closed", 1)
	count("", 0)
	w.patch("/repos/acme/infra/pulls/1", m{"state": "gone"}).want(http.StatusUnprocessableEntity)
	w.ReopenPull("acme/infra", 1)
	merged := w.MergePull("acme/infra", 1)
	if r := w.get("/repos/acme/infra/pulls/1"); r.at("merged") != true || w.Head("acme/infra", "main") != merged {
		t.Error(r.text)
	}
	w.get("/repos/acme/infra/pulls/2").want(http.StatusNotFound)
}

func TestFork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	fork := w.Fork("acme/infra", "hubot")
	sha := w.Commit(fork, "fix", Files{"x": Text("x")}, "Fix", "hubot")
	w.OpenPull(PullOptions{Repository: "acme/infra", Head: "hubot:fix", Author: "hubot"})
	r := w.get("/repos/acme/infra/pulls/1").want(http.StatusOK)
	if r.at("head", "repo", "full_name") != "hubot/infra" || r.at("head", "sha") != sha || r.at("head", "repo", "fork") != true {
		t.Error(r.text)
	}
	// Its commits can be read from the repository it goes to, as on GitHub.
	w.get("/repos/acme/infra/git/trees/" + sha).want(http.StatusOK)
	w.get("/repos/hubot/infra").want(http.StatusNotFound)
	w.DeleteRepository(fork)
	if r := w.get("/repos/acme/infra/pulls/1").want(http.StatusOK); r.at("head", "repo") != nil {
		t.Error(r.text)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for login, role := range map[string]string{"w": "write", "m": "maintain", "t": "triage", "r": "read"} {
		w.SetPermission("acme/infra", login, role)
	}
	for login, want := range map[string]string{"w": "write write", "m": "write maintain", "t": "read triage", "r": "read read", "mona": "none none", "acme": "admin admin"} {
		r := w.get("/repos/acme/infra/collaborators/" + login + "/permission").want(http.StatusOK)
		if got := fmt.Sprint(r.at("permission"), " ", r.at("role_name")); got != want {
			t.Errorf("%s: %s, want %s", login, got, want)
		}
	}
	w.get("/repos/acme/infra/collaborators/nobody/permission").want(http.StatusNotFound)
}

func TestReviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Commit("acme/infra", "main", Files{"a.bicep": Text(strings.Repeat("line\n", 40))}, "Long")
	w.openPull(Files{"a.bicep": Text("first\n" + strings.Repeat("line\n", 40) + "last\n")})
	comment := func(more m) m {
		body := m{"path": "a.bicep", "line": 2, "side": "RIGHT", "body": "```suggestion\nx\n```"}
		maps.Copy(body, more)
		return body
	}
	const path = "/repos/acme/infra/pulls/1/reviews"
	for name, more := range map[string]m{
		"outside the hunks":  {"line": 20},
		"other file":         {"path": "main.bicep"},
		"start after line":   {"start_line": 3},
		"start is line":      {"start_line": 2},
		"across hunks":       {"start_line": 2, "line": 42},
		"no text":            {"body": ""},
		"side":               {"side": "UP"},
		"left beyond":        {"side": "LEFT", "line": 41},
		"start out of reach": {"start_line": 0},
	} {
		r := w.post(path, m{"event": "COMMENT", "comments": []m{comment(nil), comment(more)}})
		if r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", name, said(r))
		}
	}
	if len(w.Reviews("acme/infra", 1)) != 0 {
		t.Error("a refused review is there")
	}
	r := w.post(path, m{"event": "COMMENT", "body": "b", "comments": []m{comment(nil), comment(m{"start_line": 1, "line": 3})}}).want(http.StatusOK)
	if got := w.get(fmt.Sprintf("%s/%v/comments", path, r.at("id"))).want(http.StatusOK); len(got.list) != 2 || got.at(1, "start_line") != 1.0 {
		t.Error(got.text)
	}
	w.post(path, m{"event": "COMMENT"}).want(http.StatusUnprocessableEntity)
	minimize(t, w, r)
}

func minimize(t *testing.T, w *world, review reply) {
	t.Helper()
	threads := w.query(`{ repository(owner: "acme", name: "infra") { pullRequest(number: 1) {
		reviewThreads(first: 10) { nodes { id isResolved isOutdated comments(first: 1) { nodes { id author { login } } } } pageInfo { hasNextPage } }
	} } }`, nil).want(http.StatusOK)
	nodes := []any{"data", "repository", "pullRequest", "reviewThreads", "nodes"}
	if list, _ := threads.at(nodes...).([]any); len(list) != 2 {
		t.Fatal(threads.text)
	}
	r := w.query(`mutation($thread: ID!, $subject: ID!) {
		resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } }
		minimizeComment(input: {subjectId: $subject, classifier: OUTDATED}) { minimizedComment { isMinimized minimizedReason } }
	}`, m{"thread": threads.at(append(nodes, 0, "id")...), "subject": review.at("node_id")})
	if r.at("data", "resolveReviewThread", "thread", "isResolved") != true || r.at("data", "minimizeComment", "minimizedComment", "minimizedReason") != "OUTDATED" {
		t.Error(r.text)
	}
	got := w.Reviews("acme/infra", 1)
	if got[0].Minimized != "OUTDATED" || !got[0].Comments[0].Resolved || got[0].Comments[1].Resolved {
		t.Errorf("%+v", got)
	}
}

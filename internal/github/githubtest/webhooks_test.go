package githubtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// receiver is a bot that only listens.
type receiver struct {
	mu   sync.Mutex
	got  []received
	url  string
	then func(received) // called without the lock
}

type received struct {
	event, action, guid, signature string
	body                           map[string]any
	raw                            []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	raw, err := io.ReadAll(request.Body)
	got := received{
		event: request.Header.Get("X-GitHub-Event"), guid: request.Header.Get("X-GitHub-Delivery"),
		signature: request.Header.Get("X-Hub-Signature-256"), raw: raw,
	}
	if err != nil || json.Unmarshal(raw, &got.body) != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	got.action, _ = got.body["action"].(string)
	r.mu.Lock()
	r.got = append(r.got, got)
	r.mu.Unlock()
	if r.then != nil {
		r.then(got)
	}
	w.WriteHeader(http.StatusAccepted)
}

// names are the events so far, such as "pull_request.opened".
func (r *receiver) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, got := range r.got {
		names = append(names, strings.TrimSuffix(got.event+"."+got.action, "."))
	}
	return names
}

func (r *receiver) last(t *testing.T) received {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) == 0 {
		t.Fatal("nothing received")
	}
	return r.got[len(r.got)-1]
}

func listening(t *testing.T, options Options) (*world, *receiver) {
	t.Helper()
	w, r := newWorld(t, options), newReceiver(t)
	w.SetWebhook(w.app, r.url, "secret")
	return w, r
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	var steps []string
	step := func(name string, do func()) {
		t.Helper()
		before := len(r.names())
		do()
		w.Deliver(t.Context())
		steps = append(steps, name+": "+strings.Join(r.names()[before:], " "))
	}
	step("branch", func() { w.Branch("acme/infra", "other", "main") })
	step("open", func() { w.openPull(Files{"x": Text("x")}) })
	step("push", func() { w.Commit("acme/infra", "feature", Files{"x": Text("y")}, "Again") })
	step("title", func() { w.EditTitle("acme/infra", 1, "Better") })
	step("base", func() { w.ChangeBase("acme/infra", 1, "other") })
	step("run", func() { w.newRun(m{"head_sha": w.Head("acme/infra", "feature"), "actions": []m{action(1, 1, 1)}}) })
	run := w.CheckRuns("acme/infra", "feature")[0]
	step("click", func() { w.ClickAction(run.ID, "i", "mona") })
	step("rerun", func() { w.RerequestRun(run.ID, "mona") })
	step("rerun all", func() { w.RerequestSuite(run.SuiteID, "mona") })
	step("draft", func() { w.ConvertToDraft("acme/infra", 1) })
	step("ready", func() { w.ReadyForReview("acme/infra", 1) })
	step("queue", func() { w.QueueMerge("acme/infra", 1) })
	step("dequeue", func() { w.Dequeue("acme/infra", 1) })
	step("close", func() { w.ClosePull("acme/infra", 1) })
	step("reopen", func() { w.ReopenPull("acme/infra", 1) })
	step("suspend", func() { w.Suspend(w.installation, true) })
	step("silence", func() { w.Commit("acme/infra", "feature", Files{"x": Text("z")}, "Unheard") })
	step("resume", func() { w.Suspend(w.installation, false) })
	step("ping", func() { w.Ping(w.app) })
	step("uninstall", func() { w.Uninstall(w.installation) })
	want := []string{
		"branch: push check_suite.requested", "open: push check_suite.requested push check_suite.requested pull_request.opened",
		"push: push check_suite.requested pull_request.synchronize", "title: pull_request.edited", "base: pull_request.edited",
		"run: check_run.created", "click: check_run.requested_action", "rerun: check_run.rerequested", "rerun all: check_suite.rerequested",
		"draft: pull_request.converted_to_draft", "ready: pull_request.ready_for_review",
		"queue: pull_request.enqueued push check_suite.requested merge_group.checks_requested", "dequeue: pull_request.dequeued merge_group.destroyed push", "close: pull_request.closed", "reopen: pull_request.reopened", "suspend: installation.suspend",
		"silence: ", "resume: installation.unsuspend", "ping: ping", "uninstall: installation.deleted",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	before := w.Head("acme/infra", "main")
	sha := w.openPull(Files{"x": Text("x"), "main.bicep": Text("changed\n"), "docs/readme.md": Deleted()})
	w.Deliver(t.Context())
	got := r.last(t)
	if want := Sign("secret", got.raw); got.signature != want || !strings.HasPrefix(want, "sha256=") {
		t.Errorf("signature %s, want %s", got.signature, want)
	}
	at := func(path ...any) any { return reply{t: t, body: got.body}.at(path...) }
	for path, want := range map[string]any{
		"number": 1.0, "pull_request.head.sha": sha, "pull_request.base.ref": "main", "pull_request.draft": false,
		"pull_request.head.repo.full_name": "acme/infra", "repository.full_name": "acme/infra", "sender.login": "mona",
		"installation.id": float64(w.installation), "repository.private": true, "organization.login": "acme", "repository.default_branch": "main",
	} {
		var steps []any
		for step := range strings.SplitSeq(path, ".") {
			steps = append(steps, step)
		}
		if at(steps...) != want {
			t.Errorf("%s: %v, want %v", path, at(steps...), want)
		}
	}
	for _, d := range r.got {
		if d.event == "push" && d.body["after"] == sha {
			got = d
		}
	}
	if at("before") != before || at("ref") != "refs/heads/feature" || at("forced") != false || at("head_commit", "id") != sha ||
		at("commits", 0, "added", 0) != "x" || at("commits", 0, "removed", 0) != "docs/readme.md" || at("commits", 0, "modified", 0) != "main.bicep" {
		t.Error(string(got.raw))
	}
	w.Push("acme/infra", "feature", before)
	w.Push("acme/infra", "feature", w.Write("acme/infra", "", Files{"y": Text("y")}, "Root"))
	w.Deliver(t.Context())
	forced := []any{}
	for _, d := range r.got {
		if d.event == "push" {
			forced = append(forced, d.body["forced"])
		}
	}
	if diff := cmp.Diff([]any{false, false, true, true}, forced); diff != "" {
		t.Error(diff)
	}
}

func TestOwnEvents(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	reply := w.commitOnBranch(w.Head("acme/infra", "main"), m{"additions": []m{{"path": "x", "contents": "eA=="}}}).want(http.StatusOK)
	w.Deliver(t.Context())
	push := r.got[0]
	sender, _ := push.body["sender"].(map[string]any)
	if push.event != "push" || sender["login"] != "defender[bot]" || sender["type"] != "Bot" ||
		push.body["after"] != reply.at("data", "createCommitOnBranch", "commit", "oid") {
		t.Errorf("%s: %s", push.event, push.raw)
	}
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		event string
		kind  WebhookFault
		want  string
	}{
		"drop":      {"push", Drop, "check_suite"},
		"duplicate": {"push", Duplicate, "push push check_suite"},
		"reorder":   {"push", Reorder, "check_suite push"},
		"action":    {"check_suite.requested", Drop, "push"},
		"other":     {"check_suite.completed", Drop, "push check_suite"},
		"any":       {"*", Drop, "check_suite"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := listening(t, Options{})
			w.FaultNext(test.event, test.kind, 1)
			w.Commit("acme/infra", "main", Files{"x": Text("x")}, "Change")
			w.Deliver(t.Context())
			var got, guids []string
			for _, d := range r.got {
				got, guids = append(got, d.event), append(guids, d.guid)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
			if test.kind == Duplicate && guids[0] != guids[1] {
				t.Errorf("identifiers %v", guids)
			}
			w.Commit("acme/infra", "main", Files{"x": Text("y")}, "No fault any more")
			before := len(r.got)
			w.Deliver(t.Context())
			if len(r.got)-before != 2 {
				t.Errorf("%d after the fault", len(r.got)-before)
			}
		})
	}
}

func TestSignatureFaults(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	w.FaultNext("push", WrongSignature, 1)
	w.FaultNext("check_suite", Unsigned, 1)
	w.Commit("acme/infra", "main", Files{"x": Text("x")}, "Change")
	w.Deliver(t.Context())
	if got := r.got[0]; got.signature == Sign("secret", got.raw) || got.signature == "" {
		t.Errorf("signature %q", got.signature)
	}
	if got := r.got[1]; got.signature != "" {
		t.Errorf("signature %q", got.signature)
	}
}

func TestEarly(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	var statuses []int
	r.then = func(got received) {
		if got.event != "pull_request" {
			return
		}
		for range earlyRequests + 1 {
			statuses = append(statuses, w.get("/repos/acme/infra/pulls/1").status)
		}
	}
	w.FaultNext("pull_request", Early, 1)
	w.openPull(Files{"x": Text("x")})
	w.Deliver(t.Context())
	if !slices.Equal(statuses, []int{404, 404, 404, 200}) {
		t.Errorf("statuses %v", statuses)
	}
}

func TestDeliveryLog(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	w.FaultNext("push", Drop, 1)
	w.Commit("acme/infra", "main", Files{"x": Text("x")}, "Change")
	w.Deliver(t.Context())
	jwt := func() string { return w.jwt(w.goodClaims()) }
	page := w.send(http.MethodGet, "/app/hook/deliveries?per_page=1", nil, jwt()).want(http.StatusOK)
	if len(page.list) != 1 || page.at(0, "event") != "check_suite" || page.at(0, "status") != "OK" || page.at(0, "status_code") != 202.0 {
		t.Fatal(page.text)
	}
	link, _, _ := strings.Cut(page.header.Get("Link"), ">")
	next := strings.TrimPrefix(link, "<http://github.invalid")
	page = w.send(http.MethodGet, next, nil, jwt()).want(http.StatusOK)
	if len(page.list) != 1 || page.at(0, "event") != "push" || page.at(0, "status_code") != 0.0 || page.header.Get("Link") != "" {
		t.Fatal(page.text)
	}
	id, guid := page.at(0, "id"), page.at(0, "guid")
	w.send(http.MethodPost, fmt.Sprintf("/app/hook/deliveries/%.0f/attempts", id), nil, jwt()).want(http.StatusAccepted)
	w.Deliver(t.Context())
	if got := r.last(t); got.guid != guid || got.event != "push" {
		t.Errorf("redelivered %s %s", got.event, got.guid)
	}
	last := w.Deliveries()[2]
	if !last.Redelivery || last.StatusCode != http.StatusAccepted || last.GUID != guid {
		t.Errorf("%+v", last)
	}
	if one := w.send(http.MethodGet, fmt.Sprintf("/app/hook/deliveries/%d", last.ID), nil, jwt()).want(http.StatusOK); one.at("request", "payload", "ref") != "refs/heads/main" {
		t.Error(one.text)
	}
	w.clock.Advance(3*24*time.Hour + time.Second)
	if r := w.send(http.MethodGet, "/app/hook/deliveries", nil, jwt()).want(http.StatusOK); r.text != "[]" {
		t.Error(r.text)
	}
	w.send(http.MethodPost, fmt.Sprintf("/app/hook/deliveries/%.0f/attempts", id), nil, jwt()).want(http.StatusNotFound)
}

func TestSynchronous(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{Synchronous: true})
	r.then = func(got received) {
		if got.event == "pull_request" { // what the bot does is told to it as well
			w.newRun(m{"head_sha": w.Head("acme/infra", "feature")})
		}
	}
	w.openPull(Files{"x": Text("x")})
	if names := r.names(); !slices.Contains(names, "check_run.created") || w.Pending() != 0 {
		t.Errorf("%v, %d pending", names, w.Pending())
	}
}

func TestDeliverStops(t *testing.T) {
	t.Parallel()
	w, _ := listening(t, Options{})
	w.Commit("acme/infra", "main", Files{"x": Text("x")}, "Change")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n := w.Deliver(ctx); n != 0 || w.Pending() != 2 {
		t.Errorf("%d attempts, %d pending", n, w.Pending())
	}
}

func TestSelectedRepositories(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	w.CreateRepository("acme/other", RepositoryOptions{})
	w.Uninstall(w.installation)
	id := w.Install(w.app, "acme", "acme/infra")
	w.SelectRepositories(id, true, "acme/other")
	w.SelectRepositories(id, false, "acme/infra")
	w.Deliver(t.Context())
	want := []string{"installation.deleted", "installation.created", "installation_repositories.added", "installation_repositories.removed"}
	if diff := cmp.Diff(want, r.names()); diff != "" {
		t.Error(diff)
	}
	w.Commit("acme/infra", "main", Files{"x": Text("x")}, "Not told")
	if w.Pending() != 0 {
		t.Error("told about a repository that is not selected")
	}
}

func TestMergeQueue(t *testing.T) {
	t.Parallel()
	w, r := listening(t, Options{})
	for i, branch := range []string{"one", "two", "three"} {
		w.Branch("acme/infra", branch, "main")
		w.Commit("acme/infra", branch, Files{branch: Text(branch)}, "Add "+branch)
		if n := w.OpenPull(PullOptions{Repository: "acme/infra", Head: branch}); n != i+1 {
			t.Fatalf("number %d", n)
		}
	}
	w.DiscardPending()
	main := w.Head("acme/infra", "main")
	one := w.QueueMerge("acme/infra", 1)
	two := w.QueueMerge("acme/infra", 2)
	w.QueueMerge("acme/infra", 3)
	w.Deliver(t.Context())
	group, ref := r.last(t).body["merge_group"].(m), "gh-readonly-queue/main/pr-3-"+two
	if group["base_sha"] != two || group["head_sha"] != w.Head("acme/infra", ref) || group["head_ref"] != "refs/heads/"+ref || group["base_ref"] != "refs/heads/main" {
		t.Errorf("third group %v", group)
	}
	if paths := w.Paths("acme/infra", ref); paths["one"] == "" || paths["two"] == "" || paths["three"] == "" {
		t.Errorf("third group has %v", paths)
	}
	if w.Head("acme/infra", "gh-readonly-queue/main/pr-1-"+main) != one {
		t.Error("first group is not on main")
	}
	w.Dequeue("acme/infra", 2)
	ref = "gh-readonly-queue/main/pr-3-" + one
	if paths := w.Paths("acme/infra", ref); paths["one"] == "" || paths["two"] != "" || paths["three"] == "" {
		t.Errorf("new third group has %v", paths)
	}
	if w.MergeQueued("acme/infra", 1) != one || w.Head("acme/infra", "main") != one {
		t.Error("first group is not merged")
	}
	last := w.MergeQueued("acme/infra", 3)
	if w.Head("acme/infra", "main") != last || w.Head("acme/infra", ref) != "" {
		t.Error("last group is not merged")
	}
	w.Deliver(t.Context())
	var reasons []any
	for _, got := range r.got {
		if got.action == "destroyed" {
			reasons = append(reasons, got.body["reason"])
		}
	}
	if diff := cmp.Diff([]any{"dequeued", "invalidated", "merged", "merged"}, reasons); diff != "" {
		t.Error(diff)
	}
	if state := w.get("/repos/acme/infra/pulls/3"); state.at("merged") != true || state.at("state") != "closed" {
		t.Error(state.text)
	}
}

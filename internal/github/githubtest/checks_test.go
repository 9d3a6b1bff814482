package githubtest

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestRunLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	id := w.newRun(m{"status": "in_progress", "external_id": "7"}).want(http.StatusCreated).at("id")
	path := fmt.Sprintf("/repos/acme/infra/check-runs/%v", id)
	w.patch(path, m{"output": m{"title": "t", "summary": "s", "annotations": []m{note(nil), note(m{"start_column": 1, "end_column": 3})}}}).want(http.StatusOK)
	w.patch(path, m{"output": m{"title": "t", "summary": "s2", "annotations": []m{note(m{"message": "third"})}}}).want(http.StatusOK)
	w.clock.Advance(time.Minute)
	r := w.patch(path, m{"conclusion": "failure", "actions": []m{action(1, 1, 1)}}).want(http.StatusOK)
	if r.at("status") != "completed" || r.at("conclusion") != "failure" || r.at("output", "annotations_count") != 3.0 ||
		r.at("completed_at") != "2026-03-01T12:01:00Z" || r.at("external_id") != "7" || r.at("output", "summary") != "s2" {
		t.Error(r.text)
	}
	if r := w.get(path + "/annotations?per_page=2&page=2").want(http.StatusOK); len(r.list) != 1 || r.at(0, "message") != "third" || r.at(0, "start_column") != nil {
		t.Error(r.text)
	}
	runs := w.CheckRuns("acme/infra", "main")
	if len(runs) != 1 || runs[0].Updates != 3 || len(runs[0].Actions) != 1 || len(runs[0].Output.Annotations) != 3 {
		t.Errorf("%+v", runs)
	}
	w.patch(path, m{"actions": []m{}, "status": "in_progress"}).want(http.StatusOK)
	if run := w.CheckRuns("acme/infra", "main")[0]; len(run.Actions) != 0 || run.Conclusion != "" || !run.Completed.IsZero() {
		t.Errorf("%+v", run)
	}
}

func TestRunRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for name, body := range map[string]m{
		"no name":             {"name": ""},
		"no commit":           {"head_sha": "0123456789012345678901234567890123456789"},
		"status":              {"status": "done"},
		"status of GitHub's":  {"status": "waiting"},
		"conclusion":          {"conclusion": "ok"},
		"stale is GitHub's":   {"conclusion": "stale"},
		"completed, but how":  {"status": "completed"},
		"no summary":          {"output": m{"title": "t"}},
		"unnamed action":      {"actions": []m{{"label": "l", "description": "d"}}},
		"annotation of none":  {"output": m{"title": "t", "summary": "s", "annotations": []m{{}}}},
		"name is not text":    {"name": 7},
		"annotations no list": {"output": m{"title": "t", "summary": "s", "annotations": "x"}},
	} {
		if r := w.newRun(body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", name, said(r))
		}
	}
	if len(w.CheckRuns("acme/infra", "main")) != 0 {
		t.Error("a refused run is there")
	}
	w.send(http.MethodPatch, "/repos/acme/infra/check-runs/1", m{}, w.token).want(http.StatusNotFound)
}

func TestListRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.newRun(m{"name": "a"}).want(http.StatusCreated)
	w.newRun(m{"name": "a"}).want(http.StatusCreated)
	w.newRun(m{"name": "b", "status": "in_progress"}).want(http.StatusCreated)
	for query, want := range map[string]float64{
		"": 2, "?filter=all": 3, "?check_name=a": 1, "?filter=all&check_name=a": 2, "?status=in_progress": 1, "?app_id=1": 0,
		fmt.Sprintf("?app_id=%d", w.app): 2,
	} {
		if r := w.get("/repos/acme/infra/commits/main/check-runs" + query).want(http.StatusOK); r.at("total_count") != want {
			t.Errorf("%s: %v, want %v", query, r.at("total_count"), want)
		}
	}
	suite := first.at("check_suite", "id")
	if r := w.get(fmt.Sprintf("/repos/acme/infra/check-suites/%v/check-runs", suite)).want(http.StatusOK); r.at("total_count") != 2.0 {
		t.Error(r.text)
	}
	if r := w.get("/repos/acme/infra/commits/main/check-suites").want(http.StatusOK); r.at("check_suites", 0, "id") != suite {
		t.Error(r.text)
	}
	w.post(fmt.Sprintf("/repos/acme/infra/check-suites/%v/rerequest", suite), nil).want(http.StatusCreated)
}

func TestPullRequestsOfRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	sha := w.openPull(Files{"x": Text("x")})
	r := w.newRun(m{"head_sha": sha}).want(http.StatusCreated)
	if r.at("pull_requests", 0, "number") != 1.0 || r.at("pull_requests", 0, "base", "ref") != "main" {
		t.Error(r.text)
	}
}

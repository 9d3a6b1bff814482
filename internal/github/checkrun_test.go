package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runs records what is sent about check runs.
type runs struct {
	mu     sync.Mutex
	bodies []map[string]any
	fail   int // the request that is answered with 502 after it was carried out; 0 for none
	posted int
}

func newRuns(s *stub) *runs {
	r := &runs{}
	handle := func(w http.ResponseWriter, req *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
			panic(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, body)
		r.posted += len(annotationsOf(body))
		if len(r.bodies) == r.fail {
			reply(502, ``)(w, req)
			return
		}
		reply(200, fmt.Sprintf(`{"id":11,"output":{"annotations_count":%d}}`, r.posted))(w, req)
	}
	s.mux.HandleFunc("POST /repos/acme/infra/check-runs", handle)
	s.mux.HandleFunc("PATCH /repos/acme/infra/check-runs/11", handle)
	return r
}

func annotationsOf(body map[string]any) []any {
	output, _ := body["output"].(map[string]any)
	list, _ := output["annotations"].([]any)
	return list
}

func someAnnotations(n int) []Annotation {
	list := make([]Annotation, 0, n)
	for i := range n {
		list = append(list, Annotation{Path: "main.bicep", StartLine: i + 1, EndLine: i + 1, Level: "failure", Title: "t", Message: strconv.Itoa(i)})
	}
	return list
}

func TestCheckRun(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	r := newRuns(s)
	app := newTestApp(t, s)
	run, err := app.StartCheckRun(t.Context(), testRepo, CheckRun{Name: "Defender for APIs", HeadSHA: headSHA, ExternalID: "v1:3"})
	if err != nil || run.ID != 11 || run.Status != "in_progress" || run.Posted != 0 {
		t.Fatalf("started %+v, %v", run, err)
	}
	run.Conclusion, run.Title, run.Summary, run.Text = "failure", "2 of 5 APIs not onboarded", "| table |", "more"
	run.Annotations = []Annotation{{Path: "a.bicep", StartLine: 3, EndLine: 3, StartColumn: 10, EndColumn: 13, Level: "failure", Title: "T", Message: "M", RawDetails: "R"}}
	run.Actions = []Action{{"Onboard APIs", "Commit the missing resources", "onboard"}}
	if err := app.CompleteCheckRun(t.Context(), testRepo, run); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{
			"name": "Defender for APIs", "head_sha": headSHA, "external_id": "v1:3",
			"status": "in_progress", "started_at": "2026-05-04T12:00:00Z",
		},
		{
			"name": "Defender for APIs", "external_id": "v1:3",
			"status": "completed", "conclusion": "failure", "completed_at": "2026-05-04T12:00:00Z",
			"output": map[string]any{
				"title": "2 of 5 APIs not onboarded", "summary": "| table |", "text": "more",
				"annotations": []any{map[string]any{
					"path": "a.bicep", "start_line": 3., "end_line": 3., "start_column": 10., "end_column": 12.,
					"annotation_level": "failure", "title": "T", "message": "M", "raw_details": "R",
				}},
			},
			"actions": []any{map[string]any{"label": "Onboard APIs", "description": "Commit the missing resources", "identifier": "onboard"}},
		},
	}
	if diff := cmp.Diff(want, r.bodies); diff != "" {
		t.Error(diff)
	}
}

func TestAnnotationBatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		annotations, posted int
		want                []int
	}{
		{0, 0, []int{0}},
		{1, 0, []int{1}},
		{50, 0, []int{50}},
		{51, 0, []int{50, 1}},
		{100, 0, []int{50, 50}},
		{125, 0, []int{50, 50, 25}},
		{125, 50, []int{50, 25}},
		{125, 60, []int{50, 15}},
		{125, 125, []int{0}},
		{125, 200, []int{0}},
		{10, -1, []int{10}},
	} {
		t.Run(fmt.Sprint(tt.annotations, " after ", tt.posted), func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			r := newRuns(s)
			run := CheckRun{ID: 11, Name: "n", Conclusion: "failure", Title: "t", Annotations: someAnnotations(tt.annotations), Posted: tt.posted}
			if err := newTestApp(t, s).CompleteCheckRun(t.Context(), testRepo, run); err != nil {
				t.Fatal(err)
			}
			var got []int
			next := min(max(tt.posted, 0), tt.annotations)
			for i, body := range r.bodies {
				list := annotationsOf(body)
				got = append(got, len(list))
				for _, a := range list {
					if m, _ := a.(map[string]any); m["message"] != strconv.Itoa(next) {
						t.Errorf("annotation %v where %d should be", m["message"], next)
					}
					next++
				}
				last := i == len(r.bodies)-1
				if _, concluded := body["conclusion"]; concluded != last || (body["status"] == "completed") != last {
					t.Errorf("request %d of %d: %v", i+1, len(r.bodies), body)
				}
				if _, actions := body["actions"]; actions != last {
					t.Errorf("request %d of %d has actions: %v", i+1, len(r.bodies), actions)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCompletingGoesOn: whichever answer is lost, finding the run and going on
// posts every annotation once.
func TestCompletingGoesOn(t *testing.T) {
	t.Parallel()
	for lost := 1; lost <= 3; lost++ {
		t.Run(strconv.Itoa(lost), func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			r := newRuns(s)
			r.fail = lost
			s.mux.HandleFunc("GET /repos/acme/infra/commits/"+headSHA+"/check-runs", func(w http.ResponseWriter, req *http.Request) {
				r.mu.Lock()
				defer r.mu.Unlock()
				reply(200, fmt.Sprintf(`{"check_runs":[{"id":11,"name":"n","external_id":"x","output":{"annotations_count":%d}}]}`, r.posted))(w, req)
			})
			app := newTestApp(t, s)
			run := CheckRun{ID: 11, Name: "n", Conclusion: "failure", Title: "t", Annotations: someAnnotations(125)}
			if err := app.CompleteCheckRun(t.Context(), testRepo, run); err == nil {
				t.Fatal("no error")
			}
			found, err := app.CheckRuns(t.Context(), testRepo, "n", headSHA)
			if err != nil {
				t.Fatal(err)
			}
			run.Posted = found[0].Posted
			if err := app.CompleteCheckRun(t.Context(), testRepo, run); err != nil {
				t.Fatal(err)
			}
			if r.posted != 125 {
				t.Errorf("%d annotations", r.posted)
			}
		})
	}
}

func TestCompleteClearsActions(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	r := newRuns(s)
	if err := newTestApp(t, s).CompleteCheckRun(t.Context(), testRepo, CheckRun{ID: 11, Name: "n", Conclusion: "success"}); err != nil {
		t.Fatal(err)
	}
	if list, ok := r.bodies[0]["actions"].([]any); !ok || len(list) != 0 {
		t.Errorf("actions %v", r.bodies[0]["actions"])
	}
	if output, _ := r.bodies[0]["output"].(map[string]any); output["title"] != "n" || output["summary"] != "n" {
		t.Errorf("output %v: title and summary are required", output)
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	r := newRuns(s)
	long := strings.Repeat("界", 70_000)
	run := CheckRun{ID: 11, Name: "n", Conclusion: "failure", Title: long, Summary: long, Text: long, Annotations: []Annotation{
		{Path: "a", StartLine: 1, EndLine: 1, Level: "notice", Title: long, Message: long, RawDetails: long},
		{Path: "../out", StartLine: 1, EndLine: 1, Level: "notice", Message: "x"},
	}}
	if err := newTestApp(t, s).CompleteCheckRun(t.Context(), testRepo, run); err != nil {
		t.Fatal(err)
	}
	output, _ := r.bodies[0]["output"].(map[string]any)
	annotation, _ := annotationsOf(r.bodies[0])[0].(map[string]any)
	for what, tt := range map[string]struct {
		got   any
		limit int
	}{
		"title":       {output["title"], MaxCheckTitle},
		"summary":     {output["summary"], MaxCheckText},
		"text":        {output["text"], MaxCheckText},
		"own title":   {annotation["title"], MaxCheckTitle},
		"message":     {annotation["message"], MaxAnnotationText},
		"raw details": {annotation["raw_details"], MaxAnnotationText},
	} {
		got, _ := tt.got.(string)
		if len(got) > tt.limit || len(got) < tt.limit*9/10 || !strings.ContainsAny(got, "…") {
			t.Errorf("%s has %d bytes, ends in %q", what, len(got), got[max(0, len(got)-60):])
		}
	}
	if n := len(annotationsOf(r.bodies[0])); n != 1 {
		t.Errorf("%d annotations", n)
	}
}

func TestLeftOutIsSaid(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	r := newRuns(s)
	run := CheckRun{ID: 11, Name: "n", Conclusion: "failure", Text: strings.Repeat("x", MaxCheckText), Annotations: []Annotation{{Path: "a"}, {Path: ""}}}
	if err := newTestApp(t, s).CompleteCheckRun(t.Context(), testRepo, run); err != nil {
		t.Fatal(err)
	}
	output, _ := r.bodies[0]["output"].(map[string]any)
	if text, _ := output["text"].(string); !strings.Contains(text, "2 annotations could not be shown") {
		t.Errorf("text ends in %q", text[max(0, len(text)-100):])
	}
}

func TestAnnotationRepairs(t *testing.T) {
	t.Parallel()
	good := Annotation{Path: "a.bicep", StartLine: 2, EndLine: 2, StartColumn: 3, EndColumn: 6, Level: "warning", Message: "m"}
	sent := annotationJSON{Path: "a.bicep", StartLine: 2, EndLine: 2, StartColumn: 3, EndColumn: 5, Level: "warning", Message: "m"}
	change := func(f func(*Annotation)) Annotation { a := good; f(&a); return a }
	want := func(f func(*annotationJSON)) *annotationJSON { j := sent; f(&j); return &j }
	for name, tt := range map[string]struct {
		in   Annotation
		want *annotationJSON
	}{
		"good":                {good, &sent},
		"line 0":              {change(func(a *Annotation) { a.StartLine, a.EndLine = 0, 0 }), want(func(j *annotationJSON) { j.StartLine, j.EndLine = 1, 1 })},
		"ends before it":      {change(func(a *Annotation) { a.EndLine = 1 }), &sent},
		"many lines":          {change(func(a *Annotation) { a.EndLine = 5 }), want(func(j *annotationJSON) { j.EndLine, j.StartColumn, j.EndColumn = 5, 0, 0 })},
		"empty span":          {change(func(a *Annotation) { a.EndColumn = 3 }), want(func(j *annotationJSON) { j.EndColumn = 3 })},
		"no columns":          {change(func(a *Annotation) { a.StartColumn, a.EndColumn = 0, 0 }), want(func(j *annotationJSON) { j.StartColumn, j.EndColumn = 0, 0 })},
		"no end column":       {change(func(a *Annotation) { a.EndColumn = 0 }), want(func(j *annotationJSON) { j.EndColumn = 3 })},
		"only an end column":  {change(func(a *Annotation) { a.StartColumn = 0 }), want(func(j *annotationJSON) { j.StartColumn, j.EndColumn = 0, 0 })},
		"no message, a title": {change(func(a *Annotation) { a.Message, a.Title = " ", "t" }), want(func(j *annotationJSON) { j.Message, j.Title = "t", "t" })},
		"broken text":         {change(func(a *Annotation) { a.Message = "a\xff\x00" }), want(func(j *annotationJSON) { j.Message = "a\uFFFD\uFFFD" })},
		"no message":          {change(func(a *Annotation) { a.Message = "" }), nil},
		"no path":             {change(func(a *Annotation) { a.Path = "" }), nil},
		"path from the root":  {change(func(a *Annotation) { a.Path = "/a" }), nil},
		"path out of it":      {change(func(a *Annotation) { a.Path = "../a" }), nil},
		"path not clean":      {change(func(a *Annotation) { a.Path = "b/../a" }), nil},
		"path not text":       {change(func(a *Annotation) { a.Path = "a\xff" }), nil},
		"no level":            {change(func(a *Annotation) { a.Level = "" }), nil},
		"other level":         {change(func(a *Annotation) { a.Level = "error" }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, dropped := sendable([]Annotation{tt.in})
			if tt.want == nil {
				if len(got) != 0 || dropped != 1 {
					t.Errorf("sent %+v", got)
				}
				return
			}
			if diff := cmp.Diff([]annotationJSON{*tt.want}, got); diff != "" || dropped != 0 {
				t.Errorf("%d dropped\n%s", dropped, diff)
			}
		})
	}
}

// The numbers are GitHub's own, and not this package's.
func TestActionsOverTheLimits(t *testing.T) {
	t.Parallel()
	ok := Action{"Onboard APIs", "d", "onboard"}
	for name, actions := range map[string][]Action{
		"four":        {ok, ok, ok, ok},
		"label":       {{strings.Repeat("x", 21), "d", "i"}},
		"description": {{"l", strings.Repeat("x", 41), "i"}},
		"identifier":  {{"l", "d", strings.Repeat("x", 21)}},
		"empty":       {{"l", "", "i"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			err := newTestApp(t, s).CompleteCheckRun(t.Context(), testRepo, CheckRun{ID: 11, Name: "n", Conclusion: "success", Actions: actions})
			if err == nil || len(s.requests()) != 0 {
				t.Errorf("error %v, requests %v", err, s.requests())
			}
		})
	}
}

func TestCheckRuns(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("GET /repos/acme/infra/commits/"+headSHA+"/check-runs", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("app_id") != "1" || q.Get("check_name") != "Defender for APIs" || q.Get("filter") != "all" || q.Get("per_page") != "100" {
			t.Errorf("asked for %v", q)
		}
		var list []string
		if q.Get("page") == "1" {
			for i := range 100 {
				list = append(list, fmt.Sprintf(`{"id":%d,"name":"Defender for APIs","external_id":"v1:%d"}`, 901+i, i%2))
			}
		} else {
			list = append(list, `{"id":5,"name":"Defender for APIs","external_id":"v1:7","status":"completed","conclusion":"failure","head_sha":"`+headSHA+`",
				"output":{"annotations_count":12,"title":null}}`, `{"id":6,"name":"Other","external_id":"v1:7"}`)
		}
		reply(200, `{"check_runs":[`+strings.Join(list, ",")+`]}`)(w, r)
	})
	app := newTestApp(t, s)
	got, err := app.CheckRuns(t.Context(), testRepo, "Defender for APIs", headSHA)
	if err != nil || len(got) != 101 {
		t.Fatalf("%d runs, %v", len(got), err)
	}
	if !slices.IsSortedFunc(got, func(a, b CheckRun) int { return int(b.ID - a.ID) }) {
		t.Errorf("not the newest first: %v", got)
	}
	want := CheckRun{ID: 5, Name: "Defender for APIs", HeadSHA: headSHA, ExternalID: "v1:7", Status: "completed", Conclusion: "failure", Posted: 12}
	if diff := cmp.Diff(want, got[100]); diff != "" {
		t.Error(diff)
	}
}

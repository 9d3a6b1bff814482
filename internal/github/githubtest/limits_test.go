package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

type m = map[string]any

// limitCase breaks one limit. What comes back contains refused if and only if
// the limit is on.
type limitCase struct {
	field   string
	lowered Limit // 0 keeps GitHub's own number
	try     func(w *world) string
	refused string
}

func limitCases() []limitCase {
	return slices.Concat(accessLimits(), checkLimits(), sizeLimits(), rateLimits())
}

func TestLimits(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for _, c := range limitCases() {
		covered[c.field] = true
		for _, on := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", c.field, on), func(t *testing.T) {
				t.Parallel()
				var options Options
				limit := c.lowered
				if !on {
					limit = Off
				}
				reflect.ValueOf(&options.Limits).Elem().FieldByName(c.field).SetInt(int64(limit))
				got := c.try(newWorld(t, options))
				if strings.Contains(got, c.refused) != on {
					t.Errorf("limit on is %v, got %s, refusal is %q", on, cut(got), c.refused)
				}
			})
		}
	}
	for field := range reflect.TypeFor[Limits]().Fields() {
		if !covered[field.Name] {
			t.Errorf("no case for %s", field.Name)
		}
	}
}

func cut(text string) string { return text[:min(len(text), 600)] }

// said is the status and the text of an answer.
func said(r reply) string { return fmt.Sprintf("%d %s", r.status, r.text) }

func accessLimits() []limitCase {
	return []limitCase{
		{"JWT", 0, func(w *world) string {
			claims := w.goodClaims()
			claims["exp"] = w.clock.Now().Unix() + 601
			return said(w.send(http.MethodGet, "/app", nil, w.jwt(claims)))
		}, "401 {\"documentation_url\":\"https://docs.github.com/rest\",\"message\":\"'Expiration time' claim ('exp') is too far in the future\""},
		{"TokenExpiry", 0, func(w *world) string {
			w.clock.Advance(time.Hour)
			return said(w.get("/repos/acme/infra"))
		}, "401 "},
		{"TokenRepositories", 0, func(w *world) string {
			w.CreateRepository("acme/other", RepositoryOptions{Private: true})
			w.token = w.newTokenFor(m{"repositories": []string{"infra"}})
			return said(w.get("/repos/acme/other"))
		}, "404 "},
		{"TokenPermissions", 0, func(w *world) string {
			w.token = w.newTokenFor(m{"permissions": m{"contents": "read"}})
			return said(w.post("/repos/acme/infra/git/blobs", m{"content": "x"}))
		}, "Resource not accessible by integration"},
		{"RunOwner", 0, func(w *world) string {
			run := w.newRun(nil).want(http.StatusCreated).at("id")
			w.app = w.AddApp(App{Slug: "other", PublicKey: &w.key.PublicKey, Permissions: allPermissions()})
			w.installation = w.Install(w.app, "acme")
			w.token = w.newTokenFor(nil)
			return said(w.patch(fmt.Sprintf("/repos/acme/infra/check-runs/%v", run), m{"status": "in_progress"}))
		}, "403 {\"documentation_url\":\"https://docs.github.com/rest\",\"message\":\"Invalid app_id"},
		{"Archived", 0, func(w *world) string {
			w.Archive("acme/infra")
			return said(w.newRun(nil))
		}, "403 {\"documentation_url\":\"https://docs.github.com/rest\",\"message\":\"Repository was archived so is read-only.\""},
		{"WorkflowFiles", 0, func(w *world) string {
			return said(w.post("/repos/acme/infra/git/trees", m{"tree": []m{{"path": ".github/workflows/ci.yml", "mode": "100644", "content": "on: push"}}}))
		}, "403 "},
		{"BranchProtection", 0, func(w *world) string {
			w.Protect("acme/infra", "main", Protection{RequirePull: true})
			sha := w.Write("acme/infra", "main", Files{"x": Text("x")}, "More")
			return said(w.patch("/repos/acme/infra/git/refs/heads/main", m{"sha": sha}))
		}, "422 {\"documentation_url\":\"https://docs.github.com/rest\",\"message\":\"Changes must be made through a pull request.\""},
		{"FastForward", 0, func(w *world) string {
			sha := w.Write("acme/infra", "", Files{"x": Text("x")}, "Another root")
			return said(w.patch("/repos/acme/infra/git/refs/heads/main", m{"sha": sha}))
		}, "Update is not a fast forward"},
		{"StaleData", 0, func(w *world) string {
			return said(w.commitOnBranch(strings.Repeat("0", 40), m{"additions": []m{{"path": "x", "contents": "eA=="}}}))
		}, `"type":"STALE_DATA"`},
		{"ForkPullRequests", 0, func(w *world) string {
			w.CreateRepository("acme/public", RepositoryOptions{})
			w.Commit("acme/public", "main", Files{"a": Text("a")}, "Start")
			fork := w.Fork("acme/public", "hubot")
			sha := w.Commit(fork, "fix", Files{"b": Text("b")}, "Fix")
			w.OpenPull(PullOptions{Repository: "acme/public", Head: "hubot:fix"})
			return said(w.post("/repos/acme/public/check-runs", m{"name": "x", "head_sha": sha}))
		}, `"pull_requests":[]`},
		{"ReviewLines", 0, func(w *world) string {
			w.openPull(Files{"main.bicep": Text("param a string\nparam b string\n")})
			return said(w.post("/repos/acme/infra/pulls/1/reviews", m{"event": "COMMENT", "comments": []m{{"path": "main.bicep", "line": 9, "body": "x"}}}))
		}, "422 "},
	}
}

func (w *world) newRun(more m) reply {
	w.t.Helper()
	body := m{"name": "Defender for APIs", "head_sha": w.Head("acme/infra", "main")}
	maps.Copy(body, more)
	return w.post("/repos/acme/infra/check-runs", body)
}

// openPull opens a pull request with changes to main.
func (w *world) openPull(files Files) string {
	w.Branch("acme/infra", "feature", "main")
	sha := w.Commit("acme/infra", "feature", files, "Change")
	w.OpenPull(PullOptions{Repository: "acme/infra", Head: "feature"})
	return sha
}

func (w *world) commitOnBranch(expected string, changes m) reply {
	w.t.Helper()
	return w.query(`mutation Fix($input: CreateCommitOnBranchInput!) {
		createCommitOnBranch(input: $input) { commit { oid url signature { isValid wasSignedByGitHub state } } }
	}`, m{"input": m{
		"branch":          m{"repositoryNameWithOwner": "acme/infra", "branchName": "main"},
		"expectedHeadOid": expected, "message": m{"headline": "Fix", "body": "Because"}, "fileChanges": changes,
	}})
}

func output(more m) m {
	body := m{"title": "t", "summary": "s"}
	maps.Copy(body, more)
	return m{"output": body}
}

func note(more m) m {
	body := m{"path": "main.bicep", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}
	maps.Copy(body, more)
	return body
}

func action(label, description, identifier int) m {
	return m{"label": strings.Repeat("l", label), "description": strings.Repeat("d", description), "identifier": strings.Repeat("i", identifier)}
}

func checkLimits() []limitCase {
	run := func(body m) func(w *world) string {
		return func(w *world) string { return said(w.newRun(body)) }
	}
	notes := func(list ...m) func(w *world) string { return run(output(m{"annotations": list})) }
	long := func(n int) string { return strings.Repeat("é", n) }
	var many []m
	for range 51 {
		many = append(many, note(nil))
	}
	return []limitCase{
		{"RequestAnnotations", 0, notes(many...), `Invalid request.\n\nNo more than 50 items are allowed; 51 were supplied.`},
		{"AnnotationPlaces", 0, notes(note(nil), note(m{"end_line": 2, "start_column": 1, "end_column": 2})), "422 "},
		{"AnnotationPlaces", 0, notes(note(m{"start_line": 0})), "422 "},
		{"AnnotationPlaces", 0, notes(note(m{"start_line": 3, "end_line": 2})), "422 "},
		{"AnnotationPlaces", 0, notes(note(m{"path": "/main.bicep"})), "422 "},
		{"AnnotationPlaces", 0, notes(note(m{"annotation_level": "error"})), "422 "},
		{"AnnotationBytes", 0, notes(note(m{"message": long(32769)})), "Only 65536 characters are allowed"},
		{"OutputTitle", 0, run(output(m{"title": long(256)})), `Only 255 characters are allowed; 256 were supplied.`},
		{"OutputText", 0, run(output(m{"summary": long(65536)})), `Only 65535 characters are allowed; 65536 were supplied.`},
		{"OutputText", 0, run(output(m{"text": long(65536)})), `Only 65535 characters are allowed; 65536 were supplied.`},
		{"Actions", 0, run(m{"actions": []m{action(1, 1, 1), action(1, 1, 2), action(1, 1, 3), action(1, 1, 4)}}), "No more than 3 items are allowed; 4"},
		{"ActionLabel", 0, run(m{"actions": []m{action(21, 1, 1)}}), "Only 20 characters"},
		{"ActionDescription", 0, run(m{"actions": []m{action(1, 41, 1)}}), "Only 40 characters"},
		{"ActionIdentifier", 0, run(m{"actions": []m{action(1, 1, 21)}}), "Only 20 characters"},
		{"RunsPerName", 2, func(w *world) string {
			for range 3 {
				w.newRun(nil).want(http.StatusCreated)
			}
			return said(w.get("/repos/acme/infra/commits/main/check-runs?filter=all"))
		}, `"total_count":2`},
	}
}

func sizeLimits() []limitCase {
	files := Files{}
	for i := range 5 {
		files[fmt.Sprintf("modules/%d.bicep", i)] = Text("param x string\n")
	}
	count := func(path string, names ...any) func(w *world) string {
		return func(w *world) string {
			w.openPull(files)
			w.Commit("acme/infra", "feature", Files{"z": Text("z")}, "More")
			list, _ := w.get(path).want(http.StatusOK).at(names...).([]any)
			return fmt.Sprintf("%d items", len(list))
		}
	}
	get := func(path string) func(w *world) string {
		return func(w *world) string {
			w.openPull(files)
			return said(w.get(path))
		}
	}
	return []limitCase{
		{"PageSize", 4, count("/repos/acme/infra/pulls/1/files?per_page=1000"), "4 items"},
		{"PullFiles", 3, count("/repos/acme/infra/pulls/1/files"), "3 items"},
		{"PullCommits", 1, count("/repos/acme/infra/pulls/1/commits"), "1 items"},
		{"CompareFiles", 3, count("/repos/acme/infra/compare/main...feature", "files"), "3 items"},
		{"TreeEntries", 3, get("/repos/acme/infra/git/trees/feature?recursive=1"), `"truncated":true`},
		{"TreeBytes", 600, get("/repos/acme/infra/git/trees/feature?recursive=1"), `"truncated":true`},
		{"BlobBytes", 14, func(w *world) string {
			sha := w.get("/repos/acme/infra/git/trees/main?recursive=1").at("tree", 2, "sha")
			return said(w.get(fmt.Sprintf("/repos/acme/infra/git/blobs/%v", sha)))
		}, `"code":"too_large"`},
		{"GraphQLTextBytes", 5, func(w *world) string {
			return said(w.query(`{ repository(owner: "acme", name: "infra") { object(expression: "main:main.bicep") { ... on Blob { isTruncated text } } } }`, nil))
		}, `{"isTruncated":true,"text":"param"}`},
		{"GraphQLObjects", 2, func(w *world) string {
			return said(w.query(`{ repository(owner: "acme", name: "infra") { a: object(expression: "main") { oid } b: object(expression: "main") { oid } } }`, nil))
		}, "RESOURCE_LIMITS_EXCEEDED"},
		{"WebhookBytes", 100, func(w *world) string {
			w.Commit("acme/infra", "main", Files{"x": Text("x")}, "Change")
			return fmt.Sprintf("%d pending", w.Pending())
		}, "0 pending"},
	}
}

func rateLimits() []limitCase {
	twoRuns := func(w *world) string {
		w.newRun(nil).want(http.StatusCreated)
		return said(w.newRun(nil)) + w.newRun(nil).header.Get("Retry-After")
	}
	return []limitCase{
		{"PrimaryRate", 2, func(w *world) string {
			w.get("/repos/acme/infra").want(http.StatusOK)
			w.get("/repos/acme/infra").want(http.StatusOK)
			r := w.get("/repos/acme/infra")
			return said(r) + " left " + r.header.Get("X-Ratelimit-Remaining")
		}, `403 {"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api","message":"API rate limit exceeded for installation ID`},
		{"Points", 5, twoRuns, "secondary rate limit"},
		{"GraphQLPoints", 4, func(w *world) string {
			return said(w.commitOnBranch(w.Head("acme/infra", "main"), m{}))
		}, "secondary rate limit"},
		{"ContentMinute", 1, twoRuns, "secondary rate limit"},
		{"ContentHour", 1, twoRuns, "secondary rate limit"},
		{"Concurrency", 1, twoAtOnce, "403"},
	}
}

// twoAtOnce answers with the statuses of two requests in flight together.
func twoAtOnce(w *world) string {
	var arrived sync.WaitGroup
	arrived.Add(2)
	w.options.BeforeRequest = func(*http.Request) {
		arrived.Done()
		arrived.Wait()
	}
	statuses := make([]int, 2)
	var done sync.WaitGroup
	for i := range statuses {
		done.Go(func() {
			request := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/repos/acme/infra", nil)
			request.Header.Set("Authorization", "Bearer "+w.token)
			recorder := httptest.NewRecorder()
			w.ServeHTTP(recorder, request)
			statuses[i] = recorder.Code
		})
	}
	done.Wait()
	return fmt.Sprint(statuses)
}

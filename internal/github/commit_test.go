package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func aCommit() CommitRequest {
	return CommitRequest{
		Branch: "feature/x", ExpectedHead: headSHA, Headline: "Onboard 2 APIs to Microsoft Defender for APIs", Body: "orders\nusers",
		Files: map[string][]byte{"infra/b.bicep": []byte("b"), "a.json": []byte("a")},
	}
}

func TestCommit(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, r *http.Request) {
		var ask struct {
			Query     string         `json:"query"`
			Variables map[string]any `json:"variables"`
		}
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || !strings.Contains(ask.Query, "createCommitOnBranch") {
			t.Errorf("query %q, %v", ask.Query, err)
		}
		want := map[string]any{"input": map[string]any{
			"branch":          map[string]any{"repositoryNameWithOwner": "acme/infra", "branchName": "feature/x"},
			"expectedHeadOid": headSHA,
			"message":         map[string]any{"headline": "Onboard 2 APIs to Microsoft Defender for APIs", "body": "orders\nusers"},
			"fileChanges": map[string]any{"additions": []any{
				map[string]any{"path": "a.json", "contents": "YQ=="}, map[string]any{"path": "infra/b.bicep", "contents": "Yg=="},
			}},
		}}
		if diff := cmp.Diff(want, ask.Variables); diff != "" {
			t.Error(diff)
		}
		reply(200, `{"data":{"createCommitOnBranch":{"commit":{"oid":"`+name(5)+`"}}}}`)(w, r)
	})
	sha, err := newTestApp(t, s).Commit(t.Context(), testRepo, aCommit())
	if err != nil || sha != name(5) {
		t.Errorf("%q, %v", sha, err)
	}
	if len(s.requests()) != 1 {
		t.Errorf("requests %v", s.requests())
	}
}

func TestCommitErrors(t *testing.T) {
	t.Parallel()
	graphQL := func(kind, message string) http.HandlerFunc {
		return reply(200, fmt.Sprintf(`{"data":{"createCommitOnBranch":null},"errors":[{"type":%q,"message":%q}]}`, kind, message))
	}
	for _, tt := range []struct {
		name      string
		answer    http.HandlerFunc
		is        error
		permanent bool
	}{
		{"head moved", graphQL("STALE_DATA", `Expected branch to point to "x" but it did not. Pull and try again.`), ErrHeadMoved, true},
		{"protected", graphQL("UNPROCESSABLE", "Protected branch update failed"), ErrNotWritable, true},
		{"protected, by its type", graphQL("BRANCH_PROTECTION_RULE_VIOLATION", "x"), ErrNotWritable, true},
		{"protected, by its words", graphQL("", "Changes must be made through a pull request."), ErrNotWritable, true},
		{"rules", graphQL("", "Repository rule violations found"), ErrNotWritable, true},
		{"no permission", graphQL("FORBIDDEN", "Resource not accessible by integration"), ErrNotWritable, true},
		{"branch is gone", graphQL("NOT_FOUND", "No ref found"), ErrNotWritable, true},
		{"forbidden", reply(403, `{"message":"Resource not accessible by integration"}`), ErrNotWritable, true},
		{"something else", graphQL("INTERNAL", "Something went wrong"), nil, false},
		{"server error", reply(502, ``), nil, false},
		{"no commit in it", reply(200, `{"data":{"createCommitOnBranch":null}}`), nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			s := newStub(clock)
			s.mux.HandleFunc("POST /graphql", tt.answer)
			_, err := newTestApp(t, s).Commit(t.Context(), testRepo, aCommit())
			if err == nil {
				t.Fatal("no error")
			}
			for _, target := range []error{ErrHeadMoved, ErrNotWritable} {
				if got := errors.Is(err, target); got != errors.Is(tt.is, target) {
					t.Errorf("is %q: %v: %v", target, got, err)
				}
			}
			judge, ok := errors.AsType[interface {
				error
				Permanent() bool
			}](err)
			if got := ok && judge.Permanent(); got != tt.permanent {
				t.Errorf("permanent is %v: %v", got, err)
			}
		})
	}
}

func TestPermissionNotAccepted(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("POST /app/installations/8/access_tokens", reply(422, `{"message":"The permissions requested are not granted to this installation."}`))
	repo := testRepo
	repo.Installation = 8
	_, err := newTestApp(t, s).Commit(t.Context(), repo, aCommit())
	if !errors.Is(err, ErrNotWritable) {
		t.Errorf("error %v", err)
	}
}

// gitData is the Git Data API of one branch.
type gitData struct {
	head  string
	patch http.HandlerFunc

	mu     sync.Mutex
	bodies []map[string]any
}

func newGitData(s *stub) *gitData {
	g := &gitData{head: headSHA, patch: reply(200, `{}`)}
	const git = "/repos/acme/infra/git"
	record := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var body map[string]any
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				panic(err)
			}
			g.mu.Lock()
			g.bodies = append(g.bodies, body)
			g.mu.Unlock()
			reply(201, answer)(w, r)
		}
	}
	s.mux.HandleFunc("GET "+git+"/ref/heads/feature/x", func(w http.ResponseWriter, r *http.Request) {
		reply(200, `{"object":{"sha":"`+g.head+`"}}`)(w, r)
	})
	s.mux.HandleFunc("GET "+git+"/commits/"+headSHA, reply(200, `{"tree":{"sha":"`+name(1)+`"}}`))
	s.mux.HandleFunc("POST "+git+"/blobs", record(`{"sha":"`+name(2)+`"}`))
	s.mux.HandleFunc("POST "+git+"/trees", record(`{"sha":"`+name(3)+`"}`))
	s.mux.HandleFunc("POST "+git+"/commits", record(`{"sha":"`+name(4)+`"}`))
	s.mux.HandleFunc("PATCH "+git+"/refs/heads/feature/x", func(w http.ResponseWriter, r *http.Request) {
		record(`{}`)(httptest.NewRecorder(), r)
		g.patch(w, r)
	})
	return g
}

func TestCommitWithoutGraphQL(t *testing.T) {
	t.Parallel()
	for title, noGraphQL := range map[string]http.HandlerFunc{
		"not there":   reply(404, ``),
		"no mutation": reply(200, `{"errors":[{"message":"Field 'createCommitOnBranch' doesn't exist on type 'Mutation'","extensions":{"code":"undefinedField"}}]}`),
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc("POST /graphql", noGraphQL)
			g := newGitData(s)
			req := aCommit()
			req.Files["latin1.json"] = []byte("\xe9")
			sha, err := newTestApp(t, s).Commit(t.Context(), testRepo, req)
			if err != nil || sha != name(4) {
				t.Fatalf("%q, %v", sha, err)
			}
			entry := func(path, key, value string) map[string]any {
				return map[string]any{"path": path, "mode": "100644", "type": "blob", key: value}
			}
			want := []map[string]any{
				{"encoding": "base64", "content": "6Q=="},
				{"base_tree": name(1), "tree": []any{entry("a.json", "content", "a"), entry("infra/b.bicep", "content", "b"), entry("latin1.json", "sha", name(2))}},
				{"message": "Onboard 2 APIs to Microsoft Defender for APIs\n\norders\nusers", "tree": name(3), "parents": []any{headSHA}},
				{"sha": name(4), "force": false},
			}
			if diff := cmp.Diff(want, g.bodies); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommitWithoutGraphQLErrors(t *testing.T) {
	t.Parallel()
	for title, tt := range map[string]struct {
		head   string
		patch  http.HandlerFunc
		is     error
		writes bool
	}{
		"head moved before": {baseSHA, reply(200, `{}`), ErrHeadMoved, false},
		"head moved after":  {headSHA, reply(422, `{"message":"Update is not a fast forward"}`), ErrHeadMoved, true},
		"protected":         {headSHA, reply(422, `{"message":"Protected branch update failed"}`), ErrNotWritable, true},
		"forbidden":         {headSHA, reply(403, `{"message":"Resource not accessible by integration"}`), ErrNotWritable, true},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc("POST /graphql", reply(404, ``))
			g := newGitData(s)
			g.head, g.patch = tt.head, tt.patch
			_, err := newTestApp(t, s).Commit(t.Context(), testRepo, aCommit())
			if !errors.Is(err, tt.is) || (len(g.bodies) > 0) != tt.writes {
				t.Errorf("error %v after %v", err, s.requests())
			}
		})
	}
}

func TestCommitRefuses(t *testing.T) {
	t.Parallel()
	change := func(f func(*CommitRequest)) CommitRequest { r := aCommit(); f(&r); return r }
	file := func(path string) CommitRequest {
		return change(func(r *CommitRequest) { r.Files = map[string][]byte{"ok.json": nil, path: nil} })
	}
	for name, req := range map[string]CommitRequest{
		"no branch":       change(func(r *CommitRequest) { r.Branch = "" }),
		"a reference":     change(func(r *CommitRequest) { r.Branch = "refs/heads/main" }),
		"no head":         change(func(r *CommitRequest) { r.ExpectedHead = "" }),
		"head by name":    change(func(r *CommitRequest) { r.ExpectedHead = "HEAD" }),
		"no headline":     change(func(r *CommitRequest) { r.Headline = " " }),
		"two headlines":   change(func(r *CommitRequest) { r.Headline = "a\nb" }),
		"no files":        change(func(r *CommitRequest) { r.Files = nil }),
		"too large":       change(func(r *CommitRequest) { r.Files["x"] = make([]byte, MaxCommitBytes) }),
		"workflow":        file(".github/workflows/ci.yml"),
		"settings":        file(".github/onboard-defender.yml"),
		"spelt otherwise": file(".GitHub/x"),
		"with a dot":      file(".github./x"),
		"just .github":    file(".github"),
		"git itself":      file("a/.git/config"),
		"git, Windows":    file("a/GIT~1/config"),
		"out of it":       file("../x"),
		"from the root":   file("/x"),
		"not clean":       file("a//x"),
		"backslash":       file(`a\x`),
		"not text":        file("a\xff"),
		"empty path":      file(""),
		"directory":       file("a/"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			_, err := newTestApp(t, s).Commit(t.Context(), testRepo, req)
			if err == nil || len(s.requests())+len(s.grants()) != 0 {
				t.Errorf("error %v, requests %v", err, s.requests())
			}
		})
	}
	many := aCommit()
	for i := range MaxCommitFiles {
		many.Files[strconv.Itoa(i)] = nil
	}
	if err := many.validate(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("many files: %v", err)
	}
	if !writable("infra/.github/x.bicep") || !writable("github/x") || !writable("a..b.bicep") {
		t.Error("refused what is harmless")
	}
}

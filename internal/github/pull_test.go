package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPull(t *testing.T) {
	t.Parallel()
	body := func(headRepo string) string {
		return fmt.Sprintf(`{"number":3,"state":"open","head":{"sha":%q,"ref":"feature/x","repo":%s},
			"base":{"sha":%q,"ref":"main","repo":{"id":99,"custom_properties":{"teams":["a"]}}}}`, headSHA, headRepo, baseSHA)
	}
	own := Pull{Number: 3, State: "open", HeadSHA: headSHA, HeadRef: "feature/x", BaseRef: "main"}
	fork := own
	fork.Fork = true
	for _, tt := range []struct {
		name, repo string
		want       Pull
	}{
		{"own branch", `{"id":99,"name":"infra","owner":{"login":"acme"},"custom_properties":{"teams":["a"]}}`, own},
		{"fork", `{"id":500,"name":"infra","owner":{"login":"mona"}}`, fork},
		{"fork deleted", `null`, fork},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc(pullPath, reply(200, body(tt.repo)))
			got, err := newTestApp(t, s).Pull(t.Context(), testRepo, 3)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("GET /repos/acme/infra/compare/{basehead}", func(w http.ResponseWriter, r *http.Request) {
		if got := r.PathValue("basehead"); got != "release/1#2..."+headSHA {
			t.Errorf("asked for %q", got)
		}
		fmt.Fprintf(w, `{"base_commit":{"sha":%q},"merge_base_commit":{"sha":%q},"files":[
			{"filename":"a b#c.bicep","status":"renamed","previous_filename":"old.bicep","patch":"@@ -1 +1,2 @@\n a\n+b"},
			{"filename":"gone.json","status":"removed","sha":null}]}`, baseSHA, name(5))
	})
	app := newTestApp(t, s)
	got, err := app.Compare(t.Context(), testRepo, "release/1#2", headSHA)
	if err != nil {
		t.Fatal(err)
	}
	want := Comparison{BaseSHA: baseSHA, MergeBase: name(5), Files: []FileChange{
		{Path: "a b#c.bicep", PreviousPath: "old.bicep", Status: "renamed", Hunks: []Lines{{1, 2}}},
		{Path: "gone.json", Status: "removed"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	for _, bad := range [][2]string{{"", headSHA}, {"main", "HEAD"}, {"main", ""}} {
		if _, err := app.Compare(t.Context(), testRepo, bad[0], bad[1]); err == nil {
			t.Errorf("compared %q", bad)
		}
	}
}

// TestPaths: whatever a name is, it stays one segment of its path.
func TestPaths(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"a#b", "a?b", "a/b", "a%2fb", "a b", "ü", "..."} {
		if got, err := testRepo.path("x", part); err != nil || strings.Count(got, "/") != 4 || strings.ContainsAny(got, "?# ") {
			t.Errorf("%q: %q, %v", part, got, err)
		}
	}
	for _, part := range []string{"", ".", ".."} {
		if got, err := testRepo.path(part); err == nil {
			t.Errorf("%q: %q", part, got)
		}
	}
	for _, r := range []Repo{{}, {ID: 1, Owner: "a"}, {ID: 1, Owner: "a", Name: ".."}, {ID: 1, Owner: "a/b", Name: "c"}, {ID: 1, Owner: "a", Name: "b?c"}, {Owner: "a", Name: "b"}} {
		if got, err := r.path(); err == nil {
			t.Errorf("%+v: %q", r, got)
		}
	}
}

func TestPermission(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("GET /repos/acme/infra/collaborators/{user}/permission", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("user") {
		case "mona":
			reply(200, `{"permission":"admin"}`)(w, r)
		case "renovate[bot]":
			reply(200, `{"permission":"read"}`)(w, r)
		case "broken":
			reply(200, `{}`)(w, r)
		case "limited":
			reply(429, ``)(w, r)
		default:
			reply(404, `{}`)(w, r)
		}
	})
	app := newTestApp(t, s)
	for user, want := range map[string]string{"mona": "admin", "renovate[bot]": "read", "broken": "none", "nobody": "none"} {
		if got, err := app.Permission(t.Context(), testRepo, user); err != nil || got != want {
			t.Errorf("%s: %q, %v", user, got, err)
		}
	}
	for _, user := range []string{"", "limited"} {
		if got, err := app.Permission(t.Context(), testRepo, user); err == nil || got != "" {
			t.Errorf("%q: %q, %v", user, got, err)
		}
	}
}

func TestHeadOfBranchWithSlashes(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("GET /repos/acme/infra/git/ref/heads/feature/a%23b", reply(200, `{"object":{"sha":"`+headSHA+`"}}`))
	app := newTestApp(t, s)
	if got, err := app.Head(t.Context(), testRepo, "feature/a#b"); err != nil || got != headSHA {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := app.Head(t.Context(), testRepo, "gone"); !errors.Is(err, ErrNotFound) {
		t.Errorf("gone: %v", err)
	}
	for _, bad := range []string{"", "/", "a//b", "../x"} {
		if _, err := app.Head(t.Context(), testRepo, bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

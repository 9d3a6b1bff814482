package githubtest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// git runs git in a folder, as nobody in particular.
func git(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	command.Env = append(command.Env, env...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestObjectsAreGits(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := newWorld(t, Options{})
	submodule := strings.Repeat("5", 40)
	head := w.Commit("acme/infra", "main", Files{
		"run.sh": Executable("#!/bin/sh\n"), "link": Symlink("run.sh"), "lib": Submodule(submodule),
		"a/b/c.bicep": Text("param c string"), "a.b": Text("sorts before a/"), "a-b": Text("sorts before a.b"), "ü": Text("\xff\x00"),
		"docs": Deleted(),
	}, "All kinds")
	dir := t.TempDir()
	git(t, dir, nil, "init", "-q")
	for path, content := range map[string]string{
		"main.bicep": "param a string\n", "run.sh": "#!/bin/sh\n", "a/b/c.bicep": "param c string",
		"a.b": "sorts before a/", "a-b": "sorts before a.b", "ü": "\xff\x00",
	} {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("run.sh", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	git(t, dir, nil, "add", "-A")
	git(t, dir, nil, "update-index", "--chmod=+x", "run.sh")
	git(t, dir, nil, "update-index", "--add", "--cacheinfo", "160000,"+submodule+",lib")
	tree := git(t, dir, nil, "write-tree")
	log := w.Log("acme/infra", "main")
	if len(log) != 2 || log[0].SHA != head {
		t.Fatalf("log %+v", log)
	}
	if log[0].Tree != tree {
		t.Errorf("tree %s, git says %s", log[0].Tree, tree)
	}
	want := map[string]string{
		"main.bicep": "100644", "run.sh": "100755", "link": "120000", "lib": "160000",
		"a/b/c.bicep": "100644", "a.b": "100644", "a-b": "100644", "ü": "100644",
	}
	if diff := cmp.Diff(want, w.Paths("acme/infra", head)); diff != "" {
		t.Error(diff)
	}
	sameCommit(t, w, dir, tree, head)
}

// sameCommit has git make the same commit.
func sameCommit(t *testing.T, w *world, dir, tree, head string) {
	t.Helper()
	r := w.get("/repos/acme/infra/git/commits/" + head).want(http.StatusOK)
	who := func(field string) string { return fmt.Sprint(r.at("author", field)) }
	env := []string{
		"GIT_AUTHOR_NAME=" + who("name"), "GIT_AUTHOR_EMAIL=" + who("email"), "GIT_AUTHOR_DATE=" + who("date"),
		"GIT_COMMITTER_NAME=" + who("name"), "GIT_COMMITTER_EMAIL=" + who("email"), "GIT_COMMITTER_DATE=" + who("date"),
	}
	parent := fmt.Sprint(r.at("parents", 0, "sha"))
	raw := fmt.Sprintf("tree %s\nparent %s\nauthor %s <%s> %d +0000\ncommitter %s <%s> %d +0000\n\nAll kinds", tree, parent,
		who("name"), who("email"), w.clock.Now().Unix(), who("name"), who("email"), w.clock.Now().Unix())
	path := filepath.Join(t.TempDir(), "commit")
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := git(t, dir, env, "hash-object", "-t", "commit", "--literally", path); got != head {
		t.Errorf("commit %s, git says %s", head, got)
	}
}

func TestGitData(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	const repo = "/repos/acme/infra/git"
	head := w.Head("acme/infra", "main")
	blob := w.post(repo+"/blobs", m{"content": "aGVsbG8K", "encoding": "base64"}).want(http.StatusCreated).at("sha")
	if blob != "ce013625030ba8dba906f756967f9e9ca394464a" { // git hash-object of "hello\n"
		t.Errorf("blob %v", blob)
	}
	if r := w.get(fmt.Sprintf("%s/blobs/%v", repo, blob)); r.at("content") != "aGVsbG8K\n" || r.at("size") != 6.0 {
		t.Error(r.text)
	}
	tree := w.post(repo+"/trees", m{"base_tree": head, "tree": []m{
		{"path": "new/a.bicep", "mode": "100755", "type": "blob", "sha": blob},
		{"path": "docs/readme.md", "mode": "100644", "type": "blob", "sha": nil},
		{"path": "b.bicep", "mode": "100644", "type": "blob", "content": "param b string\n"},
	}}).want(http.StatusCreated).at("sha")
	commit := w.post(repo+"/commits", m{"message": "By data", "tree": tree, "parents": []string{head}}).want(http.StatusCreated)
	if commit.at("verification", "verified") != true || commit.at("author", "name") != "defender[bot]" {
		t.Error(commit.text)
	}
	sha := commit.at("sha")
	w.post(repo+"/refs", m{"ref": "refs/heads/fix", "sha": sha}).want(http.StatusCreated)
	want := map[string]string{"new/a.bicep": "100755", "b.bicep": "100644", "main.bicep": "100644"}
	if diff := cmp.Diff(want, w.Paths("acme/infra", "fix")); diff != "" {
		t.Error(diff)
	}
	w.patch(repo+"/refs/heads/main", m{"sha": sha}).want(http.StatusOK)
	w.patch(repo+"/refs/heads/main", m{"sha": head}).want(http.StatusUnprocessableEntity)
	w.patch(repo+"/refs/heads/main", m{"sha": head, "force": true}).want(http.StatusOK)
	w.send(http.MethodDelete, repo+"/refs/heads/fix", nil, w.token).want(http.StatusNoContent)
	w.get(repo + "/ref/heads/fix").want(http.StatusNotFound)
	w.get(repo + "/ref/heads/main").want(http.StatusOK)
	for path, body := range map[string]m{
		"/refs":    {"ref": "refs/heads/main", "sha": head},
		"/blobs":   {"content": "!", "encoding": "base64"},
		"/trees":   {"tree": []m{{"path": "../x", "mode": "100644", "content": "x"}}},
		"/commits": {"message": "x", "tree": head},
	} {
		if r := w.post(repo+path, body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", path, said(r))
		}
	}
	w.post(repo+"/trees", m{"tree": []m{{"path": "x", "mode": "100600", "content": "x"}}}).want(http.StatusUnprocessableEntity)
	w.post(repo+"/commits", m{"message": "x", "tree": tree, "author": m{"name": "a", "email": "b"}}).want(http.StatusCreated)
}

func TestSignedCommitsRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Protect("acme/infra", "main", Protection{RequireSigned: true})
	unsigned := w.Write("acme/infra", "main", Files{"x": Text("x")}, "By hand")
	r := w.patch("/repos/acme/infra/git/refs/heads/main", m{"sha": unsigned}).want(http.StatusUnprocessableEntity)
	if !strings.Contains(r.text, "Commits must have verified signatures.") {
		t.Error(r.text)
	}
	r = w.commitOnBranch(w.Head("acme/infra", "main"), m{"additions": []m{{"path": "x", "contents": "eA=="}}})
	if r.at("data", "createCommitOnBranch", "commit", "signature", "wasSignedByGitHub") != true {
		t.Error(r.text)
	}
}

func TestRuleset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Protect("acme/infra", "main", Protection{RequirePull: true, Ruleset: true})
	r := w.patch("/repos/acme/infra/git/refs/heads/main", m{"sha": w.Write("acme/infra", "main", Files{"x": Text("x")}, "x")})
	if !strings.Contains(r.want(http.StatusUnprocessableEntity).text, `Repository rule violations found\n\nChanges must be made through a pull request.`) {
		t.Error(r.text)
	}
}

func TestTrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	head := w.Commit("acme/infra", "main", Files{"docs/a/b.md": Text("b"), "lib": Submodule(strings.Repeat("1", 40))}, "More")
	for path, want := range map[string]string{
		head:                   "docs lib main.bicep",
		"main":                 "docs lib main.bicep",
		"main?recursive=1":     "docs docs/a docs/a/b.md docs/readme.md lib main.bicep",
		"main?recursive=false": "docs docs/a docs/a/b.md docs/readme.md lib main.bicep",
	} {
		r := w.get("/repos/acme/infra/git/trees/" + path).want(http.StatusOK)
		list, _ := r.at("tree").([]any)
		var paths []string
		for i := range list {
			paths = append(paths, fmt.Sprint(r.at("tree", i, "path")))
		}
		if got := strings.Join(paths, " "); got != want || r.at("truncated") != false {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	w.get("/repos/acme/infra/git/trees/none").want(http.StatusNotFound)
	blob := fmt.Sprint(w.get("/repos/acme/infra/git/trees/main").at("tree", 2, "sha"))
	w.get("/repos/acme/infra/git/trees/" + blob).want(http.StatusNotFound)
	w.get("/repos/acme/infra/git/blobs/" + head).want(http.StatusNotFound)
	w.get("/repos/acme/infra/git/blobs/x").want(http.StatusNotFound)
}

func TestContents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Commit("acme/infra", "main", Files{"a#b..c.bicep": Text("hash")}, "More")
	if r := w.get("/repos/acme/infra/contents/a%23b..c.bicep").want(http.StatusOK); r.at("content") != "aGFzaA==\n" {
		t.Error(r.text)
	}
	if r := w.get("/repos/acme/infra/contents/docs").want(http.StatusOK); r.at(0, "path") != "docs/readme.md" {
		t.Error(r.text)
	}
	w.get("/repos/acme/infra/contents/docs/readme.md?ref=main").want(http.StatusOK)
	w.get("/repos/acme/infra/contents/none").want(http.StatusNotFound)
}

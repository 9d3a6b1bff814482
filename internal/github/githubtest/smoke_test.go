package githubtest

import (
	"net/http"
	"testing"
)

func TestWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Branch("acme/infra", "feature", "main")
	sha := w.Commit("acme/infra", "feature", Files{"api.bicep": Text("resource a 'x' = {\n}\n"), "docs": Deleted()}, "Add")
	number := w.OpenPull(PullOptions{Repository: "acme/infra", Head: "feature"})
	if number != 1 {
		t.Fatalf("number %d", number)
	}
	r := w.get("/repos/acme/infra/pulls/1").want(http.StatusOK)
	if r.at("head", "sha") != sha || r.at("changed_files") != 2.0 {
		t.Error(r.text)
	}
	t.Log(w.get("/repos/acme/infra/pulls/1/files").want(200).text)
	t.Log(w.get("/repos/acme/infra/git/trees/" + sha + "?recursive=1").want(200).text)
	t.Log(w.get("/repos/acme/infra/compare/main..." + sha).want(200).text[:300])
	q := w.query(`query($o:String!,$n:String!){repository(owner:$o,name:$n){a:object(expression:"feature:api.bicep"){...on Blob{oid byteSize isTruncated isBinary text}} b:object(oid:"0000000000000000000000000000000000000000"){oid}}}`,
		map[string]any{"o": "acme", "n": "infra"})
	t.Log(q.text)
	m := w.query(`mutation($i:CreateCommitOnBranchInput!){createCommitOnBranch(input:$i){commit{oid url signature{isValid}}}}`, map[string]any{"i": map[string]any{
		"branch":          map[string]any{"repositoryNameWithOwner": "acme/infra", "branchName": "feature"},
		"expectedHeadOid": sha, "message": map[string]any{"headline": "Fix"},
		"fileChanges": map[string]any{"additions": []any{map[string]any{"path": "api.bicep", "contents": "aGVsbG8="}}},
	}})
	t.Log(m.text)
	if got, _ := w.File("acme/infra", "feature", "api.bicep"); got != "hello" {
		t.Errorf("content %q", got)
	}
	c := w.post("/repos/acme/infra/check-runs", map[string]any{"name": "x", "head_sha": sha, "status": "in_progress"}).want(201)
	t.Log(c.text)
	t.Log(w.Requests().ByRoute(), w.Pending())
}

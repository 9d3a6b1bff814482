package openapitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ method, target, body, says string }{
		"good":              {"POST", "/repos/a/b/check-runs", `{"name":"n","head_sha":"x"}`, ""},
		"with a query":      {"GET", "/repos/a/b/pulls?state=open&per_page=100", "", ""},
		"slashes":           {"GET", "/repos/a/b/contents/x/y.bicep?ref=main", "", ""},
		"root":              {"GET", "/repos/a/b/contents", "", ""},
		"longest path":      {"GET", "/repos/a/b/commits/x/y/check-runs?filter=all", "", ""},
		"no such operation": {"PUT", "/repos/a/b/check-runs", "", "no operation"},
		"no such path":      {"GET", "/repos/a/b/check-run", "", "no operation"},
		"no such parameter": {"GET", "/repos/a/b/pulls?sate=open", "", `no parameter "sate"`},
		"no such value":     {"GET", "/repos/a/b/pulls?state=ajar", "", "parameter state"},
		"not a number":      {"GET", "/repos/a/b/pulls?page=two", "", "parameter page"},
		"a body too many":   {"GET", "/app", "{}", "has no body"},
		"no such field":     {"POST", "/repos/a/b/check-runs", `{"name":"n","head_sha":"x","sha":"y"}`, "'sha' not allowed"},
		"nested field":      {"POST", "/repos/a/b/check-runs", `{"name":"n","head_sha":"x","output":{"summary":"s","title":"t","body":"b"}}`, "'body' not allowed"},
		"field missing":     {"POST", "/repos/a/b/check-runs", `{"name":"n"}`, "missing property 'head_sha'"},
		"wrong type":        {"POST", "/repos/a/b/check-runs", `{"name":1,"head_sha":"x"}`, "got number, want string"},
		"too many":          {"POST", "/repos/a/b/check-runs", `{"name":"n","head_sha":"x","actions":[1,2,3,4]}`, "maxItems"},
		"not a date":        {"POST", "/repos/a/b/check-runs", `{"name":"n","head_sha":"x","started_at":"noon"}`, "date-time"},
		"not JSON":          {"POST", "/repos/a/b/check-runs", `{"name"`, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := url.Parse(test.target)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, Request(test.method, target, []byte(test.body)), test.says)
		})
	}
}

func expect(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case err == nil && says != "":
		t.Errorf("no error, want %q", says)
	case err != nil && (says == "" || !strings.Contains(err.Error(), says)):
		t.Errorf("error %v, want %q", err, says)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	asJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for name, test := range map[string]struct {
		method, path string
		status       int
		header       http.Header
		body, says   string
	}{
		"good":                {"GET", "/repos/a/b/git/blobs/x", 200, asJSON, `{"sha":"x","url":"https://a","node_id":"n","size":1,"encoding":"base64","content":"eA=="}`, ""},
		"raw":                 {"GET", "/repos/a/b/git/blobs/x", 200, http.Header{"Content-Type": {"application/vnd.github.raw"}}, "x", ""},
		"undescribed field":   {"GET", "/repos/a/b/git/blobs/x", 200, asJSON, `{"sha":"x","url":"https://a","node_id":"n","size":1,"encoding":"base64","content":"","name":"n"}`, "'name' not allowed"},
		"null":                {"GET", "/repos/a/b/pulls", 200, asJSON, "null", "got null, want array"},
		"an error":            {"GET", "/repos/a/b/pulls", 404, asJSON, `{"message":"Not Found","more":1}`, ""},
		"an error of any":     {"GET", "/repos/a/b/pulls", 502, asJSON, "<html>", ""},
		"undescribed success": {"GET", "/repos/a/b/pulls", 201, asJSON, "[]", "answer 201 is not described"},
		"redirect":            {"GET", "/repos/a/b/pulls", 301, http.Header{"Location": {"https://a"}}, "{}", ""},
		"by number":           {"GET", "/repositories/7/pulls", 200, asJSON, "null", "got null, want array"},
		"no operation":        {"GET", "/nothing", 200, asJSON, "[]", "which is no operation"},
		"none, and not found": {"GET", "/nothing", 404, asJSON, "{}", ""},
		"not JSON":            {"GET", "/repos/a/b/pulls", 200, asJSON, "[", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, Answer(test.method, test.path, test.status, test.header, []byte(test.body)), test.says)
		})
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	expect(t, Webhook("star", "created", []byte("{}")), "no webhook star.created")
	expect(t, Webhook("push", "", []byte("{}")), "missing properties")
	expect(t, Webhook("check_run", "created", []byte("{")), "unexpected EOF")
	expect(t, Webhook("ping", "", []byte(`{"zen":"z","hook_id":1,"hook":{"type":"App"}}`)), "missing properties")
}

// TestSchemas holds that every schema of the description can be used.
func TestSchemas(t *testing.T) {
	t.Parallel()
	d, err := published()
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Defs) < 100 || len(d.operations) < 50 || len(d.webhooks) < 20 {
		t.Errorf("%d definitions, %d operations, %d webhooks", len(all.Defs), len(d.operations), len(d.webhooks))
	}
	for name := range all.Defs {
		if _, err := d.compile("/$defs/" + url.PathEscape(name)); err != nil {
			t.Error(err)
		}
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	const commit = `"query":"mutation($input: CreateCommitOnBranchInput!) { x }","variables":`
	for name, test := range map[string]struct{ body, says string }{
		"good": {`{` + commit + `{"input":{"branch":{"branchName":"b","repositoryNameWithOwner":"a/b"},"expectedHeadOid":"x",
			"message":{"headline":"h"},"fileChanges":{"additions":[{"path":"p","contents":"eA=="}]}}}}`, ""},
		"none":               {`{"query":"{ x }"}`, ""},
		"optional":           {`{"query":"query($after: String, $n: Int = 3) { x }","variables":{"after":null}}`, ""},
		"not declared":       {`{"query":"{ x }","variables":{"a":1}}`, `variables: no "a"`},
		"missing":            {`{` + commit + `{}}`, "variables.input: is missing"},
		"missing in an item": {`{` + commit + `{"input":{"branch":{},"expectedHeadOid":"x","message":{"headline":"h"},"fileChanges":{"additions":[{"path":"p"}]}}}}`, "additions[0].contents: is missing"},
		"no such field":      {`{` + commit + `{"input":{"branch":{"name":"b"},"expectedHeadOid":"x","message":{"headline":"h"}}}}`, `branch: no "name"`},
		"no list":            {`{` + commit + `{"input":{"branch":{},"expectedHeadOid":"x","message":{"headline":"h"},"fileChanges":{"additions":{}}}}}`, "is no list"},
		"not a number":       {`{"query":"query($n: Int!) { x }","variables":{"n":"1"}}`, "variables.n: 1 is no Int"},
		"no such value":      {`{"query":"query($c: ReportedContentClassifiers!) { x }","variables":{"c":"OLD"}}`, "OLD is no ReportedContentClassifiers"},
		"value":              {`{"query":"query($c: ReportedContentClassifiers!) { x }","variables":{"c":"OUTDATED"}}`, ""},
		"no object":          {`{` + commit + `{"input":"x"}}`, "x is no CreateCommitOnBranchInput"},
		"not JSON":           {`{`, "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, Variables([]byte(test.body)), test.says)
		})
	}
}

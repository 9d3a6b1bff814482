package githubtest

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (w *world) page(path string) string {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil))
	if recorder.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func (w *world) form(path string, values url.Values, header http.Header) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(values.Encode()))
	maps.Copy(request.Header, header)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, request)
	return recorder
}

const evil = `<script>alert(1)</script>"'><img src=x onerror=y>`

func TestChecksPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	sha := w.openPull(Files{"api.bicep": Text("one\ntwo " + evil + "\nthree\nfour\nfive\n")})
	if page := w.page("/acme/infra/pull/1/checks"); !strings.Contains(page, "No check has started") || !strings.Contains(page, `http-equiv="refresh"`) {
		t.Error(page)
	}
	w.newRun(m{
		"head_sha": sha, "name": "Defender " + evil, "conclusion": "failure",
		"output": m{
			"title": "2 of 5 " + evil, "text": "```\n" + evil + "\n```",
			"summary": "## Result\n\n| API | Why |\n|---|---|\n| `a` | **no** " + evil + " |\n\n- one\n- two\n\n[docs](https://example.com/a) [bad](javascript:alert(1))",
			"annotations": []m{{
				"path": "api.bicep", "start_line": 2, "end_line": 2, "annotation_level": "failure", "title": "T" + evil, "message": "M" + evil, "raw_details": evil,
			}},
		},
		"actions": []m{{"label": "Onboard APIs", "description": "d<script>", "identifier": "onboard"}},
	}).want(http.StatusCreated)
	page := w.page("/acme/infra/pull/1/checks")
	for _, want := range []string{
		"<th scope=\"col\">API</th>", "<td><code>a</code></td>", "<strong>no</strong>", `<a href="https://example.com/a"`, "<li>one</li>",
		"[bad](javascript:alert(1))", ">Onboard APIs</button>", `<tr class="marked"><td>2</td><td>two &lt;script&gt;`, "<td>4</td>", "M&lt;script&gt;", "failure in 0s",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, bad := range []string{"<script", "<img", `http-equiv="refresh"`, "<td>five"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s in the page", bad)
		}
	}
}

// The runs of an earlier commit stay to be seen.
func TestPageOfAnEarlierCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	sha := w.openPull(Files{"x": Text("x")})
	id := fmt.Sprintf("%.0f", w.newRun(m{"head_sha": sha, "name": "Of the first"}).want(http.StatusCreated).at("id"))
	w.Commit("acme/infra", "feature", Files{"x": Text("y")}, "Second")
	const path = "/acme/infra/pull/1/checks"
	link := `<a href="?run=` + id + `"><code>` + sha[:7] + `</code></a> Change`
	if page := w.page(path); !strings.Contains(page, link) || strings.Contains(page, "Of the first") {
		t.Error(page)
	}
	if page := w.page(path + "?run=" + id); !strings.Contains(page, "Checks on "+sha[:7]) || strings.Count(page, "Of the first") != 2 {
		t.Error(page)
	}
}

func TestPageButtons(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	sha := w.openPull(Files{"x": Text("x")})
	id := fmt.Sprintf("%.0f", w.newRun(m{"head_sha": sha, "actions": []m{action(1, 1, 1)}}).want(http.StatusCreated).at("id"))
	w.DiscardPending()
	const path = "/acme/infra/pull/1/checks"
	for name, test := range map[string]struct {
		values url.Values
		header http.Header
		status int
		events int
	}{
		"action":       {values: url.Values{"run": {id}, "action": {"i"}}, status: http.StatusSeeOther, events: 1},
		"again":        {values: url.Values{"run": {id}, "rerun": {"1"}}, status: http.StatusSeeOther, events: 1},
		"no action":    {values: url.Values{"run": {id}, "action": {"none"}}, status: http.StatusNotFound},
		"no run":       {values: url.Values{"run": {"1"}, "action": {"i"}}, status: http.StatusNotFound},
		"nothing":      {status: http.StatusNotFound},
		"other origin": {values: url.Values{"run": {id}, "action": {"i"}}, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, status: http.StatusForbidden},
	} {
		if r := w.form(path, test.values, test.header); r.Code != test.status || w.Pending() != test.events {
			t.Errorf("%s: %d with %d events", name, r.Code, w.Pending())
		}
		w.DiscardPending()
	}
	for _, path := range []string{"/acme/infra/pull/2/checks", "/acme/none/pull/1/checks", "/acme/infra/pull/x/checks", "/acme/infra/runs/1", "/", "/favicon.ico"} {
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if recorder.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, recorder.Code)
		}
	}
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/acme/infra/runs/"+id, nil))
	if got := recorder.Header().Get("Location"); got != path+"?run="+id {
		t.Errorf("goes to %s", got)
	}
}

// Places in a check run link to files.
func TestFilePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	sha := w.openPull(Files{"a b/<x>.bicep": Text(evil)})
	if got := w.page("/acme/infra/blob/" + sha + "/a%20b/%3Cx%3E.bicep"); got != evil {
		t.Errorf("%q", got)
	}
	for _, path := range []string{"/acme/infra/blob/" + sha + "/a", "/acme/infra/blob/nothing/x", "/acme/other/blob/main/x"} {
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if recorder.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, recorder.Code)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	text := func(s string) []span { return []span{{Kind: "text", Text: s}} }
	for name, test := range map[string]struct {
		text string
		want []block
	}{
		"heading":   {"### A", []block{{Kind: "heading", Level: 3, Spans: text("A")}}},
		"paragraph": {"a\nb\n\nc", []block{{Kind: "paragraph", Spans: text("a\nb")}, {Kind: "paragraph", Spans: text("c")}}},
		"escapes":   {`\*a\* &lt;b&gt; a\b`, []block{{Kind: "paragraph", Spans: text(`*a* <b> a\b`)}}},
		"table": {"a | b\n--|:-:\nx \\| y | `z`", []block{{Kind: "table", Rows: [][][]span{
			{text("a"), text("b")}, {text("x | y"), {{Kind: "code", Text: "z"}}},
		}}}},
		"fence":   {"````\n```\n````\nx", []block{{Kind: "code", Text: "```"}, {Kind: "paragraph", Spans: text("x")}}},
		"open":    {"~~~\nx", []block{{Kind: "code", Text: "x"}}},
		"list":    {"- a\n* b", []block{{Kind: "list", Items: [][]span{text("a"), text("b")}}}},
		"numbers": {"1. a\n2. b\n- c", []block{{Kind: "list", Ordered: true, Items: [][]span{text("a"), text("b")}}, {Kind: "list", Items: [][]span{text("c")}}}},
		"links": {"[a](https://b) [`c[0]:1`](<https://d/(e)&amp;f>) [x](javascript:y)", []block{{Kind: "paragraph", Spans: []span{
			{Kind: "link", Text: "a", URL: "https://b"},
			{Kind: "text", Text: " "},
			{Kind: "link", Text: "c[0]:1", URL: "https://d/(e)&f", Code: true},
			{Kind: "text", Text: " [x](javascript:y)"},
		}}}},
		"HTML code": {"<code>a &#124; b</code>", []block{{Kind: "paragraph", Spans: []span{{Kind: "code", Text: "a | b"}}}}},
		"quote":     {"> a", []block{{Kind: "quote", Spans: text("a")}}},
		"details":   {"<details><summary>S</summary>\n\nx\n\n</details>\ny", []block{{Kind: "details", Spans: text("S"), Inner: []block{{Kind: "paragraph", Spans: text("x")}}}, {Kind: "paragraph", Spans: text("y")}}},
		"code":      {"``a ` b``", []block{{Kind: "paragraph", Spans: []span{{Kind: "code", Text: "a ` b"}}}}},
		"unended":   {"`a **b [c](d", []block{{Kind: "paragraph", Spans: text("`a **b [c](d")}}},
		"break":     {"a<br>b", []block{{Kind: "paragraph", Spans: []span{{Kind: "text", Text: "a"}, {Kind: "break"}, {Kind: "text", Text: "b"}}}}},
	} {
		if diff := cmp.Diff(test.want, parseMarkdown(test.text)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"# a\n\n| a | b |\n|---|---|\n| `x` | **y** |", "<details><summary>a</summary>\n- b\n</details>", "```\nx", "[a](https://b) \\", "<details", evil} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) { parseMarkdown(text) })
}

func TestManifest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	text, err := json.Marshal(m{
		"name": "My Defender!", "url": "https://example.com", "redirect_url": "http://127.0.0.1:8080/setup/done?x=1", "public": false,
		"hook_attributes": m{"url": "https://example.com/webhook"}, "default_permissions": m{"checks": "write"}, "default_events": []string{"push"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := w.form("/organizations/acme/settings/apps/new?state=s", url.Values{"manifest": {string(text)}}, nil)
	target, err := url.Parse(r.Header().Get("Location"))
	if err != nil || r.Code != http.StatusFound || target.Query().Get("state") != "s" || target.Query().Get("x") != "1" || target.Path != "/setup/done" {
		t.Fatalf("%d %v", r.Code, target)
	}
	path := "/app-manifests/" + target.Query().Get("code") + "/conversions"
	got := w.send(http.MethodPost, path, nil, "").want(http.StatusCreated)
	if got.at("slug") != "my-defender" || got.at("owner", "login") != "acme" || got.at("webhook_secret") == "" || got.at("permissions", "checks") != "write" {
		t.Error(got.text)
	}
	block, _ := pem.Decode([]byte(fmt.Sprint(got.at("pem"))))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	claims := w.goodClaims()
	claims["iss"] = got.at("id")
	w.send(http.MethodGet, "/app", nil, signJWT(t, key, "RS256", claims)).want(http.StatusOK)
	w.send(http.MethodPost, path, nil, "").want(http.StatusNotFound) // once

	r = w.form("/settings/apps/new", url.Values{"manifest": {string(text)}}, nil)
	target, err = url.Parse(r.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Hour + time.Second)
	w.send(http.MethodPost, "/app-manifests/"+target.Query().Get("code")+"/conversions", nil, "").want(http.StatusNotFound)
	for _, manifest := range []string{"", "{", `{"name":"a","url":"b"}`} {
		if r := w.form("/settings/apps/new", url.Values{"manifest": {manifest}}, nil); r.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", manifest, r.Code)
		}
	}
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.CreateRepository("acme/public", RepositoryOptions{})
	sha := w.Commit("acme/public", "main", Files{"a": Text("a")}, "Start")
	pack := func(text string) m {
		var out bytes.Buffer
		zip := gzip.NewWriter(&out)
		_, _ = zip.Write([]byte(text))
		zip.Close()
		return m{"commit_sha": sha, "ref": "refs/heads/main", "sarif": base64.StdEncoding.EncodeToString(out.Bytes())}
	}
	const path = "/repos/acme/public/code-scanning/sarifs"
	w.post(path, pack(`{"version":"2.1.0"}`)).want(http.StatusAccepted)
	w.post(path, pack("{")).want(http.StatusUnprocessableEntity)
	w.post(path, pack(`"`+strings.Repeat("a", maxSARIF)+`"`)).want(http.StatusUnprocessableEntity)
	w.post(path, m{"commit_sha": sha, "sarif": "e30="}).want(http.StatusUnprocessableEntity)
	w.post("/repos/acme/infra/code-scanning/sarifs", pack("{}")).want(http.StatusForbidden)
	want := []Upload{{Repository: "acme/public", Commit: sha, Ref: "refs/heads/main", SARIF: []byte(`{"version":"2.1.0"}`)}}
	if diff := cmp.Diff(want, w.Uploads()); diff != "" {
		t.Error(diff)
	}
}

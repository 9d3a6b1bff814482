package server

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/queue"
)

const (
	secret  = "a long and random secret"
	guid    = "0b5c8f5e-6f0e-11f0-9a3b-5b1f6d1f0c6d"
	head    = "1111111111111111111111111111111111111111"
	before  = "2222222222222222222222222222222222222222"
	appID   = 12
	subject = `"installation":{"id":7},"repository":{"id":99,"name":"infra","full_name":"acme/infra","default_branch":"main"},` +
		`"sender":{"id":5,"login":"mona","type":"User"}`
	pull   = `"number":3,"pull_request":{"number":3,"head":{"sha":"` + head + `","ref":"topic"},"base":{"ref":"main"}},` + subject
	opened = `{"action":"opened",` + pull + `}`
)

// intake keeps what it is given.
type intake struct {
	mu     sync.Mutex
	stored []queue.Delivery
	seen   map[string]bool
	err    error
	before func() // runs before a delivery is stored
}

func (i *intake) Enqueue(_ context.Context, d queue.Delivery) (duplicate bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.before != nil {
		i.before()
	}
	if i.err != nil {
		return false, i.err
	}
	if i.seen[d.GUID] {
		return true, nil
	}
	if i.seen == nil {
		i.seen = map[string]bool{}
	}
	i.seen[d.GUID] = true
	i.stored = append(i.stored, d)
	return false, nil
}

func signedDesk(t testing.TB, in Intake, log io.Writer, secrets ...string) http.Handler {
	t.Helper()
	o := Options{AppID: appID, Intake: in, Logger: slog.New(slog.NewJSONHandler(log, nil))}
	for _, s := range secrets {
		o.Secrets = append(o.Secrets, []byte(s))
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s.Public()
}

func signature(algorithm func() hash.Hash, key, body string) string {
	mac := hmac.New(algorithm, []byte(key))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// delivered is a signed request as GitHub sends it.
func delivered(t testing.TB, event, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", "sha256="+signature(sha256.New, secret, body))
	return r
}

func TestDeskAnswers(t *testing.T) {
	t.Parallel()
	const largest = 25 << 20
	padded := opened + strings.Repeat(" ", largest-len(opened))
	sign := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", value) }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del(name)
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	tests := map[string]struct {
		event, body string
		change      func(*http.Request)
		want        int
		stored      bool
	}{
		"good":               {body: opened, want: http.StatusAccepted, stored: true},
		"at the root":        {body: opened, change: func(r *http.Request) { r.URL.Path = "/" }, want: http.StatusAccepted, stored: true},
		"with a charset":     {body: opened, change: header("Content-Type", "application/json; charset=utf-8"), want: http.StatusAccepted, stored: true},
		"largest":            {body: padded, want: http.StatusAccepted, stored: true},
		"not signed":         {body: opened, change: header("X-Hub-Signature-256", ""), want: http.StatusUnauthorized},
		"another's secret":   {body: opened, change: sign("sha256=" + signature(sha256.New, "another", opened)), want: http.StatusUnauthorized},
		"another body":       {body: opened, change: sign("sha256=" + signature(sha256.New, secret, opened+" ")), want: http.StatusUnauthorized},
		"empty secret":       {body: opened, change: sign("sha256=" + signature(sha256.New, "", opened)), want: http.StatusUnauthorized},
		"no algorithm":       {body: opened, change: sign(signature(sha256.New, secret, opened)), want: http.StatusUnauthorized},
		"cut":                {body: opened, change: sign("sha256=" + signature(sha256.New, secret, opened)[:62]), want: http.StatusUnauthorized},
		"not hexadecimal":    {body: opened, change: sign("sha256=" + strings.Repeat("z", 64)), want: http.StatusUnauthorized},
		"SHA-1 in its place": {body: opened, change: sign("sha1=" + signature(sha1.New, secret, opened)), want: http.StatusUnauthorized},
		"SHA-1 only": {body: opened, change: func(r *http.Request) {
			r.Header.Del("X-Hub-Signature-256")
			r.Header.Set("X-Hub-Signature", "sha1="+signature(sha1.New, secret, opened))
		}, want: http.StatusUnauthorized},
		"too large":              {body: padded + " ", want: http.StatusRequestEntityTooLarge},
		"too large and unsigned": {body: padded + " ", change: header("X-Hub-Signature-256", ""), want: http.StatusRequestEntityTooLarge},
		"too large in chunks":    {body: padded + " ", change: func(r *http.Request) { r.ContentLength = -1 }, want: http.StatusRequestEntityTooLarge},
		"no JSON":                {body: "{", want: http.StatusBadRequest},
		"empty":                  {body: "", want: http.StatusBadRequest},
		"no object":              {body: "[]", want: http.StatusBadRequest},
		"no JSON and unsigned":   {body: "{", change: header("X-Hub-Signature-256", ""), want: http.StatusUnauthorized},
		"nested without end":     {body: strings.Repeat(`{"a":`, 1_000_000), want: http.StatusBadRequest},
		"as a form":              {body: opened, change: header("Content-Type", "application/x-www-form-urlencoded"), want: http.StatusBadRequest},
		"no content type":        {body: opened, change: header("Content-Type", ""), want: http.StatusBadRequest},
		"no event":               {body: opened, change: header("X-GitHub-Event", ""), want: http.StatusBadRequest},
		"no identifier":          {body: opened, change: header("X-GitHub-Delivery", ""), want: http.StatusBadRequest},
		"long identifier":        {body: opened, change: header("X-GitHub-Delivery", strings.Repeat("a", 129)), want: http.StatusBadRequest},
		"long event":             {body: opened, change: header("X-GitHub-Event", strings.Repeat("a", 129)), want: http.StatusBadRequest},
		"no number":              {body: `{"action":"opened",` + subject + `}`, want: http.StatusAccepted},
		"no installation":        {body: strings.Replace(opened, `"installation":{"id":7},`, "", 1), want: http.StatusAccepted},
		"no repository":          {body: strings.Replace(opened, `"full_name":"acme/infra"`, `"full_name":"../infra"`, 1), want: http.StatusAccepted},
		"ping":                   {event: "ping", body: `{"zen":"Design for failure.","hook_id":1}`, want: http.StatusAccepted},
		"an unknown event":       {event: "issues", body: `{"action":"opened",` + subject + `}`, want: http.StatusAccepted},
		"closed":                 {body: `{"action":"closed",` + pull + `}`, want: http.StatusAccepted},
		"labeled":                {body: `{"action":"labeled",` + pull + `}`, want: http.StatusAccepted},
		"only the title edited":  {body: `{"action":"edited","changes":{"title":{"from":"x"}},` + pull + `}`, want: http.StatusAccepted},
		"by GET":                 {change: func(r *http.Request) { r.Method = http.MethodGet }, want: http.StatusMethodNotAllowed},
		"elsewhere":              {body: opened, change: func(r *http.Request) { r.URL.Path = "/webhook/x" }, want: http.StatusNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, log := &intake{}, &bytes.Buffer{}
			desk := signedDesk(t, in, log, secret)
			if test.event == "" {
				test.event = "pull_request"
			}
			r := delivered(t, test.event, test.body)
			if test.change != nil {
				test.change(r)
			}
			w := httptest.NewRecorder()
			desk.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("answer %d %s, want %d", w.Code, w.Body, test.want)
			}
			if got := len(in.stored) > 0; got != test.stored {
				t.Errorf("stored %v", in.stored)
			}
			if told := w.Body.String() + log.String(); strings.Contains(told, secret) || strings.Contains(told, signature(sha256.New, secret, test.body)) {
				t.Errorf("it tells the secret or the signature: %s", told)
			}
		})
	}
}

// While one secret takes the place of another, both are good.
func TestDeskTakesSeveralSecrets(t *testing.T) {
	t.Parallel()
	in := &intake{}
	desk := signedDesk(t, in, io.Discard, "old", "new")
	for key, want := range map[string]int{"old": http.StatusAccepted, "new": http.StatusAccepted, "older": http.StatusUnauthorized} {
		r := delivered(t, "pull_request", opened)
		r.Header.Set("X-GitHub-Delivery", key)
		r.Header.Set("X-Hub-Signature-256", "sha256="+signature(sha256.New, key, opened))
		w := httptest.NewRecorder()
		desk.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("signed with %q: answer %d, want %d", key, w.Code, want)
		}
	}
	if len(in.stored) != 2 {
		t.Errorf("stored %v", in.stored)
	}
}

// The answer comes after the delivery is safe.
func TestDeskStoresBeforeItAnswers(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Code = 0 // until a header is written
	early := false
	in := &intake{before: func() { early = w.Code != 0 || w.Body.Len() > 0 }}
	signedDesk(t, in, io.Discard, secret).ServeHTTP(w, delivered(t, "pull_request", opened))
	if early || w.Code != http.StatusAccepted || len(in.stored) != 1 {
		t.Errorf("early %v, answer %d, stored %v", early, w.Code, in.stored)
	}
}

// What cannot be stored is not accepted: GitHub shows it as failed, and it can
// be sent again.
func TestDeskCannotStore(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	in := &intake{err: errors.New("database is full of postgres://bot:hunter2@db")}
	w := httptest.NewRecorder()
	signedDesk(t, in, &log, secret).ServeHTTP(w, delivered(t, "pull_request", opened))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "30" {
		t.Errorf("answer %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if strings.Contains(w.Body.String(), "database") {
		t.Errorf("the answer tells of the inside: %s", w.Body)
	}
	var line struct{ Level, Delivery, Repository, Error string }
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("log %q: %v", log.String(), err)
	}
	if line.Level != "ERROR" || line.Delivery != guid || line.Repository != "acme/infra" || line.Error == "" {
		t.Errorf("log %q", log.String())
	}
}

// A delivery that comes again is answered like the first and stored once.
func TestDeskTakesADeliveryOnce(t *testing.T) {
	t.Parallel()
	in := &intake{}
	desk := signedDesk(t, in, io.Discard, secret)
	for range 3 {
		w := httptest.NewRecorder()
		desk.ServeHTTP(w, delivered(t, "pull_request", opened))
		if w.Code != http.StatusAccepted {
			t.Errorf("answer %d", w.Code)
		}
	}
	if len(in.stored) != 1 {
		t.Errorf("stored %v", in.stored)
	}
}

// What each event asks for.
func TestDeskRoutes(t *testing.T) {
	t.Parallel()
	run := func(app, externalID string) string {
		return `"check_run":{"id":11,"external_id":"` + externalID + `","head_sha":"` + head + `","app":{"id":` + app + `},"pull_requests":[]},` + subject
	}
	suite := func(app, pulls string) string {
		return `"check_suite":{"id":12,"head_sha":"` + head + `","app":{"id":` + app + `},"pull_requests":[` + pulls + `]},` + subject
	}
	retried, click := `{"head":"`+head+`","base":"main","again":true}`, `{"head":"`+head+`","external_id":"pull/3/main","sender":"mona"}`
	want := func(event, action string, number int, kind, key, payload string) queue.Delivery {
		return queue.Delivery{
			GUID: guid, Event: event, Action: action, Installation: 7, Repository: 99, Owner: "acme", Name: "infra",
			Kind: kind, Number: number, Key: key, Payload: json.RawMessage(payload), Demand: payload == retried,
		}
	}
	branch := `,"head_branch":"topic","fork":true,"base":"main"`
	fresh, known := `{"head":"`+head+`"`+branch+`,"fresh":true}`, `{"head":"`+head+`"`+branch+`}`
	fix := want("check_run", "requested_action", 3, KindFix, "fix/"+guid, click)
	fix.Priority = 1
	baseline := func(d queue.Delivery) queue.Delivery {
		d.Priority = 4
		return d
	}
	other := baseline(want("installation_repositories", "added", 0, KindBranch, "branch/100", "{}"))
	other.GUID, other.Repository, other.Name = guid+":100", 100, "apis"
	installed := baseline(want("installation", "created", 0, KindInstall, "install/7", "{}"))
	installed.Repository, installed.Owner, installed.Name = 0, "", ""
	group := `"merge_group":{"head_sha":"` + head + `","base_sha":"` + before + `","head_ref":"refs/heads/gh-readonly-queue/main/pr-3","base_ref":"refs/heads/main"},` + subject
	pushed := `"after":"` + head + `","before":"` + before + `",` + subject
	tests := map[string]struct {
		event, body string
		want        []queue.Delivery
	}{
		"opened":           {"pull_request", opened, []queue.Delivery{want("pull_request", "opened", 3, KindReview, "review/99/3", fresh)}},
		"pushed to":        {"pull_request", `{"action":"synchronize",` + pull + `}`, []queue.Delivery{want("pull_request", "synchronize", 3, KindReview, "review/99/3", fresh)}},
		"reopened":         {"pull_request", `{"action":"reopened",` + pull + `}`, []queue.Delivery{want("pull_request", "reopened", 3, KindReview, "review/99/3", known)}},
		"ready for review": {"pull_request", `{"action":"ready_for_review",` + pull + `}`, []queue.Delivery{want("pull_request", "ready_for_review", 3, KindReview, "review/99/3", known)}},
		"base changed":     {"pull_request", `{"action":"edited","changes":{"base":{"ref":{"from":"dev"}}},` + pull + `}`, []queue.Delivery{want("pull_request", "edited", 3, KindReview, "review/99/3", known)}},
		"converted":        {"pull_request", `{"action":"converted_to_draft",` + pull + `}`, nil},

		"run again":         {"check_run", `{"action":"rerequested",` + run("12", "pull/3/main") + `}`, []queue.Delivery{want("check_run", "rerequested", 3, KindReview, "review/99/3", retried)}},
		"button":            {"check_run", `{"action":"requested_action","requested_action":{"identifier":"onboard"},` + run("12", "pull/3/main") + `}`, []queue.Delivery{fix}},
		"another button":    {"check_run", `{"action":"requested_action","requested_action":{"identifier":"other"},` + run("12", "pull/3/main") + `}`, nil},
		"own run made":      {"check_run", `{"action":"created",` + run("12", "pull/3/main") + `}`, nil},
		"own run completed": {"check_run", `{"action":"completed",` + run("12", "pull/3/main") + `}`, nil},
		"another's run":     {"check_run", `{"action":"rerequested",` + run("13", "pull/3/main") + `}`, nil},
		"another's button":  {"check_run", `{"action":"requested_action","requested_action":{"identifier":"onboard"},` + run("13", "pull/3/main") + `}`, nil},
		"run of nothing":    {"check_run", `{"action":"rerequested",` + run("12", "") + `}`, nil},

		"all again":       {"check_suite", `{"action":"rerequested",` + suite("12", `{"number":3},{"number":4}`) + `}`, []queue.Delivery{want("check_suite", "rerequested", 0, KindSuite, "suite/99/"+head, `{"head":"`+head+`","pulls":[3,4]}`)}},
		"another's suite": {"check_suite", `{"action":"rerequested",` + suite("13", `{"number":3}`) + `}`, nil},
		"suite requested": {"check_suite", `{"action":"requested",` + suite("12", `{"number":3}`) + `}`, nil},
		"suite completed": {"check_suite", `{"action":"completed",` + suite("12", `{"number":3}`) + `}`, nil},

		"merge queue":      {"merge_group", `{"action":"checks_requested",` + group + `}`, []queue.Delivery{want("merge_group", "checks_requested", 0, KindGroup, "group/99/"+head, `{"head":"`+head+`","base":"main","base_sha":"`+before+`"}`)}},
		"out of the queue": {"merge_group", `{"action":"destroyed",` + group + `}`, nil},

		"push to the default branch": {"push", `{"ref":"refs/heads/main",` + pushed + `}`, []queue.Delivery{baseline(want("push", "", 0, KindPush, "push/99/"+head, `{"head":"`+head+`","base":"main","base_sha":"`+before+`"}`))}},
		"push elsewhere":             {"push", `{"ref":"refs/heads/topic",` + pushed + `}`, nil},
		"push of a tag":              {"push", `{"ref":"refs/tags/main",` + pushed + `}`, nil},
		"branch deleted":             {"push", `{"ref":"refs/heads/main","deleted":true,` + pushed + `}`, nil},

		"installed":        {"installation", `{"action":"created","installation":{"id":7},"repositories":[]}`, []queue.Delivery{installed}},
		"removed":          {"installation", `{"action":"deleted","installation":{"id":7}}`, nil},
		"suspended":        {"installation", `{"action":"suspend","installation":{"id":7}}`, nil},
		"repository added": {"installation_repositories", `{"action":"added","installation":{"id":7},"repositories_added":[{"id":100,"full_name":"acme/apis"}]}`, []queue.Delivery{other}},
		"repository gone":  {"installation_repositories", `{"action":"removed","installation":{"id":7},"repositories_removed":[{"id":100,"full_name":"acme/apis"}]}`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &intake{}
			w := httptest.NewRecorder()
			signedDesk(t, in, io.Discard, secret).ServeHTTP(w, delivered(t, test.event, test.body))
			if w.Code != http.StatusAccepted {
				t.Errorf("answer %d", w.Code)
			}
			if diff := cmp.Diff(test.want, in.stored); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzDesk sends anything: the answer is one of those that there are, and
// what is stored is what the queue takes.
func FuzzDesk(f *testing.F) {
	f.Add("pull_request", guid, opened)
	f.Add("check_run", guid, `{"action":"rerequested","check_run":{"external_id":"pull/3/main","app":{"id":12}},`+subject+`}`)
	f.Add("check_suite", guid, `{"action":"rerequested","check_suite":{"app":{"id":12},"pull_requests":[{"number":1},{"number":2}]},`+subject+`}`)
	f.Add("ping", "", "{}")
	f.Add("push", guid, strings.Repeat("[", 1_000_000))
	f.Fuzz(func(t *testing.T, event, id, body string) {
		in := &intake{}
		r := delivered(t, event, body)
		r.Header.Set("X-GitHub-Delivery", id)
		w := httptest.NewRecorder()
		signedDesk(t, in, io.Discard, secret).ServeHTTP(w, r)
		if w.Code != http.StatusAccepted && w.Code != http.StatusBadRequest {
			t.Errorf("answer %d", w.Code)
		}
		for _, d := range in.stored {
			if d.GUID == "" || d.Event != event || d.Kind == "" || d.Key == "" || d.Installation <= 0 || len(d.Payload) > 4<<10 {
				t.Errorf("stored %+v", d)
			}
		}
	})
}

package githubtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFailNext(t *testing.T) {
	t.Parallel()
	bad := Response{Status: http.StatusBadGateway, Body: "<html>"}
	for name, test := range map[string]struct {
		pattern string
		want    string
	}{
		"route":        {"GET /repos/{owner}/{repo}", "502 502 200"},
		"path":         {"GET /repos/acme/infra", "502 502 200"},
		"glob":         {"* /repos/*/infra", "502 502 200"},
		"anything":     {"* *", "502 502 200"},
		"other route":  {"GET /repos/{owner}/{repo}/pulls", "200 200 200"},
		"other method": {"POST /repos/{owner}/{repo}", "200 200 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{})
			w.FailNext(test.pattern, 2, bad)
			var got []string
			for range 3 {
				got = append(got, strconv.Itoa(w.get("/repos/acme/infra").status))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
}

func TestFailureDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.FailNext("POST *", 1, LimitedSecondary(http.StatusTooManyRequests, time.Minute))
	if r := w.newRun(nil).want(http.StatusTooManyRequests); r.header.Get("Retry-After") != "60" {
		t.Error(r.header)
	}
	w.FailNext("POST *", 1, LimitedPrimary(w.clock.Now().Add(time.Hour)))
	if r := w.newRun(nil).want(http.StatusForbidden); r.header.Get("X-Ratelimit-Remaining") != "0" {
		t.Error(r.header)
	}
	if len(w.CheckRuns("acme/infra", "main")) != 0 {
		t.Error("a failed request made a run")
	}
	w.newRun(nil).want(http.StatusCreated)
}

func TestDroppedConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	server := httptest.NewServer(w)
	defer server.Close()
	w.FailNext("GET /meta", 1, Response{})
	get := func() (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/meta", nil)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DisableKeepAlives: true}
		return transport.RoundTrip(request)
	}
	if response, err := get(); err == nil {
		response.Body.Close()
		t.Error("there was an answer")
	}
	response, err := get()
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if want := map[string]int{"GET /meta": 2}; !cmp.Equal(want, w.Requests().ByRoute()) {
		t.Error(w.Requests().ByRoute())
	}
}

func TestFailureRate(t *testing.T) {
	t.Parallel()
	outcome := func(seed uint64) string {
		w := newWorld(t, Options{Seed: seed})
		w.options.FailureRate = 0.5
		var statuses []string
		for range 40 {
			statuses = append(statuses, strconv.Itoa(w.get("/repos/acme/infra").status))
		}
		return strings.Join(statuses, " ")
	}
	first := outcome(7)
	for _, status := range []string{"200", "500", "502"} {
		if !strings.Contains(first, status) {
			t.Errorf("no %s in %s", status, first)
		}
	}
	if again := outcome(7); again != first {
		t.Errorf("not the same again: %s and %s", first, again)
	}
	if other := outcome(8); other == first {
		t.Error("the seed makes no difference")
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		w.options.Latency = 50 * time.Millisecond
		start := time.Now()
		w.get("/repos/acme/infra").want(http.StatusOK)
		if took := time.Since(start); took != w.options.Latency {
			t.Errorf("took %s", took)
		}
	})
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.get("/repos/acme/infra/git/trees/main").want(http.StatusOK)
	w.get("/repos/acme/infra/git/trees/none").want(http.StatusNotFound)
	w.newRun(nil).want(http.StatusCreated)
	w.query("{ rateLimit { cost } }", nil).want(http.StatusOK)
	log := w.Requests()
	want := map[string]int{"GET /repos/{owner}/{repo}/git/trees/{sha...}": 2, "POST /repos/{owner}/{repo}/check-runs": 1, "POST /graphql": 1}
	if diff := cmp.Diff(want, log.ByRoute()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"core": 3, "graphql": 1}, log.ByResource()); diff != "" {
		t.Error(diff)
	}
	if log.Writes() != 2 || log[1].Status != http.StatusNotFound || log[0].InstallationID != w.installation || log[0].Path != "/repos/acme/infra/git/trees/main" {
		t.Errorf("%+v", log)
	}
}

func TestRateHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Limits: Limits{PrimaryRate: 2}})
	check := func(r reply, want string) {
		t.Helper()
		var got []string
		for _, name := range []string{"Limit", "Used", "Remaining", "Reset", "Resource"} {
			got = append(got, r.header.Get("X-Ratelimit-"+name))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	reset := strconv.FormatInt(w.clock.Now().Add(time.Hour).Unix(), 10)
	check(w.get("/repos/acme/infra"), "2 1 1 "+reset+" core")
	check(w.get("/repos/acme/none"), "2 2 0 "+reset+" core")
	check(w.get("/repos/acme/infra").want(http.StatusForbidden), "2 2 0 "+reset+" core")
	check(w.query("{ rateLimit { remaining } }", nil).want(http.StatusOK), "2 1 1 "+reset+" graphql")
	w.query("{ rateLimit { remaining } }", nil)
	r := w.query("{ rateLimit { remaining } }", nil).want(http.StatusOK)
	if r.at("errors", 0, "type") != "RATE_LIMITED" || r.header.Get("X-Ratelimit-Remaining") != "0" {
		t.Error(r.text)
	}
	if r := w.get("/rate_limit").want(http.StatusOK); r.at("resources", "core", "remaining") != 0.0 {
		t.Error(r.text)
	}
	w.clock.Advance(time.Hour)
	w.token = w.newTokenFor(nil)
	w.get("/repos/acme/infra").want(http.StatusOK)
}

func TestLimitedAnswers(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		for _, omit := range []bool{true, false} {
			w := newWorld(t, Options{LimitedStatus: status, OmitRetryAfter: omit, Limits: Limits{ContentMinute: 1}})
			w.newRun(nil).want(http.StatusCreated)
			w.clock.Advance(20 * time.Second)
			after := map[bool]string{false: "40"}[omit]
			if r := w.newRun(nil).want(status); r.header.Get("Retry-After") != after {
				t.Errorf("retry after %q, want %q", r.header.Get("Retry-After"), after)
			}
			w.clock.Advance(40 * time.Second)
			w.newRun(nil).want(http.StatusCreated)
		}
	}
}

func TestEnterprise(t *testing.T) {
	t.Parallel()
	w := NewServer(Options{Enterprise: true})
	if err := w.Start(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for path, want := range map[string]string{
		"/api/v3/meta": `200 {"installed_version":"3.17.0"`, "/meta": "404 ", "/api/graphql": `401 {"documentation_url"`, "/graphql": "404 ",
	} {
		method := http.MethodGet
		if strings.HasSuffix(path, "graphql") {
			method = http.MethodPost
		}
		request, err := http.NewRequestWithContext(t.Context(), method, w.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if got := fmt.Sprintf("%d %s", response.StatusCode, text); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if response.Header.Get("X-Ratelimit-Limit") != "" {
			t.Error("an enterprise server limits rates")
		}
	}
	if w.APIURL() != w.URL()+"/api/v3/" {
		t.Error(w.APIURL())
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	if got := w.get("/repos/acme/infra").header.Get("Date"); got != "Sun, 01 Mar 2026 12:00:00 GMT" {
		t.Error(got)
	}
}

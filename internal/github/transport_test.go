package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const pullPath = "GET /repos/acme/infra/pulls/3"

var goodPull = fmt.Sprintf(`{"number":3,"state":"open","head":{"sha":%q,"ref":"f","repo":{"id":99}},"base":{"sha":%q,"ref":"main"}}`, headSHA, baseSHA)

func TestRedirects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		location string
		ok       bool
	}{
		"renamed repository":   {"http://localhost/repositories/99/pulls/3", true},
		"relative":             {"/repositories/99/pulls/3", true},
		"other host":           {"http://evil.example.com/repositories/99/pulls/3", false},
		"other port":           {"http://localhost:81/repositories/99/pulls/3", false},
		"other scheme":         {"https://localhost/repositories/99/pulls/3", false},
		"host in the user":     {"http://localhost@evil.example.com/", false},
		"user before the host": {"http://u:p@localhost/repositories/99/pulls/3", false},
		"in circles":           {"/repos/acme/infra/pulls/3", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc(pullPath, reply(301, "", "Location", tt.location))
			s.mux.HandleFunc("GET /repositories/99/pulls/3", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" {
					t.Error("no token")
				}
				io.WriteString(w, goodPull)
			})
			s.mux.HandleFunc("evil.example.com/", func(http.ResponseWriter, *http.Request) { t.Error("the token left") })
			_, err := newTestApp(t, s).Pull(t.Context(), testRepo, 3)
			if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), ": refused ") {
				t.Errorf("error %v", err)
			}
			for _, r := range s.requests() {
				if r != pullPath && r != "GET /repositories/99/pulls/3" {
					t.Errorf("request %s", r)
				}
			}
			if !tt.ok && name != "in circles" && !strings.Contains(err.Error(), "refused redirect to") {
				t.Errorf("refused too late: %v", err)
			}
		})
	}
}

func TestWireRefusesOtherHosts(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	app := newTestApp(t, s)
	inst, err := app.installation(7)
	if err != nil {
		t.Fatal(err)
	}
	ctx := withScope(t.Context(), scope{repo: 99})
	_, err = send(ctx, inst.client, http.MethodGet, "https://evil.example.com/x", nil, nil)
	if err == nil || len(s.requests()) != 0 {
		t.Errorf("error %v, requests %v", err, s.requests())
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	drop := reply(http.StatusTeapot, "")
	for _, tt := range []struct {
		name     string
		answers  []http.HandlerFunc
		requests int
		ok       bool
	}{
		{"at once", []http.HandlerFunc{reply(200, goodPull)}, 1, true},
		{"server error", []http.HandlerFunc{reply(502, ""), reply(200, goodPull)}, 2, true},
		{"connection lost", []http.HandlerFunc{drop, drop, reply(200, goodPull)}, 3, true},
		{"mixed", []http.HandlerFunc{reply(500, ""), drop, reply(200, goodPull)}, 3, true},
		{"for ever", []http.HandlerFunc{reply(503, "")}, 3, false},
		{"refused", []http.HandlerFunc{reply(422, ""), reply(200, goodPull)}, 1, false},
		{"limited", []http.HandlerFunc{reply(429, ""), reply(200, goodPull)}, 1, false},
		{"not visible yet", []http.HandlerFunc{reply(404, ""), reply(404, ""), reply(200, goodPull)}, 3, true},
		{"not there", []http.HandlerFunc{reply(404, "")}, visibleAttempts, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc(pullPath, inTurn(tt.answers...))
			app := newTestApp(t, s)
			_, err := app.Pull(t.Context(), testRepo, 3)
			if (err == nil) != tt.ok {
				t.Errorf("error %v", err)
			}
			if n := len(s.requests()); n != tt.requests || app.Requests() != int64(n) {
				t.Errorf("%d requests, %d counted, want %d", n, app.Requests(), tt.requests)
			}
		})
	}
}

func TestWritesAreNotRepeated(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("POST /repos/acme/infra/check-runs", reply(502, ""))
	_, err := newTestApp(t, s).StartCheckRun(t.Context(), testRepo, CheckRun{Name: "n", HeadSHA: headSHA})
	status, ok := errors.AsType[*StatusError](err)
	if !ok || status.Permanent() || len(s.requests()) != 1 {
		t.Errorf("error %v after %v", err, s.requests())
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	s := newStub(clock)
	s.mux.HandleFunc(pullPath, reply(502, ""))
	ctx, cancel := context.WithCancel(t.Context())
	clock.onWait = cancel
	_, err := newTestApp(t, s).Pull(ctx, testRepo, 3)
	if !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("error %v after %v", err, s.requests())
	}
}

// TestLimitIsKept: while limited nothing is asked, and afterwards it is.
func TestLimitIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		first http.HandlerFunc
		fails bool
		wait  time.Duration
	}{
		{"secondary", reply(403, `{"message":"You have exceeded a secondary rate limit."}`, "Retry-After", "30"), true, 30 * time.Second},
		{"primary", reply(403, `{}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", "1777896600"), true, 601 * time.Second},
		{"the last one", reply(200, goodPull, "X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", "1777896600"), false, 601 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			s := newStub(clock)
			s.mux.HandleFunc(pullPath, inTurn(tt.first, reply(200, goodPull)))
			app := newTestApp(t, s)
			if _, err := app.Pull(t.Context(), testRepo, 3); (err != nil) != tt.fails {
				t.Fatalf("first: %v", err)
			}
			for range 3 {
				_, err := app.Pull(t.Context(), testRepo, 3)
				if limit, ok := errors.AsType[*RateLimitError](err); !ok || limit.RetryAfter() != tt.wait {
					t.Fatalf("while limited: %v", err)
				}
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests while limited", n)
			}
			clock.advance(tt.wait)
			if _, err := app.Pull(t.Context(), testRepo, 3); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			other := testRepo
			other.Installation = 8
			if _, err := app.Pull(t.Context(), other, 3); err != nil {
				t.Errorf("another installation: %v", err)
			}
		})
	}
}

// TestOneGate: go-github keeps a gate of its own behind the rate headers, by
// the machine's clock. It must not be the one that decides.
func TestOneGate(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	s := newStub(clock)
	const in2100 = "4102444800"
	s.mux.HandleFunc(pullPath, reply(200, goodPull, "X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", in2100))
	app := newTestApp(t, s)
	for n := range 3 {
		if _, err := app.Pull(t.Context(), testRepo, 3); err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		clock.advance(maxLimitWait + time.Second)
	}
}

func TestLimitsGrow(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	s := newStub(clock)
	s.mux.HandleFunc(pullPath, inTurn(reply(429, ""), reply(429, ""), reply(429, ""), reply(200, goodPull), reply(429, "")))
	app := newTestApp(t, s)
	var waits []time.Duration
	for range 5 {
		_, err := app.Pull(t.Context(), testRepo, 3)
		wait := time.Duration(0)
		if limit, ok := errors.AsType[*RateLimitError](err); ok {
			wait = limit.RetryAfter()
		}
		waits = append(waits, wait)
		clock.advance(wait)
	}
	if diff := cmp.Diff([]time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 0, time.Minute}, waits); diff != "" {
		t.Error(diff)
	}
}

func TestRatesAreKnown(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc(pullPath, reply(200, goodPull, "X-RateLimit-Remaining", "4321", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", "1777896600", "X-RateLimit-Resource", "core"))
	app := newTestApp(t, s)
	if rates := app.Rates(7); rates != nil {
		t.Errorf("before: %v", rates)
	}
	if _, err := app.Pull(t.Context(), testRepo, 3); err != nil {
		t.Fatal(err)
	}
	want := []Rate{{Resource: "core", Limit: 5000, Remaining: 4321, Reset: time.Unix(1777896600, 0)}}
	if diff := cmp.Diff(want, app.Rates(7)); diff != "" {
		t.Error(diff)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	g := newGate(newFakeClock())
	if n := cap(g.slots); n >= 100 { // where GitHub stops, whoever else asks
		t.Errorf("%d requests at a time", n)
	}
	for range maxConcurrent {
		if err := g.admit(t.Context(), "core", false); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.admit(ctx, "core", false); !errors.Is(err, context.Canceled) {
		t.Errorf("one more: %v", err)
	}
	g.release()
	if err := g.admit(t.Context(), "core", false); err != nil {
		t.Errorf("after a release: %v", err)
	}
}

// TestPlacesAreGivenBack: whatever the answer, the place is free afterwards.
func TestPlacesAreGivenBack(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc(pullPath, inTurn(reply(200, goodPull), reply(422, "{}"), reply(http.StatusTeapot, ""), reply(200, "not json"), reply(301, "", "Location", "http://evil.example.com/")))
	s.mux.HandleFunc("POST /graphql", inTurn(reply(200, `{"data":{}}`), reply(200, `{}`), reply(200, `[`), reply(404, ``), reply(200, strings.Repeat("[", 1000))))
	app := newTestApp(t, s)
	for range 8 {
		_, _ = app.Pull(t.Context(), testRepo, 3)
		_, _ = app.graphQL(t.Context(), testRepo, toReview, "query { x }", nil, &struct{}{})
	}
	inst, err := app.installation(7)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(inst.gate.slots); n != 0 {
		t.Errorf("%d places taken", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size, limit int64
		ok          bool
	}{{0, 0, true}, {10, 10, true}, {9, 10, true}, {11, 10, false}, {1000, 10, false}} {
		b := &bounded{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", int(tt.size)))), left: tt.limit}
		got, err := io.ReadAll(b)
		if (err == nil) != tt.ok || int64(len(got)) > tt.limit || !tt.ok && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d of %d: %d bytes, %v", tt.size, tt.limit, len(got), err)
		}
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc(pullPath, inTurn(reply(200, goodPull), reply(422, "{}")))
	var seen []string
	app := newTestApp(t, s, func(o *Options) {
		o.Observe = func(req *http.Request, resp *http.Response, err error, _ time.Duration) {
			status := 0
			if resp != nil {
				status = resp.StatusCode
			}
			if e, ok := errors.AsType[*StatusError](err); ok {
				status = e.Status
			}
			if req.Header.Get("Authorization") != "" {
				t.Error("credentials in the request")
			}
			seen = append(seen, fmt.Sprint(req.Method, " ", req.URL.Path, " ", status))
		}
	})
	_, _ = app.Pull(t.Context(), testRepo, 3)
	_, _ = app.Pull(t.Context(), testRepo, 3)
	if want := []string{pullPath + " 200", pullPath + " 422"}; !slices.Equal(seen, want) {
		t.Errorf("seen %q", seen)
	}
}

func TestGraphQLLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		headers    []string
		resource   string
		wait       time.Duration
	}{
		{"primary", `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1777896600"}, "graphql", 601 * time.Second},
		{"secondary", `{"errors":[{"message":"You have exceeded a secondary rate limit"}],"data":null}`, nil, "secondary", time.Minute},
		{"second of two", `{"errors":[{"message":"x"},{"type":"RATE_LIMITED"}]}`, []string{"Retry-After", "9"}, "secondary", 9 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc("POST /graphql", reply(200, tt.body, tt.headers...))
			_, err := newTestApp(t, s).graphQL(t.Context(), testRepo, toReview, "query { x }", nil, &struct{}{})
			limit, ok := errors.AsType[*RateLimitError](err)
			if !ok || limit.Resource != tt.resource || limit.RetryAfter() != tt.wait {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestGraphQLIsBesideREST(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("POST /api/graphql", reply(200, `{"data":{}}`))
	s.mux.HandleFunc("POST /api/v3/app/installations/{id}/access_tokens", s.grant)
	app := newTestApp(t, s, func(o *Options) { o.APIURL = "http://localhost/api/v3" })
	if _, err := app.graphQL(t.Context(), testRepo, toReview, "query { x }", nil, &struct{}{}); err != nil {
		t.Error(err)
	}
}

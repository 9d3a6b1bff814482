package github

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-cmp/cmp"
	gh "github.com/google/go-github/v60/github"
)

func TestTokensAreNarrow(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("/", reply(200, `{"permission":"write","repositories":[]}`))
	app := newTestApp(t, s)
	ctx := t.Context()
	for range 2 { // the second time nothing is asked for
		if _, err := app.Permission(ctx, testRepo, "mona"); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = app.Commit(ctx, testRepo, CommitRequest{Branch: "f", ExpectedHead: headSHA, Headline: "x", Files: map[string][]byte{"a": nil}})
	if _, err := app.Repositories(ctx, 7); err != nil {
		t.Fatal(err)
	}
	other := testRepo
	other.ID = 100
	if _, err := app.Permission(ctx, other, "mona"); err != nil {
		t.Fatal(err)
	}
	type ask struct {
		IDs         []int64           `json:"repository_ids"`
		Permissions map[string]string `json:"permissions"`
	}
	var got []ask
	for _, body := range s.grants() {
		var a ask
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	review := map[string]string{"metadata": "read", "contents": "read", "pull_requests": "read"}
	want := []ask{
		{[]int64{99}, review},
		{[]int64{99}, map[string]string{"metadata": "read", "contents": "write"}},
		{nil, map[string]string{"metadata": "read"}},
		{[]int64{100}, review},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTokenOutlivesItsFirstCaller: the caller that began a request for a token
// goes away, and those that wait with it get the token all the same.
func TestTokenOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	asked, answer := make(chan struct{}), make(chan struct{})
	s.mux.HandleFunc("POST /app/installations/8/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-answer
		s.grant(w, r)
	})
	s.mux.HandleFunc(pullPath, reply(200, goodPull))
	app := newTestApp(t, s)
	repo := testRepo
	repo.Installation = 8

	first, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := app.Pull(first, repo, 3)
		gone <- err
	}()
	<-asked
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			if _, err := app.Pull(t.Context(), repo, 3); err != nil {
				t.Errorf("a caller that waited: %v", err)
			}
		})
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller: %v", err)
	}
	close(answer)
	wait.Wait()
	if n := len(s.grants()); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	const noPermission = `{"message":"Resource not accessible by integration"}`
	for _, tt := range []struct {
		name    string
		age     time.Duration
		answers []http.HandlerFunc
		tokens  int
		ok      bool
	}{
		{"fresh, not known yet", 0, []http.HandlerFunc{reply(401, ""), reply(401, ""), reply(200, goodPull)}, 1, true},
		{"fresh, without its permissions", 0, []http.HandlerFunc{reply(403, noPermission), reply(200, goodPull)}, 1, true},
		{"fresh and limited", 0, []http.HandlerFunc{reply(403, `{"message":"secondary rate limit"}`), reply(200, goodPull)}, 1, false},
		{"fresh, archived", 0, []http.HandlerFunc{reply(403, `{"message":"archived"}`), reply(200, goodPull)}, 1, false},
		{"expired", 30 * time.Minute, []http.HandlerFunc{reply(401, ""), reply(200, goodPull)}, 2, true},
		{"without permission", 30 * time.Minute, []http.HandlerFunc{reply(403, noPermission), reply(200, goodPull)}, 1, false},
		{"always", 30 * time.Minute, []http.HandlerFunc{reply(401, `{"message":"Bad credentials"}`)}, 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			s := newStub(clock)
			s.mux.HandleFunc("GET /repos/acme/infra/pulls/1", reply(200, goodPull))
			s.mux.HandleFunc(pullPath, inTurn(tt.answers...))
			app := newTestApp(t, s)
			if _, err := app.Pull(t.Context(), testRepo, 1); err != nil {
				t.Fatal(err)
			}
			clock.advance(tt.age)
			_, err := app.Pull(t.Context(), testRepo, 3)
			if (err == nil) != tt.ok {
				t.Errorf("error %v", err)
			}
			if n := len(s.grants()); n != tt.tokens {
				t.Errorf("%d tokens, want %d", n, tt.tokens)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error with a token in it: %v", err)
			}
		})
	}
}

// TestRefusedTokenOfWrite: what is refused for its token was not carried out, so
// that a request with a body is sent again, too.
func TestRefusedTokenOfWrite(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	var mu sync.Mutex
	var bodies []string
	created := inTurn(reply(401, ""), reply(201, `{"id":11}`))
	s.mux.HandleFunc("POST /repos/acme/infra/check-runs", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		bodies = append(bodies, string(body))
		mu.Unlock()
		created(w, r)
	})
	run, err := newTestApp(t, s).StartCheckRun(t.Context(), testRepo, CheckRun{Name: "n", HeadSHA: headSHA, ExternalID: "x"})
	if err != nil || run.ID != 11 || len(bodies) != 2 || bodies[0] == "" || bodies[0] != bodies[1] {
		t.Errorf("run %+v, %v after %q", run, err, bodies)
	}
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		status    int
		body      string
		requests  int
		permanent bool
		is        error
	}{
		{"suspended", 403, `{"message":"This installation has been suspended"}`, 1, true, ErrForbidden},
		{"uninstalled", 404, `{"message":"Not Found"}`, 1, true, ErrNotFound},
		{"permission not accepted", 422, `{"message":"The permissions requested are not granted to this installation."}`, 1, true, ErrForbidden},
		{"server error", 500, ``, 3, false, nil},
		{"connection lost", http.StatusTeapot, ``, 3, false, nil},
		{"no token in it", 201, `{"expires_at":"2026-05-04T12:00:00Z"}`, 3, false, nil},
		{"empty token", 201, `{"token":"","expires_at":"2026-05-04T12:00:00Z"}`, 3, false, nil},
		{"no expiry in it", 201, `{"token":"x"}`, 3, false, nil},
		{"not JSON", 201, `<html>`, 3, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			var mu sync.Mutex
			n := 0
			s.mux.HandleFunc("POST /app/installations/8/access_tokens", func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				n++
				mu.Unlock()
				reply(tt.status, tt.body)(w, r)
			})
			repo := testRepo
			repo.Installation = 8
			_, err := newTestApp(t, s).Pull(t.Context(), repo, 3)
			if err == nil || n != tt.requests || len(s.requests()) != 0 {
				t.Fatalf("error %v after %d requests for a token and %v", err, n, s.requests())
			}
			judge, ok := errors.AsType[interface {
				error
				Permanent() bool
			}](err)
			if got := ok && judge.Permanent(); got != tt.permanent {
				t.Errorf("permanent is %v: %v", got, err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("not %v: %v", tt.is, err)
			}
			if s := err.Error(); strings.Contains(s, "Bearer") || strings.Contains(s, "\n") || strings.Contains(s, "could not") { // ghinstallation's words
				t.Errorf("error %q", s)
			}
		})
	}
}

// TestClockSkew: GitHub's clock is not ours, and refuses until the JWT is by it.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{0, -90 * time.Minute, 90 * time.Minute, 5 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			s := newStub(clock)
			s.skew = skew
			check := func(w http.ResponseWriter, r *http.Request) bool {
				now := clock.Now().Add(skew)
				claims := &jwt.RegisteredClaims{}
				raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				parser := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods([]string{"RS256"}))
				if _, err := parser.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return &testKey().PublicKey, nil }); err != nil {
					t.Errorf("jwt: %v", err)
				}
				if claims.Issuer != "1" || claims.IssuedAt.After(now) || claims.ExpiresAt.Before(now) || claims.ExpiresAt.After(now.Add(10*time.Minute)) {
					reply(401, `{"message":"'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"}`)(w, r)
					return false
				}
				return true
			}
			s.mux.HandleFunc("POST /app/installations/8/access_tokens", func(w http.ResponseWriter, r *http.Request) {
				if check(w, r) {
					s.grant(w, r)
				}
			})
			s.mux.HandleFunc("GET /app", func(w http.ResponseWriter, r *http.Request) {
				if check(w, r) {
					io.WriteString(w, `{"id":1,"slug":"bot"}`)
				}
			})
			s.mux.HandleFunc(pullPath, reply(200, goodPull))
			repo := testRepo
			repo.Installation = 8
			app := newTestApp(t, s)
			for range 3 {
				if _, err := app.Pull(t.Context(), repo, 3); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(s.grants()); n != 1 {
				t.Errorf("%d tokens: expiry is not by our clock", n)
			}
			info, err := newTestApp(t, s).Info(t.Context())
			if err != nil || info.Slug != "bot" || info.Skew != skew {
				t.Errorf("info %+v, %v", info, err)
			}
		})
	}
}

func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	made := &tokens{clock: clock, kept: make(map[tokenKey]*token)}
	made.newTransport = func(*gh.InstallationTokenOptions) (*ghinstallation.Transport, error) { return nil, nil }
	for i := range maxTokens {
		made.kept[tokenKey{repo: int64(i)}] = &token{since: clock.Now()}
	}
	clock.advance(time.Hour + time.Second)
	made.kept[tokenKey{repo: 5}].since = clock.Now()
	for n := range 2 {
		if _, err := made.entry(tokenKey{repo: int64(maxTokens + n)}); err != nil || len(made.kept) > maxTokens {
			t.Errorf("%d kept, %v", len(made.kept), err)
		}
	}
	if made.kept[tokenKey{repo: 5}] == nil || made.kept[tokenKey{repo: 6}] != nil {
		t.Error("not the old ones went")
	}
}

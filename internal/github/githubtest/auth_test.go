package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestJWT(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change  func(w *world, claims m)
		key     *rsa.PrivateKey
		status  int
		message string
	}{
		"good":            {status: http.StatusOK},
		"issuer as text":  {change: func(w *world, c m) { c["iss"] = strconv.FormatInt(w.app, 10) }, status: http.StatusOK},
		"client id":       {change: func(w *world, c m) { c["iss"] = fmt.Sprintf("Iv23li%014d", w.app) }, status: http.StatusOK},
		"ten minutes":     {change: func(w *world, c m) { c["exp"] = w.clock.Now().Unix() + 600 }, status: http.StatusOK},
		"too long":        {change: func(w *world, c m) { c["exp"] = w.clock.Now().Unix() + 601 }, status: 401, message: "too far in the future"},
		"expired":         {change: func(w *world, c m) { c["exp"] = w.clock.Now().Unix() }, status: 401, message: "'Expiration time' claim"},
		"no expiry":       {change: func(_ *world, c m) { delete(c, "exp") }, status: 401, message: "'Expiration time' claim"},
		"from the future": {change: func(w *world, c m) { c["iat"] = w.clock.Now().Unix() + 1 }, status: 401, message: "'Issued at' claim"},
		"unknown issuer":  {change: func(_ *world, c m) { c["iss"] = 1 }, status: 404, message: "Integration not found"},
		"empty issuer":    {change: func(_ *world, c m) { c["iss"] = "" }, status: 404, message: "Integration not found"},
		"wrong key":       {key: other, status: 401, message: "could not be decoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{})
			claims, key := w.goodClaims(), w.key
			if test.change != nil {
				test.change(w, claims)
			}
			if test.key != nil {
				key = test.key
			}
			r := w.send(http.MethodGet, "/app", nil, signJWT(t, key, "RS256", claims)).want(test.status)
			if !strings.Contains(r.text, test.message) {
				t.Errorf("got %s, want %q", r.text, test.message)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	jwt := w.jwt(w.goodClaims())
	for name, test := range map[string]struct {
		path, credential string
		status           int
	}{
		"nobody":              {"/repos/acme/infra", "", http.StatusUnauthorized},
		"nobody for an App":   {"/app", "", http.StatusUnauthorized},
		"token for an App":    {"/app", w.token, http.StatusUnauthorized},
		"App for a token":     {"/repos/acme/infra", jwt, http.StatusForbidden},
		"unknown token":       {"/repos/acme/infra", "ghs_1_x", http.StatusUnauthorized},
		"two parts":           {"/app", "a.b", http.StatusUnauthorized},
		"not base64":          {"/app", "!.!.!", http.StatusUnauthorized},
		"algorithm none":      {"/app", signJWT(t, w.key, "none", w.goodClaims()), http.StatusUnauthorized},
		"unknown repository":  {"/repos/acme/none", w.token, http.StatusNotFound},
		"unknown route":       {"/repos/acme/infra/none", w.token, http.StatusNotFound},
		"not its method":      {"/repos/acme/infra/git/trees", w.token, http.StatusNotFound},
		"other installation":  {"/app/installations/1", jwt, http.StatusNotFound},
		"own installation":    {fmt.Sprintf("/app/installations/%d", w.installation), jwt, http.StatusOK},
		"repository's":        {"/repos/acme/infra/installation", jwt, http.StatusOK},
		"owner's":             {"/orgs/ACME/installation", jwt, http.StatusOK},
		"installed on others": {"/orgs/other/installation", jwt, http.StatusNotFound},
	} {
		if r := w.send(http.MethodGet, test.path, nil, test.credential); r.status != test.status || r.body["message"] == nil && r.status >= 400 {
			t.Errorf("%s: %s, want %d", name, said(r), test.status)
		}
	}
}

func TestTokenScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	path := fmt.Sprintf("/app/installations/%d/access_tokens", w.installation)
	ask := func(body m) reply {
		t.Helper()
		return w.send(http.MethodPost, path, body, w.jwt(w.goodClaims()))
	}
	r := ask(m{"repositories": []string{"infra"}, "permissions": m{"checks": "write"}}).want(http.StatusCreated)
	if r.at("repository_selection") != "selected" || r.at("permissions", "checks") != "write" || r.at("repositories", 0, "full_name") != "acme/infra" ||
		r.at("expires_at") != "2026-03-01T13:00:00Z" || !strings.HasPrefix(fmt.Sprint(r.at("token")), fmt.Sprintf("ghs_%d_", w.app)) {
		t.Error(r.text)
	}
	for name, body := range map[string]m{
		"more than granted":   {"permissions": m{"checks": "admin"}},
		"not granted":         {"permissions": m{"workflows": "write"}},
		"no such level":       {"permissions": m{"checks": "all"}},
		"no such repository":  {"repositories": []string{"none"}},
		"no such identifier":  {"repository_ids": []int{1}},
		"of the wrong type":   {"repository_ids": "all"},
		"one of two is there": {"repositories": []string{"infra", "none"}},
	} {
		if r := ask(body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", name, said(r))
		}
	}
	w.Suspend(w.installation, true)
	ask(nil).want(http.StatusForbidden)
	w.get("/repos/acme/infra").want(http.StatusForbidden)
	w.Uninstall(w.installation)
	ask(nil).want(http.StatusNotFound)
	w.get("/repos/acme/infra").want(http.StatusUnauthorized)
}

func TestTokensVaryInLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	lengths := map[int]bool{}
	for range 10 {
		lengths[len(w.newTokenFor(nil))] = true
	}
	if len(lengths) < 2 {
		t.Errorf("lengths %v", lengths)
	}
}

func TestFreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{FreshTokenDelay: 2 * time.Second})
	w.get("/repos/acme/infra").want(http.StatusUnauthorized)
	w.clock.Advance(2 * time.Second)
	w.get("/repos/acme/infra").want(http.StatusOK)
}

func TestPublicRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.CreateRepository("others/public", RepositoryOptions{})
	w.Commit("others/public", "main", Files{"a": Text("a")}, "Start")
	w.get("/repos/others/public/git/trees/main").want(http.StatusOK)
	w.post("/repos/others/public/git/blobs", m{"content": "x"}).want(http.StatusForbidden)
}

func TestNewPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	more := allPermissions()
	more["issues"] = "write"
	w.RequestPermissions(w.app, more)
	ask := m{"permissions": m{"issues": "write"}}
	path := fmt.Sprintf("/app/installations/%d/access_tokens", w.installation)
	w.send(http.MethodPost, path, ask, w.jwt(w.goodClaims())).want(http.StatusUnprocessableEntity)
	w.AcceptPermissions(w.installation)
	w.newTokenFor(ask)
}

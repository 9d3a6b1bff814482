package githubtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
)

// clock is time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is a server with one App on one private repository.
type world struct {
	*Server
	t            testing.TB
	clock        *clock
	key          *rsa.PrivateKey
	app          int64
	installation int64
	token        string
}

func allPermissions() Permissions {
	return Permissions{
		"checks": "write", "contents": "write", "pull_requests": "write", "merge_queues": "read", "security_events": "write",
	}
}

func newWorld(t testing.TB, options Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), key: testKey()}
	options.Clock = w.clock.Now
	w.Server = NewServer(options)
	w.app = w.AddApp(App{
		Slug: "defender", PublicKey: &w.key.PublicKey, WebhookSecret: "secret", Permissions: allPermissions(),
		Events: []string{"pull_request", "check_run", "check_suite", "push", "merge_group"},
	})
	w.CreateRepository("acme/infra", RepositoryOptions{Private: true})
	w.Commit("acme/infra", "main", Files{"main.bicep": Text("param a string\n"), "docs/readme.md": Text("# Hello\n")}, "Start")
	w.installation = w.Install(w.app, "acme")
	t.Cleanup(w.describedWebhooks)
	w.token = w.newTokenFor(nil)
	w.describedWebhooks()
	w.DiscardPending()
	w.ResetRequests()
	return w
}

// jwt signs claims as an App does.
func (w *world) jwt(claims map[string]any) string {
	w.t.Helper()
	return signJWT(w.t, w.key, "RS256", claims)
}

func signJWT(t testing.TB, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]string{"alg": algorithm, "typ": "JWT"}) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (w *world) goodClaims() map[string]any {
	now := w.clock.Now().Unix()
	return map[string]any{"iat": now - 60, "exp": now + 540, "iss": w.app}
}

// newTokenFor gets an installation token.
func (w *world) newTokenFor(ask map[string]any) string {
	w.t.Helper()
	r := w.send(http.MethodPost, fmt.Sprintf("/app/installations/%d/access_tokens", w.installation), ask, w.jwt(w.goodClaims()))
	r.want(http.StatusCreated)
	token, _ := r.body["token"].(string)
	return token
}

// described holds an answer to what GitHub publishes, and the request too
// unless it was refused.
func (w *world) described(request *http.Request, sent []byte, answer *httptest.ResponseRecorder) {
	w.t.Helper()
	path, ok := w.apiPath(request.URL.EscapedPath())
	if !ok || path == "/graphql" {
		return
	}
	target, err := url.Parse(path + "?" + request.URL.RawQuery)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := openapitest.Answer(request.Method, path, answer.Code, answer.Header(), answer.Body.Bytes()); err != nil {
		w.t.Error(err)
	}
	if answer.Code >= http.StatusBadRequest || w.lenient() {
		return
	}
	if err := openapitest.Request(request.Method, target, sent); err != nil {
		w.t.Error(err)
	}
}

// lenient reports whether a limit is off.
func (w *world) lenient() bool {
	for _, limit := range reflect.ValueOf(w.options.Limits).Fields() {
		if limit.Int() < 0 {
			return true
		}
	}
	return false
}

// describedWebhooks holds all payloads to what GitHub publishes.
func (w *world) describedWebhooks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range slices.Concat(w.hooks.queue, w.hooks.held, w.hooks.done) {
		if err := openapitest.Webhook(d.Event, d.Action, d.Body); err != nil {
			w.t.Error(err)
		}
	}
}

type reply struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   map[string]any // of an object
	list   []any          // of an array
}

func (w *world) send(method, path string, body any, credential string) reply {
	w.t.Helper()
	var sent []byte
	if ask, isMap := body.(m); body != nil && (!isMap || ask != nil) {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			w.t.Fatal(err)
		}
	}
	request := httptest.NewRequestWithContext(context.Background(), method, path, bytes.NewReader(sent))
	if credential != "" {
		request.Header.Set("Authorization", "Bearer "+credential)
	}
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, request)
	w.described(request, sent, recorder)
	r := reply{t: w.t, status: recorder.Code, header: recorder.Header(), text: recorder.Body.String()}
	_ = json.Unmarshal(recorder.Body.Bytes(), &r.body)
	_ = json.Unmarshal(recorder.Body.Bytes(), &r.list)
	return r
}

func (w *world) get(path string) reply {
	w.t.Helper()
	return w.send(http.MethodGet, path, nil, w.token)
}

func (w *world) post(path string, body any) reply {
	w.t.Helper()
	return w.send(http.MethodPost, path, body, w.token)
}

func (w *world) patch(path string, body any) reply {
	w.t.Helper()
	return w.send(http.MethodPatch, path, body, w.token)
}

func (w *world) query(query string, variables map[string]any) reply {
	w.t.Helper()
	return w.post("/graphql", map[string]any{"query": query, "variables": variables})
}

func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.text)
	}
	return r
}

// at follows names and indexes into the answer.
func (r reply) at(path ...any) any {
	r.t.Helper()
	var v any = r.body
	if r.list != nil {
		v = r.list
	}
	for _, step := range path {
		switch s := step.(type) {
		case string:
			object, ok := v.(map[string]any)
			if !ok {
				r.t.Fatalf("no %v of %v in %s", step, path, r.text)
			}
			v = object[s]
		case int:
			list, ok := v.([]any)
			if !ok || s >= len(list) {
				r.t.Fatalf("no %v of %v in %s", step, path, r.text)
			}
			v = list[s]
		}
	}
	return v
}

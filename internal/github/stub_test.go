package github

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// testKey is one RSA key for all tests: making one takes long.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func testPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())})
}

// fakeClock does not wait: sleeping moves it.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	slept  []time.Duration
	onWait func()
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if c.onWait != nil {
		c.onWait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.advance(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	return nil
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stub answers requests in memory, as GitHub would over the network.
type stub struct {
	clock *fakeClock
	mux   *http.ServeMux
	skew  time.Duration // of its clock

	mu     sync.Mutex
	seen   []string // method and path of every request but those for tokens
	tokens []string // bodies of token requests
}

func newStub(clock *fakeClock) *stub {
	s := &stub{clock: clock, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /app/installations/{id}/access_tokens", s.grant)
	return s
}

func (s *stub) grant(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.tokens = append(s.tokens, string(body))
	n := len(s.tokens)
	s.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"token":"ghs_1_secret%d","expires_at":%q,"repositories":[{"custom_properties":{"a":["b"]}}]}`,
		n, s.clock.Now().Add(s.skew+time.Hour).Format(time.RFC3339))
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(r.URL.Path, "/access_tokens") {
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.URL.RequestURI())
		s.mu.Unlock()
	}
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	body.Close()
	served := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), bytes.NewReader(content))
	served.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	w.Header().Set("Date", s.clock.Now().Add(s.skew).UTC().Format(http.TimeFormat))
	s.mux.ServeHTTP(w, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if w.Code == http.StatusTeapot { // how a stub drops the connection
		return nil, io.ErrUnexpectedEOF
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (s *stub) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *stub) grants() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens)
}

// reply is a handler that answers the same every time.
func reply(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// inTurn answers with one handler after the other, and then with the last.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := handlers[min(n, len(handlers)-1)]
		n++
		mu.Unlock()
		h(w, r)
	}
}

var testRepo = Repo{Installation: 7, ID: 99, Owner: "acme", Name: "infra"}

func newTestApp(t *testing.T, s *stub, change ...func(*Options)) *App {
	t.Helper()
	o := Options{
		APIURL: "http://localhost", AppID: 1, PrivateKey: testPEM(), Transport: s, UserAgent: "test",
		Clock: s.clock, Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&o)
	}
	app, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// name is a made-up object name.
func name(n int) string { return fmt.Sprintf("%040x", n) }

// snapshot is [App.Snapshots] of one commit.
func snapshot(ctx context.Context, app *App, repo Repo, commit string, want func(source.Entry) bool) (*source.Snapshot, error) {
	list, err := app.Snapshots(ctx, repo, want, commit)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

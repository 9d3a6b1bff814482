package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Without a secret it could not tell GitHub from anybody else.
func TestNewWantsSecrets(t *testing.T) {
	t.Parallel()
	for name, secrets := range map[string][][]byte{"none": nil, "an empty one": {[]byte("good"), {}}} {
		s, err := New(Options{Secrets: secrets})
		if s != nil || err == nil || !strings.Contains(err.Error(), "GITHUB_WEBHOOK_SECRET") {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, path string
		ready        error
		want         int
		text         string
	}{
		"healthy":                 {path: "/healthz", want: http.StatusOK, text: "ok\n"},
		"healthy while not ready": {path: "/healthz", ready: errors.New("no database"), want: http.StatusOK, text: "ok\n"},
		"ready":                   {path: "/readyz", want: http.StatusOK, text: "ready\n"},
		"not ready":               {path: "/readyz", ready: errors.New("no database"), want: http.StatusServiceUnavailable, text: "not ready\n"},
		"by HEAD":                 {method: http.MethodHead, path: "/readyz", want: http.StatusOK, text: "ready\n"}, // net/http drops the text
		"by POST":                 {method: http.MethodPost, path: "/readyz", want: http.StatusMethodNotAllowed},
		"no webhook here":         {method: http.MethodPost, path: "/webhook", want: http.StatusNotFound, text: "404 page not found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(Options{
				Secrets: [][]byte{[]byte(secret)}, Logger: slog.New(slog.DiscardHandler),
				Ready: func(context.Context) error { return test.ready },
			})
			if err != nil {
				t.Fatal(err)
			}
			if test.method == "" {
				test.method = http.MethodGet
			}
			w := httptest.NewRecorder()
			s.Admin().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil))
			if w.Code != test.want || w.Body.String() != test.text {
				t.Errorf("answer %d %q, want %d %q", w.Code, w.Body, test.want, test.text)
			}
		})
	}
}

// held is a handler whose one request goes on until it is released.
type held struct{ entered, release chan struct{} }

func (h held) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	close(h.entered)
	<-h.release
	answer(w, http.StatusOK, "done")
}

// served is a server with a request under way.
type served struct {
	held

	stop     context.CancelFunc
	ended    chan error
	answered chan string
	address  string
}

func serveOne(t *testing.T, grace time.Duration) served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := served{
		held: held{make(chan struct{}), make(chan struct{})}, stop: cancel,
		ended: make(chan error, 1), answered: make(chan string, 1),
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	go func() { s.ended <- Serve(ctx, l, s.held, grace, slog.New(slog.DiscardHandler)) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		res, err := new(http.Client).Do(req)
		if err != nil {
			s.answered <- err.Error()
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			text = []byte(err.Error())
		}
		s.answered <- string(text)
	}()
	<-s.entered
	return s
}

// Requests that are under way when it is stopped are answered.
func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	s := serveOne(t, time.Minute)
	s.stop()
	select {
	case err := <-s.ended:
		t.Fatalf("it ended with %v before the answer", err)
	default:
	}
	close(s.release)
	if text := <-s.answered; text != "done\n" {
		t.Errorf("answer %q", text)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	var dial net.Dialer
	if c, err := dial.DialContext(t.Context(), "tcp", s.address); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

// One that takes longer than grace does not keep it up.
func TestServeStopsInTime(t *testing.T) {
	t.Parallel()
	s := serveOne(t, time.Millisecond)
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it ended with %v", err)
	}
	close(s.release)
	<-s.answered
}

// A listener that fails ends it, with the address.
func TestServeCannotListen(t *testing.T) {
	t.Parallel()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err = Serve(t.Context(), l, http.NotFoundHandler(), time.Second, slog.New(slog.DiscardHandler))
	if err == nil || !strings.HasPrefix(err.Error(), "serve "+l.Addr().String()+": ") {
		t.Errorf("it ended with %v", err)
	}
}

// Package server is what listens: the webhook desk on the public address, and
// health on the admin address. It verifies, bounds and stores what arrives and
// answers at once; the work is done elsewhere, from the queue. It is for cmd/bot,
// which runs it, and knows nothing of templates.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/onboard-defender/onboard-defender/internal/queue"
)

// Times that a client may take. GitHub gives up on an answer after 10 seconds.
// https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 20 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// Intake stores a delivery. It returns when the delivery is safe.
type Intake interface {
	Enqueue(ctx context.Context, d queue.Delivery) (duplicate bool, err error)
}

// Options are what a [Server] needs.
type Options struct {
	// Secrets are the webhook secrets that are valid now; at least one.
	Secrets [][]byte
	// AppID is the App's number: check events of other Apps are not for us.
	AppID  int64
	Intake Intake
	// Ready says whether work can be done; nil errors mean yes.
	Ready  func(ctx context.Context) error
	Logger *slog.Logger
}

// Server answers HTTP requests. Make one with [New].
type Server struct {
	options Options
	bodies  *bodies
}

// New makes a server. Without a secret it refuses: it could not tell GitHub
// from anybody else.
func New(o Options) (*Server, error) {
	if len(o.Secrets) == 0 {
		return nil, errors.New("no webhook secret is configured; set GITHUB_WEBHOOK_SECRET to the secret of the App's webhook")
	}
	for _, s := range o.Secrets {
		if len(s) == 0 {
			return nil, errors.New("a webhook secret is empty; remove it from GITHUB_WEBHOOK_SECRET")
		}
	}
	return &Server{options: o, bodies: newBodies(maxReading, maxHeld)}, nil
}

// Public is the handler of the address that GitHub reaches.
func (s *Server) Public() http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/webhook", s.webhook).Methods(http.MethodPost)
	r.HandleFunc("/", s.webhook).Methods(http.MethodPost)
	return r
}

// Admin is the handler of the address that operators reach.
func (s *Server) Admin() http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/readyz", s.ready).Methods(http.MethodGet, http.MethodHead)
	return r
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.options.Ready(r.Context()); err != nil {
		s.options.Logger.WarnContext(r.Context(), "not ready", slog.Any("error", err))
		answer(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	answer(w, http.StatusOK, "ready")
}

// answer is a short plain text. Nothing of the request is in it.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) //nolint:errcheck,gosec // a client that went away needs no answer; the text is ours
}

// Serve answers requests on a listener until ctx is done, then lets those that
// are under way finish within grace.
func Serve(ctx context.Context, l net.Listener, h http.Handler, grace time.Duration, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		done <- srv.Shutdown(stop)
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return <-done
}

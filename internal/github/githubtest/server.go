package githubtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is one GitHub. It is an [http.Handler] for the API and the few pages
// that people see, and has methods to build and look at the world behind it.
// All of it is safe for concurrent use. Make one with [NewServer].
type Server struct {
	options  Options
	api, web *http.ServeMux
	inFlight atomic.Int64

	mu           sync.Mutex // guards everything below
	url          string
	ids          int64
	random       *rand.Rand
	accounts     map[string]*account
	apps         []*app
	installed    []*installation
	tokens       map[string]*token
	repositories []*repository
	suites       []*suite
	runs         []*run
	manifests    map[string]*manifest
	hidden       map[string]int // commit to the number of requests that do not see it yet
	minimized    map[string]string
	sarif        []Upload
	meters       map[meterKey]*meter
	faults       []*fault
	log          []Request
	hooks        hooks

	listener net.Listener
	serving  *http.Server
}

// NewServer makes an empty GitHub.
func NewServer(options Options) *Server {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.WebhookClient == nil {
		options.WebhookClient = &http.Client{Timeout: webhookTimeout}
	}
	if options.LimitedStatus == 0 {
		options.LimitedStatus = http.StatusForbidden
	}
	if options.Enterprise {
		for _, limit := range options.Limits.rates() {
			if *limit == 0 {
				*limit = Off
			}
		}
	}
	s := &Server{
		options:   options,
		url:       "http://github.invalid",
		ids:       1000,
		random:    rand.New(rand.NewPCG(options.Seed, 1)), //nolint:gosec // chooses faults to inject, again the same for the same seed
		accounts:  map[string]*account{},
		tokens:    map[string]*token{},
		manifests: map[string]*manifest{},
		hidden:    map[string]int{},
		minimized: map[string]string{},
		meters:    map[meterKey]*meter{},
	}
	s.api = s.apiRoutes()
	s.web = s.webRoutes()
	return s
}

// URL is the address that the server names in links, without a slash at the
// end.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// SetURL says where the server is reached, when someone else serves it.
func (s *Server) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = strings.TrimRight(url, "/")
}

// APIURL is the base address of the REST API, with a slash at the end.
func (s *Server) APIURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apiURL("/")
}

func (s *Server) apiURL(path string) string {
	if s.options.Enterprise {
		return s.url + "/api/v3" + path
	}
	return s.url + path
}

// Start serves on an address until [Server.Close]; an empty one is a free port
// on the loopback interface.
func (s *Server) Start(ctx context.Context, address string) error {
	if address == "" {
		address = "127.0.0.1:0"
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.url = "http://" + listener.Addr().String()
	s.listener, s.serving = listener, server
	s.mu.Unlock()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) && s.options.Logger != nil {
			s.options.Logger.ErrorContext(ctx, "stand-in for GitHub stopped", errAttr(err))
		}
	}()
	return nil
}

// Close stops what [Server.Start] began and waits for requests in flight.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	server := s.serving
	s.serving, s.listener = nil, nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

func (s *Server) now() time.Time { return s.options.Clock().UTC() }

func (s *Server) nextID() int64 {
	s.ids++
	return s.ids
}

// ServeHTTP answers API requests and serves pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, isAPI := s.apiPath(r.URL.EscapedPath())
	if !isAPI {
		s.web.ServeHTTP(w, r)
		return
	}
	path = s.byName(path)
	inner := r.Clone(r.Context())
	inner.URL.RawPath = path
	if decoded, ok := unescape(path); ok {
		inner.URL.Path = decoded
	}
	s.api.ServeHTTP(w, inner)
}

// byName turns the path of a repository by its number, where redirects lead to,
// into the one by its name.
func (s *Server) byName(path string) string {
	rest, ok := strings.CutPrefix(path, "/repositories/")
	if !ok {
		return path
	}
	number, rest, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.repositories {
		if strconv.FormatInt(r.id, 10) == number {
			return strings.TrimSuffix("/repos/"+r.fullName()+"/"+rest, "/")
		}
	}
	return path
}

// apiPath tells API requests from pages and takes off what comes before the
// path on an enterprise server.
func (s *Server) apiPath(path string) (string, bool) {
	if s.options.Enterprise {
		if path == "/api/graphql" {
			return "/graphql", true
		}
		rest, ok := strings.CutPrefix(path, "/api/v3")
		return rest, ok && strings.HasPrefix(rest, "/")
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "app", "apps", "app-manifests", "graphql", "installation", "meta", "orgs", "rate_limit", "repos", "repositories", "users":
		return path, true
	}
	return path, false
}

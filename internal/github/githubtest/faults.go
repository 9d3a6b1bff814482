package githubtest

import (
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// Response is an answer given in place of the real one.
type Response struct {
	// Status is the HTTP status; 0 means that the connection is closed
	// without an answer.
	Status int
	// Header is sent with it.
	Header map[string]string
	// Body is sent as it is.
	Body string
}

// LimitedPrimary is GitHub's answer when the requests of the hour are used up.
func LimitedPrimary(reset time.Time) Response {
	return Response{
		Status: http.StatusForbidden,
		Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(reset.Unix(), 10)},
		Body:   `{"message":"API rate limit exceeded for installation.","documentation_url":"` + rateDocs + `"}`,
	}
}

// LimitedSecondary is GitHub's answer to too much at once, with status 403 or
// 429. A zero retryAfter leaves the header out.
func LimitedSecondary(status int, retryAfter time.Duration) Response {
	r := Response{
		Status: status,
		Body:   `{"message":"` + secondaryMessage + `","documentation_url":"` + secondaryDocs + `"}`,
	}
	if retryAfter > 0 {
		r.Header = map[string]string{"Retry-After": strconv.Itoa(int(retryAfter.Seconds()))}
	}
	return r
}

func (r *Response) write(w http.ResponseWriter, request *http.Request) {
	if r.Status == 0 {
		panic(http.ErrAbortHandler) // net/http's own way to drop a connection
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range r.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.Status)
	if request.Method != http.MethodHead {
		_, _ = w.Write([]byte(r.Body)) //nolint:errcheck // nobody to tell: the fault is the point
	}
}

type fault struct {
	pattern  string
	left     int
	response Response
}

// FailNext answers the next n requests that match a pattern with a response,
// without doing anything. A pattern is a method and a path, each of which may
// be "*"; the path is one of the API's own ("/repos/{owner}/{repo}/pulls") or
// one to match with [path.Match] ("/repos/acme/*/pulls"), without the prefix
// of an enterprise server. Patterns are tried in the order they were added.
func (s *Server) FailNext(pattern string, n int, response Response) {
	if _, _, ok := strings.Cut(pattern, " "); !ok {
		panic("githubtest: FailNext: not a method and a path: " + pattern)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{pattern: pattern, left: n, response: response})
}

func (s *Server) takeFault(r *http.Request, rt route) *Response {
	for _, f := range s.faults {
		if f.left > 0 && f.matches(r, rt) {
			f.left--
			response := f.response
			return &response
		}
	}
	if s.options.FailureRate > 0 && s.random.Float64() < s.options.FailureRate {
		status := http.StatusInternalServerError
		if s.random.IntN(2) == 0 {
			status = http.StatusBadGateway
		}
		return &Response{Status: status, Body: `{"message":"Server Error"}`}
	}
	return nil
}

func (f *fault) matches(r *http.Request, rt route) bool {
	method, pattern, _ := strings.Cut(f.pattern, " ")
	if method != "*" && method != r.Method {
		return false
	}
	if _, known, _ := strings.Cut(rt.pattern, " "); pattern == "*" || pattern == known {
		return true
	}
	matched, err := path.Match(pattern, r.URL.Path)
	return err == nil && matched
}

// Request is one API request that was answered.
type Request struct {
	// Method and Path are as sent, the path without an enterprise prefix.
	Method, Path string
	// Route is the operation, such as "GET /repos/{owner}/{repo}".
	Route string
	// Resource is the rate limit it counts against, "core" or "graphql".
	Resource string
	// Status is that of the answer; 0 if the connection was dropped.
	Status int
	// AppID and InstallationID say who asked; 0 means nobody known.
	AppID, InstallationID int64
	// Time is when, by the server's clock.
	Time time.Time
}

// Requests are API requests in the order they were answered.
type Requests []Request

// Requests are all API requests so far.
func (s *Server) Requests() Requests {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(Requests(nil), s.log...)
}

// ResetRequests forgets the requests so far.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// ByRoute counts requests by operation.
func (r Requests) ByRoute() map[string]int {
	counts := map[string]int{}
	for _, request := range r {
		counts[request.Route]++
	}
	return counts
}

// ByResource counts requests by rate limit.
func (r Requests) ByResource() map[string]int {
	counts := map[string]int{}
	for _, request := range r {
		counts[request.Resource]++
	}
	return counts
}

// Writes is the number of requests that changed something or could have.
func (r Requests) Writes() int {
	n := 0
	for _, request := range r {
		if request.Method != http.MethodGet {
			n++
		}
	}
	return n
}

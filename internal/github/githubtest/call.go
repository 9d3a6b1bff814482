package githubtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is one API request on its way through.
type call struct {
	server  *Server
	request *http.Request
	route   route
	path    string
	body    []byte
	who     *principal
	repo    *repository // for routes below /repos/{owner}/{repo}
}

const maxRequestBody = 64 << 20

func (s *Server) handle(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		entry := Request{Method: r.Method, Path: r.URL.EscapedPath(), Route: rt.pattern, Resource: rt.resource()}
		flying := s.inFlight.Add(1)
		defer s.inFlight.Add(-1)
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
		if err == nil {
			err = s.before(r)
		}
		if err != nil {
			return // the client is gone, or sent more than anybody accepts
		}
		c := &call{server: s, request: r, route: rt, path: entry.Path, body: body}
		reply, response := c.run(int(flying), &entry, w.Header())
		if response != nil {
			response.write(w, r)
		} else if err := reply.write(w); err != nil && s.options.Logger != nil {
			s.options.Logger.DebugContext(r.Context(), "answer not sent", errAttr(err))
		}
		s.deliverIfSynchronous(context.WithoutCancel(r.Context()))
	}
}

func (s *Server) before(r *http.Request) error {
	if s.options.BeforeRequest != nil {
		s.options.BeforeRequest(r)
	}
	if s.options.Latency <= 0 {
		return nil
	}
	timer := time.NewTimer(s.options.Latency)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-timer.C:
		return nil
	}
}

// run does everything that needs the world, in one go.
func (c *call) run(flying int, entry *Request, header http.Header) (answer, *Response) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	entry.Time = s.now()
	header.Set("Date", entry.Time.Format(http.TimeFormat))
	header.Set("X-GitHub-Request-Id", strconv.FormatInt(s.nextID(), 16))
	if s.options.Enterprise {
		header.Set("X-GitHub-Enterprise-Version", "3.17.0")
	}
	defer func() { s.log = append(s.log, *entry) }()
	if response := s.takeFault(c.request, c.route); response != nil {
		entry.Status = response.Status
		return answer{}, response
	}
	reply, err := c.serve(flying, entry, header)
	if err != nil {
		reply = answerTo(err)
	}
	if reply, err = reply.encoded(); err != nil {
		reply = answer{status: http.StatusInternalServerError, raw: []byte(err.Error())}
	}
	entry.Status = reply.status
	return reply, nil
}

func answerTo(err error) answer {
	var refusal *apiError
	var query *queryError
	switch {
	case errors.As(err, &refusal):
		return refusal.answer()
	case errors.As(err, &query):
		return query.answer()
	}
	return refuse(http.StatusInternalServerError, "%s", err).answer()
}

func (c *call) serve(flying int, entry *Request, header http.Header) (answer, error) {
	who, err := c.server.authenticate(c.request)
	if err != nil {
		return answer{}, err
	}
	c.who = who
	if who != nil {
		entry.AppID = who.app.ID
		if who.installation != nil {
			entry.InstallationID = who.installation.id
		}
	}
	if err := c.server.meter(c, flying, header); err != nil {
		return answer{}, err
	}
	if err := c.authorize(); err != nil {
		return answer{}, err
	}
	return c.route.handle(c)
}

// authorize holds a request to what its route needs.
func (c *call) authorize() error {
	switch {
	case c.route.auth == byNobody:
		return nil
	case c.route.auth == byApp && (c.who == nil || c.who.token != nil):
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	case c.route.auth == byApp:
		return nil
	case c.who == nil:
		return refuse(http.StatusUnauthorized, "Requires authentication")
	case c.who.token == nil:
		return forbidden()
	}
	owner, name := c.request.PathValue("owner"), c.request.PathValue("repo")
	if owner == "" {
		return nil
	}
	c.repo = c.server.repository(owner + "/" + name)
	if c.repo == nil {
		return c.moved(owner + "/" + name)
	}
	return c.reach(c.repo, c.route.need)
}

// moved is the answer about a repository that is not there: where it is now, if
// it has another name. See
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
func (c *call) moved(name string) error {
	r := c.server.renamed(name)
	if r == nil || c.reach(r, "metadata:read") != nil {
		return notFound()
	}
	e := refuse(http.StatusMovedPermanently, "Moved Permanently")
	if c.route.writes() { // a method that must not become GET
		e = refuse(http.StatusTemporaryRedirect, "Temporary Redirect")
	}
	rest := strings.SplitN(c.path, "/", 5) // "", repos, owner, name and what follows
	target := c.server.apiURL(fmt.Sprintf("/repositories/%d", r.id))
	if len(rest) == 5 {
		target += "/" + rest[4]
	}
	if c.request.URL.RawQuery != "" {
		target += "?" + c.request.URL.RawQuery
	}
	e.header = http.Header{"Location": {target}}
	return e
}

// decode reads a JSON body; an empty one leaves the value as it is.
func (c *call) decode(into any) error {
	if len(strings.TrimSpace(string(c.body))) == 0 {
		return nil
	}
	err := json.Unmarshal(c.body, into)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch):
		return invalid("For 'properties/%s', %s is not of the expected type.", mismatch.Field, mismatch.Value)
	case err != nil:
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}

func (c *call) pathInt(name string) int64 {
	n, err := strconv.ParseInt(c.request.PathValue(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

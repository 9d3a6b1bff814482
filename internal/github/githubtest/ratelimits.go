package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	rateDocs         = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
	secondaryDocs    = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	secondaryMessage = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	readPoints       = 1
	writePoints      = 5
)

// rates are the limits that an enterprise server leaves off by default.
func (l *Limits) rates() []*Limit {
	return []*Limit{&l.PrimaryRate, &l.Concurrency, &l.Points, &l.GraphQLPoints, &l.ContentMinute, &l.ContentHour}
}

// meterKey is who is metered for what: an installation, or an App by itself
// with installation 0.
type meterKey struct {
	app, installation int64
	resource          string
}

// meter counts what one client used in the windows that are open now.
type meter struct {
	hour, points, contentMinute, contentHour window
}

// window is a count that starts over.
type window struct {
	start time.Time
	used  int
}

// at opens the window again if its length has passed.
func (w *window) at(now time.Time, length time.Duration) *window {
	if w.start.IsZero() || now.Sub(w.start) >= length {
		*w = window{start: now}
	}
	return w
}

func (s *Server) meterOf(who *principal, resource string) *meter {
	key := meterKey{app: who.app.ID, resource: resource}
	if who.installation != nil {
		key.installation = who.installation.id
	}
	m := s.meters[key]
	if m == nil {
		m = &meter{}
		s.meters[key] = m
	}
	return m
}

// meter counts a request, sets the headers that say how much is left and
// refuses it when that is nothing.
func (s *Server) meter(c *call, flying int, header http.Header) error {
	if c.who == nil || c.route.pattern == "GET /rate_limit" {
		return nil
	}
	resource := c.route.resource()
	m, now, limits := s.meterOf(c.who, resource), s.now(), s.options.Limits
	if limits.PrimaryRate.on() {
		if err := m.primary(c, now, limits.PrimaryRate.of(primaryRate), header); err != nil {
			return err
		}
	}
	if flying > limits.Concurrency.of(concurrency) {
		return s.secondary(c, now, now.Add(time.Minute))
	}
	points, most := readPoints, limits.Points.of(pointsMinute)
	if resource == "graphql" {
		most = limits.GraphQLPoints.of(graphqlPoints)
	}
	if c.writes() {
		points = writePoints
	}
	minute := m.points.at(now, time.Minute)
	if minute.used+points > most {
		return s.secondary(c, now, minute.start.Add(time.Minute))
	}
	minute.used += points
	if c.route.content || (resource == "graphql" && c.writes()) {
		return s.createdContent(c, now)
	}
	return nil
}

func (m *meter) primary(c *call, now time.Time, limit int, header http.Header) error {
	hour := m.hour.at(now, time.Hour)
	exhausted := hour.used >= limit
	if !exhausted {
		hour.used++
	}
	for name, value := range map[string]int64{
		"Limit": int64(limit), "Used": int64(hour.used), "Remaining": int64(limit - hour.used),
		"Reset": hour.start.Add(time.Hour).Unix(),
	} {
		header.Set("X-Ratelimit-"+name, strconv.FormatInt(value, 10))
	}
	header.Set("X-Ratelimit-Resource", c.route.resource())
	if !exhausted {
		return nil
	}
	message := fmt.Sprintf("API rate limit exceeded for installation ID %d.", c.installationID())
	if c.route.resource() == "graphql" {
		return &queryError{doc{"type": "RATE_LIMITED", "message": message}}
	}
	e := refuse(c.server.options.LimitedStatus, "%s", message)
	e.docs = rateDocs
	return e
}

// createdContent holds to the limits on created content, which all resources
// share.
func (s *Server) createdContent(c *call, now time.Time) error {
	m, limits := s.meterOf(c.who, "content"), s.options.Limits
	minute, hour := m.contentMinute.at(now, time.Minute), m.contentHour.at(now, time.Hour)
	switch {
	case minute.used >= limits.ContentMinute.of(contentMinute):
		return s.secondary(c, now, minute.start.Add(time.Minute))
	case hour.used >= limits.ContentHour.of(contentHour):
		return s.secondary(c, now, hour.start.Add(time.Hour))
	}
	minute.used++
	hour.used++
	return nil
}

func (s *Server) secondary(c *call, now, until time.Time) error {
	header := http.Header{}
	if !s.options.OmitRetryAfter {
		header.Set("Retry-After", strconv.Itoa(max(1, int(until.Sub(now).Seconds()))))
	}
	if c.route.resource() == "graphql" && s.options.OmitRetryAfter {
		return &queryError{doc{"type": "RATE_LIMITED", "message": secondaryMessage}}
	}
	e := refuse(s.options.LimitedStatus, secondaryMessage)
	e.docs, e.header = secondaryDocs, header
	return e
}

// writes reports whether the request changes anything. A GraphQL request does
// if it is a mutation.
func (c *call) writes() bool {
	if c.route.resource() == "graphql" {
		return c.isMutation()
	}
	return c.route.writes()
}

func (c *call) installationID() int64 {
	if c.who == nil || c.who.installation == nil {
		return 0
	}
	return c.who.installation.id
}

func (c *call) rateLimit() (answer, error) {
	if !c.server.options.Limits.PrimaryRate.on() {
		return answer{}, refuse(http.StatusNotFound, "Rate limiting is not enabled.")
	}
	resources, now := doc{}, c.server.now()
	limit := c.server.options.Limits.PrimaryRate.of(primaryRate)
	// Nothing here searches, but the answer always has it.
	resources["search"] = doc{"limit": 30, "used": 0, "remaining": 30, "reset": now.Add(time.Minute).Unix()}
	for _, name := range []string{"core", "graphql"} {
		hour := c.server.meterOf(c.who, name).hour.at(now, time.Hour)
		resources[name] = doc{
			"limit": limit, "used": hour.used, "remaining": limit - hour.used,
			"reset": hour.start.Add(time.Hour).Unix(),
		}
	}
	return ok(doc{"resources": resources, "rate": resources["core"]}), nil
}

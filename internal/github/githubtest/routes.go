package githubtest

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authentication says whose requests a route takes.
type authentication int

const (
	byInstallation authentication = iota // an installation token
	byApp                                // an App's own token
	byNobody                             // anybody
)

// route is one operation of the API.
type route struct {
	pattern string
	auth    authentication
	need    string // permission on the repository
	content bool   // counts as created content
	handle  func(*call) (answer, error)
}

// resource is the rate limit that the route counts against.
func (rt route) resource() string {
	if strings.HasSuffix(rt.pattern, "/graphql") {
		return "graphql"
	}
	return "core"
}

func (rt route) writes() bool { return !strings.HasPrefix(rt.pattern, "GET ") }

func (s *Server) apiRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	unknown := s.handle(route{pattern: "unknown", auth: byNobody, handle: func(*call) (answer, error) {
		return answer{}, notFound()
	}})
	for _, rt := range slices.Concat(appRoutes(), repositoryRoutes(), gitRoutes(), pullRoutes(), checkRoutes()) {
		mux.Handle(rt.pattern, s.handle(rt))
		if base, _, open := strings.Cut(rt.pattern, "/{"+lastName(rt.pattern)+"...}"); open && rt.pattern != contentsPattern {
			mux.Handle(base, unknown) // else the multiplexer redirects to it with a slash
		}
	}
	mux.Handle("/", unknown)
	return mux
}

// lastName is the name of a pattern's last wildcard.
func lastName(pattern string) string {
	return strings.TrimSuffix(pattern[strings.LastIndexByte(pattern, '{')+1:], "...}")
}

const contentsPattern = "GET /repos/{owner}/{repo}/contents/{path...}"

func appRoutes() []route {
	return []route{
		{pattern: "GET /app", auth: byApp, handle: (*call).app},
		{pattern: "GET /app/installations", auth: byApp, handle: (*call).installations},
		{pattern: "GET /app/installations/{id}", auth: byApp, handle: (*call).oneInstallation},
		{pattern: "POST /app/installations/{id}/access_tokens", auth: byApp, handle: (*call).createToken},
		{pattern: "GET /app/hook/deliveries", auth: byApp, handle: (*call).deliveries},
		{pattern: "GET /app/hook/deliveries/{id}", auth: byApp, handle: (*call).delivery},
		{pattern: "POST /app/hook/deliveries/{id}/attempts", auth: byApp, handle: (*call).redeliver},
		{pattern: "POST /app-manifests/{code}/conversions", auth: byNobody, handle: (*call).convertManifest},
		{pattern: "GET /repos/{owner}/{repo}/installation", auth: byApp, handle: (*call).repositoryInstallation},
		{pattern: "GET /orgs/{owner}/installation", auth: byApp, handle: (*call).ownerInstallation},
		{pattern: "GET /users/{owner}/installation", auth: byApp, handle: (*call).ownerInstallation},
		{pattern: "GET /installation/repositories", handle: (*call).installationRepositories},
		{pattern: "GET /rate_limit", handle: (*call).rateLimit},
		{pattern: "GET /meta", auth: byNobody, handle: (*call).meta},
		{pattern: "POST /graphql", handle: (*call).graphql},
	}
}

func repositoryRoutes() []route {
	const repo = "/repos/{owner}/{repo}"
	return []route{
		{pattern: "GET " + repo, need: "metadata:read", handle: (*call).getRepository},
		{pattern: "GET " + repo + "/branches/{branch...}", need: "contents:read", handle: (*call).branch},
		{pattern: "GET " + repo + "/collaborators/{user}/permission", need: "metadata:read", handle: (*call).collaborator},
		{pattern: "GET " + repo + "/contents", need: "contents:read", handle: (*call).contents},
		{pattern: contentsPattern, need: "contents:read", handle: (*call).contents},
		{pattern: "GET " + repo + "/commits/{ref...}", need: "contents:read", handle: (*call).repositoryCommit},
		{pattern: "GET " + repo + "/compare/{basehead...}", need: "contents:read", handle: (*call).compare},
		{pattern: "POST " + repo + "/code-scanning/sarifs", need: "security_events:write", content: true, handle: (*call).uploadSARIF},
	}
}

func gitRoutes() []route {
	const git = "/repos/{owner}/{repo}/git"
	return []route{
		{pattern: "GET " + git + "/trees/{sha...}", need: "contents:read", handle: (*call).tree},
		{pattern: "GET " + git + "/blobs/{sha}", need: "contents:read", handle: (*call).blob},
		{pattern: "GET " + git + "/commits/{sha}", need: "contents:read", handle: (*call).commit},
		{pattern: "GET " + git + "/ref/{ref...}", need: "contents:read", handle: (*call).ref},
		{pattern: "GET " + git + "/matching-refs/{ref...}", need: "contents:read", handle: (*call).matchingRefs},
		{pattern: "POST " + git + "/trees", need: "contents:write", handle: (*call).createTree},
		{pattern: "POST " + git + "/blobs", need: "contents:write", handle: (*call).createBlob},
		{pattern: "POST " + git + "/commits", need: "contents:write", content: true, handle: (*call).createCommit},
		{pattern: "POST " + git + "/refs", need: "contents:write", handle: (*call).createRef},
		{pattern: "PATCH " + git + "/refs/{ref...}", need: "contents:write", handle: (*call).moveRef},
		{pattern: "DELETE " + git + "/refs/{ref...}", need: "contents:write", handle: (*call).deleteRef},
	}
}

func pullRoutes() []route {
	const pulls = "/repos/{owner}/{repo}/pulls"
	const pull = pulls + "/{number}"
	return []route{
		{pattern: "GET " + pulls, need: "pull_requests:read", handle: (*call).listPulls},
		{pattern: "POST " + pulls, need: "pull_requests:write", content: true, handle: (*call).createPull},
		{pattern: "GET " + pull, need: "pull_requests:read", handle: (*call).getPull},
		{pattern: "PATCH " + pull, need: "pull_requests:write", handle: (*call).updatePull},
		{pattern: "GET " + pull + "/files", need: "pull_requests:read", handle: (*call).pullFiles},
		{pattern: "GET " + pull + "/commits", need: "pull_requests:read", handle: (*call).pullCommits},
		{pattern: "GET " + pull + "/reviews", need: "pull_requests:read", handle: (*call).listReviews},
		{pattern: "POST " + pull + "/reviews", need: "pull_requests:write", content: true, handle: (*call).createReview},
		{pattern: "GET " + pull + "/reviews/{review}/comments", need: "pull_requests:read", handle: (*call).reviewComments},
		{pattern: "GET " + pull + "/comments", need: "pull_requests:read", handle: (*call).pullComments},
	}
}

func checkRoutes() []route {
	const repo = "/repos/{owner}/{repo}"
	return []route{
		{pattern: "POST " + repo + "/check-runs", need: "checks:write", content: true, handle: (*call).createRun},
		{pattern: "GET " + repo + "/check-runs/{id}", need: "checks:read", handle: (*call).getRun},
		{pattern: "PATCH " + repo + "/check-runs/{id}", need: "checks:write", content: true, handle: (*call).updateRun},
		{pattern: "GET " + repo + "/check-runs/{id}/annotations", need: "checks:read", handle: (*call).annotations},
		{pattern: "GET " + repo + "/commits/{ref}/check-runs", need: "checks:read", handle: (*call).runsOfRef},
		{pattern: "GET " + repo + "/commits/{ref}/check-suites", need: "checks:read", handle: (*call).suitesOfRef},
		{pattern: "GET " + repo + "/check-suites/{id}", need: "checks:read", handle: (*call).getSuite},
		{pattern: "GET " + repo + "/check-suites/{id}/check-runs", need: "checks:read", handle: (*call).runsOfSuite},
		{pattern: "POST " + repo + "/check-suites/{id}/rerequest", need: "checks:write", handle: (*call).rerequestSuite},
	}
}

func unescape(path string) (string, bool) {
	decoded, err := url.PathUnescape(path)
	return decoded, err == nil
}

func errAttr(err error) slog.Attr { return slog.Any("error", err) }

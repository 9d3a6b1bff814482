package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/glob"
)

// So often are APIs compared with suppressions that do not name one, or so often
// for each file where there are many files.
const (
	maxMatches        = 1_000_000
	maxMatchesPerFile = 500

	longText = 64 // bytes of what is compared that count as another time
)

// workPerMatch is how many steps of evaluation take as long as comparing an API
// with a suppression.
const workPerMatch = 10

// patterns are the suppressions of the settings. One that names an API or a service
// is found by that name.
type patterns struct {
	list             []pattern        // as in Settings.Suppress
	byAPI, byService map[string][]int // by name in lower case
	open             []int            // those that name none
	matched          []bool
	left             int // how often APIs are still compared with those that are open
	spent            int // how often they were
	compared         int // how many APIs were
}

type pattern struct {
	Suppression

	api, service glob.NamePattern
	path         glob.PathPattern
}

func readPatterns(all []Suppression, files int) *patterns {
	p := &patterns{
		byAPI: map[string][]int{}, byService: map[string][]int{}, matched: make([]bool, len(all)),
		left: max(maxMatches, maxMatchesPerFile*files),
	}
	for n, s := range all {
		x := pattern{Suppression: s, api: glob.ReadName(s.API), service: glob.ReadName(s.Service), path: glob.ReadPath(s.Path)}
		p.list = append(p.list, x)
		api, oneAPI := x.api.Literal()
		service, oneService := x.service.Literal()
		switch {
		case s.API != "" && oneAPI:
			p.byAPI[api] = append(p.byAPI[api], n)
		case s.Service != "" && oneService:
			p.byService[service] = append(p.byService[service], n)
		default:
			p.open = append(p.open, n)
		}
	}
	return p
}

// covering are the suppressions that mean an API, in order.
func (p *patterns) covering(a API) []int {
	found := slices.Concat(p.byAPI[strings.ToLower(a.Name)], p.byService[strings.ToLower(a.Service)])
	n := len(p.open) * (1 + (len(a.Name)+len(a.Service)+len(a.Path))/longText)
	if p.left >= 0 {
		p.left -= n
	}
	if p.left >= 0 {
		found = append(found, p.open...)
		p.compared++
		p.spent += n
	}
	found = slices.DeleteFunc(found, func(n int) bool { return !p.list[n].covers(a) })
	slices.Sort(found)
	return found
}

// covers reports whether the suppression means the API.
func (p *pattern) covers(a API) bool {
	return (p.API == "" || p.api.Match(a.Name)) &&
		(p.Service == "" || p.service.Match(a.Service)) &&
		(p.Path == "" || p.path.Match(a.Path))
}

// reportUnmatched says that not all APIs were compared with all suppressions: the
// others stand as if nothing suppressed them.
func (r *run) reportUnmatched() {
	p := r.suppressions.patterns
	r.report.Work += workPerMatch * p.spent
	if p.left >= 0 {
		return
	}
	first := p.list[p.open[0]]
	r.add(diag.Diagnostic{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: first.File, Span: first.At, Summary: "Suppressions not evaluated",
		Detail: fmt.Sprintf("could not evaluate: %d APIs were compared with %d suppressions by pattern, which is where it stops. "+
			"Those that follow are reported as if no pattern matched them; write names in full.", p.compared, len(p.open)),
	}, nil)
}

package report

import (
	"cmp"
	"io"
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/check"
)

type reportJSON struct {
	Rule        ruleJSON         `json:"rule"`
	Outcome     check.Outcome    `json:"outcome"`
	Deployments []deploymentJSON `json:"deployments"`
	APIs        []apiJSON        `json:"apis"`
	Findings    []findingJSON    `json:"findings"`
	Summary     summaryJSON      `json:"summary"`
}

type ruleJSON struct {
	Name string `json:"name"`
	Ref  string `json:"ref"`
}

type deploymentJSON struct {
	Root       string        `json:"root"`
	Parameters string        `json:"parameters"`
	Outcome    check.Outcome `json:"outcome"`
}

type apiJSON struct {
	Name      string `json:"name"`
	Service   string `json:"service"`
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	Status    string `json:"status"`
	Reason    string `json:"reason"`
}

type findingJSON struct {
	Path        string   `json:"path"`
	StartLine   int      `json:"start_line"`
	EndLine     int      `json:"end_line"`
	StartColumn int      `json:"start_column"`
	EndColumn   int      `json:"end_column"`
	Level       string   `json:"level"`
	Code        string   `json:"code"`
	Title       string   `json:"title"`
	Message     string   `json:"message"`
	API         string   `json:"api"`
	Service     string   `json:"service"`
	Deployments []string `json:"deployments"`
	Parameters  []string `json:"parameters,omitempty"`
	Fixable     bool     `json:"fixable"`
	FixReason   string   `json:"fix_reason,omitempty"`
	Snippet     string   `json:"snippet,omitempty"`
	New         bool     `json:"new,omitempty"`
}

type summaryJSON struct {
	Files        int `json:"files"`
	APIs         int `json:"apis"`
	Onboarded    int `json:"onboarded"`
	Unprotected  int `json:"unprotected"`
	Undetermined int `json:"undetermined"`
	Excluded     int `json:"excluded"`
	Suppressed   int `json:"suppressed"`
}

// JSON writes the report for scripts; names and meaning of its fields are
// stable. Lists are never null. "parameters", "fix_reason", "snippet" and
// "new" of a finding are left out when there is nothing to say; "new" is true for what
// the change under review brought. The error is the writer's.
func JSON(w io.Writer, r *check.Report) error {
	out := reportJSON{
		Rule:        ruleJSON{Name: check.RuleName, Ref: check.RuleRef},
		Outcome:     r.Outcome,
		Deployments: []deploymentJSON{},
		APIs:        []apiJSON{},
		Findings:    []findingJSON{},
		Summary:     summaryJSON(r.Summary),
	}
	deployments := slices.Clone(r.Deployments)
	slices.SortStableFunc(deployments, func(a, b check.DeploymentResult) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Parameters, b.Parameters))
	})
	return encode(w, out,
		elements("deployments", deployments, func(d check.DeploymentResult) any { return deploymentJSON(d) }),
		elements("apis", apis(r), func(a api) any {
			return apiJSON{
				Name: a.Name, Service: a.Service, Path: a.Path, StartLine: a.start.Line, Status: a.Status.String(), Reason: a.Reason,
			}
		}),
		elements("findings", findings(r), func(f finding) any {
			return findingJSON{
				Path: f.Path, StartLine: f.start.Line, EndLine: f.end.Line, StartColumn: f.start.Column, EndColumn: f.end.Column,
				Level: f.Severity.String(), Code: string(f.Code), Title: f.Summary, Message: f.Detail,
				API: f.API, Service: f.Service, Deployments: append([]string{}, f.Deployments...), Parameters: f.Parameters,
				Fixable: f.Fixable, FixReason: f.FixReason, Snippet: f.Snippet, New: f.New,
			}
		}),
	)
}

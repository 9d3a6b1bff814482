// Package check is the rule Azure.APIM.DefenderCloud: which API Management
// APIs a deployment would publish without Microsoft Defender for APIs. It
// reads expanded deployments and never a syntax, decides on a status for each
// API, and reports findings with their places. What to write into the
// templates is for package fix.
package check

import (
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// The rule's identity in PSRule for Azure.
// https://azure.github.io/PSRule.Rules.Azure/en/rules/Azure.APIM.DefenderCloud/
const (
	RuleName = "Azure.APIM.DefenderCloud"
	RuleRef  = "AZR-000387"
	RuleURL  = "https://azure.github.io/PSRule.Rules.Azure/en/rules/Azure.APIM.DefenderCloud/"
)

// Codes of the findings; together with those of package template and package
// deployment they are all there are.
const (
	CodeNotOnboarded     diag.Code = "api-not-onboarded"
	CodeUndetermined     diag.Code = "api-undetermined"
	CodeNotDependent     diag.Code = "collection-not-dependent"
	CodePlan             diag.Code = "plan-not-standard"
	CodeSuppression      diag.Code = "suppression-invalid"
	CodeConfigInvalid    diag.Code = "config-invalid"
	CodeUnreadable                 = template.CodeUnreadable
	CodeNotEvaluated               = deployment.CodeNotEvaluated
	CodeModuleUnresolved           = deployment.CodeUnresolved
)

// Status is what the rule says of one API.
type Status uint8

// The statuses, from the one that matters least. When deployments disagree
// about an API, the later one here wins.
const (
	Excluded Status = iota + 1
	Suppressed
	Onboarded
	Undetermined
	Unprotected
)

// String is the status as reports write it.
func (s Status) String() string {
	switch s {
	case Excluded:
		return "excluded"
	case Suppressed:
		return "suppressed"
	case Onboarded:
		return "onboarded"
	case Undetermined:
		return "undetermined"
	case Unprotected:
		return "unprotected"
	}
	return "invalid"
}

// Outcome is what a run or a deployment comes to.
type Outcome string

// The outcomes.
const (
	Pass  Outcome = "pass"
	Fail  Outcome = "fail"
	None  Outcome = "none"  // nothing to check
	Error Outcome = "error" // a part that matters could not be read or evaluated
)

// GatewayMode is what to do with APIs that are assigned to a self-hosted gateway.
type GatewayMode string

// The gateway modes; the zero mode is GatewayFail.
const (
	GatewayFail   GatewayMode = "fail"
	GatewayWarn   GatewayMode = "warn"
	GatewayIgnore GatewayMode = "ignore"
)

// Settings change what the rule does. The zero Settings are the defaults.
type Settings struct {
	// UndeterminedFails makes undetermined APIs failures.
	UndeterminedFails bool
	SelfHostedGateway GatewayMode
	// Regions are supported in addition to the built-in table.
	Regions []string
	// Suppress are the suppressions of the settings, in order.
	Suppress []Suppression
	// RuleExcluded suppresses every API, with this reason, when it is not "".
	RuleExcluded string
	// Skip reports paths whose APIs are not looked at; nil for none.
	Skip func(path string) bool
	// Today is the date that expiry is compared with, as 2006-01-02.
	Today string
}

// Suppression is an accepted risk from the settings.
type Suppression struct {
	// API, Service and Path are globs; "" matches anything.
	API, Service, Path string
	Reason             string
	// Expires is the last day on which it holds, as 2006-01-02, or "".
	Expires string
	// File and At say where it is written.
	File string
	At   source.Span
}

// API is what the rule says of one API: one declaration and base name, over
// all deployments.
type API struct {
	// Name is the base name, and Service the service's, where known; else the
	// source text of the expression.
	Name, Service string
	Path          string
	At            source.Span
	Status        Status
	// Reason says why, "" where the status speaks for itself.
	Reason string
	// InSource says that it is suppressed by a comment or property of the
	// template, and not by settings.
	InSource bool
	// Deployments are the roots that bring it, sorted.
	Deployments []string
	// New says that it stands without protection only since the change under
	// review, by a suppression or not; see Compare.
	New bool
}

// Finding is one thing to tell the author.
type Finding struct {
	diag.Diagnostic
	// API and Service are as in API; "" for findings about something else.
	API, Service string
	// Deployments are the roots in which it holds, sorted; Parameters the
	// parameter files.
	Deployments []string
	Parameters  []string
	// Fixable and FixReason are decided by package fix.
	Fixable   bool
	FixReason string
	// Snippet is what a person may start from where there is no fix, "" where
	// that would not help. Package fix writes it.
	Snippet string
	// New says that the change under review brought it; see Compare.
	New bool
	// Subject is what a fix needs to know; nil when there is nothing to fix.
	Subject *Subject
}

// Subject is the API of a finding as the fix sees it.
type Subject struct {
	// Resource is the declaration of the finding, the current revision, as one
	// failing deployment brings it.
	Resource *deployment.Resource
	// Protect are the declarations that must get a collection: mostly that of
	// Resource alone, else those that are deployed in turns.
	Protect []Declaration
	// Blocked says why a collection must not be added, "" when it may be.
	Blocked string
}

// Declaration is a declaration to protect.
type Declaration struct {
	Resource *deployment.Resource
	// Siblings are all APIs that it brings, in all deployments: a collection
	// added for one is added for each of them.
	Siblings []Sibling
}

// Sibling is an API that a declaration to protect brings.
type Sibling struct {
	Resource *deployment.Resource
	Status   Status
	Reason   string
	// Tiered says that it hangs on a condition whether its service is in the
	// Consumption tier, where a collection cannot be deployed.
	Tiered bool
}

// DeploymentResult is the outcome of one deployment.
type DeploymentResult struct {
	Root, Parameters string
	Outcome          Outcome
}

// Summary counts APIs by status.
type Summary struct {
	Files, APIs, Onboarded, Unprotected, Undetermined, Excluded, Suppressed int
}

// Report is everything a run found. It is sorted and the same for the same input.
type Report struct {
	Outcome     Outcome
	Deployments []DeploymentResult
	APIs        []API
	Findings    []Finding
	Summary     Summary
	// Sources are the files that findings and APIs speak of, by path.
	Sources map[string]*source.File
	// Work is how many steps the run took, in those of [deployment.Deployment.Work].
	Work int
	// Reached are the files that each root's deployments consist of, by root.
	Reached map[string][]string
	// Wanted are files that are in the snapshot, were asked for and were not
	// loaded, sorted.
	Wanted []string
	// Modules are the references of registry modules that were asked for and of
	// which nothing is known, sorted.
	Modules []string
}

// Position is where a span of a file begins and ends, for people.
func (r *Report) Position(path string, s source.Span) (start, end source.Position) {
	f := r.Sources[path]
	if f == nil {
		return source.Position{Line: 1, Column: 1}, source.Position{Line: 1, Column: 1}
	}
	return f.Position(s.Start), f.Position(s.End)
}

package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/glob"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Where settings are found.
const (
	// RepositoryPath is a repository's settings file.
	RepositoryPath = ".github/onboard-defender.yml"
	// RepositoryPathLong is where they are looked for if RepositoryPath is not there.
	RepositoryPathLong = ".github/onboard-defender.yaml"
	// OrganisationPath is an organisation's defaults, in its repository named
	// OrganisationRepository.
	OrganisationPath = "onboard-defender.yml"
	// OrganisationRepository is where GitHub has an organisation's defaults.
	OrganisationRepository = ".github"
)

// Gate says which findings fail a pull request.
type Gate string

// The gates.
const (
	GateNew  Gate = "new"  // those that the pull request brings
	GateAll  Gate = "all"  // existing ones as well
	GateNone Gate = "none" // none; everything is only reported
)

// Undetermined says what an API comes to about which nothing can be proved.
type Undetermined string

// The ways to take undetermined APIs.
const (
	UndeterminedWarn Undetermined = "warn"
	UndeterminedFail Undetermined = "fail"
)

// FixMode says how missing collections get into a pull request.
type FixMode string

// The fix modes.
const (
	FixButton  FixMode = "button"  // a click in the check run commits
	FixSuggest FixMode = "suggest" // a review with suggestions
	FixCommit  FixMode = "commit"  // a commit without being asked
	FixOff     FixMode = "off"
)

// Conclusion is a check run's, where nothing applies.
type Conclusion string

// The conclusions; all three satisfy a required check.
const (
	ConcludeSuccess Conclusion = "success"
	ConcludeSkipped Conclusion = "skipped"
	ConcludeNeutral Conclusion = "neutral"
)

// Repository is a repository's settings. The zero Repository is of no use:
// start from [Defaults]. A Repository is not changed once made, and its maps
// and slices may be shared.
type Repository struct {
	// Enabled is false where nothing is to be checked.
	Enabled bool
	// Include and Exclude are the patterns of paths; see Included.
	Include, Exclude  glob.Set
	Gate              Gate
	Undetermined      Undetermined
	SelfHostedGateway check.GatewayMode
	// Regions are supported in addition to the known ones.
	Regions []string
	// ParameterDefaults are values for parameters that have none, by
	// lower-case name.
	ParameterDefaults map[string]expr.Value
	// Parameters are the parameter files of templates, by path.
	Parameters map[string][]string
	FixMode    FixMode
	// FixAPIVersion is the API version of collections that a fix writes.
	FixAPIVersion      string
	WhenNothingApplies Conclusion
	OnboardingPull     bool
	Suppress           []check.Suppression
	// Locked are the dotted names that a repository cannot set, where these
	// are an organisation's settings.
	Locked []string

	path  string
	given map[string]source.Span
}

// Defaults are the settings of a repository that has none.
func Defaults() Repository {
	return Repository{
		Enabled: true, Gate: GateNew, Undetermined: UndeterminedWarn, SelfHostedGateway: check.GatewayFail,
		FixMode: FixButton, FixAPIVersion: "2023-11-15", WhenNothingApplies: ConcludeSuccess,
	}
}

var (
	errPath       = errors.New("it is not a path below the root of the repository, with / between folders")
	errExtension  = errors.New("it does not end in .bicep, .bicepparam, .json or .jsonc")
	errDate       = errors.New("it is not a date such as 2027-01-31")
	errAPIVersion = errors.New("it is not an API version such as 2023-11-15 or 2022-11-20-preview")
	errNegated    = errors.New(`a suppression cannot take back what another one covers; write \! for a name that begins with it`)
)

// Parse reads a settings file, a repository's or an organisation's. Each thing
// wrong with it is a diagnostic of code config-invalid, in the order of
// places; the settings are then the defaults in the places concerned.
func Parse(f *source.File) (Repository, []diag.Diagnostic) {
	out := Defaults()
	out.path, out.given = f.Path, map[string]source.Span{}
	d := &decoder{file: f, given: out.given}
	root, err := readYAML(f)
	switch {
	case err != nil:
		d.report(err.at, err.summary, "%s", err.detail)
	case root.kind == nullNode:
		d.report(root.at, "Empty settings file", "It must say at least \"version: 1\"; or remove it.")
	default:
		readFields(d, root, repositorySettings(), "", &out)
	}
	return out, d.problems()
}

// Merge puts a repository's settings over its organisation's. A single value
// replaces the organisation's, parameterDefaults and parameters do so by name,
// and suppressions and regions come in addition. What the organisation locks
// stays as it is, be it written there or the default; a notice tells the
// repository that sets it. Suppressions of the organisation lose their place,
// because most of them have nothing to cover in any one repository.
func Merge(org, repo Repository) (Repository, []diag.Diagnostic) {
	out := org
	out.path = repo.path
	out.given = maps.Clone(org.given)
	if out.given == nil {
		out.given = map[string]source.Span{}
	}
	maps.Copy(out.given, repo.given)
	out.Suppress = slices.Clone(org.Suppress)
	for i := range out.Suppress {
		out.Suppress[i].File, out.Suppress[i].At = "", source.Span{}
	}
	var found []diag.Diagnostic
	notice := func(at source.Span, summary, detail string) {
		found = append(found, diag.Diagnostic{
			Code: check.CodeConfigInvalid, Severity: diag.Notice, Path: repo.path, Span: at, Summary: summary, Detail: detail,
		})
	}
	for name, s := range leaves(repositorySettings(), "") {
		at, given := repo.given[name]
		switch {
		case !given:
		case name == "locked":
			notice(at, "Setting without effect", "Only the organisation's settings can lock keys.")
		case org.locks(name):
			notice(at, "Locked setting", fmt.Sprintf("%q is set for the whole organisation, so the value here has no effect. Remove it.", name))
		default:
			s.value.overlay(&out, &repo)
		}
	}
	diag.Sort(found)
	return out, found
}

func (r Repository) locks(name string) bool {
	return slices.ContainsFunc(r.Locked, func(l string) bool { return name == l || strings.HasPrefix(name, l+".") })
}

// Included reports whether the APIs in a file are looked at: it matches
// paths.include, or that is empty, and does not match paths.exclude.
func (r Repository) Included(path string) bool {
	return (r.Include.Empty() || r.Include.Match(path)) && !r.Exclude.Match(path)
}

// CheckSettings are the settings as the rule takes them. today is a date as
// 2006-01-02, "" for suppressions that never expire.
func (r Repository) CheckSettings(today string) check.Settings {
	s := check.Settings{
		UndeterminedFails: r.Undetermined == UndeterminedFail,
		SelfHostedGateway: r.SelfHostedGateway,
		Regions:           r.Regions,
		Suppress:          r.Suppress,
		Today:             today,
	}
	if !r.Include.Empty() || !r.Exclude.Empty() {
		s.Skip = func(path string) bool { return !r.Included(path) }
	}
	return s
}

// DeploymentOptions are the settings as evaluation takes them.
func (r Repository) DeploymentOptions() deployment.Options {
	return deployment.Options{ParameterDefaults: r.ParameterDefaults, Parameters: r.Parameters}
}

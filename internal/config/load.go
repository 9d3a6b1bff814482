package config

import (
	"fmt"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Paths are the files of a repository that [Load] reads, those before others
// that they take the place of.
func Paths() []string { return append(repositoryPaths(), psrulePaths()...) }

func repositoryPaths() []string { return []string{RepositoryPath, RepositoryPathLong} }

// psrulePaths are the names that PSRule looks for.
func psrulePaths() []string {
	return []string{"ps-rule.yaml", "ps-rule.yml", "psrule.yaml", "psrule.yml"}
}

// Load reads the settings of a repository from a snapshot, as far as their
// content is loaded: the defaults where there are none. A file that another
// takes the place of gets a notice.
func Load(snapshot *source.Snapshot) (Repository, PSRule, []diag.Diagnostic) {
	var found []diag.Diagnostic
	repo, psrule := Defaults(), PSRule{}
	if f := first(snapshot, repositoryPaths(), &found); f != nil {
		r, ds := Parse(f)
		repo, found = r, append(found, ds...)
	}
	if f := first(snapshot, psrulePaths(), &found); f != nil {
		p, ds := ParsePSRule(f)
		psrule, found = p, append(found, ds...)
	}
	diag.Sort(found)
	return repo, psrule, found
}

// first is the first file that is there.
func first(snapshot *source.Snapshot, paths []string, found *[]diag.Diagnostic) *source.File {
	var out *source.File
	for _, p := range paths {
		f := snapshot.File(p)
		switch {
		case f == nil:
		case out == nil:
			out = f
		default:
			*found = append(*found, diag.Diagnostic{
				Code: check.CodeConfigInvalid, Severity: diag.Notice, Path: p, Summary: "Settings file without effect",
				Detail: fmt.Sprintf("%s is there and takes its place. Remove one of the two.", out.Path),
			})
		}
	}
	return out
}

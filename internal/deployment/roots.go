package deployment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// skipped reports whether a file is output that is not checked by itself.
func (g *Graph) skipped(p string) bool {
	return g.files[p].GeneratedFrom != "" && !g.options.Explicit[p]
}

// findRoots lists the files that no other refers to, and those that have
// parameter files, once for each set of parameters.
func (g *Graph) findRoots() {
	sets := g.parameterSets()
	called := map[string]bool{}
	for from, tos := range g.calls {
		if g.skipped(from) {
			continue
		}
		for _, to := range tos {
			called[to] = true
		}
	}
	for _, p := range sortedKeys(g.files) {
		if g.files[p].Template == nil || g.skipped(p) {
			continue
		}
		switch {
		case len(sets[p]) > 0:
			for _, s := range g.someSets(p, sets[p]) {
				g.roots = append(g.roots, Root{Path: p, Parameters: s})
			}
		case !called[p] || g.options.Explicit[p]:
			g.roots = append(g.roots, Root{Path: p})
		}
	}
	g.rootCycles(called)
}

// maxSets is with how many parameter files one template is evaluated.
const maxSets = 1000

// someSets are the first parameter files of a template that has too many.
func (g *Graph) someSets(p string, sets []string) []string {
	if len(sets) <= maxSets {
		return sets
	}
	g.orphans = append(g.orphans, diag.Diagnostic{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: p, Summary: "Could not be evaluated",
		Detail: fmt.Sprintf("could not evaluate: the template has %d parameter files. It was evaluated with the first %d only; "+
			"spread them over several templates.", len(sets), maxSets),
	})
	return sets[:maxSets]
}

// rootCycles makes roots of files that call each other in a circle, which no
// root reaches: they are reported rather than overlooked.
func (g *Graph) rootCycles(called map[string]bool) {
	reached := map[string]bool{}
	var visit func(p string)
	visit = func(p string) {
		if reached[p] {
			return
		}
		reached[p] = true
		for _, to := range g.calls[p] {
			visit(to)
		}
	}
	for _, r := range g.roots {
		visit(r.Path)
	}
	for _, p := range sortedKeys(g.files) {
		if called[p] && !reached[p] && !g.skipped(p) {
			g.roots = append(g.roots, Root{Path: p})
			visit(p)
		}
	}
	slices.SortFunc(g.roots, func(a, b Root) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Parameters, b.Parameters)
	})
}

// rootTarget is where a root is deployed to: one resource group, or one
// subscription, that nobody here knows.
func rootTarget(t *template.Template) Target {
	target := Target{}
	switch strings.ToLower(t.TargetScope) {
	case "managementgroup", "tenant":
		return target
	case "subscription":
	default:
		target.ResourceGroup = expr.Atom("resourceGroup().name", expr.KindString)
	}
	target.Subscription = expr.Atom("subscription().subscriptionId", expr.KindString)
	return target
}

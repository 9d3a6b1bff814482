package fix

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// spoiled is a planner with the units of a number of APIs, spread over files. The
// edits of some insert nothing of use.
func spoiled(t *testing.T, apis, files int, bad ...int) (*planner, []*unit) {
	t.Helper()
	texts := make([]strings.Builder, files)
	for i := range apis {
		fmt.Fprintf(&texts[i*files/apis], "resource a%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/a%d'\n}\n", i, i)
	}
	var entries []source.Entry
	for i := range texts {
		f := source.NewFile(fmt.Sprintf("m%03d.bicep", i), []byte(texts[i].String()))
		entries = append(entries, source.Entry{Path: f.Path, File: f})
	}
	s := source.NewSnapshot(entries)
	g := deployment.Load(s, deployment.Options{})
	p := newPlanner(Input{Snapshot: s, Graph: g, Report: check.Run(g, check.Settings{}, nil)})
	p.apart = true // the edits are not made anew
	units := p.write(p.wanted())
	if len(units) != apis {
		t.Fatalf("%d units of %d APIs", len(units), apis)
	}
	for _, i := range bad {
		units[i].targets[0].edits[0].NewText = "// nothing\n"
	}
	return p, units
}

// TestFewProofs counts how often the repository is checked again to find the edits
// that do not hold.
func TestFewProofs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		apis, files int
		bad         []int
		tries       int
	}{
		{"all hold", 100, 1, nil, 1},
		{"one does not", 100, 1, []int{17}, 3},
		{"one of many files", 100, 100, []int{17}, 3},
		{"some of many files", 100, 100, []int{3, 17, 80}, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, units := spoiled(t, tt.apis, tt.files, tt.bad...)
			if good := p.prove(units); len(good) != tt.apis-len(tt.bad) || p.tries != tt.tries || len(p.out.Unproven) != len(tt.bad) {
				t.Errorf("%d units hold after %d tries; unproven: %v", len(good), p.tries, p.out.Unproven)
			}
			for _, i := range tt.bad {
				if why := p.Report.Findings[units[i].findings[0]].FixReason; !strings.Contains(why, errStill.Error()) {
					t.Errorf("unit %d is refused because %q", i, why)
				}
			}
		})
	}
}

// TestProofsEnd has fixes of which none holds in a repository that was tried to
// fix often already.
func TestProofsEnd(t *testing.T) {
	t.Parallel()
	var bad []int
	for i := range 40 {
		bad = append(bad, i)
	}
	p, units := spoiled(t, 40, 1, bad...)
	p.work = maxWork // enough for all 40, but not for halves of them
	if good := p.prove(units); len(good) != 0 || p.tries != 3 {
		t.Errorf("%d units hold after %d tries", len(good), p.tries)
	}
	if n := len(p.out.Unproven); n != 2 || !errors.Is(p.out.Unproven[0], errUntried) {
		t.Errorf("unproven: %v", p.out.Unproven)
	}
	for _, u := range units {
		if why := p.Report.Findings[u.findings[0]].FixReason; !strings.Contains(why, errUntried.Error()) {
			t.Errorf("%s is refused because %q", u.path(), why)
		}
	}
}

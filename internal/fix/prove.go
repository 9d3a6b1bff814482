package fix

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// maxTries bounds how often a plan is proved in parts, and maxTried in how many
// units altogether. A fix that does not hold is a mistake of this package, so
// that a few dozen are plenty.
const (
	maxTries = 64
	maxTried = 64_000
)

// errors of a proof.
var (
	errStill   = errors.New("the finding would still be there")
	errNew     = errors.New("it would bring a new finding")
	errUntried = errors.New("too many fixes of this repository do not hold")
)

// prove returns the units whose edits hold, trying all at once first, then by
// file, then by halves.
func (p *planner) prove(units []*unit) []*unit {
	if len(units) == 0 {
		return nil
	}
	err := p.try(units)
	if err == nil {
		return units
	}
	if len(units) == 1 {
		p.out.Unproven = append(p.out.Unproven, fmt.Errorf("fix of %s: %w", units[0].path(), err))
		p.reject(units[0], fmt.Errorf("the fix could not be proved: %w; add the collection by hand", err))
		return nil
	}
	var good []*unit
	for _, part := range parts(units) {
		good = append(good, p.prove(part)...)
	}
	if p.try(good) != nil { // each holds alone, but not with the others
		for _, u := range good[len(good)/2:] {
			p.reject(u, errors.New("the fix could not be proved together with the others; fix those first"))
		}
		return p.prove(good[:len(good)/2])
	}
	return good
}

// parts splits units by file, and those of one file in halves.
func parts(units []*unit) [][]*unit {
	var out [][]*unit
	for _, u := range units {
		if n := len(out); n > 0 && out[n-1][0].path() == u.path() {
			out[n-1] = append(out[n-1], u)
			continue
		}
		out = append(out, []*unit{u})
	}
	if len(out) == 1 {
		half := len(units) / 2
		return [][]*unit{units[:half], units[half:]}
	}
	return out
}

// try applies the edits of units and checks the result: their findings must be
// gone, and no other may have come.
func (p *planner) try(units []*unit) error {
	if len(units) == 0 {
		return nil
	}
	p.tried += len(units)
	if p.tries++; p.tries > maxTries || p.tries > 1 && p.tried > maxTried {
		return errUntried
	}
	if p.tries > 1 && !p.apart {
		if err := p.rewrite(units); err != nil {
			return err
		}
	}
	files, err := p.apply(units)
	if err != nil {
		return err
	}
	gone := map[int]bool{}
	for _, u := range units {
		for _, i := range u.findings {
			gone[i] = true
		}
	}
	left := map[string]int{} // findings that may stay
	open := map[string]int{} // those among them that a new collection may put in question
	fixed := map[string]bool{}
	for i, f := range p.Report.Findings {
		if gone[i] {
			fixed[identity(f)] = true
			continue
		}
		left[identity(f)]++
		if f.Code == check.CodeNotOnboarded {
			open[f.Path+"\x00"+f.API]++
		}
	}
	for _, f := range p.check(files).Findings {
		k := identity(f)
		if left[k] > 0 {
			left[k]--
			continue
		}
		if fixed[k] {
			return errStill
		}
		if api := f.Path + "\x00" + f.API; f.Code == check.CodeUndetermined && open[api] > 0 {
			open[api]-- // the collection may be that of an API whose name is not known
			continue
		}
		return fmt.Errorf("%w (%s, %s)", errNew, f.Code, f.Summary)
	}
	return nil
}

// rewrite makes the edits of some of the units anew: what was written for all
// may use a service that the edits of another unit declare.
func (p *planner) rewrite(units []*unit) error {
	p.applied = nil
	clear(p.writers)
	defer clear(p.writers)
	for _, u := range units {
		if err := p.writeUnit(u); err != nil {
			return err
		}
	}
	return nil
}

// identity names a finding whose place moves with the text around it.
func identity(f check.Finding) string {
	return strings.Join([]string{string(f.Code), f.Path, strings.ToLower(f.API), f.Summary, f.Severity.String()}, "\x00")
}

// check reads and checks the repository with some files changed.
func (p *planner) check(files map[string][]byte) *check.Report {
	changed := make([]*source.File, 0, len(files))
	for _, path := range sortedPaths(files) {
		changed = append(changed, source.NewFile(path, files[path]))
	}
	g := p.Graph.With(p.Snapshot.With(changed...), changed)
	return check.Run(g, p.Settings, p.Selected)
}

func sortedPaths(files map[string][]byte) []string {
	paths := make([]string, 0, len(files))
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// apply makes the new contents of the files that units change.
func (p *planner) apply(units []*unit) (map[string][]byte, error) {
	if p.applied != nil && slices.Equal(units, p.applied) {
		return p.contents, nil // what was just proved is what is given out
	}
	edits := map[string][]diag.TextEdit{}
	for _, u := range units {
		for _, e := range u.edits() {
			edits[e.Path] = append(edits[e.Path], e)
		}
	}
	files := make(map[string][]byte, len(edits))
	for path, es := range edits {
		src := p.Graph.Source(path)
		if src == nil {
			return nil, errApply
		}
		content, err := Apply(src.Content, es)
		if err != nil {
			return nil, err
		}
		if len(content) > template.MaxSize {
			return nil, fmt.Errorf("%w: it would grow past %d bytes", errApply, template.MaxSize)
		}
		files[path] = content
	}
	p.applied, p.contents = units, files
	return files, nil
}

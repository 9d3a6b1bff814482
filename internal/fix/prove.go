package fix

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// maxTries bounds how often a plan is proved in parts, and maxWork after how many
// steps of work none is begun any more: each proof checks all of the repository
// again. A fix that does not hold is a mistake of this package, so that a few dozen
// are plenty.
const (
	maxTries = 64
	maxWork  = 10_000_000

	workPerAPI = 100
)

// errors of a proof.
var (
	errStill   = errors.New("the finding would still be there")
	errNew     = errors.New("it would bring a new finding")
	errUntried = errors.New("too many fixes of this repository do not hold")
)

// prove returns the units whose edits hold, trying all at once first, then those
// that are to blame apart from the others, then by file and by halves.
func (p *planner) prove(units []*unit) []*unit {
	if len(units) == 0 {
		return nil
	}
	blamed, err := p.try(units)
	if err == nil {
		return units
	}
	if len(units) == 1 || errors.Is(err, errUntried) {
		p.out.Unproven = append(p.out.Unproven, fmt.Errorf("fix of %s: %w", units[0].path(), err))
		p.rejectAll(units, fmt.Errorf("the fix could not be proved: %w; add the collection by hand", err))
		return nil
	}
	var proven [][]*unit
	for _, part := range parts(units, blamed) {
		if good := p.prove(part); len(good) > 0 {
			proven = append(proven, good)
		}
	}
	if len(proven) < 2 {
		return slices.Concat(proven...)
	}
	all := slices.Concat(proven...)
	slices.SortFunc(all, func(a, b *unit) int { return cmp.Compare(a.findings[0], b.findings[0]) })
	if _, err := p.try(all); err == nil {
		return all
	}
	return p.largest(proven)
}

// largest is the largest of some parts that hold alone, but not all together.
func (p *planner) largest(proven [][]*unit) []*unit {
	best := slices.MaxFunc(proven, func(a, b []*unit) int { return cmp.Compare(len(a), len(b)) })
	for _, part := range proven {
		if part[0] != best[0] {
			p.rejectAll(part, errors.New("the fix could not be proved together with the others; fix those first"))
		}
	}
	if p.apart {
		return best
	}
	if err := p.rewrite(best); err != nil { // as it was when it was proved
		p.rejectAll(best, err)
		return nil
	}
	return best
}

func (p *planner) rejectAll(units []*unit, err error) {
	for _, u := range units {
		p.reject(u, err)
	}
}

// parts splits off the units that are to blame. If all are, or none, it splits
// units by file, and those of one file in halves.
func parts(units []*unit, blamed map[*unit]bool) [][]*unit {
	if n := len(blamed); n > 0 && n < len(units) {
		var bad, others []*unit
		for _, u := range units {
			if blamed[u] {
				bad = append(bad, u)
			} else {
				others = append(others, u)
			}
		}
		return [][]*unit{others, bad}
	}
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
// gone, and no other may have come. Otherwise blamed are the units that it seems
// to be due to.
func (p *planner) try(units []*unit) (blamed map[*unit]bool, err error) {
	if len(units) == 0 {
		return nil, nil
	}
	if p.tries++; p.tries > maxTries || p.work > maxWork {
		return nil, errUntried
	}
	if p.tries > 1 && !p.apart {
		if err := p.rewrite(units); err != nil {
			return nil, err
		}
	}
	files, err := p.apply(units)
	if err != nil {
		return nil, err
	}
	after := p.check(files)
	p.work += after.Work + workPerAPI*len(after.APIs)
	for _, content := range files {
		p.work += len(content) / 4 // to read it
	}
	return p.expect(units).compare(units, after.Findings)
}

// expected is what the findings should be after the edits of some units.
type expected struct {
	left  map[string]int     // those that may stay
	open  map[string]int     // those among them that a new collection may put in question
	fixed map[string][]*unit // those that must be gone, and whose edits see to it
}

func (p *planner) expect(units []*unit) expected {
	e := expected{left: map[string]int{}, open: map[string]int{}, fixed: map[string][]*unit{}}
	gone := map[int]bool{}
	for _, u := range units {
		for _, i := range u.findings {
			gone[i] = true
			k := identity(p.Report.Findings[i])
			e.fixed[k] = append(e.fixed[k], u)
		}
	}
	for i, f := range p.Report.Findings {
		if gone[i] {
			continue
		}
		e.left[identity(f)]++
		if f.Code == check.CodeNotOnboarded {
			e.open[f.Path+"\x00"+f.API]++
		}
	}
	return e
}

// compare holds the findings after the edits against those that are expected. A
// new one is blamed on what was written into its file.
func (e expected) compare(units []*unit, findings []check.Finding) (blamed map[*unit]bool, err error) {
	blamed = map[*unit]bool{}
	paths := map[string]bool{}
	for _, f := range findings {
		k, api := identity(f), f.Path+"\x00"+f.API
		switch {
		case e.left[k] > 0:
			e.left[k]--
		case e.fixed[k] != nil:
			err = cmp.Or(err, errStill)
			for _, u := range e.fixed[k] {
				blamed[u] = true
			}
			e.fixed[k] = e.fixed[k][:0]
		case f.Code == check.CodeUndetermined && e.open[api] > 0:
			e.open[api]-- // the collection may be that of an API whose name is not known
		default:
			err = cmp.Or(err, fmt.Errorf("%w (%s, %s)", errNew, f.Code, f.Summary))
			paths[f.Path] = true
		}
	}
	for _, u := range units {
		if slices.ContainsFunc(u.targets, func(t *target) bool { return paths[t.Resource.Path()] }) {
			blamed[u] = true
		}
	}
	return blamed, err
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

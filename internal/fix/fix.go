// Package fix writes what a template lacks: the Microsoft.Security/apiCollections
// resource of every API that a report finds unprotected. It edits text, by
// insertions only, in the style of the file, and lets nothing out that it has
// not proved: the edited files are read and checked again, the finding must be
// gone and none may be new. It is the one room that knows both syntaxes and
// the findings. It writes no file; the caller does.
package fix

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// DefaultAPIVersion is the API version that collections are written with.
// https://learn.microsoft.com/azure/templates/microsoft.security/apicollections
const DefaultAPIVersion = "2023-11-15"

// Input is what a plan is made from.
type Input struct {
	Snapshot *source.Snapshot
	// Deployment and Settings are those that Report was made with.
	Deployment deployment.Options
	Settings   check.Settings
	// Selected is as in check.Run, nil for all files.
	Selected func(path string) bool
	// Graph and Report are the check's. Plan fills in Fixable, FixReason and
	// Fixes of the report's findings.
	Graph  *deployment.Graph
	Report *check.Report
	// APIVersion of the collections; "" for DefaultAPIVersion.
	APIVersion string
}

// Result is a proven plan.
type Result struct {
	// Edits are insertions, sorted by path and place; together they make the
	// fixable findings go away.
	Edits []diag.TextEdit
	// Files are the contents of the files after the edits, by path.
	Files map[string][]byte
	// Fixed and Refused count findings.
	Fixed, Refused int
	// Unproven are plans that did not stand their proof: mistakes of this
	// package, worth counting.
	Unproven []error
}

// refusal says why a finding cannot be fixed, in words for the author.
type refusal struct{ reason string }

// Error is the reason.
func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error {
	return &refusal{fmt.Sprintf(format, args...)}
}

// target is a declaration to protect: one or more findings that one collection
// resolves.
type target struct {
	resource *deployment.Resource
	subject  *check.Subject
	findings []int // indices into Report.Findings
	// filter says that only the elements whose type is http may be onboarded.
	filter bool
	edits  []diag.TextEdit
}

// Plan decides for every finding of the report whether it can be fixed, and
// how. A plan that cannot be proved as a whole is proved file by file, then
// declaration by declaration; what is left over is refused.
func Plan(in Input) *Result {
	p := &planner{Input: in, out: &Result{Files: map[string][]byte{}}}
	if p.APIVersion == "" {
		p.APIVersion = DefaultAPIVersion
	}
	targets := p.targets()
	if len(targets) > 0 {
		targets = p.write(targets)
	}
	proven := p.prove(targets)
	p.accept(proven)
	for i := range p.Report.Findings {
		if f := &p.Report.Findings[i]; f.Subject != nil && f.Severity == diag.Failure && !f.Fixable {
			p.out.Refused++
		}
	}
	return p.out
}

type planner struct {
	Input
	out *Result
}

// targets groups the findings by declaration, in order, and refuses what no
// text can mend.
func (p *planner) targets() []*target {
	type key struct {
		path string
		at   int
	}
	var order []*target
	index := map[key]*target{}
	for i := range p.Report.Findings {
		f := &p.Report.Findings[i]
		if f.Subject == nil || f.Code != check.CodeNotOnboarded {
			if f.Subject != nil {
				f.FixReason = f.Subject.Blocked
			}
			continue
		}
		k := key{f.Path, f.Subject.Resource.Decl.Decl.Start}
		t := index[k]
		if t == nil {
			t = &target{resource: f.Subject.Resource, subject: f.Subject}
			index[k] = t
			order = append(order, t)
		}
		t.findings = append(t.findings, i)
		if f.Subject.Blocked != "" { // one element that must not get a collection blocks the loop
			t.subject = f.Subject
		}
	}
	var out []*target
	for _, t := range order {
		if err := p.permitted(t); err != nil {
			p.reject(t, err)
			continue
		}
		out = append(out, t)
	}
	return out
}

func (p *planner) reject(t *target, err error) {
	for _, i := range t.findings {
		p.Report.Findings[i].FixReason = err.Error()
	}
}

// permitted refuses declarations whose collection would be wrong for one of
// the APIs that come from it, and files that must not be edited.
func (p *planner) permitted(t *target) error {
	path := t.resource.Path()
	f := p.Graph.File(path)
	switch {
	case t.subject.Blocked != "":
		return refuse("%s", t.subject.Blocked)
	case f == nil:
		return refuse("the file is not part of the repository")
	case f.GeneratedFrom != "":
		return refuse("%s is compiled from %s; fix that and compile it again", path, f.GeneratedFrom)
	case len(f.Diagnostics) > 0:
		return refuse("the file has syntax errors; correct them first")
	case strings.HasPrefix(path, ".github/"):
		return refuse("files below .github/ are never changed")
	}
	if e, ok := p.Snapshot.Lookup(path); !ok || e.Mode > source.Executable {
		return refuse("the file is a symbolic link")
	}
	for _, s := range t.subject.Siblings {
		switch s.Status {
		case check.Onboarded, check.Undetermined:
			return refuse("the same declaration also brings an API that has a collection already, and would bring a second one; " +
				"add the missing collection where the others are")
		case check.Excluded:
			if !t.filterable(s.Resource) {
				return refuse("the same declaration also brings an API that cannot be onboarded (%s); "+
					"add a collection with a condition that leaves it out", s.Reason)
			}
			t.filter = true
		case check.Unprotected, check.Suppressed:
		}
	}
	return nil
}

// filterable reports whether an API is left out by comparing its declaration's
// apiType with 'http'.
func (t *target) filterable(r *deployment.Resource) bool {
	typ, ok := r.Property("properties", "apiType").AsString()
	return ok && !strings.EqualFold(typ, "http") && t.resource.Decl.Property("properties", "apiType") != nil
}

// write makes the edits of each declaration, file by file, so that the names
// given in one file are told apart.
func (p *planner) write(targets []*target) []*target {
	var out []*target
	writers := map[string]writer{}
	for _, t := range targets {
		path := t.resource.Path()
		w := writers[path]
		if w == nil {
			w = newWriter(t.resource.Template, p.Graph.Source(path), p.APIVersion)
			writers[path] = w
		}
		edits, err := w.edits(t)
		if err != nil {
			p.reject(t, err)
			continue
		}
		for i := range edits {
			edits[i] = toLineStart(edits[i], p.Graph.Source(path).Content)
		}
		t.edits = edits
		out = append(out, t)
	}
	return out
}

// toLineStart moves an insertion of whole lines from the end of a line to the
// start of the next one. The bytes that come out are the same, but a diff then
// shows nothing but added lines.
func toLineStart(e diag.TextEdit, content []byte) diag.TextEdit {
	br := lineBreak(content)
	if !strings.HasPrefix(e.NewText, br) || !bytes.HasPrefix(content[e.Span.Start:], []byte(br)) {
		return e
	}
	e.NewText = e.NewText[len(br):] + br
	e.Span.Start += len(br)
	e.Span.End = e.Span.Start
	return e
}

// writer writes collections into one file.
type writer interface {
	// edits are the insertions that protect a declaration. An error is a
	// refusal.
	edits(t *target) ([]diag.TextEdit, error)
}

func newWriter(t *template.Template, f *source.File, apiVersion string) writer {
	if t.Language == template.Bicep {
		return newBicepWriter(f, apiVersion)
	}
	return newARMWriter(f, apiVersion)
}

// prove returns the targets whose edits hold, trying all at once first.
func (p *planner) prove(targets []*target) []*target {
	if len(targets) == 0 {
		return nil
	}
	err := p.try(targets)
	if err == nil {
		return targets
	}
	if len(targets) == 1 {
		p.out.Unproven = append(p.out.Unproven, fmt.Errorf("fix of %s: %w", targets[0].resource.Path(), err))
		p.reject(targets[0], fmt.Errorf("the fix could not be proved: %w; add the collection by hand", err))
		return nil
	}
	var good []*target
	for _, part := range parts(targets) {
		good = append(good, p.prove(part)...)
	}
	if p.try(good) != nil { // each holds alone, but not with the others
		return p.prove(good[:len(good)/2])
	}
	return good
}

// parts splits targets by file, and those of one file in halves.
func parts(targets []*target) [][]*target {
	var out [][]*target
	for _, t := range targets {
		if n := len(out); n > 0 && out[n-1][0].resource.Path() == t.resource.Path() {
			out[n-1] = append(out[n-1], t)
			continue
		}
		out = append(out, []*target{t})
	}
	if len(out) == 1 {
		half := len(targets) / 2
		return [][]*target{targets[:half], targets[half:]}
	}
	return out
}

// errors of a proof.
var (
	errStill = errors.New("the finding would still be there")
	errNew   = errors.New("it would bring a new finding")
	errApply = errors.New("the edits do not fit the file")
)

// try applies the edits of targets and checks the result.
func (p *planner) try(targets []*target) error {
	if len(targets) == 0 {
		return nil
	}
	files, err := p.apply(targets)
	if err != nil {
		return err
	}
	after := p.check(files)
	gone := map[int]bool{}
	for _, t := range targets {
		for _, i := range t.findings {
			gone[i] = true
		}
	}
	left := map[string]int{} // findings that may stay
	fixed := map[string]bool{}
	for i, f := range p.Report.Findings {
		if gone[i] {
			fixed[identity(f)] = true
			continue
		}
		left[identity(f)]++
	}
	for _, f := range after.Findings {
		k := identity(f)
		if left[k] > 0 {
			left[k]--
			continue
		}
		if fixed[k] {
			return errStill
		}
		return fmt.Errorf("%w (%s, %s)", errNew, f.Code, f.Summary)
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

// apply makes the new contents of the files that targets change.
func (p *planner) apply(targets []*target) (map[string][]byte, error) {
	edits := map[string][]diag.TextEdit{}
	for _, t := range targets {
		for _, e := range t.edits {
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
	return files, nil
}

// Apply is content with insertions made. It refuses edits that would replace
// anything and that lie outside the content. Equal insertions at one place,
// such as the comma that two new elements both need, are made once.
func Apply(content []byte, edits []diag.TextEdit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b diag.TextEdit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	size := len(content)
	for _, e := range sorted {
		if e.Span.Len() != 0 || e.Span.Start < 0 || e.Span.Start > len(content) {
			return nil, errApply
		}
		size += len(e.NewText)
	}
	out := make([]byte, 0, size)
	last := 0
	for i, e := range sorted {
		if i > 0 && e == sorted[i-1] {
			continue
		}
		out = append(out, content[last:e.Span.Start]...)
		out = append(out, e.NewText...)
		last = e.Span.Start
	}
	return append(out, content[last:]...), nil
}

// accept marks what was proven in the report and gives the edits out.
func (p *planner) accept(targets []*target) {
	files, err := p.apply(targets)
	if err != nil {
		p.out.Unproven = append(p.out.Unproven, err)
		return
	}
	p.out.Files = files
	for _, t := range targets {
		p.out.Edits = append(p.out.Edits, t.edits...)
		for _, i := range t.findings {
			f := &p.Report.Findings[i]
			f.Fixable = true
			f.Fixes = []diag.SuggestedFix{{Message: "Onboard the API to Microsoft Defender for APIs", Edits: t.edits}}
			p.out.Fixed++
		}
	}
	slices.SortStableFunc(p.out.Edits, func(a, b diag.TextEdit) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	p.out.Edits = slices.Compact(p.out.Edits)
}

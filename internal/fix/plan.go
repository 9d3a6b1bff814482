package fix

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// refusal says why a finding cannot be fixed, in words for the author.
type refusal struct {
	reason string
	// elsewhere says that nothing is to be added to this file.
	elsewhere bool
}

// Error is the reason.
func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error {
	return &refusal{reason: fmt.Sprintf(format, args...)}
}

// leave refuses to change a file at all.
func leave(format string, args ...any) error {
	return &refusal{reason: fmt.Sprintf(format, args...), elsewhere: true}
}

// unit is what is fixed as a whole or not at all: findings, and the
// declarations that must all get a collection for them to go away.
type unit struct {
	findings []int // indices into Report.Findings
	targets  []*target
	blocked  string // why no collection may be added
	into     *unit  // the unit that this one has become a part of
}

func (u *unit) path() string { return u.targets[0].Resource.Path() }

func (u *unit) edits() []diag.TextEdit {
	var out []diag.TextEdit
	for _, t := range u.targets {
		out = append(out, t.edits...)
	}
	return out
}

// whole is the unit that the unit has become a part of.
func (u *unit) whole() *unit {
	for u.into != nil {
		u = u.into
	}
	return u
}

// join makes another unit a part of this one.
func (u *unit) join(other *unit) {
	if other == u {
		return
	}
	u.findings = append(u.findings, other.findings...)
	u.targets = append(u.targets, other.targets...)
	u.blocked = cmp.Or(u.blocked, other.blocked)
	other.into = u
}

// target is a declaration to protect.
type target struct {
	check.Declaration

	filter *filter // nil for none
	edits  []diag.TextEdit
}

// revised reports whether the name of an API that the declaration brings ends
// with a revision, wherever that is written.
func (t *target) revised() bool {
	return check.HasRevision(t.Resource) ||
		slices.ContainsFunc(t.Siblings, func(s check.Sibling) bool { return check.HasRevision(s.Resource) })
}

// units groups the findings that share a declaration to protect, in order.
func (p *planner) units() []*unit {
	type place struct {
		path string
		at   int
	}
	var all []*unit
	home := map[place]*unit{}
	for i := range p.Report.Findings {
		f := &p.Report.Findings[i]
		if f.Subject == nil {
			continue
		}
		if f.Code != check.CodeNotOnboarded {
			f.FixReason = f.Subject.Blocked
			continue
		}
		u := &unit{findings: []int{i}, blocked: f.Subject.Blocked}
		all = append(all, u)
		for _, d := range f.Subject.Protect {
			at := place{d.Resource.Path(), d.Resource.Place().Decl.Start}
			if other := home[at]; other != nil {
				other = other.whole()
				other.join(u)
				u = other
				continue
			}
			u.targets = append(u.targets, &target{Declaration: d})
			home[at] = u
		}
	}
	return slices.DeleteFunc(all, func(u *unit) bool { return u.into != nil })
}

// permitted refuses units whose collections would be wrong for one of the APIs
// that come from their declarations, and files that must not be edited.
func (p *planner) permitted(u *unit) error {
	if u.blocked != "" {
		return refuse("%s", u.blocked)
	}
	for _, t := range u.targets {
		if err := p.editable(t.Resource.Path()); err != nil {
			return err
		}
		if err := t.choose(); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) editable(path string) error {
	f := p.Graph.File(path)
	switch {
	case f == nil:
		return leave("the file is not part of the repository")
	case f.GeneratedFrom != "":
		return leave("%s is compiled from %s; fix that and compile it again", path, f.GeneratedFrom)
	case len(f.Diagnostics) > 0:
		return leave("the file has syntax errors; correct them first")
	case github(path):
		return leave("files below .github/ are never changed")
	}
	if e, ok := p.Snapshot.Lookup(path); !ok || e.Mode > source.Executable {
		return leave("the file is a symbolic link")
	}
	return nil
}

// github reports whether a path is below .github, in any spelling that some
// file system takes for it.
func github(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.EqualFold(strings.TrimRight(first, " ."), ".github")
}

// write makes the edits of each declaration, file by file, so that the names
// given in one file are told apart.
func (p *planner) write(units []*unit) []*unit {
	var out []*unit
	left := map[string]int{} // declarations still to write, by path
	for _, u := range units {
		for _, t := range u.targets {
			left[t.Resource.Path()]++
		}
	}
	for _, u := range units {
		if p.apart {
			for _, w := range p.writers {
				w.forget()
			}
		}
		if err := p.writeUnit(u); err != nil {
			p.reject(u, err)
		} else {
			out = append(out, u)
		}
		for _, t := range u.targets {
			path := t.Resource.Path()
			if left[path]--; left[path] == 0 {
				delete(p.writers, path) // syntax trees are large, and there may be thousands
			}
		}
	}
	return out
}

func (p *planner) writeUnit(u *unit) error {
	for _, t := range u.targets {
		edits, err := p.writer(t.Resource).edits(t)
		if err != nil {
			return err
		}
		t.edits = edits
	}
	return nil
}

// toLineStart moves an insertion of whole lines from the end of a line to the
// start of the next one. The bytes that come out are the same, but a diff then
// shows nothing but added lines. br is the file's line break.
func toLineStart(e diag.TextEdit, content []byte, br string) diag.TextEdit {
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
	// forget lets what comes next use nothing that earlier edits declare; their
	// names stay taken.
	forget()
	// snippet is a collection for an API to start from by hand; "" when the
	// declaration cannot be taken apart.
	snippet(r *deployment.Resource) string
}

// writer is the one for the file of a resource. Registry modules are called
// from Bicep only.
func (p *planner) writer(r *deployment.Resource) writer {
	path := r.Path()
	if p.writers[path] == nil {
		f := p.Graph.Source(path)
		if file := p.Graph.File(path); file.Template.Language == template.Bicep {
			p.writers[path] = newBicepWriter(f, p.APIVersion)
		} else {
			p.writers[path] = newARMWriter(f, p.APIVersion)
		}
	}
	return p.writers[path]
}

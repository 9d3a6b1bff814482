package deployment

import (
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Place is where the repository says something: a declaration, or the call of
// a registry module, whose own text is not the repository's.
type Place struct {
	Path string
	// Decl is the whole declaration, Anchor where findings point.
	Decl, Anchor source.Span
}

// Place is the resource's declaration; of a resource in a registry module it is
// the call in the repository that brings it.
func (r *Resource) Place() Place {
	if c := r.in.entry; c != nil {
		return Place{c.Template.File.Path, c.Module.Decl, c.Module.Anchor}
	}
	return Place{r.Template.File.Path, r.Decl.Decl, r.Decl.Anchor}
}

// Entry is the call in the repository through which the registry module was
// entered that declares the resource; nil for a resource of the repository.
func (r *Resource) Entry() *template.Module {
	if r.in.entry == nil {
		return nil
	}
	return r.in.entry.Module
}

// place is where a diagnostic about a part of the instance's template goes.
func (in *instance) place(at source.Span) (string, source.Span) {
	if c := in.entry; c != nil {
		return c.Template.File.Path, c.Module.Anchor
	}
	return in.template.File.Path, at
}

// Handed is what the repository writes for a value that it hands over to the
// registry module which declares the resource. It is not ok for a value that
// comes from somewhere else.
func (r *Resource) Handed(v expr.Value) (text string, ok bool) {
	in := r.in
	if in.entry == nil || v.IsUnknown() {
		return "", false
	}
	d := in.d
	d.quiet = true
	defer func() {
		d.quiet = false
		d.eval.Reset() // no property is to blame for what words took
	}()
	for in.calls[len(in.calls)-1] != in.entry {
		in = in.calls[len(in.calls)-1].in
	}
	for _, name := range sortedKeys(in.handed) {
		x := in.handed[name]
		if expr.SameName(d.eval.Eval(in.handedIn, x), v) == expr.True {
			return sourceText(in.entry.Template.File, x), true
		}
	}
	return "", false
}

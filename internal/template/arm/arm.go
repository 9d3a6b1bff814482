// Package arm reads ARM JSON, templates and parameter files, into the model of
// package template. It accepts what Azure accepts, which is more than JSON, and
// gives everything its exact place in the file. It evaluates nothing and
// decides nothing.
//
// Reading is in two steps. The first validates the file and makes a copy of
// equal length that is strict JSON (see cleanCopy); the second walks the copy
// with gjson, which skips what nobody asks for, and takes gjson's offsets as
// those of the file.
package arm

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Parse reads a deployment template. It reports false for a file that is not
// one by [Classify].
//
// Of a file with syntax errors the result has the Diagnostics, and what could
// be read around them; where that could not go on it has nothing else. A
// nested deployment becomes a module with an Inline template; Suppressions and
// Diagnostics of those are with the template of the file.
func Parse(f *source.File) (*template.Template, bool) {
	if Classify(f.Content) != KindTemplate {
		return nil, false
	}
	r := newReader(f)
	t := &template.Template{File: f, Language: template.ARM, TargetScope: scopeResourceGroup}
	r.root = t
	if r.copy.whole {
		r.template(gjson.Parse(r.copy.text), t, nil)
		t.Suppressions = r.suppressions()
	}
	t.Others = template.NewOthers(r.aside, func() []*template.Resource { return others(f) })
	t.Diagnostics = r.diagnosticsInOrder()
	return t, true
}

// others are the resources that [Parse] leaves out.
func others(f *source.File) []*template.Resource {
	r := newReader(f)
	t := &template.Template{File: f, Language: template.ARM}
	r.template(gjson.Parse(r.copy.text), t, nil)
	return slices.DeleteFunc(t.Resources, func(x *template.Resource) bool { return !x.Aside() })
}

// ParseParameters reads a parameter file. It reports false for a file that is
// not one by [Classify]. The values of a parameter file are never expressions.
func ParseParameters(f *source.File) (*template.ParameterFile, bool) {
	if Classify(f.Content) != KindParameters {
		return nil, false
	}
	r := newReader(f)
	r.plain, r.placeholders = true, true
	p := &template.ParameterFile{File: f, Language: template.ARM}
	if r.copy.whole && !r.copy.recovered {
		r.parameterFile(gjson.Parse(r.copy.text), p)
	}
	p.Diagnostics = r.diagnosticsInOrder()
	return p, true
}

// reader turns the values of one file into the model.
type reader struct {
	file        *source.File
	copy        cleanCopy
	diagnostics []diag.Diagnostic
	// plain says that strings are not expressions.
	plain bool
	// placeholders says that strings may hold variables of the environment.
	placeholders bool
	nodes        arena
	// root is the template whose resources are left out if they are Aside, nil
	// for none. Those are of the symbols aside, and their nodes are in scratch, so
	// that no block of nodes is kept for the sake of others in it.
	root    *template.Template
	aside   []string
	scratch arena
	// places are kept only if there is a comment to match them with; carried are
	// the suppressions in properties.
	places  places
	carried []template.Suppression
}

func newReader(f *source.File) *reader {
	c := clean(f)
	return &reader{file: f, copy: c, diagnostics: c.diagnostics}
}

func (r *reader) report(s source.Span, summary, detail string) {
	if len(r.diagnostics) < maxDiagnostics {
		r.diagnostics = append(r.diagnostics, unreadable(r.file.Path, s, summary, detail))
	}
}

func (r *reader) diagnosticsInOrder() []diag.Diagnostic {
	diag.Sort(r.diagnostics)
	// A name is read by itself and with the resource.
	return slices.CompactFunc(r.diagnostics, func(a, b diag.Diagnostic) bool { return diag.Compare(a, b) == 0 })
}

// span is where a value stands. The root is all of the text to gjson, so its
// end is that of the file.
func span(v gjson.Result) source.Span {
	return source.Span{Start: v.Index, End: v.Index + len(v.Raw)}
}

// entrySpan is where a property stands, from its name to the end of its value.
func entrySpan(key, v gjson.Result) source.Span {
	return source.Span{Start: key.Index, End: v.Index + len(v.Raw)}
}

// text is the text of a string token; gjson's own stops at a raw line break
// behind an escape.
func text(v gjson.Result) string {
	if v.Type != gjson.String {
		return ""
	}
	return validText(unescape(v.Raw[1:len(v.Raw)-1], nil))
}

// members calls visit for every property of an object. Names that mean
// something to Azure do so in any case.
func members(v gjson.Result, visit func(name string, key, value gjson.Result)) {
	if !v.IsObject() {
		return
	}
	v.ForEach(func(key, value gjson.Result) bool {
		visit(text(key), key, value)
		return true
	})
}

// member is the value of an object's property, by its name in lower case; the
// last one counts.
func member(v gjson.Result, name string) gjson.Result {
	var found gjson.Result
	members(v, func(n string, _, value gjson.Result) {
		if equalFold(n, name) {
			found = value
		}
	})
	return found
}

// elements calls visit for every element of an array, or for the values of an
// object.
func elements(v gjson.Result, visit func(key, value gjson.Result)) {
	if v.Type != gjson.JSON {
		return
	}
	v.ForEach(func(key, value gjson.Result) bool {
		visit(key, value)
		return true
	})
}

// parameterFile reads the root of a parameter file.
func (r *reader) parameterFile(root gjson.Result, p *template.ParameterFile) {
	members(root, func(name string, _, v gjson.Result) {
		switch {
		case equalFold(name, "metadata"):
			t := member(v, "template")
			p.Template, p.TemplateAt = text(t), span(t)
		case equalFold(name, "parameters"):
			p.Assignments = nil
			members(v, func(_ string, key, entry gjson.Result) {
				a := template.Assignment{Name: text(key), At: span(key)}
				if value := member(entry, "value"); value.Exists() {
					a.Value = r.value(value)
				} else {
					a.Value = &expr.Invalid{Node: expr.Node{At: span(entry)}}
				}
				p.Assignments = append(p.Assignments, a)
			})
			p.Assignments = lastOfEach(p.Assignments, func(a template.Assignment) string { return a.Name })
		}
	})
}

// lastOfEach leaves the last of the items with the same name, compared without
// case: so does Azure's reader with a property that is there twice. Items with
// no name are all left.
func lastOfEach[T any](items []T, name func(T) string) []T {
	if len(items) < 2 {
		return items
	}
	seen := make(map[string]bool, len(items))
	kept := len(items)
	for _, item := range slices.Backward(items) {
		n := strings.ToLower(name(item))
		if seen[n] {
			continue
		}
		seen[n] = n != ""
		kept--
		items[kept] = item
	}
	return items[kept:]
}

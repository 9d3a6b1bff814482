package deployment

import (
	"fmt"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Deployment is what one root brings with one set of parameters.
type Deployment struct {
	Root Root
	// Resources are those that the rule reads, in order of declaration; the
	// existing ones are among them. What is certainly not deployed is, too,
	// with a condition that is false.
	Resources []*Resource
	// Diagnostics say what could not be evaluated, and where.
	Diagnostics []diag.Diagnostic

	asked
	work int // what it took, see [maxWork]
}

// asked is what a deployment was evaluated with. The properties of its resources
// are evaluated when somebody asks for them, so that it may become more.
type asked struct {
	reached map[string]bool
	wanted  map[string]bool
	modules map[string]bool // registry modules of which nothing is known
}

// Reached are the files that the deployment consists of, as far as they had to
// be looked at by now, sorted.
func (a asked) Reached() []string { return sortedKeys(a.reached) }

// Wanted are files of the snapshot that were asked for by now and are not
// loaded, sorted. With them the outcome may be better.
func (a asked) Wanted() []string { return sortedKeys(a.wanted) }

// Modules are the full references of registry modules that were asked for by
// now and of which nothing is known, sorted. With them, too, it may be better.
func (a asked) Modules() []string { return sortedKeys(a.modules) }

// Work is how many steps of evaluation the deployment took. It says how long the
// same takes again, whatever the machine.
func (d *Deployment) Work() int { return d.work }

// expander expands one deployment. It belongs to one goroutine.
type expander struct {
	graph     *Graph
	options   Options
	eval      *expr.Evaluator
	libraries map[string]*instance
	out       *Deployment
	nested    map[*template.Template]map[string]any
	loaded    map[loaded]expr.Value
	handedBy  map[*template.Module]map[string]expr.Expr
	calls     int
	instances int  // module calls that were looked into, also for nothing but an output
	followed  int  // see [maxFollowedOnce]
	full      bool // maxResources or maxCalls was reported
	exhausted bool // that all work is done was reported: from then on properties are not known
	quiet     bool // what is evaluated is for words only: nothing is asked for or reported
}

func newExpander(g *Graph, root Root) *expander {
	return &expander{
		graph: g, options: g.options, eval: &expr.Evaluator{},
		out: &Deployment{Root: root, asked: asked{reached: map[string]bool{root.Path: true}}},
	}
}

func (d *expander) want(path string) {
	if !d.quiet {
		put(&d.out.wanted, path, true)
	}
}

// put is for maps that most deployments have no need of; there may be very many
// deployments.
func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

// symbols are the declarations of a template; they are the same for every
// instance of it.
func (d *expander) symbols(t *template.Template) map[string]any {
	if f := d.graph.files[t.File.Path]; f != nil && f.Template == t {
		return f.declared.of(t)
	}
	m, ok := d.nested[t] // a nested template, or one that no file of the graph is
	if !ok {
		m = declarations(t)
		put(&d.nested, t, m)
	}
	return m
}

// local is the template at a path written in a file, nil when there is none.
func (d *expander) local(from, ref string) *template.Template {
	path := d.graph.templateAt(from, ref)
	if path == "" {
		return nil
	}
	put(&d.out.reached, path, true)
	return d.graph.files[path].Template
}

// report adds a diagnostic about the template being expanded.
func (d *expander) report(x diag.Diagnostic) {
	if !d.quiet {
		d.out.Diagnostics = append(d.out.Diagnostics, x)
	}
}

// expand walks one instance: its resources, then the parts it calls.
func (in *instance) expand() {
	for _, r := range in.template.Resources {
		in.expandResource(r, nil, in.condition)
	}
	for _, m := range in.template.Modules {
		in.expandModule(m)
	}
}

// expandResource adds a declaration's resources, one for each iteration, and
// those nested in it.
func (in *instance) expandResource(r *template.Resource, container *resourceHandle, above expr.Value) {
	if !r.Concerns() {
		return
	}
	h := &resourceHandle{in: in, decl: r, scope: in.scope()}
	if container != nil {
		h = container.nested(r)
		h.looped = false
	}
	in.each(r.Loop, h.scope, r.Anchor, func(scope expr.Scope, present, _ expr.Value) {
		one := *h
		one.scope = scope
		in.addResource(&one, expr.And(above, present))
	})
}

func (in *instance) addResource(h *resourceHandle, present expr.Value) {
	d, r := in.d, h.decl
	if !in.room(r.Anchor) || in.nameless(r) || isAPI(r) && !in.roomOfOwn(r.Anchor) {
		return
	}
	condition := present
	if r.Condition != nil {
		condition = expr.And(present, truth(d.eval.Eval(h.scope, r.Condition)))
	}
	out := &Resource{
		Type: r.FullType(), Segments: h.segments(), Target: h.target(), Condition: condition, Existing: r.Existing,
		Calls: in.calls, Decl: r, Template: in.template, in: in, scope: h.scope,
	}
	out.Scope, out.HasScope = h.extends()
	if template.Relevant(out.Type) {
		in.limit(r.Anchor)
		d.out.Resources = append(d.out.Resources, out)
	}
	below := present
	if in.template.Language == template.Bicep {
		// Bicep compiles the condition of a resource into those nested in it;
		// Azure does not do so by itself.
		below = condition
	}
	for _, c := range r.Children {
		in.expandResource(c, h, below)
	}
}

func isAPI(r *template.Resource) bool {
	return !r.Existing && strings.EqualFold(r.FullType(), template.TypeAPI)
}

// nameless reports whether an API is written without a name, or with something
// that is none, and says so. Where a file has syntax errors, which are said
// already, the name may be among them.
func (in *instance) nameless(r *template.Resource) bool {
	if !isAPI(r) {
		return false
	}
	switch x := r.Name.(type) {
	case nil, *expr.Array, *expr.Object, *expr.Invalid:
	case *expr.Literal:
		if k := x.Value.Kind(); k == expr.KindString || k == expr.KindInt {
			return false
		}
	default:
		return false
	}
	if f := in.d.graph.files[in.template.File.Path]; f != nil && len(f.Diagnostics) > 0 {
		return true
	}
	path, at := in.place(r.Anchor)
	in.d.report(diag.Diagnostic{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: path, Span: at,
		Summary: "API without a name",
		Detail:  "could not evaluate: an API is declared here, and its name is missing or no text. Azure refuses such a template; give it a name.",
	})
	return true
}

// truth reads a condition, which ARM also takes as a string.
func truth(v expr.Value) expr.Value {
	if s, ok := v.AsString(); ok {
		switch strings.ToLower(s) {
		case "true":
			return expr.Bool(true)
		case "false":
			return expr.Bool(false)
		}
	}
	return v
}

// each runs the body of a loop for each element, or once without a loop.
func (in *instance) each(l *template.Loop, s expr.Scope, at source.Span, body func(s expr.Scope, present, position expr.Value)) {
	if l == nil {
		body(s, expr.Bool(true), expr.Int(0))
		return
	}
	e := in.d.eval
	var loop expr.Loop
	over := l.In
	if over == nil {
		over = l.Count
	}
	collection, guard := expr.Guarded(e.Eval(s, over))
	if l.In == nil {
		loop = in.times(collection)
	} else {
		loop = e.Over(collection)
	}
	defer e.Close(loop)
	if len(loop.Items) > expr.MaxLoop {
		e.Exceed(fmt.Sprintf("%d iterations of one loop", expr.MaxLoop))
	}
	if in.limit(at) {
		return
	}
	for i, item := range loop.Items {
		var inner expr.Scope
		if l.In == nil {
			inner = copyScope{Scope: s, eval: e, name: l.Name, position: loop.Positions[i]}
		} else {
			inner = expr.WithElement(s, l.Item, l.Index, item, loop.Positions[i])
		}
		body(inner, expr.And(guard, loop.Condition), loop.Positions[i])
	}
}

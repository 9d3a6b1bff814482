package deployment

import (
	"fmt"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Limits of one deployment.
const (
	// maxModuleDepth is how deep modules may call each other.
	maxModuleDepth = 32
	// maxResources is how many resources one deployment expands to, and
	// maxCalls how many module calls. Azure refuses templates with more than
	// 800 resources after their loops, and a module is one.
	maxResources = 20000
	maxCalls     = 20000
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
	// Reached are the files that the deployment consists of, sorted.
	Reached []string
	// Wanted are files of the snapshot that were asked for and are not loaded,
	// sorted. With them the outcome may be better.
	Wanted []string
	// Modules are the full references of registry modules that were asked for
	// and of which nothing is known, sorted. With them, too, it may be better.
	Modules []string

	work int // what it took, see [maxWork]
}

// Work is how many steps of evaluation the deployment took. It says how long the
// same takes again, whatever the machine.
func (d *Deployment) Work() int { return d.work }

// expander expands one deployment. It belongs to one goroutine.
type expander struct {
	graph     *Graph
	options   Options
	eval      *expr.Evaluator
	context   map[string]func(*instance, []expr.Value) expr.Value
	libraries map[string]*instance
	reached   map[string]bool
	wanted    map[string]bool
	modules   map[string]bool // registry modules of which nothing is known
	out       *Deployment
	nested    map[*template.Template]map[string]symbol
	loaded    map[loaded]expr.Value
	handedBy  map[*template.Module]map[string]expr.Expr
	calls     int
	followed  int  // see [maxFollowedOnce]
	full      bool // maxResources or maxCalls was reported
}

func newExpander(g *Graph, root Root) *expander {
	return &expander{
		graph: g, options: g.options, eval: &expr.Evaluator{}, context: contextTable(),
		libraries: map[string]*instance{}, reached: map[string]bool{root.Path: true}, wanted: map[string]bool{},
		modules: map[string]bool{}, nested: map[*template.Template]map[string]symbol{}, loaded: map[loaded]expr.Value{},
		handedBy: map[*template.Module]map[string]expr.Expr{}, out: &Deployment{Root: root},
	}
}

func (d *expander) want(path string) { d.wanted[path] = true }

// symbols are the declarations of a template; they are the same for every
// instance of it.
func (d *expander) symbols(t *template.Template) map[string]symbol {
	if m, ok := d.graph.symbols[t]; ok {
		return m
	}
	m, ok := d.nested[t] // a nested template, or one that no file of the graph is
	if !ok {
		m = declarations(t)
		d.nested[t] = m
	}
	return m
}

// local is the template at a path written in a file, nil when there is none.
func (d *expander) local(from, ref string) *template.Template {
	path := d.graph.templateAt(from, ref)
	if path == "" {
		return nil
	}
	d.reached[path] = true
	return d.graph.files[path].Template
}

// report adds a diagnostic about the template being expanded.
func (d *expander) report(x diag.Diagnostic) { d.out.Diagnostics = append(d.out.Diagnostics, x) }

// limit reports a limit that was exceeded since the last call, at a place.
func (in *instance) limit(at source.Span) bool {
	d := in.d
	err := d.eval.Err()
	if err == nil {
		return false
	}
	d.eval.Reset()
	path, at := in.place(at)
	d.report(diag.Diagnostic{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: path, Span: at,
		Summary: "Could not be evaluated",
		Detail: fmt.Sprintf("could not evaluate: stopped at %s. What hangs on it is not checked; "+
			"simplify the expression or split the template.", err.What),
	})
	return true
}

// expand walks one instance: its resources, then the parts it calls.
func (in *instance) expand() {
	for _, r := range in.template.Resources {
		in.expandResource(r, nil, in.condition, 0)
	}
	for _, m := range in.template.Modules {
		in.expandModule(m)
	}
}

// expandResource adds a declaration's resources, one for each iteration, and
// those nested in it.
func (in *instance) expandResource(r *template.Resource, container *resourceHandle, above expr.Value, iteration int) {
	if !r.Concerns() {
		return
	}
	h := &resourceHandle{in: in, decl: r, scope: in.scope()}
	if container != nil {
		h = container.nested(r)
		h.looped = false
	}
	in.each(r.Loop, h.scope, r.Anchor, func(scope expr.Scope, present expr.Value, symbolic bool, position expr.Value) {
		one := *h
		one.scope = scope
		i, _ := position.AsInt()
		in.addResource(&one, expr.And(above, present), symbolic, iteration*expr.MaxLoop+int(i))
	})
}

func (in *instance) addResource(h *resourceHandle, present expr.Value, symbolic bool, iteration int) {
	d, r := in.d, h.decl
	if !in.room(r.Anchor) || in.nameless(r) {
		return
	}
	condition := present
	if r.Condition != nil {
		condition = expr.And(present, truth(d.eval.Eval(h.scope, r.Condition)))
	}
	out := &Resource{
		Type: r.FullType(), Segments: h.segments(), Target: h.target(), Condition: condition, Existing: r.Existing,
		Calls: in.calls, Decl: r, Template: in.template, Iteration: iteration, Symbolic: symbolic, in: in, scope: h.scope,
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
		in.expandResource(c, h, below, iteration)
	}
}

// nameless reports whether an API is written without a name, or with something
// that is none, and says so. Where a file has syntax errors, which are said
// already, the name may be among them.
func (in *instance) nameless(r *template.Resource) bool {
	if r.Existing || !strings.EqualFold(r.FullType(), template.TypeAPI) {
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

// room reports whether the deployment may grow. That it may not is said once,
// at the place where it would have.
func (in *instance) room(at source.Span) bool {
	d := in.d
	if d.full {
		return false
	}
	switch {
	case len(d.out.Resources) >= maxResources:
		d.eval.Exceed(fmt.Sprintf("%d resources in one deployment", maxResources))
	case d.calls >= maxCalls:
		d.eval.Exceed(fmt.Sprintf("%d module calls in one deployment", maxCalls))
	default:
		return true
	}
	d.full = true
	in.limit(at)
	return false
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
func (in *instance) each(l *template.Loop, s expr.Scope, at source.Span, body func(s expr.Scope, present expr.Value, symbolic bool, position expr.Value)) {
	if l == nil {
		body(s, expr.Bool(true), false, expr.Int(0))
		return
	}
	e := in.d.eval
	var loop expr.Loop
	if l.In == nil {
		count := e.Eval(s, l.Count)
		if text, ok := expr.Text(count); ok && count.Kind() == expr.KindString {
			count = e.Apply("int", []expr.Value{expr.String(text)})
		}
		loop = e.Times(count)
	} else {
		loop = e.Over(e.Eval(s, l.In))
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
			inner = copyScope{s, e, l.Name, loop.Positions[i]}
		} else {
			inner = expr.WithElement(s, l.Item, l.Index, item, loop.Positions[i])
		}
		body(inner, loop.Condition, loop.Symbolic, loop.Positions[i])
	}
}

// expandModule expands what a module call brings.
func (in *instance) expandModule(m *template.Module) {
	if in.idle(m) {
		return
	}
	in.each(m.Loop, in.scope(), m.Anchor, func(scope expr.Scope, present expr.Value, _ bool, position expr.Value) {
		element := ""
		if m.Loop != nil {
			element = elementKey(position)
		}
		condition := expr.And(in.condition, present)
		if m.Condition != nil {
			condition = expr.And(condition, truth(in.d.eval.Eval(scope, m.Condition)))
		}
		if condition.IsFalse() || !in.room(m.Anchor) {
			return
		}
		in.d.calls++
		child := in.child(m, scope, element)
		if child == nil {
			return
		}
		child.condition = condition
		in.limit(m.Anchor)
		if in.d.eval.Spend(1) {
			child.expand()
		}
	})
}

// child is the instance of a module call; nil when there is no template for
// it, which has been said then. element tells the iterations of a loop apart,
// see elementKey.
func (in *instance) child(m *template.Module, scope expr.Scope, element string) *instance {
	id := in.id + "/" + m.Symbol + "@" + spanKey(m.Decl) + element
	if c, ok := in.children[id]; ok {
		return c
	}
	t := m.Inline
	if t == nil {
		if t = in.called(m); t == nil {
			in.children[id] = nil
			return nil
		}
	}
	c := newInstance(in.d, t, id, in.moduleTarget(m, scope, t))
	call := &Call{Module: m, Template: in.template, in: in}
	c.calls = append(append(make([]*Call, 0, len(in.calls)+1), in.calls...), call)
	c.entry = in.entry
	if c.entry == nil && inRegistry(m.Path) {
		c.entry = call
	}
	if m.Inline != nil && m.OuterScope {
		c.outer = scope
	}
	c.handed, c.handedIn = in.handsOver(m, t), scope
	in.children[id] = c
	return c
}

// handsOver are the values that a call hands over to a template, by folded name.
// They are the same for each element of a loop, which may have very many.
func (in *instance) handsOver(m *template.Module, t *template.Template) map[string]expr.Expr {
	if all, ok := in.d.handedBy[m]; ok || m.Parameters == nil {
		return all
	}
	all := map[string]expr.Expr{}
	for _, p := range m.Parameters.Properties {
		key, ok := expr.LiteralString(p.Key)
		switch {
		case ok:
			all[strings.ToLower(key)] = p.Value
		case p.Key == nil: // a spread, or a whole object: any parameter may be in it
			for _, q := range t.Parameters {
				member := &expr.Member{Node: expr.Node{At: p.At}, Base: p.Value, Name: q.Name, Safe: true}
				if in.template.Language == template.ARM {
					member = &expr.Member{Node: member.Node, Base: member, Name: "value", Safe: true}
				}
				all[strings.ToLower(q.Name)] = member
			}
		}
	}
	in.d.handedBy[m] = all
	return all
}

// elementKey names an element of a loop: the one that expanding a module makes
// is the one whose outputs expressions ask for.
func elementKey(position expr.Value) string { return "[" + position.Key() + "]" }

// called finds the template of a module.
func (in *instance) called(m *template.Module) *template.Template {
	from := in.template.File.Path
	switch {
	case m.Path == "":
		in.unresolved(m, "its link is computed during the deployment")
		return nil
	case in.entry != nil:
		in.unresolved(m, "it lies outside of the registry module that refers to it")
		return nil
	case inRegistry(m.Path):
		return in.fromRegistry(m)
	case templateSpec(m.Path):
		in.unresolved(m, "it is a template spec, which only Azure can read")
		return nil
	}
	t := in.d.local(from, m.Path)
	if t == nil {
		in.unresolved(m, "there is no such template in the repository")
		return nil
	}
	depth := 0
	for _, c := range in.calls {
		if c.Template == t {
			depth = maxModuleDepth
		}
	}
	if len(in.calls)+1 > maxModuleDepth || depth == maxModuleDepth || in.template == t {
		in.d.report(diag.Diagnostic{
			Code: CodeNotEvaluated, Severity: diag.Failure, Path: from, Span: m.Anchor,
			Summary: "Modules call each other in a circle or too deep",
			Detail: fmt.Sprintf("could not evaluate: %q is reached from itself, or through more than %d modules. "+
				"Azure refuses such a deployment; break the circle.", m.Path, maxModuleDepth),
		})
		return nil
	}
	return t
}

func (in *instance) unresolved(m *template.Module, why string) {
	at := m.PathAt
	if at.Len() == 0 {
		at = m.Anchor
	}
	what := fmt.Sprintf("Module %q", m.Path)
	if m.Path == "" {
		what = "Linked template"
	}
	path, at := in.place(at)
	in.d.report(diag.Diagnostic{
		Code: CodeUnresolved, Severity: diag.Notice, Path: path, Span: at,
		Summary: what + " not resolved",
		Detail:  "It was not read because " + why + ". APIs that it declares are not checked here, and its outputs are unknown.",
	})
}

// moduleTarget is where a module is deployed to.
func (in *instance) moduleTarget(m *template.Module, scope expr.Scope, t *template.Template) Target {
	target := in.target
	e := in.d.eval
	if m.Scope != nil {
		v := e.Eval(scope, m.Scope)
		if t, ok := scopeTarget(v); ok {
			target = t
		} else if expr.HandleOf(v) == nil && in.template.Language == template.Bicep {
			target = in.openTarget(v, m.Decl)
		}
	}
	if m.Subscription != nil {
		target = Target{Subscription: e.Eval(scope, m.Subscription)}
	}
	if m.ResourceGroup != nil {
		target.ResourceGroup = e.Eval(scope, m.ResourceGroup)
	}
	if target.ResourceGroup.IsUnknown() && strings.EqualFold(t.TargetScope, "resourceGroup") {
		target.ResourceGroup = expr.Atom(in.id+" resource group of "+spanKey(m.Decl), expr.KindString)
	}
	return target
}

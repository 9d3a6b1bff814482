package deployment

import (
	"fmt"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// expandModule expands what a module call brings.
func (in *instance) expandModule(m *template.Module) {
	if in.idle(m) {
		return
	}
	in.each(m.Loop, in.scope(), m.Anchor, func(scope expr.Scope, present, position expr.Value) {
		element := ""
		if m.Loop != nil {
			element = elementKey(position)
		}
		condition := expr.And(in.condition, present)
		if m.Condition != nil {
			condition = expr.And(condition, truth(in.d.eval.Eval(scope, m.Condition)))
		}
		if condition.IsFalse() || !in.room(m.Anchor) || !in.roomOfOwn(m.Anchor) {
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
	if in.d.instances++; in.d.instances > maxCalls {
		in.d.eval.Exceed(fmt.Sprintf("%d module calls in one deployment", maxCalls))
		return nil
	}
	t := m.Inline
	if t == nil {
		if t = in.called(m); t == nil {
			if !in.d.quiet { // else it would never be said
				put(&in.children, id, nil)
			}
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
	put(&in.children, id, c)
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
	put(&in.d.handedBy, m, all)
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
		in.unresolved(m, "its link does not tell which file of the repository it is, as relativePath would")
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
		if target.Subscription.IsUnknown() {
			target.Subscription = expr.Atom(in.id+" subscription of "+spanKey(m.Decl), expr.KindString)
		}
	}
	if m.ResourceGroup != nil {
		target.ResourceGroup = e.Eval(scope, m.ResourceGroup)
	}
	if target.ResourceGroup.IsUnknown() && strings.EqualFold(t.TargetScope, "resourceGroup") {
		target.ResourceGroup = expr.Atom(in.id+" resource group of "+spanKey(m.Decl), expr.KindString)
	}
	return target
}

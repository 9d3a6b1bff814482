package deployment

import (
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

func spanKey(s source.Span) string { return strconv.Itoa(s.Start) }

// resourceHandle is a resource as expressions see it: what its symbol gives,
// or one element of it when the declaration is a loop.
type resourceHandle struct {
	in        *instance
	decl      *template.Resource
	scope     expr.Scope
	container *resourceHandle // the resource it is nested in
	looped    bool            // a loop of which no element was chosen yet
}

// resourceValue is a top-level resource as its symbol gives it.
func (in *instance) resourceValue(r *template.Resource) expr.Value {
	h := &resourceHandle{in: in, decl: r, scope: in, looped: r.Loop != nil}
	return h.value("")
}

func (h *resourceHandle) value(element string) expr.Value {
	return expr.HandleValue("resource "+h.in.id+"@"+spanKey(h.decl.Decl)+element, h)
}

// nested makes the handle of a resource that is nested in this one.
func (h *resourceHandle) nested(decl *template.Resource) *resourceHandle {
	return &resourceHandle{in: h.in, decl: decl, scope: nestScope{h.scope, h}, container: h, looped: decl.Loop != nil}
}

// nestScope is the inside of a resource: the resources nested in it have their
// symbols there.
type nestScope struct {
	expr.Scope
	within *resourceHandle
}

// Name is a resource nested in the same one, else what the outside has.
func (s nestScope) Name(name string) (expr.Value, bool) {
	for _, c := range s.within.decl.Children {
		if c.Symbol != "" && c.Symbol == name {
			return s.within.nested(c).value(""), true
		}
	}
	return s.Scope.Name(name)
}

// Member is what is known of a resource before it is deployed.
func (h *resourceHandle) Member(name string) (expr.Value, bool) {
	if symbol, ok := strings.CutPrefix(name, "::"); ok {
		for _, c := range h.decl.Children {
			if c.Symbol == symbol {
				return h.nested(c).value(""), true
			}
		}
		return expr.Value{}, false
	}
	if h.looped {
		return expr.Value{}, false
	}
	switch strings.ToLower(name) {
	case "name":
		if h.decl.Name == nil {
			return expr.Value{}, false
		}
		return h.in.d.eval.Eval(h.scope, h.decl.Name), true
	case "id":
		return h.id(), true
	case "type":
		return expr.String(h.decl.FullType()), true
	case "apiversion":
		return expr.String(h.decl.APIVersion), true
	}
	return expr.Value{}, false
}

// Element is the resource at a position of its loop.
func (h *resourceHandle) Element(position expr.Value) (expr.Value, bool) {
	if !h.looped {
		return expr.Value{}, false
	}
	one := *h
	one.looped = false
	one.scope = h.in.elementScope(h.scope, h.decl.Loop, position)
	return one.value(elementKey(position)), true
}

// elementScope is the scope of a loop's body at a position.
func (in *instance) elementScope(s expr.Scope, l *template.Loop, position expr.Value) expr.Scope {
	if l.In == nil {
		return copyScope{Scope: s, eval: in.d.eval, name: l.Name, position: position}
	}
	item := expr.Unknown()
	if in.d.eval.Enter() { // a loop may be over itself
		collection, _ := expr.Guarded(in.d.eval.Eval(s, l.In))
		item = in.d.eval.IndexOf(collection, position)
		in.d.eval.Leave()
	}
	return expr.WithElement(s, l.Item, l.Index, item, position)
}

// copyScope is the inside of an ARM copy loop.
type copyScope struct {
	expr.Scope
	eval     *expr.Evaluator
	name     string
	position expr.Value
	// value says that the loop makes an array, and no resources.
	value bool
}

// Call answers copyIndex(), copyIndex(offset), copyIndex('loop') and
// copyIndex('loop', offset).
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric#copyindex
func (s copyScope) Call(base expr.Value, name string, args []expr.Value) (expr.Value, bool) {
	if !strings.EqualFold(name, "copyIndex") {
		return s.Scope.Call(base, name, args)
	}
	rest := args
	if loop, ok := argText(args, 0); ok {
		if !strings.EqualFold(loop, s.name) {
			return s.Scope.Call(base, name, args)
		}
		rest = args[1:]
	} else if s.value { // without a name it is the position of the resource, if that has one
		if v, ok := s.Scope.Call(base, name, args); ok {
			return v, true
		}
	}
	if len(rest) == 0 {
		return s.position, true
	}
	return s.eval.Apply("add", []expr.Value{s.position, rest[0]}), true
}

// copyArray makes the array of a copy inside variables or properties: its
// arguments are the loop's name, the count, and the input as a lambda.
func (in *instance) copyArray(args []expr.Value) expr.Value {
	if len(args) != 3 {
		return expr.Unknown()
	}
	name, _ := args[0].AsString()
	e := in.d.eval
	loop := in.times(args[1])
	defer e.Close(loop)
	items := make([]expr.Value, 0, len(loop.Positions))
	for _, position := range loop.Positions {
		v := e.CallWithin(args[2], func(s expr.Scope) expr.Scope { return copyScope{s, e, name, position, true} })
		if loop.Symbolic {
			return e.Mapped(loop, expr.Bool(true), v)
		}
		items = append(items, v)
	}
	return expr.ArrayOf(items...)
}

// times is the loop of a copy, whose count may be a text.
func (in *instance) times(count expr.Value) expr.Loop {
	if text, ok := count.AsString(); ok {
		count = in.d.eval.Apply("int", []expr.Value{expr.String(text)})
	}
	return in.d.eval.Times(count)
}

// target is where the resource is: the deployment's, or for an existing one
// what its scope says.
func (h *resourceHandle) target() Target {
	if h.container != nil {
		return h.container.target()
	}
	if h.decl.Parent != nil && h.in.d.eval.Enter() { // a parent may lead back here
		defer h.in.d.eval.Leave()
		if p := h.parent(); p != nil {
			return p.target()
		}
	}
	if h.decl.Scope != nil && h.in.template.Language == template.Bicep {
		v := h.in.d.eval.Eval(h.scope, h.decl.Scope)
		if t, ok := scopeTarget(v); ok {
			return t
		}
		if expr.HandleOf(v) == nil && h.decl.Existing {
			return h.in.openTarget(v, h.decl.Decl)
		}
	}
	return h.in.target
}

// parent is the resource that Bicep's parent property names.
func (h *resourceHandle) parent() *resourceHandle {
	if h.decl.Parent == nil || !h.in.d.eval.Enter() {
		return nil
	}
	defer h.in.d.eval.Leave()
	p, ok := expr.HandleOf(h.in.d.eval.Eval(h.scope, h.decl.Parent)).(*resourceHandle)
	if !ok {
		return nil
	}
	return p
}

// segments are the parts of the resource's full name; nil when the name
// written down cannot be one of its type.
func (h *resourceHandle) segments() []expr.Value {
	if !h.in.d.eval.Enter() {
		return nil
	}
	defer h.in.d.eval.Leave()
	full := typeSegments(h.decl.FullType())
	if full < 1 || full > maxTypeSegments {
		return nil
	}
	var above []expr.Value
	owner := h.container
	if owner == nil && h.decl.Parent != nil {
		if owner = h.parent(); owner == nil {
			above = make([]expr.Value, full-1) // a parent nobody can see: unknown names
		}
	}
	if owner != nil {
		above = owner.segments()
		if len(above) == 0 || len(above) >= full {
			return nil
		}
	}
	name := expr.Unknown()
	if h.decl.Name != nil {
		name = h.in.d.eval.Eval(h.scope, h.decl.Name)
	}
	own, ok := expr.Segments(name, full-len(above))
	if !ok {
		return nil
	}
	return append(append(make([]expr.Value, 0, full), above...), own...)
}

// maxTypeSegments bounds the parts of a type; Azure has none with more than a
// handful.
const maxTypeSegments = 16

func (h *resourceHandle) id() expr.Value {
	segments := h.segments()
	if segments == nil || !h.in.d.eval.Enter() { // a scope may lead back here
		return expr.Unknown()
	}
	defer h.in.d.eval.Leave()
	prefix := h.target().prefix()
	if scope, ok := h.extends(); ok {
		prefix = scope
	}
	return resourceID(prefix, append([]expr.Value{expr.String(h.decl.FullType())}, segments...))
}

// extends is the ID of the resource that an extension resource is scoped to.
func (h *resourceHandle) extends() (expr.Value, bool) {
	if h.decl.Scope == nil || h.container != nil {
		return expr.Value{}, false
	}
	v := h.in.d.eval.Eval(h.scope, h.decl.Scope)
	switch s := expr.HandleOf(v).(type) {
	case *resourceHandle:
		if strings.EqualFold(s.decl.FullType(), template.TypeResourceGroup) {
			return expr.Value{}, false
		}
		return s.id(), true
	case scopeHandle:
		return expr.Value{}, false
	case nil:
		return v, true
	}
	return expr.Unknown(), true
}

// moduleHandle is a module as expressions see it.
type moduleHandle struct {
	in     *instance
	module *template.Module
	scope  expr.Scope
	looped bool
	// element is the key of the element that was chosen, "" without a loop.
	element string
}

func (in *instance) moduleValue(m *template.Module) expr.Value {
	h := &moduleHandle{in: in, module: m, scope: in, looped: m.Loop != nil}
	return expr.HandleValue("module "+in.id+"@"+spanKey(m.Decl), h)
}

// Member is the module's name, or its outputs.
func (h *moduleHandle) Member(name string) (expr.Value, bool) {
	if h.looped {
		return expr.Value{}, false
	}
	switch strings.ToLower(name) {
	case "name":
		if h.module.Name != nil {
			return h.in.d.eval.Eval(h.scope, h.module.Name), true
		}
	case "outputs":
		if child := h.in.child(h.module, h.scope, h.element); child != nil {
			return expr.HandleValue("outputs "+child.id, outputs{child}), true
		}
	}
	return expr.Value{}, false
}

// Element is the module at a position of its loop.
func (h *moduleHandle) Element(position expr.Value) (expr.Value, bool) {
	if !h.looped {
		return expr.Value{}, false
	}
	one := *h
	one.looped = false
	one.scope = h.in.elementScope(h.scope, h.module.Loop, position)
	one.element = elementKey(position)
	return expr.HandleValue("module "+h.in.id+"@"+spanKey(h.module.Decl)+one.element, &one), true
}

// outputs are the outputs of a part of the deployment.
type outputs struct{ of *instance }

// Member is an output, in ARM an object with its value.
func (o outputs) Member(name string) (expr.Value, bool) {
	for _, out := range o.of.template.Outputs {
		if !strings.EqualFold(out.Name, name) || out.Value == nil {
			continue
		}
		v := o.of.once("output "+strings.ToLower(name), out.At, func() expr.Value { return o.of.d.eval.Eval(o.of.scope(), out.Value) })
		if v.IsUnknown() {
			return expr.Value{}, false
		}
		if len(o.of.calls) > 0 && o.of.calls[len(o.of.calls)-1].Template.Language == template.ARM {
			return expr.ObjectOf(expr.Field{Key: "value", Value: v}), true
		}
		return v, true
	}
	return expr.Value{}, false
}

// Element is false: outputs are no loop.
func (outputs) Element(expr.Value) (expr.Value, bool) { return expr.Value{}, false }

// scope is where the instance's expressions are evaluated.
func (in *instance) scope() expr.Scope {
	if in.outer != nil {
		return in.outer
	}
	return in
}

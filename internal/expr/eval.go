package expr

import (
	"errors"
	"strings"
)

// Evaluator evaluates the expressions of one deployment. It counts its work
// over all of them and gives up, answering unknown, past the limits; Err then
// says which. The zero Evaluator is ready to use. It is not safe for
// concurrent use.
type Evaluator struct {
	steps int
	depth int
	err   *LimitError
	loops map[string]int // symbolic loops that are open, by what they are counted by
	// probing says that it is only to be seen which loops something speaks of.
	probing bool
}

// Eval evaluates an expression in a scope. A nil expression is unknown.
func (e *Evaluator) Eval(s Scope, x Expr) Value {
	if x == nil || !e.Spend(1) || !e.Enter() {
		return Unknown()
	}
	defer e.Leave()
	switch x := x.(type) {
	case *Literal:
		return x.Value
	case *Interpolation:
		parts := make([]Value, len(x.Parts))
		for i, p := range x.Parts {
			parts[i] = e.formatted(e.Eval(s, p))
		}
		return e.concat(parts)
	case *Object:
		return e.object(s, x)
	case *Array:
		return e.array(s, x)
	case *Name:
		if v, ok := s.Name(x.Name); ok {
			return v
		}
		return Unknown()
	case *Member:
		return e.member(s, x)
	case *Nested:
		v, _ := e.MemberOf(e.Eval(s, x.Base), "::"+x.Name)
		return v
	case *Index:
		return e.index(s, x)
	case *Call:
		return e.call(s, x)
	case *Unary:
		return e.unary(x.Op, e.Eval(s, x.X))
	case *Binary:
		return e.binary(s, x)
	case *Conditional:
		return e.conditional(s, x)
	case *NonNull:
		return e.Eval(s, x.X)
	case *Lambda:
		return Value{kind: KindFunc, ref: &closure{lambda: x, scope: s}}
	case *For:
		return e.loop(s, x)
	}
	return Unknown()
}

func (e *Evaluator) object(s Scope, x *Object) Value {
	parts := make([]Value, 0, len(x.Properties))
	fields := make([]Field, 0, len(x.Properties))
	flush := func() {
		if len(fields) > 0 {
			parts, fields = append(parts, writtenObject(fields)), nil
		}
	}
	for _, p := range x.Properties {
		v := e.Eval(s, p.Value)
		if p.Key == nil {
			if v.kind != KindNull {
				flush()
				parts = append(parts, v)
			}
			continue
		}
		key := e.Eval(s, p.Key)
		if name, ok := Text(key); ok && e.Spend(key.cost()) {
			fields = append(fields, Field{Key: name, Value: v})
			continue
		}
		flush()
		parts = append(parts, property(key, v))
	}
	flush()
	return e.overlay(parts)
}

// array evaluates an array literal. With spreads of what is not known it is
// the concatenation that it stands for.
func (e *Evaluator) array(s Scope, x *Array) Value {
	parts := make([]Value, 0, len(x.Items))
	var items []Value
	for _, item := range x.Items {
		v := e.Eval(s, item.Value)
		switch {
		case !item.Spread:
			items = append(items, v)
		case v.kind != KindNull:
			parts, items = append(parts, ArrayOf(items...), v), nil
		}
	}
	if len(parts) == 0 {
		if !e.Spend(len(items)) {
			return Unknown()
		}
		return ArrayOf(items...)
	}
	return e.concatArrays(append(parts, ArrayOf(items...)))
}

func (e *Evaluator) call(s Scope, x *Call) Value {
	plain := x.Base == nil || builtIn(s, x.Base)
	if plain && x.Name == "nameof" { // of Bicep, which tells nameOf() apart
		return nameOf(x.Args)
	}
	args := make([]Value, len(x.Args))
	for i, a := range x.Args {
		args[i] = e.Eval(s, a)
	}
	if plain {
		return e.callPlain(s, x.Name, args)
	}
	base := e.Eval(s, x.Base)
	if v, ok := s.Call(base, x.Name, args); ok {
		return v
	}
	return Apply(Op("."+strings.ToLower(x.Name)), KindUnknown, append([]Value{base}, args...)...)
}

// builtIn reports whether what stands before the dot is one of Bicep's
// namespaces.
func builtIn(s Scope, base Expr) bool {
	n, ok := base.(*Name)
	if !ok || !strings.EqualFold(n.Name, "sys") && !strings.EqualFold(n.Name, "az") {
		return false
	}
	_, shadowed := s.Name(n.Name)
	return !shadowed
}

// nameOf is Bicep's nameof(), which is about the name that is written and not
// about what it names.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions#nameof-function
func nameOf(args []Expr) Value {
	if len(args) != 1 {
		return Unknown()
	}
	switch x := args[0].(type) {
	case *Name:
		return String(x.Name)
	case *Member:
		return String(x.Name)
	case *Nested:
		return String(x.Name)
	case *Index:
		if name, ok := LiteralString(x.Index); ok {
			return String(name)
		}
	}
	return Unknown()
}

func (e *Evaluator) callPlain(s Scope, name string, args []Value) Value {
	if v, ok := s.Call(Value{}, name, args); ok {
		return v
	}
	return e.Apply(name, args)
}

// Apply calls a function of the table. A function that is not in it, and a
// call whose arguments are not known, become a term: pure functions of equal
// terms are equal.
func (e *Evaluator) Apply(name string, args []Value) Value {
	lower := strings.ToLower(name)
	f, ok := functions()[lower]
	if !ok {
		return Apply(Op(lower), KindUnknown, args...)
	}
	if len(args) < f.MinArgs || f.MaxArgs >= 0 && len(args) > f.MaxArgs {
		return Unknown()
	}
	cost := 1
	for _, a := range args {
		cost += a.cost()
	}
	if !e.Spend(cost) {
		return Unknown()
	}
	if f.ready(args) {
		return e.answer(f.Eval(e, args))
	}
	if f.Partial != nil {
		if v, ok := f.Partial(e, args); ok {
			return v
		}
	}
	return Apply(Op(lower), f.Result, args...)
}

// answer is what was computed: unknown where Azure would have refused it.
func (e *Evaluator) answer(v Value, err error) Value {
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return e.Exceed(limit.What)
	}
	if err != nil {
		return Unknown()
	}
	return v
}

func (f *Func) ready(args []Value) bool {
	for _, a := range args {
		switch {
		case a.kind == KindFunc:
		case a.kind == KindTerm || a.kind == KindUnknown:
			return false
		case !f.Shallow && !a.Known():
			return false
		}
	}
	return true
}

// CallLambda calls a lambda with values for its parameters; missing ones are
// unknown and surplus ones are dropped, because several functions hand over a
// position that most lambdas do not name.
func (e *Evaluator) CallLambda(f Value, args ...Value) Value {
	c, ok := f.ref.(*closure)
	if !ok || !e.Spend(callCost) {
		return Unknown()
	}
	locals := make(map[string]Value, len(c.lambda.Params))
	for i, name := range c.lambda.Params {
		if i < len(args) {
			locals[name] = args[i]
		} else {
			locals[name] = Unknown()
		}
	}
	return e.Eval(WithLocals(c.scope, locals), c.lambda.Body)
}

// CallWithin calls a lambda without parameters in its scope as wrap changes it.
func (e *Evaluator) CallWithin(f Value, wrap func(Scope) Scope) Value {
	c, ok := f.ref.(*closure)
	if !ok {
		return Unknown()
	}
	return e.Eval(wrap(c.scope), c.lambda.Body)
}

package expr

import (
	"errors"
	"fmt"
	"strings"
)

// Scope answers what an expression cannot know by itself. A scope belongs to
// one evaluation and need not be safe for concurrent use.
type Scope interface {
	// Name is the value of an identifier, and whether there is such a one.
	Name(name string) (Value, bool)
	// Call is the value of a function that depends on where it is called:
	// parameters('x'), resourceGroup(), reference(…), a user-defined function,
	// loadTextContent(…). base is the value before the dot, or the zero Value.
	// It returns false for a name that is not one of these. args are evaluated.
	Call(base Value, name string, args []Value) (Value, bool)
}

// Limits of one evaluation. The first three are the deployment engine's own:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices
const (
	// MaxLoop is how often a loop may run.
	MaxLoop = 800
	// MaxExpression is the length of a template expression in characters.
	MaxExpression = 24576
	// MaxText is the length of a string that is still computed.
	MaxText = 131072 * 8
	// MaxDepth is how deep evaluation may nest, references included.
	MaxDepth = 400
	// MaxSteps is how much work one evaluator does. It bounds the memory, too: what
	// comes out of a step takes up to fifty bytes.
	MaxSteps = 2_000_000
)

// LimitError says that evaluation stopped at a bound.
type LimitError struct {
	// What was exceeded, as a noun phrase with the limit: "800 loop iterations".
	What string
}

// Error is "limit exceeded: …".
func (e *LimitError) Error() string { return "limit exceeded: " + e.What }

// Evaluator evaluates the expressions of one deployment. It counts its work
// over all of them and gives up, answering unknown, past the limits; Err then
// says which. The zero Evaluator is ready to use. It is not safe for
// concurrent use.
type Evaluator struct {
	steps int
	depth int
	err   *LimitError
	loops map[string]int // symbolic loops that are open, by what they are counted by
}

// Err is the limit that was exceeded, nil when none was.
func (e *Evaluator) Err() *LimitError { return e.err }

// Reset forgets an exceeded limit so that the next expression gets its own
// answer; the work done so far still counts.
func (e *Evaluator) Reset() {
	if e.steps <= MaxSteps {
		e.err = nil
	}
}

// Exceed records that a limit was exceeded, and is unknown.
func (e *Evaluator) Exceed(what string) Value {
	if e.err == nil {
		e.err = &LimitError{What: what}
	}
	return Unknown()
}

// Spend counts n units of work; it is false when the evaluation has done too
// much.
func (e *Evaluator) Spend(n int) bool {
	if e.steps = min(e.steps+n, MaxSteps+1); e.steps > MaxSteps {
		e.Exceed(fmt.Sprintf("%d steps of work in one deployment", MaxSteps))
		return false
	}
	return true
}

// Steps is the work done so far.
func (e *Evaluator) Steps() int { return e.steps }

// Enter counts a level of nesting; it is false when there are too many. Every
// Enter that answered true needs a Leave.
func (e *Evaluator) Enter() bool {
	if e.depth >= MaxDepth {
		e.Exceed(fmt.Sprintf("%d levels of nesting", MaxDepth))
		return false
	}
	e.depth++
	return true
}

// Leave takes back one Enter.
func (e *Evaluator) Leave() { e.depth-- }

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

func (e *Evaluator) concat(parts []Value) Value {
	// Counted before anything is put together: it might not fit in the memory.
	text, pieces := 0, 0
	for _, p := range parts {
		for _, q := range Parts(p) {
			text += len(q.str)
			pieces++
		}
	}
	if text > MaxText {
		return e.Exceed(textLimit().What)
	}
	if !e.Spend(4*pieces + text/16) {
		return Unknown()
	}
	return Concat(parts...)
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

// callCost is how much more than a step it is to call a lambda or to go once
// through a loop, and fieldCost to put a property into an object. A step is
// meant to take less than 50 ns, so that the work of one deployment ends within
// 0.2 seconds.
const (
	callCost  = 8
	fieldCost = 16
)

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

// Params is how many parameters a lambda names, 0 for anything else.
func (v Value) Params() int {
	if c, ok := v.ref.(*closure); ok {
		return len(c.lambda.Params)
	}
	return 0
}

type localScope struct {
	Scope
	locals map[string]Value
}

// WithLocals is the scope with values for some names, which hide the outer
// ones. Names are compared with case, as identifiers are in Bicep.
func WithLocals(s Scope, locals map[string]Value) Scope { return localScope{s, locals} }

// Name is the local of that name, else what the outer scope has.
func (s localScope) Name(name string) (Value, bool) {
	if v, ok := s.locals[name]; ok {
		return v, true
	}
	return s.Scope.Name(name)
}

type elementScope struct {
	Scope
	name  string
	value Value
}

// WithElement is the inside of a loop: the scope with values for the names that
// the loop gives to the element and, unless index is "", to its position. What
// a loop brings is kept with its scope, so this one is small.
func WithElement(s Scope, item, index string, element, position Value) Scope {
	s = elementScope{s, item, element}
	if index != "" {
		s = elementScope{s, index, position}
	}
	return s
}

// Name is the element or its position, else what the outer scope has.
func (s elementScope) Name(name string) (Value, bool) {
	if name == s.name {
		return s.value, true
	}
	return s.Scope.Name(name)
}

package expr

import (
	"cmp"
	"slices"
)

// And is true when all of vs are. Its normal form is flat, sorted and without
// repetition.
func And(vs ...Value) Value { return junction("and", false, vs) }

// Or is true when one of vs is.
func Or(vs ...Value) Value { return junction("or", true, vs) }

// junction joins conditions; absorbing is the one value that decides alone.
func junction(op Op, absorbing bool, vs []Value) Value {
	var terms []Value
	for _, v := range vs {
		if b, ok := v.AsBool(); ok {
			if b == absorbing {
				return v
			}
			continue
		}
		if t := v.Term(); t != nil && t.Op == op {
			terms = append(terms, t.Args...)
			continue
		}
		terms = append(terms, condition(v))
	}
	slices.SortStableFunc(terms, func(a, b Value) int { return cmp.Compare(a.Key(), b.Key()) })
	terms = slices.CompactFunc(terms, Identical)
	keys := make(map[string]bool, len(terms))
	for _, v := range terms {
		keys[v.Key()] = true
	}
	for _, v := range terms {
		if !v.Vague() && keys[Negate(v).Key()] {
			return Bool(absorbing)
		}
	}
	switch len(terms) {
	case 0:
		return Bool(!absorbing)
	case 1:
		return terms[0]
	}
	if weigh(op, terms) > maxWeight {
		return Apply(opChoice, KindBool, append(terms, Bool(absorbing))...)
	}
	return Apply(op, KindBool, terms...)
}

// condition is a value that is to be a boolean: unknown when it cannot be one.
func condition(v Value) Value {
	if v.kind == KindBool || v.kind == KindTerm {
		return v
	}
	return Unknown()
}

// ofConditions makes a junction refuse what is known to be no boolean, whatever
// the others are.
func ofConditions(junction func(...Value) Value) func([]Value) Value {
	return func(vs []Value) Value {
		for _, v := range vs {
			if v.kind != KindUnknown && condition(v).IsUnknown() {
				return Unknown()
			}
		}
		return junction(vs...)
	}
}

// Negate is the negation of a condition.
func Negate(v Value) Value {
	if b, ok := v.AsBool(); ok {
		return Bool(!b)
	}
	if v = condition(v); v.IsUnknown() {
		return v
	}
	if t := v.Term(); t != nil && t.Op == "not" {
		return t.Args[0]
	}
	return Apply("not", KindBool, v)
}

// If is cond ? yes : no.
func If(cond, yes, no Value) Value {
	if b, ok := cond.AsBool(); ok {
		if b {
			return yes
		}
		return no
	}
	if !cond.IsUnknown() && condition(cond).IsUnknown() {
		return Unknown()
	}
	if Identical(yes, no) {
		return yes
	}
	if TypeOf(yes) == KindBool && TypeOf(no) == KindBool {
		return Or(And(cond, yes), And(Negate(cond), no))
	}
	if t := cond.Term(); t != nil && t.Op == "not" {
		return If(t.Args[0], no, yes)
	}
	typ := TypeOf(yes)
	if typ != TypeOf(no) {
		typ = KindUnknown
	}
	if weigh(OpIf, []Value{cond, yes, no}) > maxWeight {
		return Apply(opChoice, typ, cond, yes, no)
	}
	return Apply(OpIf, typ, cond, yes, no)
}

// Empty reports whether a collection or string has nothing in it.
func Empty(v Value) Value {
	if v.IsNull() {
		return Bool(true)
	}
	if n, ok := v.Len(); ok {
		return Bool(n == 0)
	}
	if v.IsUnknown() {
		return v
	}
	t := v.Term()
	if t == nil {
		return Unknown()
	}
	switch t.Op {
	case OpMap:
		return Empty(t.Args[0])
	case OpConcat:
		if slices.ContainsFunc(t.Args, func(p Value) bool { return p.kind == KindString }) {
			return Bool(false)
		}
	case OpIf:
		return If(t.Args[0], Empty(t.Args[1]), Empty(t.Args[2]))
	case "range":
		if len(t.Args) == 2 {
			return less(Int(0), t.Args[1], true)
		}
	default:
	}
	return Apply("empty", KindBool, v)
}

func (e *Evaluator) unary(op UnaryOp, v Value) Value {
	switch op {
	case Not:
		return Negate(v)
	case Minus:
		return e.Apply("sub", []Value{Int(0), v})
	default:
	}
	return v
}

func (e *Evaluator) binary(s Scope, x *Binary) Value {
	a := e.Eval(s, x.X)
	switch { // the right side of a decided condition is never looked at
	case x.Op == AndAlso && a.IsFalse(), x.Op == OrElse && a.IsTrue():
		return a
	case x.Op == Coalesce && a.kind != KindNull && a.kind != KindTerm && a.kind != KindUnknown:
		return a
	}
	b := e.Eval(s, x.Y)
	if !e.Spend(a.cost() + b.cost()) {
		return Unknown()
	}
	switch x.Op {
	case Add:
		return e.Apply("add", []Value{a, b})
	case Subtract:
		return e.Apply("sub", []Value{a, b})
	case Multiply:
		return e.Apply("mul", []Value{a, b})
	case Divide:
		return e.Apply("div", []Value{a, b})
	case Modulo:
		return e.Apply("mod", []Value{a, b})
	case Less:
		return less(a, b, false)
	case LessOrEqual:
		return less(b, a, true)
	case Greater:
		return less(b, a, false)
	case GreaterOrEqual:
		return less(a, b, true)
	case Equal:
		return Equals(a, b)
	case NotEqual:
		return Negate(Equals(a, b))
	case EqualIgnoreCase:
		return equalsFolded(a, b)
	case NotEqualIgnoreCase:
		return Negate(equalsFolded(a, b))
	case AndAlso:
		return ofConditions(And)([]Value{a, b})
	case OrElse:
		return ofConditions(Or)([]Value{a, b})
	case Coalesce:
		return coalesce([]Value{a, b})
	}
	return Unknown()
}

func (e *Evaluator) conditional(s Scope, x *Conditional) Value {
	cond := e.Eval(s, x.Cond)
	if b, ok := cond.AsBool(); ok {
		if b {
			return e.Eval(s, x.Then)
		}
		return e.Eval(s, x.Else)
	}
	yes, no := e.Eval(s, x.Then), e.Eval(s, x.Else)
	if !e.Spend(cond.cost() + yes.cost() + no.cost()) {
		return Unknown()
	}
	return If(cond, yes, no)
}

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

// Equals compares two values as equals() and == do: strings with case.
func Equals(a, b Value) Value {
	if Identical(a, b) {
		if !alike(a, b) {
			return Unknown()
		}
		return Bool(true)
	}
	if a.Known() && b.Known() {
		return Bool(false) // Identical has spoken
	}
	if j, k := TypeOf(a), TypeOf(b); j != k && certain(j) && certain(k) {
		return Bool(false)
	}
	for _, p := range [][2]Value{{a, b}, {b, a}} {
		if v, ok := equalsShape(p[0], p[1]); ok {
			return v
		}
	}
	if textual(a) && textual(b) && SameText(a, b) == False {
		return Bool(false)
	}
	args := []Value{a, b}
	slices.SortFunc(args, func(x, y Value) int { return cmp.Compare(x.Key(), y.Key()) })
	return Apply("equals", KindBool, args...)
}

// equalsShape decides comparisons that the shape of a decides.
func equalsShape(a, b Value) (Value, bool) {
	t := a.Term()
	if t == nil {
		return Value{}, false
	}
	if known, ok := b.AsBool(); ok && t.typ == KindBool {
		if known {
			return a, true
		}
		return Negate(a), true
	}
	if n, ok := b.AsInt(); ok && n == 0 && t.Op == "length" {
		return Empty(t.Args[0]), true
	}
	if t.Op == OpIf && b.Known() {
		return If(t.Args[0], Equals(t.Args[1], b), Equals(t.Args[2], b)), true
	}
	if s, ok := b.AsString(); ok && s == "" && t.typ == KindString {
		return Empty(a), true
	}
	return Value{}, false
}

// certain reports whether a value of that kind cannot equal one of another.
// What is said to be of a kind may still be null.
func certain(k Kind) bool {
	switch k {
	case KindBool, KindInt, KindString, KindArray, KindObject:
		return true
	case KindUnknown, KindNull, KindTerm, KindFunc:
	}
	return false
}

func textual(v Value) bool { return TypeOf(v) == KindString || v.kind == KindString }

// less is a < b, or a >= b when negated.
func less(a, b Value, negate bool) Value {
	v := lessThan(a, b)
	if negate {
		return Negate(v)
	}
	return v
}

func lessThan(a, b Value) Value {
	if x, ok := a.AsInt(); ok {
		if y, ok := b.AsInt(); ok {
			return Bool(x < y)
		}
		if t := b.Term(); t != nil && t.Op == "length" && x <= 0 {
			if x < 0 {
				return Bool(true)
			}
			return Negate(Empty(t.Args[0])) // 0 < length(x)
		}
	}
	if y, ok := b.AsInt(); ok {
		if t := a.Term(); t != nil && t.Op == "length" && y <= 1 {
			if y < 1 {
				return Bool(false)
			}
			return Empty(t.Args[0]) // length(x) < 1
		}
	}
	if x, ok := a.AsString(); ok {
		if y, ok := b.AsString(); ok {
			order, ok := collate(x, y)
			if !ok {
				return Unknown()
			}
			return Bool(order < 0)
		}
	}
	if a.IsUnknown() || b.IsUnknown() || a.Known() && b.Known() {
		return Unknown()
	}
	if t := a.Term(); t != nil && t.Op == OpIf && b.Known() {
		return If(t.Args[0], lessThan(t.Args[1], b), lessThan(t.Args[2], b))
	}
	if t := b.Term(); t != nil && t.Op == OpIf && a.Known() {
		return If(t.Args[0], lessThan(a, t.Args[1]), lessThan(a, t.Args[2]))
	}
	if Identical(a, b) {
		return Bool(false)
	}
	return Apply("less", KindBool, a, b)
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

func equalsFolded(a, b Value) Value {
	switch SameName(a, b) {
	case True:
		return Bool(true)
	case False:
		return Bool(false)
	case Maybe:
	}
	return Equals(foldText(a), foldText(b))
}

// foldText keeps the comparison without case apart from the one with case.
func foldText(v Value) Value {
	f := Fold(v)
	if f.Term() != nil {
		return Apply("tolower", KindString, f)
	}
	return f
}

// coalesce is the first value that is not null. Terms that may be null stay.
func coalesce(vs []Value) Value {
	result := Null()
	for _, v := range slices.Backward(vs) {
		result = orElse(v, result)
	}
	return result
}

// orElse is v, or next if v is null.
func orElse(v, next Value) Value {
	switch {
	case v.IsNull():
		return next
	case next.IsNull(), !mayBeNull(v):
		return v
	}
	t := v.Term()
	if t != nil && t.Op == OpIf && (decided(t.Args[1]) || decided(t.Args[2])) {
		return If(t.Args[0], orElse(t.Args[1], next), orElse(t.Args[2], next))
	}
	var args []Value
	for _, part := range []Value{v, next} {
		if t := part.Term(); t != nil && t.Op == "coalesce" {
			args = append(args, t.Args...)
		} else {
			args = append(args, part)
		}
	}
	return Apply("coalesce", KindUnknown, args...)
}

func decided(v Value) bool { return v.IsNull() || !mayBeNull(v) }

func mayBeNull(v Value) bool {
	t := v.Term()
	switch {
	case t == nil:
		return v.IsNull() || v.IsUnknown()
	case t.Op == "coalesce":
		return mayBeNull(t.Args[len(t.Args)-1])
	}
	return t.typ != KindString && t.typ != KindBool && t.typ != KindArray
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

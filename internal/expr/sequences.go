package expr

// sequenceFuncs are the functions that take strings, arrays and some of them
// objects alike.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array
func sequenceFuncs() []Func {
	return []Func{
		{Name: "contains", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: contains, Partial: containsPartial, Result: KindBool},
		{Name: "first", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: first, Partial: firstPartial},
		{Name: "indexOf", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: indexOf(false), Partial: indexPartial("indexof", false), Result: KindInt},
		{Name: "last", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: last, Partial: lastPartial},
		{Name: "lastIndexOf", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: indexOf(true), Partial: indexPartial("lastindexof", true), Result: KindInt},
		{Name: "length", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: length, Partial: lengthPartial, Result: KindInt},
		{Name: "skip", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: skip, Partial: skipPartial},
		{Name: "take", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: take, Partial: takePartial},
	}
}

func length(e *Evaluator, args []Value) (Value, error) {
	if !e.Spend(len(args[0].str) / 64) {
		return Unknown(), nil
	}
	n, ok := args[0].Len()
	if !ok {
		return Value{}, argument(0, "an array, an object or a string")
	}
	return Int(int64(n)), nil
}

// lengthPartial takes off what does not change the length.
func lengthPartial(e *Evaluator, args []Value) (Value, bool) {
	t := args[0].Term()
	switch {
	case t == nil:
		return Value{}, false
	case t.Op == OpIf:
		return e.ofChoice("length", 0, args)
	case t.Op == OpMap, t.Op == "sort":
		return e.Apply("length", t.Args[:1]), true
	case t.Op == "range" && len(t.Args) == 2:
		return t.Args[1], true
	case t.Op == "tolower", t.Op == "toupper":
		return e.Apply("length", t.Args), true
	}
	return Value{}, false
}

func first(_ *Evaluator, args []Value) (Value, error) { return end(args[0], 0) }

func last(_ *Evaluator, args []Value) (Value, error) { return end(args[0], -1) }

// end is the first (at = 0) or the last (at = -1) element or character: null
// and the empty string where there is none.
func end(v Value, at int) (Value, error) {
	switch v.kind {
	case KindArray:
		items := v.Items()
		if len(items) == 0 {
			return Null(), nil
		}
		if at < 0 {
			at = len(items) - 1
		}
		return items[at], nil
	case KindString:
		u := unitsOf(v.str)
		if u.len() == 0 {
			return String(""), nil
		}
		if at < 0 {
			at = u.len() - 1
		}
		s, err := u.slice(at, at+1)
		return String(s), err
	default:
	}
	return Value{}, argument(0, "an array or a string")
}

func firstPartial(e *Evaluator, args []Value) (Value, bool) {
	v := args[0]
	if head, ok := leadingLiteral(v); ok && TypeOf(v) == KindString {
		c, err := end(head, 0)
		return c, err == nil
	}
	switch t := v.Term(); {
	case t == nil:
		return Value{}, false
	case t.typ == KindString:
		return Apply("first", KindString, v), true
	case t.Op == OpConcat && t.Args[0].kind == KindArray:
		return t.Args[0].Items()[0], true
	case t.Op == OpIf && e.Spend(1):
		return If(t.Args[0], e.Apply("first", t.Args[1:2]), e.Apply("first", t.Args[2:3])), true
	}
	return e.IndexOf(v, Int(0)), true
}

func lastPartial(e *Evaluator, args []Value) (Value, bool) {
	v := args[0]
	switch t := v.Term(); {
	case t == nil:
		return Value{}, false
	case t.Op == OpConcat:
		if tail := t.Args[len(t.Args)-1]; tail.kind == KindArray || tail.kind == KindString {
			c, err := end(tail, -1)
			return c, err == nil
		}
	case t.Op == OpIf && e.Spend(1):
		return If(t.Args[0], e.Apply("last", t.Args[1:2]), e.Apply("last", t.Args[2:3])), true
	}
	if TypeOf(v) == KindString {
		return Apply("last", KindString, v), true
	}
	return LastOf(v), true
}

func take(e *Evaluator, args []Value) (Value, error) {
	return cut(e, args, func(n int64, size int) (int, int) { return 0, clamp(n, size) })
}

func skip(e *Evaluator, args []Value) (Value, error) {
	return cut(e, args, func(n int64, size int) (int, int) { return clamp(n, size), size })
}

// cut keeps the elements or characters [from, to) that bounds gives for a
// count and a size.
func cut(e *Evaluator, args []Value, bounds func(n int64, size int) (from, to int)) (Value, error) {
	n, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	switch args[0].kind {
	case KindArray:
		items := args[0].Items()
		from, to := bounds(n, len(items))
		return e.madeArray(items[from:to:to])
	case KindString:
		u := unitsOf(args[0].str)
		from, to := bounds(n, u.len())
		s, err := u.slice(from, to)
		if err != nil {
			return Value{}, err
		}
		return e.made(s)
	default:
	}
	return Value{}, argument(0, "an array or a string")
}

// takePartial cuts within the known beginning.
func takePartial(e *Evaluator, args []Value) (Value, bool) {
	n, ok := args[1].AsInt()
	if !ok {
		return Apply("take", sequenceKind(args[0]), args...), true
	}
	if head, size, ok := knownHead(args[0]); ok && n <= int64(size) {
		v, err := take(e, []Value{head, args[1]})
		return v, err == nil
	}
	return Apply("take", sequenceKind(args[0]), args...), true
}

// skipPartial leaves out as much as lies within the known beginning.
func skipPartial(e *Evaluator, args []Value) (Value, bool) {
	n, ok := args[1].AsInt()
	if !ok {
		return Apply("skip", sequenceKind(args[0]), args...), true
	}
	if n <= 0 && sequenceKind(args[0]) != KindUnknown {
		return args[0], true
	}
	head, size, ok := knownHead(args[0])
	if !ok || n > int64(size) {
		return Apply("skip", sequenceKind(args[0]), args...), true
	}
	rest, err := skip(e, []Value{head, args[1]})
	if err != nil {
		return Value{}, false
	}
	parts := append([]Value{rest}, args[0].Term().Args[1:]...)
	if head.kind == KindArray {
		return e.concatArrays(parts), true
	}
	return e.concat(parts), true
}

// knownHead is the array or string that a concatenation begins with, and its
// size.
func knownHead(v Value) (head Value, size int, ok bool) {
	t := v.Term()
	if t == nil || t.Op != OpConcat || t.Args[0].kind == KindTerm {
		return Value{}, 0, false
	}
	size, ok = t.Args[0].Len()
	return t.Args[0], size, ok
}

// sequenceKind is string or array where a term is known to be one.
func sequenceKind(v Value) Kind {
	if k := TypeOf(v); k == KindString || k == KindArray {
		return k
	}
	return KindUnknown
}

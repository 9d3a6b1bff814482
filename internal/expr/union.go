package expr

func union(e *Evaluator, args []Value) (Value, error) {
	if args[0].kind == KindArray {
		var s set
		for i := range args {
			items, err := arrayArg(args, i)
			if err != nil {
				return Value{}, err
			}
			if !e.Spend(4 * len(items)) {
				return Unknown(), nil
			}
			for _, item := range items {
				s.add(item)
			}
		}
		if s.open {
			return Apply("union", KindArray, args...), nil
		}
		return e.madeArray(s.items)
	}
	for i := range args {
		if args[i].kind != KindObject {
			return Value{}, argument(i, "an object")
		}
	}
	return e.unite(args), nil
}

func unionPartial(e *Evaluator, args []Value) (Value, bool) {
	for _, a := range args {
		if TypeOf(a) == KindArray {
			return Apply("union", KindArray, args...), true
		}
	}
	return e.unite(args), true
}

// unite lays objects over each other, in normal form: unions are flattened,
// known neighbours are one object.
func (e *Evaluator) unite(args []Value) Value {
	var flat []Value
	for _, a := range args {
		parts := []Value{a}
		if t := a.Term(); t != nil && t.Op == "union" && t.typ != KindArray {
			parts = t.Args
		}
		for _, p := range parts {
			if n := len(flat); n > 0 && flat[n-1].kind == KindObject && p.kind == KindObject {
				flat[n-1] = e.merge(flat[n-1], p)
				continue
			}
			flat = append(flat, p)
		}
		if !e.Spend(len(parts)) {
			return Unknown()
		}
		if len(flat) > maxParts {
			return Apply(opJoined, KindObject, args...)
		}
	}
	if len(flat) == 1 && TypeOf(flat[0]) == KindObject {
		return flat[0]
	}
	typ := KindUnknown // arrays, for all that is known
	for _, v := range flat {
		if TypeOf(v) == KindObject {
			typ = KindObject
		}
	}
	return Apply("union", typ, flat...)
}

// merge lays one object over another: objects are merged at every depth, any
// other value takes the place of the one below.
func (e *Evaluator) merge(below, above Value) Value {
	if Identical(below, above) && alike(below, above) {
		return below
	}
	fields, more := below.Fields(), above.Fields()
	if len(fields)+len(more) > maxElements {
		return e.Exceed(elementLimit().What)
	}
	if !e.Spend(fieldCost*(1+len(fields)+len(more))) || !e.Enter() {
		return Unknown()
	}
	defer e.Leave()
	for i, f := range more {
		old, ok := below.Field(f.Key)
		switch {
		case !ok:
		case old.kind == KindObject && f.Value.kind == KindObject:
			more[i].Value = e.merge(old, f.Value)
		case open(old) && (f.Value.kind == KindObject || open(f.Value)), open(f.Value) && old.kind == KindObject:
			// Whether the two are merged depends on what they turn out to be.
			more[i].Value = Apply("union", KindUnknown, old, f.Value)
		}
	}
	return writtenObject(append(fields, more...))
}

// open reports whether a value may turn out to be an object.
func open(v Value) bool {
	k := TypeOf(v)
	return (v.kind == KindTerm || v.kind == KindUnknown) && (k == KindUnknown || k == KindObject)
}

func intersection(e *Evaluator, args []Value) (Value, error) {
	size := 0
	for i := range args {
		if args[i].kind != args[0].kind || args[0].kind != KindArray && args[0].kind != KindObject {
			return Value{}, argument(i, "an array or an object like the others")
		}
		n, _ := args[i].Len()
		size += n
		if !args[i].Known() {
			return Apply("intersection", args[0].kind, args...), nil
		}
	}
	if !e.Spend(4 * size) {
		return Unknown(), nil
	}
	if args[0].kind == KindArray {
		return intersectArrays(args), nil
	}
	return intersectObjects(args), nil
}

func intersectArrays(args []Value) Value {
	in := make(map[string]int) // how many of the arrays so far have the value
	var all set
	for _, item := range args[0].Items() {
		all.add(item)
	}
	for i, a := range args[1:] {
		for _, item := range a.Items() {
			all.add(item)
			if key := item.Key(); in[key] == i {
				in[key] = i + 1
			}
		}
	}
	if all.open {
		return Unknown()
	}
	var out []Value
	for _, item := range args[0].Items() {
		if key := item.Key(); in[key] == len(args)-1 {
			out = append(out, item)
			in[key] = 0
		}
	}
	return ArrayOf(out...)
}

// intersectObjects keeps the properties that all objects have alike.
func intersectObjects(args []Value) Value {
	var out []Field
next:
	for _, f := range args[0].Fields() {
		open := false
		for _, a := range args[1:] {
			other, ok := a.field(f.Key)
			if !ok || !Identical(other.Value, f.Value) {
				continue next
			}
			open = open || other.Key != f.Key || !alike(other.Value, f.Value)
		}
		if open {
			return Unknown()
		}
		out = append(out, f)
	}
	return ObjectOf(out...)
}

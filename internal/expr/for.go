package expr

// loop evaluates a for-expression that makes a value.
func (e *Evaluator) loop(s Scope, x *For) Value {
	return e.loopOver(s, x, e.Eval(s, x.In))
}

// loopOver evaluates it over a collection; over one of two it is one of two.
func (e *Evaluator) loopOver(s Scope, x *For, collection Value) Value {
	if t := collection.Term(); t != nil && t.Op == OpIf && e.Spend(callCost) {
		return If(t.Args[0], e.loopOver(s, x, t.Args[1]), e.loopOver(s, x, t.Args[2]))
	}
	if collection.kind != KindArray && collection.kind != KindNull {
		return e.loopOverOpen(s, x, collection)
	}
	items := collection.Items()
	if len(items) > MaxLoop {
		return e.Exceed("800 iterations of one loop")
	}
	parts := make([]Value, 0, 1)
	out := make([]Value, 0, len(items))
	for i, item := range items {
		if !e.Spend(callCost) {
			return Unknown()
		}
		inner := WithElement(s, x.Item, x.Index, item, Int(int64(i)))
		cond := e.filterOf(inner, x)
		if cond.IsFalse() {
			continue
		}
		body := e.Eval(inner, x.Body)
		if !cond.IsTrue() {
			// Whether this element is there is open, and so is every position after it.
			parts, out = append(parts, ArrayOf(out...), If(cond, ArrayOf(body), ArrayOf())), nil
			continue
		}
		out = append(out, body)
	}
	if len(parts) == 0 {
		return ArrayOf(out...)
	}
	return e.concatArrays(append(parts, ArrayOf(out...)))
}

// loopOverOpen is for a collection that is not known.
func (e *Evaluator) loopOverOpen(s Scope, x *For, collection Value) Value {
	l, said := e.ofEach(collection, func(l Loop) []Value {
		inner := WithElement(s, x.Item, x.Index, l.Items[0], l.Positions[0])
		return []Value{e.filterOf(inner, x), e.Eval(inner, x.Body)}
	})
	if said[0].IsFalse() {
		return ArrayOf()
	}
	return e.Mapped(l, said[0], said[1])
}

// filterOf is the condition of a for-expression, true when it has none.
func (e *Evaluator) filterOf(s Scope, x *For) Value {
	if x.If == nil {
		return Bool(true)
	}
	return e.Eval(s, x.If)
}

package expr

import "slices"

// lambdaFuncs are the functions that take a lambda. Over a collection that is
// not known they are evaluated once, on the element that stands for all, as a
// loop is.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-lambda
func lambdaFuncs() []Func {
	return []Func{
		{Name: "filter", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: filter, Partial: filterPartial, Result: KindArray},
		{Name: "groupBy", MinArgs: 2, MaxArgs: 3, Shallow: true, Eval: groupBy, Partial: keyedPartial("groupby"), Result: KindObject},
		{Name: "map", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: mapArray, Partial: mapPartial, Result: KindArray},
		{Name: "mapValues", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: mapValues, Partial: keyedPartial("mapvalues"), Result: KindObject},
		{Name: "reduce", MinArgs: 3, MaxArgs: 3, Shallow: true, Eval: reduce, Partial: reducePartial},
		{Name: "sort", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: sortArray, Partial: sortPartial, Result: KindArray},
		{Name: "toObject", MinArgs: 2, MaxArgs: 3, Shallow: true, Eval: toObject, Partial: keyedPartial("toobject"), Result: KindObject},
	}
}

// lambdaArgs are the elements of the first argument, if the others from the
// given one on are lambdas.
func lambdaArgs(args []Value, from int) ([]Value, error) {
	for i := from; i < len(args); i++ {
		if args[i].kind != KindFunc {
			return nil, argument(i, "a lambda")
		}
	}
	return arrayArg(args, 0)
}

// symbolic reports whether the first argument is a collection that is not
// known while the others from the given one on are lambdas.
func symbolic(args []Value, from int) bool {
	if args[0].kind != KindTerm {
		return false
	}
	for _, f := range args[from:] {
		if f.kind != KindFunc {
			return false
		}
	}
	return true
}

// ofChoice is what a function makes of the i-th argument if that is one of two, as
// one of what it makes of either.
func (e *Evaluator) ofChoice(name string, i int, args []Value) (Value, bool) {
	t := args[i].Term()
	if t == nil || t.Op != OpIf || !e.Spend(1) {
		return Value{}, false
	}
	yes, no := slices.Clone(args), slices.Clone(args)
	yes[i], no[i] = t.Args[1], t.Args[2]
	return If(t.Args[0], e.Apply(name, yes), e.Apply(name, no)), true
}

func mapArray(e *Evaluator, args []Value) (Value, error) {
	items, err := lambdaArgs(args, 1)
	if err != nil {
		return Value{}, err
	}
	out := make([]Value, 0, len(items))
	for i, item := range items {
		if e.stopped() {
			return Unknown(), nil
		}
		out = append(out, e.CallLambda(args[1], item, Int(int64(i))))
	}
	return e.madeArray(out)
}

func mapPartial(e *Evaluator, args []Value) (Value, bool) {
	if !symbolic(args, 1) {
		return Value{}, false
	}
	if v, ok := e.ofChoice("map", 0, args); ok {
		return v, true
	}
	l, said := e.ofEach(args[0], func(l Loop) []Value { return []Value{e.CallLambda(args[1], l.Items[0], l.Positions[0])} })
	return e.Mapped(l, Bool(true), said[0]), true
}

func filter(e *Evaluator, args []Value) (Value, error) {
	items, err := lambdaArgs(args, 1)
	if err != nil {
		return Value{}, err
	}
	var out, known []Value
	for i, item := range items {
		if e.stopped() {
			return Unknown(), nil
		}
		cond := e.CallLambda(args[1], item, Int(int64(i)))
		switch {
		case cond.IsTrue():
			known = append(known, item)
		case cond.IsFalse():
		case cond.kind == KindTerm || cond.kind == KindUnknown:
			// An element that may be missing moves all that follow.
			out = append(out, ArrayOf(known...), If(cond, ArrayOf(item), ArrayOf()))
			known = nil
		default:
			return Value{}, argument(1, "a lambda that gives a boolean")
		}
	}
	if len(out) == 0 {
		return e.madeArray(known)
	}
	return e.concatArrays(append(out, ArrayOf(known...))), nil
}

func filterPartial(e *Evaluator, args []Value) (Value, bool) {
	if !symbolic(args, 1) {
		return Value{}, false
	}
	if v, ok := e.ofChoice("filter", 0, args); ok {
		return v, true
	}
	l, said := e.ofEach(args[0], func(l Loop) []Value { return []Value{e.CallLambda(args[1], l.Items[0], l.Positions[0])} })
	cond := said[0]
	if cond.IsTrue() {
		return args[0], true
	}
	if cond.IsFalse() {
		return ArrayOf(), true
	}
	base, filtered := e.before(l)
	if t := base.Term(); t != nil && t.Op == OpMap {
		return e.Mapped(l, cond, l.Items[0]), true
	}
	return l.of(OpFilter, KindArray, base, And(filtered, cond)), true
}

func reduce(e *Evaluator, args []Value) (Value, error) {
	items, err := lambdaArgs(args, 2)
	if err != nil {
		return Value{}, err
	}
	result := args[1]
	for i, item := range items {
		if e.stopped() {
			return Unknown(), nil
		}
		result = e.CallLambda(args[2], result, item, Int(int64(i)))
	}
	return result, nil
}

func reducePartial(e *Evaluator, args []Value) (Value, bool) {
	switch {
	case args[0].kind == KindArray: // only the initial value is not known
		v, err := reduce(e, args)
		return v, err == nil
	case !symbolic(args, 2):
		return Value{}, false
	}
	soFar := Atom("what was reduced of "+args[0].Key(), KindUnknown)
	l, said := e.ofEach(args[0], func(l Loop) []Value { return []Value{e.CallLambda(args[2], soFar, l.Items[0], l.Positions[0])} })
	return l.of("reduce", KindUnknown, args[0], args[1], said[0]), true
}

// sortArray sorts by a lambda that says whether the first of two elements
// stands before the second.
func sortArray(e *Evaluator, args []Value) (Value, error) {
	items, err := lambdaArgs(args, 1)
	if err != nil {
		return Value{}, err
	}
	open := false
	before := func(a, b Value) bool {
		if open || e.stopped() {
			return false
		}
		v := e.CallLambda(args[1], a, b)
		open = open || v.kind != KindBool
		return v.IsTrue()
	}
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b Value) int {
		switch {
		case before(a, b):
			return -1
		case before(b, a):
			return 1
		}
		return 0
	})
	if open || e.stopped() {
		return Apply("sort", KindArray, args...), nil
	}
	return e.madeArray(out)
}

// sortPartial keeps the order as what the lambda says of two elements.
func sortPartial(e *Evaluator, args []Value) (Value, bool) {
	if !symbolic(args, 1) {
		return Value{}, false
	}
	l, said := e.ofEach(args[0], func(a Loop) []Value {
		b := e.Over(args[0])
		defer e.Close(b)
		return []Value{e.CallLambda(args[1], a.Items[0], b.Items[0])}
	})
	return l.of("sort", KindArray, args[0], said[0]), true
}

// entry is the name and the value that the lambdas of toObject and groupBy
// give for one element.
func (e *Evaluator) entry(args []Value, item Value) (key, value Value) {
	key, value = e.CallLambda(args[1], item), item
	if len(args) > 2 {
		value = e.CallLambda(args[2], item)
	}
	if !e.Spend(fieldCost + 4*key.cost()) {
		return Unknown(), Unknown()
	}
	return key, value
}

func toObject(e *Evaluator, args []Value) (Value, error) {
	items, err := lambdaArgs(args, 1)
	if err != nil {
		return Value{}, err
	}
	parts := make([]Value, 0, len(items))
	fields := make([]Field, 0, len(items))
	for _, item := range items {
		if e.stopped() {
			return Unknown(), nil
		}
		key, value := e.entry(args, item)
		if name, ok := key.AsString(); ok {
			fields = append(fields, Field{Key: name, Value: value})
		} else if key.kind != KindTerm && key.kind != KindUnknown {
			return Value{}, argument(1, "a lambda that gives a string")
		}
		parts = append(parts, property(key, value))
	}
	if len(fields) < len(items) {
		return e.unite(parts), nil
	}
	v, err := e.madeObject(fields)
	if n, _ := v.Len(); err == nil && n < len(items) && !v.IsUnknown() {
		return Value{}, argument(1, "a lambda that gives every element its own name")
	}
	return v, err
}

func groupBy(e *Evaluator, args []Value) (Value, error) {
	items, err := lambdaArgs(args, 1)
	if err != nil {
		return Value{}, err
	}
	var names []string
	groups := map[string][]Value{}
	pairs := make([]Value, 0, len(items))
	known := true
	for _, item := range items {
		if e.stopped() {
			return Unknown(), nil
		}
		key, value := e.entry(args, item)
		name, ok := key.AsString()
		if !ok && key.kind != KindTerm && key.kind != KindUnknown {
			return Value{}, argument(1, "a lambda that gives a string")
		}
		known = known && ok
		pairs = append(pairs, ArrayOf(key, value))
		if _, ok := groups[name]; !ok {
			names = append(names, name)
		}
		groups[name] = append(groups[name], value)
	}
	if !known { // where one element goes is open, and so is every group
		return Apply("groupby", KindObject, ArrayOf(pairs...)), nil
	}
	fields := make([]Field, len(names))
	for i, name := range names {
		fields[i] = Field{Key: name, Value: ArrayOf(groups[name]...)}
	}
	v, err := e.madeObject(fields)
	if n, _ := v.Len(); err == nil && n < len(names) && !v.IsUnknown() { // one group or several
		return Value{}, argument(1, "a lambda whose names differ in more than case")
	}
	return v, err
}

func mapValues(e *Evaluator, args []Value) (Value, error) {
	fields, err := objectArg(args)
	if err != nil {
		return Value{}, err
	}
	if args[1].kind != KindFunc {
		return Value{}, argument(1, "a lambda")
	}
	for i := range fields {
		if e.stopped() {
			return Unknown(), nil
		}
		fields[i].Value = e.CallLambda(args[1], fields[i].Value)
	}
	return e.madeObject(fields)
}

// keyedPartial is the term of a function whose lambdas see one element each.
func keyedPartial(op Op) func(*Evaluator, []Value) (Value, bool) {
	return func(e *Evaluator, args []Value) (Value, bool) {
		if !symbolic(args, 1) {
			return Value{}, false
		}
		l, said := e.ofEach(args[0], func(l Loop) []Value {
			var said []Value
			for _, f := range args[1:] {
				said = append(said, e.CallLambda(f, l.Items[0]))
			}
			return said
		})
		return l.of(op, KindObject, append([]Value{args[0]}, said...)...), true
	}
}

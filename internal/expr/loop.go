package expr

// Loop describes how often something is repeated.
type Loop struct {
	// Items are the elements of a known collection, in order.
	Items []Value
	// Symbolic says that the collection is not known: Items then holds one
	// element that stands for all, and Positions one position.
	Symbolic bool
	// Positions are the positions, from 0, as long as Items.
	Positions []Value
	// Condition must hold for an element to be there: the filter of a
	// collection that was filtered before. True when there is none.
	Condition Value
	// Collection is what is looped over.
	Collection Value

	counter string // by which a symbolic loop is counted
	depth   int    // how many of them are around it
}

// Over is the loop over a collection. Over a collection that is not known it
// has one symbolic element. The caller must Close it.
func (e *Evaluator) Over(collection Value) Loop {
	l := Loop{Condition: Bool(true), Collection: collection}
	switch collection.kind {
	case KindArray:
		l.Items = collection.Items()
		l.Positions = make([]Value, len(l.Items))
		for i := range l.Positions {
			l.Positions[i] = Int(int64(i))
		}
		return l
	case KindNull:
		return l
	default:
	}
	l.Symbolic = true
	length := e.lengthOf(collection)
	l.counter = e.counter(length)
	depth := e.open(l.counter)
	l.depth = depth
	l.Positions = []Value{position(length, depth)}
	l.Items = []Value{e.element(collection, depth)}
	if t := collection.Term(); t != nil && t.Op == "range" && len(t.Args) == 2 {
		l.Condition = e.counted(t.Args[1], depth)
	} else {
		l.Condition = e.present(collection, depth)
	}
	return l
}

// present is what must hold for a collection to have the element at a depth of
// loops: there are elements, and this one passes the filters.
func (e *Evaluator) present(collection Value, depth int) Value {
	base, cond := e.unfilter(collection)
	if depth > 0 && !cond.IsTrue() { // it speaks of the outer element
		cond = Apply("passes", KindBool, collection, Int(int64(depth)))
	}
	return And(Negate(Empty(base)), cond)
}

// counted is what must hold for a loop that runs count times to get to a
// position.
func (e *Evaluator) counted(count Value, depth int) Value {
	if t := count.Term(); t != nil && t.Op == "length" && TypeOf(t.Args[0]) != KindString {
		return e.present(t.Args[0], depth)
	}
	return e.Apply("greater", []Value{count, Int(0)})
}

// Guarded takes the condition off a collection, or a count, that is nothing without
// it: "on ? apis : []" is apis, if on.
func Guarded(v Value) (inner, cond Value) {
	cond = Bool(true)
	for t := v.Term(); t != nil && t.Op == OpIf; t = v.Term() {
		switch {
		case nothing(t.Args[2]):
			v, cond = t.Args[1], And(cond, t.Args[0])
		case nothing(t.Args[1]):
			v, cond = t.Args[2], And(cond, Negate(t.Args[0]))
		default:
			return v, cond
		}
	}
	return v, cond
}

// nothing reports whether a loop over a collection, or of a count, does nothing.
func nothing(v Value) bool {
	n, isInt := v.AsInt()
	return v.kind == KindArray && len(v.Items()) == 0 || v.IsNull() || isInt && n == 0
}

// Times is the loop that runs count times, as copy in ARM does. The elements
// are the positions.
func (e *Evaluator) Times(count Value) Loop {
	l := Loop{Condition: Bool(true), Collection: Apply("range", KindArray, Int(0), count)}
	if t := count.Term(); t != nil && t.Op == "length" {
		l.Collection = t.Args[0]
	}
	if n, ok := count.AsInt(); ok {
		if n > MaxLoop {
			e.Exceed("800 iterations of one loop")
			return l
		}
		for i := range n {
			l.Positions = append(l.Positions, Int(i))
		}
		l.Items = l.Positions
		return l
	}
	l.Symbolic = true
	l.counter = e.counter(count)
	depth := e.open(l.counter)
	l.depth = depth
	l.Positions = []Value{position(count, depth)}
	l.Items = l.Positions
	l.Condition = e.counted(count, depth)
	return l
}

// Close ends a symbolic loop.
func (e *Evaluator) Close(l Loop) {
	if l.Symbolic {
		e.loops[l.counter]--
	}
}

// open counts the symbolic loops over collections of one length: the element
// of an inner loop is not that of the outer one.
func (e *Evaluator) open(counter string) int {
	if e.loops == nil {
		e.loops = map[string]int{}
	}
	depth := e.loops[counter]
	e.loops[counter]++
	return depth
}

// counter is by what a loop of a length is counted: the length before any filter,
// since the elements of a filtered collection are among those before.
func (e *Evaluator) counter(length Value) string {
	for {
		t := length.Term()
		if t == nil || t.Op != "length" {
			return length.Key()
		}
		base, _ := e.unfilter(t.Args[0])
		before := e.lengthOf(base)
		if Identical(before, length) || before.Vague() {
			return length.Key()
		}
		length = before
	}
}

func position(length Value, depth int) Value {
	if depth == 0 {
		return Apply(OpPosition, KindInt, length)
	}
	return Apply(OpPosition, KindInt, length, Int(int64(depth)))
}

// element is the symbolic element of a collection. That of a filtered
// collection is one of those that were there before, that of a mapped one what
// each element was mapped to, that of range(n, count) its position.
func (e *Evaluator) element(collection Value, depth int) Value {
	collection, _ = e.unfilter(collection)
	if t := collection.Term(); t != nil {
		switch {
		case t.Op == OpMap && depth == 0:
			return t.Args[1]
		case t.Op == "range" && len(t.Args) == 2:
			return e.Apply("add", []Value{t.Args[0], position(t.Args[1], depth)})
		}
	}
	if depth == 0 {
		return Apply(OpElement, KindUnknown, collection)
	}
	return Apply(OpElement, KindUnknown, collection, Int(int64(depth)))
}

// unfilter takes filters off a collection and returns what they demand of its
// element. A map over a filtered collection keeps its place on the outside.
func (e *Evaluator) unfilter(collection Value) (base, cond Value) {
	t := collection.Term()
	if t == nil {
		return collection, Bool(true)
	}
	switch t.Op {
	case OpFilter:
		base, cond := e.unfilter(t.Args[0])
		return base, And(cond, t.Args[1])
	case OpMap:
		base, cond := e.unfilter(t.Args[0])
		return Apply(OpMap, KindArray, append([]Value{base}, t.Args[1:]...)...), cond
	default:
	}
	return collection, Bool(true)
}

// lengthOf is the length of a collection that is a term. Mapping does not
// change it.
func (e *Evaluator) lengthOf(collection Value) Value {
	if t := collection.Term(); t != nil {
		switch {
		case t.Op == OpMap:
			return e.lengthOf(t.Args[0])
		case t.Op == "range" && len(t.Args) == 2:
			return t.Args[1]
		}
	}
	return e.Apply("length", []Value{collection})
}

// Mapped is the collection that a symbolic loop makes: its elements for which
// cond holds, each replaced by body.
func (e *Evaluator) Mapped(l Loop, cond, body Value) Value {
	base, filter := e.before(l)
	cond = And(filter, cond)
	if t := base.Term(); t != nil && t.Op == OpMap {
		base = t.Args[0]
	}
	base = places(base)
	if !cond.IsTrue() {
		base = l.of(OpFilter, KindArray, base, cond)
	}
	return l.of(OpMap, KindArray, base, body)
}

// before is what a loop filters anew, and the filters that its own is joined with.
// Within another loop those before may speak of an element of their own.
func (e *Evaluator) before(l Loop) (base, filter Value) {
	if l.depth > 0 {
		return l.Collection, Bool(true)
	}
	return e.unfilter(l.Collection)
}

// of is the term of an operation that speaks of the loop's element. Within another
// loop it says which of the elements is its own.
func (l Loop) of(op Op, typ Kind, args ...Value) Value {
	if l.depth > 0 {
		args = append(args, Int(int64(l.depth)))
	}
	return Apply(op, typ, args...)
}

// places is the collection that stands for what a loop runs over where only
// the number of its elements still matters: the body speaks of them already.
func places(collection Value) Value {
	t := collection.Term()
	if t == nil || t.Op != "range" || len(t.Args) != 2 {
		return collection
	}
	if count := t.Args[1].Term(); count != nil && count.Op == "length" {
		return count.Args[0]
	}
	return Apply("range", KindArray, Int(0), t.Args[1])
}

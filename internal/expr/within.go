package expr

import (
	"maps"
	"slices"
)

// OpenLoops are symbolic loops whose elements may be spoken of. The zero value is
// none.
type OpenLoops struct{ counts map[string]int }

// OpenLoops are those that are open now.
func (e *Evaluator) OpenLoops() OpenLoops {
	var o OpenLoops
	for length, depth := range e.loops {
		if depth == 0 {
			continue
		}
		if o.counts == nil {
			o.counts = make(map[string]int, len(e.loops))
		}
		o.counts[length] = depth
	}
	return o
}

// Within evaluates what is declared where only those loops are open, as a
// variable is, so that its value is the same in whatever loop it is asked for.
func (e *Evaluator) Within(o OpenLoops, eval func() Value) Value {
	here, probing := e.loops, e.probing
	e.loops, e.probing = maps.Clone(o.counts), false // what is declared beside it is evaluated within those, too
	defer func() { e.loops, e.probing = here, probing }()
	return eval()
}

// ofEach evaluates what is said of each element of a collection that is not known.
// What says nothing of the loops around is the same outside of them: then it is
// evaluated as if there were none.
func (e *Evaluator) ofEach(collection Value, eval func(l Loop) []Value) (Loop, []Value) {
	inside := func() (Loop, []Value) {
		l := e.Over(collection)
		defer e.Close(l)
		return l, eval(l)
	}
	counter := e.counter(e.lengthOf(collection))
	here := e.loops[counter]
	if here == 0 || e.probing {
		return inside()
	}
	// The loops inside are not evaluated like this until all is known to be: else each
	// level of a nest would double the work.
	e.probing = true
	_, said := inside()
	e.probing = false
	if !(&speech{e: e, counter: counter, depth: here, seen: map[any]bool{}}).outer(said...) {
		e.loops[counter] = 0
		defer func() { e.loops[counter] = here }()
	}
	return inside()
}

// speech finds out whether values speak of a loop around another one.
type speech struct {
	e       *Evaluator
	counter string       // of both loops
	depth   int          // of the inner one
	seen    map[any]bool // terms, arrays and objects
}

func (s *speech) outer(vs ...Value) bool { return slices.ContainsFunc(vs, s.speaks) }

func (s *speech) speaks(v Value) bool {
	if v.Known() || s.seen[v.ref] {
		return false
	}
	s.seen[v.ref] = true
	if !s.e.Spend(1) {
		return true
	}
	switch ref := v.ref.(type) {
	case *array:
		return s.outer(ref.items...)
	case *object:
		return s.outer(ref.vals...)
	case *Term:
		if ref.handle != nil || ref.Op == opDeep {
			return true // there is no looking inside
		}
		return s.around(ref) || s.outer(ref.Args...)
	}
	return v.kind == KindFunc
}

// around reports whether a term is the element or position of a loop around.
func (s *speech) around(t *Term) bool {
	if t.Op != OpElement && t.Op != OpPosition {
		return false
	}
	length := t.Args[0]
	if t.Op == OpElement {
		length = s.e.lengthOf(length)
	}
	depth := int64(0)
	if len(t.Args) > 1 {
		depth, _ = t.Args[1].AsInt()
	}
	return depth < int64(s.depth) && s.e.counter(length) == s.counter
}

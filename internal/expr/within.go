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
	here := e.loops
	e.loops = maps.Clone(o.counts) // what is declared beside it is evaluated within those, too
	defer func() { e.loops = here }()
	return eval()
}

// ofEach evaluates what is said of each element of a collection that is not known.
// What says nothing of the loops around is the same outside of them: then it is
// evaluated as if there were none.
func (e *Evaluator) ofEach(collection Value, eval func(l Loop) []Value) (Loop, []Value) {
	l := e.Over(collection)
	said := eval(l)
	e.Close(l)
	if l.depth == 0 || (&speech{e: e, of: l, seen: map[any]bool{}}).outer(said...) {
		return l, said
	}
	counter, here := l.counter, e.loops[l.counter]
	e.loops[counter] = 0
	l = e.Over(collection) // counted by something else once a limit is exceeded
	said = eval(l)
	e.Close(l)
	e.loops[counter] = here
	return l, said
}

// speech finds out whether values speak of a loop around another one.
type speech struct {
	e    *Evaluator
	of   Loop
	seen map[any]bool // terms, arrays and objects
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
	return depth < int64(s.of.depth) && s.e.counter(length) == s.of.counter
}

package expr

import (
	"slices"
)

// maxAtoms bounds the truth table of a formula: 2^12 rows.
const maxAtoms = 12

// Implies reports whether, whenever premise holds, one of the conclusions
// does: True always, False never, Maybe otherwise or when there are too many
// independent conditions to tell.
func Implies(premise Value, conclusions ...Value) Truth {
	conclusion := Or(conclusions...)
	if premise.IsFalse() || conclusion.IsTrue() {
		return True
	}
	if conclusion.IsFalse() {
		return False
	}
	f := formula{}
	f.collect(premise, 0)
	f.collect(conclusion, 0)
	if len(f.atoms) > maxAtoms || f.vague {
		// Too many to tell apart; one written the same needs no telling.
		if slices.ContainsFunc(slices.Concat(conclusions, []Value{conclusion}), func(c Value) bool { return Identical(premise, c) }) {
			return True
		}
		return Maybe
	}
	return f.implies(premise, conclusion)
}

// Satisfiable reports whether all of vs can hold at once.
func Satisfiable(vs ...Value) bool {
	return Implies(And(vs...), Bool(false)) != True && !unsatisfiable(And(vs...))
}

func unsatisfiable(v Value) bool {
	if b, ok := v.AsBool(); ok {
		return !b
	}
	f := formula{}
	f.collect(v, 0)
	if len(f.atoms) > maxAtoms || f.vague {
		return false
	}
	for row := range 1 << len(f.atoms) {
		if f.possible(row) && f.holds(v, row) {
			return false
		}
	}
	return true
}

// formula is the propositional skeleton of conditions: the atoms they consist
// of, each with a bit in a row of the truth table.
type formula struct {
	atoms []Value
	vague bool
}

func (f *formula) collect(v Value, depth int) {
	t := v.Term()
	if t == nil {
		f.vague = f.vague || v.kind != KindBool
		return
	}
	if depth > MaxDepth {
		f.vague = true
		return
	}
	switch t.Op {
	case "and", "or", "not":
		for _, a := range t.Args {
			f.collect(a, depth+1)
		}
		return
	default:
	}
	if t.vague {
		f.vague = true
		return
	}
	if f.bit(v) < 0 {
		f.atoms = append(f.atoms, v)
	}
}

func (f *formula) bit(v Value) int {
	return slices.IndexFunc(f.atoms, func(a Value) bool { return Identical(a, v) })
}

func (f *formula) holds(v Value, row int) bool {
	if b, ok := v.AsBool(); ok {
		return b
	}
	t := v.Term()
	if t == nil {
		return false
	}
	switch t.Op {
	case "not":
		return !f.holds(t.Args[0], row)
	case "and":
		for _, a := range t.Args {
			if !f.holds(a, row) {
				return false
			}
		}
		return true
	case "or":
		for _, a := range t.Args {
			if f.holds(a, row) {
				return true
			}
		}
		return false
	default:
	}
	return row>>f.bit(v)&1 == 1
}

// possible rules out rows that say a value equals two different constants.
func (f *formula) possible(row int) bool {
	for i, a := range f.atoms {
		if row>>i&1 == 0 {
			continue
		}
		for j := i + 1; j < len(f.atoms); j++ {
			if row>>j&1 == 1 && exclusive(a, f.atoms[j]) {
				return false
			}
		}
	}
	return true
}

// exclusive reports whether two atoms compare one term with two constants.
func exclusive(a, b Value) bool {
	x, c, ok := comparison(a)
	if !ok {
		return false
	}
	y, d, ok := comparison(b)
	return ok && Identical(x, y) && !Identical(c, d)
}

func comparison(v Value) (term, constant Value, ok bool) {
	t := v.Term()
	if t == nil || t.Op != "equals" || len(t.Args) != 2 {
		return Value{}, Value{}, false
	}
	for i, a := range t.Args {
		if a.Known() && !t.Args[1-i].Known() {
			return t.Args[1-i], a, true
		}
	}
	return Value{}, Value{}, false
}

func (f *formula) implies(premise, conclusion Value) Truth {
	covered, open := false, false
	for row := range 1 << len(f.atoms) {
		if !f.possible(row) || !f.holds(premise, row) {
			continue
		}
		if f.holds(conclusion, row) {
			covered = true
		} else {
			open = true
		}
	}
	switch {
	case !open:
		return True
	case !covered:
		return False
	}
	return Maybe
}

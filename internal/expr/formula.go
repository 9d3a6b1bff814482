package expr

import (
	"math"
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

// Satisfiable reports whether all of vs can hold at once, or it cannot be told.
func Satisfiable(vs ...Value) bool {
	v := And(vs...)
	if b, ok := v.AsBool(); ok {
		return b
	}
	f := formula{}
	f.collect(v, 0)
	if len(f.atoms) > maxAtoms || f.vague {
		return true
	}
	possible, holds := f.possible(), f.holds(v)
	return possible.overlap(&holds)
}

// rows is a set of rows of a truth table, a bit for each. The bits of a row's
// number are the atoms; those that a formula does not have make no difference.
type rows [1 << maxAtoms / 64]uint64

// column is the rows in which atom i holds.
func column(i int) rows {
	// Six atoms are told apart within a word.
	within := [...]uint64{
		0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0, 0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000,
	}
	var r rows
	for w := range r {
		switch {
		case i < len(within):
			r[w] = within[i]
		case w>>(i-len(within))&1 == 1:
			r[w] = math.MaxUint64
		}
	}
	return r
}

// all is every row, or none.
func all(holds bool) rows {
	var r rows
	if holds {
		r.invert()
	}
	return r
}

func (r *rows) invert() {
	for w := range r {
		r[w] = ^r[w]
	}
}

func (r *rows) intersect(o *rows) {
	for w := range r {
		r[w] &= o[w]
	}
}

func (r *rows) unite(o *rows) {
	for w := range r {
		r[w] |= o[w]
	}
}

func (r *rows) overlap(o *rows) bool {
	for w := range r {
		if r[w]&o[w] != 0 {
			return true
		}
	}
	return false
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

// holds is the rows in which a condition holds.
func (f *formula) holds(v Value) rows {
	t := v.Term()
	if t == nil {
		return all(v.IsTrue())
	}
	switch t.Op {
	case "not":
		r := f.holds(t.Args[0])
		r.invert()
		return r
	case "and", "or":
		r := all(t.Op == "and")
		for _, a := range t.Args {
			o := f.holds(a)
			if t.Op == "and" {
				r.intersect(&o)
			} else {
				r.unite(&o)
			}
		}
		return r
	default:
	}
	return column(f.bit(v))
}

// possible leaves out the rows that say a value equals two different constants.
func (f *formula) possible() rows {
	out := all(true)
	for i, a := range f.atoms {
		for j := range i {
			if exclusive(a, f.atoms[j]) {
				both, other := column(i), column(j)
				both.intersect(&other)
				both.invert()
				out.intersect(&both)
			}
		}
	}
	return out
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
	switch {
	case t == nil:
		return Value{}, Value{}, false
	case t.Op == "empty" && textual(t.Args[0]):
		return t.Args[0], String(""), true
	case t.Op != "equals" || len(t.Args) != 2:
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
	given, then := f.possible(), f.holds(premise)
	given.intersect(&then)
	then = f.holds(conclusion)
	covered := given.overlap(&then)
	then.invert()
	switch open := given.overlap(&then); {
	case !open:
		return True
	case !covered:
		return False
	}
	return Maybe
}

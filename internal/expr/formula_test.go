package expr

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestTruthTable compares formulas over as many atoms as are told apart with what
// comes out row by row.
func TestTruthTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[Truth]int{}
	for range 500 {
		atoms := 1 + random.IntN(maxAtoms)
		premise, conclusion := randomFormula(random, atoms, 4), randomFormula(random, atoms, 3)
		if _, constant := conclusion.AsBool(); constant {
			continue // answered without a table
		}
		covered, open := false, false
		for row := range 1 << atoms {
			switch {
			case !holdsIn(premise, row):
			case holdsIn(conclusion, row):
				covered = true
			default:
				open = true
			}
		}
		want := Maybe
		switch {
		case !open:
			want = True
		case !covered:
			want = False
		}
		if got := Implies(premise, conclusion); got != want {
			t.Errorf("%s implies %s: %v, want %v", premise.Key(), conclusion.Key(), got, want)
		}
		if got := Satisfiable(premise, conclusion); got != covered {
			t.Errorf("%s and %s: satisfiable is %v", premise.Key(), conclusion.Key(), got)
		}
		seen[want]++
	}
	if len(seen) != 3 {
		t.Errorf("answers: %v", seen)
	}
}

// TestEmpty: a text cannot be both empty and another one; an array may be empty and
// equal to one that is.
func TestEmpty(t *testing.T) {
	t.Parallel()
	if Satisfiable(Empty(x), Equals(x, String("a"))) {
		t.Error("a text is empty and another one")
	}
	if !Satisfiable(Empty(as), Equals(as, ArrayOf())) {
		t.Error("an empty array is not the empty array")
	}
}

func randomFormula(random *rand.Rand, atoms, depth int) Value {
	if depth == 0 {
		return Atom(strconv.Itoa(random.IntN(atoms)), KindBool)
	}
	a, b := randomFormula(random, atoms, depth-1), randomFormula(random, atoms, depth-1)
	switch random.IntN(3) {
	case 0:
		return And(a, b)
	case 1:
		return Or(a, b)
	}
	return Negate(a)
}

// holdsIn evaluates a formula whose atoms are the bits of a row.
func holdsIn(v Value, row int) bool {
	t := v.Term()
	if t == nil {
		return v.IsTrue()
	}
	switch t.Op {
	case "not":
		return !holdsIn(t.Args[0], row)
	case "and", "or":
		out := t.Op == "and"
		for _, a := range t.Args {
			if t.Op == "and" {
				out = out && holdsIn(a, row)
			} else {
				out = out || holdsIn(a, row)
			}
		}
		return out
	}
	bit := 0
	if _, err := fmt.Sscan(t.Name, &bit); err != nil {
		panic(err)
	}
	return row>>bit&1 == 1
}

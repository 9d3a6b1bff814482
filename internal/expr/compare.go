package expr

import (
	"cmp"
	"strings"
)

// Truth is an answer that may be open.
type Truth uint8

// The answers. The zero Truth is "it depends".
const (
	Maybe Truth = iota
	True
	False
)

// Every is True when all answers are, False when one of them is, and Maybe
// otherwise. It is True of none.
func Every(ts ...Truth) Truth {
	out := True
	for _, t := range ts {
		if t == False {
			return False
		}
		if t == Maybe {
			out = Maybe
		}
	}
	return out
}

// maxCases bounds how many conditional parts are told apart in one comparison.
const maxCases = 6

// SameName compares two names as Azure does, without case: True when they are
// equal whatever the unknown values turn out to be, False when they cannot be.
func SameName(a, b Value) Truth { return compareText(Fold(a), Fold(b), maxCases) }

// SameText is [SameName] with case.
func SameText(a, b Value) Truth { return compareText(a, b, maxCases) }

// Effort is how much more work it is to compare two texts than most others, 0 for
// those: a part is looked at again for each way in which conditions can turn out.
func Effort(a, b Value) int {
	decisions := 0
	for _, v := range []Value{a, b} {
		if t := v.Term(); t != nil {
			decisions += t.weight
		}
	}
	parts := len(Parts(a)) + len(Parts(b))
	if decisions == 0 {
		return parts / 64
	}
	return parts << min(decisions, maxCases) / 8
}

// SameWhen says when two texts are equal that hang on conditions: surely is a
// condition under which they are, whatever other unknown values turn out to be,
// and perhaps one without which they are not.
func SameWhen(a, b Value) (surely, perhaps Value) { return sameWhen(a, b, maxCases) }

func sameWhen(a, b Value, cases int) (surely, perhaps Value) {
	cond, ok := firstCondition(a, b)
	if !ok || cases == 0 {
		same := compareText(a, b, 0)
		return Bool(same == True), Bool(same != False)
	}
	yes, yesPerhaps := sameWhen(assume(a, cond, true), assume(b, cond, true), cases-1)
	no, noPerhaps := sameWhen(assume(a, cond, false), assume(b, cond, false), cases-1)
	choose := func(yes, no Value) Value { return Or(And(cond, yes), And(Negate(cond), no)) }
	return choose(yes, no), choose(yesPerhaps, noPerhaps)
}

// Fold is a name without its case: literals in lower case, and toLower and
// toUpper taken off terms, since both give an equal name.
func Fold(v Value) Value {
	if s, ok := v.AsString(); ok {
		return String(strings.ToLower(s))
	}
	t := v.Term()
	if t == nil {
		return v
	}
	switch t.Op {
	case "tolower", "toupper":
		if len(t.Args) == 1 {
			return Fold(t.Args[0])
		}
	case OpConcat:
		parts := make([]Value, len(t.Args))
		for i, p := range t.Args {
			parts[i] = Fold(p)
		}
		return Concat(parts...)
	case OpIf:
		return Apply(OpIf, t.typ, t.Args[0], Fold(t.Args[1]), Fold(t.Args[2]))
	default:
	}
	return v
}

// Ends are the texts that a name certainly begins and ends with, without case:
// what is cheap to compare before [SameName].
type Ends struct{ prefix, suffix string }

// EndsOf are the ends of a name; those of a known one are the name.
func EndsOf(name Value) Ends {
	parts := Parts(Fold(name))
	if len(parts) == 0 {
		return Ends{}
	}
	first, _ := parts[0].AsString()
	last, _ := parts[len(parts)-1].AsString()
	return Ends{prefix: first, suffix: last}
}

// Apart reports whether names with these ends are certainly not equal.
func (e Ends) Apart(o Ends) bool {
	n, m := min(len(e.prefix), len(o.prefix)), min(len(e.suffix), len(o.suffix))
	return e.prefix[:n] != o.prefix[:n] || e.suffix[len(e.suffix)-m:] != o.suffix[len(o.suffix)-m:]
}

func compareText(a, b Value, cases int) Truth {
	if Identical(a, b) {
		return True
	}
	sa, oka := Text(a)
	sb, okb := Text(b)
	if oka && okb {
		if sa == sb {
			return True
		}
		return False
	}
	if cases > 0 {
		if cond, ok := firstCondition(a, b); ok {
			yes := compareText(assume(a, cond, true), assume(b, cond, true), cases-1)
			no := compareText(assume(a, cond, false), assume(b, cond, false), cases-1)
			if yes == no {
				return yes
			}
			return Maybe
		}
	}
	return compareParts(Parts(a), Parts(b))
}

// compareParts cancels what both have in common at either end; what is left
// can only be equal if the ends agree.
func compareParts(a, b []Value) Truth {
	for len(a) > 0 && len(b) > 0 && Identical(a[0], b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && Identical(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 && len(b) == 0 {
		return True
	}
	if len(a) == 0 {
		return emptyAgainst(b)
	}
	if len(b) == 0 {
		return emptyAgainst(a)
	}
	if x, ok := a[0].AsString(); ok {
		if y, ok := b[0].AsString(); ok {
			n := min(len(x), len(y))
			if x[:n] != y[:n] {
				return False
			}
			rest := func(parts []Value) []Value {
				s, _ := parts[0].AsString()
				if s[n:] == "" {
					return parts[1:]
				}
				return append([]Value{String(s[n:])}, parts[1:]...)
			}
			return compareParts(rest(a), rest(b))
		}
	}
	if x, ok := a[len(a)-1].AsString(); ok {
		if y, ok := b[len(b)-1].AsString(); ok && !strings.HasSuffix(x, y) && !strings.HasSuffix(y, x) {
			return False
		}
	}
	if misfit(a, b) || misfit(b, a) {
		return False
	}
	return Maybe
}

// emptyAgainst compares the empty string with what is left of the other side.
func emptyAgainst(parts []Value) Truth {
	for _, p := range parts {
		if s, ok := p.AsString(); ok && s != "" {
			return False
		}
	}
	return Maybe
}

// misfit reports whether a text that is wholly known cannot be made of parts:
// it has not all of their literals, one behind the other.
func misfit(parts, known []Value) bool {
	if len(known) != 1 || known[0].Kind() != KindString {
		return false
	}
	rest := known[0].str
	for _, p := range parts {
		if s, ok := p.AsString(); ok {
			_, after, found := strings.Cut(rest, s)
			if !found {
				return true
			}
			rest = after
		}
	}
	return false
}

// firstCondition finds an unknown condition on which either text hangs.
func firstCondition(vs ...Value) (Value, bool) {
	for _, v := range vs {
		for _, p := range Parts(v) {
			if t := p.Term(); t != nil && t.Op == OpIf && !t.Args[0].Vague() {
				return t.Args[0], true
			}
		}
	}
	return Value{}, false
}

// assume replaces the conditional parts of a text that hang on cond, also those
// within parts that hang on another one: they would be told apart anew.
func assume(v, cond Value, holds bool) Value {
	t := v.Term()
	if t == nil {
		return v
	}
	switch t.Op {
	case OpIf:
		if Identical(t.Args[0], cond) {
			if holds {
				return assume(t.Args[1], cond, holds)
			}
			return assume(t.Args[2], cond, holds)
		}
		return If(t.Args[0], assume(t.Args[1], cond, holds), assume(t.Args[2], cond, holds))
	case OpConcat:
		parts := make([]Value, len(t.Args))
		for i, p := range t.Args {
			parts[i] = assume(p, cond, holds)
		}
		return Concat(parts...)
	default:
	}
	return v
}

// collate compares two texts as the engine does, in the order of .NET's
// invariant culture: by letters first and by case, the lower one first, where
// no letter decides. It is false where characters would decide that this order
// has its own rules for.
func collate(a, b string) (order int, ok bool) {
	if a == b {
		return 0, true
	}
	cased := 0
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		switch {
		case x == y:
			continue
		case !alphanumeric(x) || !alphanumeric(y):
			return 0, false
		case x|0x20 != y|0x20:
			return cmp.Compare(x|0x20, y|0x20), true
		case cased == 0:
			cased = cmp.Compare(y, x)
		}
	}
	if rest := a[min(len(a), len(b)):] + b[min(len(a), len(b)):]; rest != "" && !alphanumeric(rest[0]) {
		// Punctuation counts less than letters and, on some systems, less than
		// case; characters that are not printed may count nothing at all.
		if cased != 0 || rest[0] < ' ' || rest[0] > '~' {
			return 0, false
		}
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cased), true
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

package expr

import (
	"strings"
)

// Op is the outermost operation of a [Term].
type Op string

// The operations that the normal form knows; every other Op is the name of a
// function in lower case, applied to Args.
const (
	// OpAtom is a value nobody gave: Name says which.
	OpAtom Op = "atom"
	// OpConcat is a string put together from Args: literal strings and terms,
	// no two literals side by side.
	OpConcat Op = "concat"
	// OpElement is "some element" of the collection Args[0], the same one
	// wherever the same collection is looped over at the same depth.
	OpElement Op = "element"
	// OpPosition is the position of that element in a collection of length
	// Args[0].
	OpPosition Op = "position"
	// OpIf is Args[0] ? Args[1] : Args[2].
	OpIf Op = "if"
	// OpMember is property or element Args[1] of Args[0].
	OpMember Op = "member"
	// OpMap is the collection Args[0] with each element replaced by Args[1],
	// which speaks of the element as OpElement does. Within another loop Args[2]
	// is the depth of the element that is its own.
	OpMap Op = "map"
	// OpFilter is the elements of Args[0] for which Args[1] holds; Args[2] as above.
	OpFilter Op = "filter"

	// opDeep is something that nests too deep to look into, opJoined a string
	// of too many parts, opChoice one of values that hang on too many conditions.
	opDeep   Op = "deep"
	opJoined Op = "joined"
	opChoice Op = "choice"
)

// Term is a value that depends on something nobody gave. It is immutable: Args
// must not be changed.
type Term struct {
	Op   Op
	Name string // of an atom
	Args []Value

	typ    Kind // what it will be once known; KindUnknown when that is open
	key    string
	vague  bool
	depth  int // levels of nesting
	weight int // decisions that whoever takes the term apart meets
	handle Handle
}

// maxWeight is how many decisions (conditional texts, conditions joined by
// "and" and "or") a term is kept in. Two conditions on a value that was chosen
// by two conditions make four, and so on: past this the term is one thing.
const maxWeight = 128

// weigh counts the decisions in a term.
func weigh(op Op, args []Value) int {
	n := 0
	switch op {
	case OpIf:
		n = 1
	case "and", "or":
		n = len(args) - 1
	case "not", OpConcat, "tolower", "toupper":
	default:
		return 0
	}
	for _, a := range args {
		if t := a.Term(); t != nil && n <= maxWeight {
			n += t.weight
		}
	}
	return n
}

// cost is how much work it is to do something with a value.
func (v Value) cost() int {
	n := 1 + len(v.str)/16
	if t := v.Term(); t != nil {
		n += t.weight*t.weight/4 + len(t.Args)/8
	}
	return n
}

// Handle is a thing whose members can be known although it is not a value by
// itself: a resource, a module, an import. Its atom's name must be unique.
type Handle interface {
	// Member is the property of that name; false when it is not known before
	// the deployment, so that it becomes a term.
	Member(name string) (Value, bool)
	// Element is the instance at a position of a loop, and false when the
	// thing is not a loop.
	Element(position Value) (Value, bool)
}

// Atom is the value of that name that nobody gave. Equal names are the same
// value. typ is what is known of its type, KindUnknown for nothing.
func Atom(name string, typ Kind) Value {
	return termValue(&Term{Op: OpAtom, Name: name, typ: typ})
}

// HandleValue is a thing with members of its own, see [Handle].
func HandleValue(name string, h Handle) Value {
	return termValue(&Term{Op: OpAtom, Name: name, handle: h})
}

// HandleOf is the handle behind a value made by [HandleValue], or nil.
func HandleOf(v Value) Handle {
	if t := v.Term(); t != nil {
		return t.handle
	}
	return nil
}

// Apply is the term of an operation on values, which takes ownership of args; it
// does not simplify.
func Apply(op Op, typ Kind, args ...Value) Value {
	return termValue(&Term{Op: op, Args: args, typ: typ})
}

func termValue(t *Term) Value {
	if t.Op == OpAtom {
		t.key = shorten("<" + t.Name + ">")
		return Value{kind: KindTerm, ref: t}
	}
	all := traitsOf(t.Args)
	t.key = shorten(string(t.Op) + "(" + joinKeys(t.Args, Value.spelled) + ")")
	t.vague, t.depth, t.weight = all.vague, all.depth, weigh(t.Op, t.Args)
	if t.depth > maxNesting {
		return Value{kind: KindTerm, ref: &Term{Op: opDeep, typ: t.typ, key: t.key, vague: t.vague}}
	}
	return Value{kind: KindTerm, ref: t}
}

// TypeOf is the kind the value is or will be.
func TypeOf(v Value) Kind {
	if t := v.Term(); t != nil {
		return t.typ
	}
	return v.kind
}

// maxParts bounds how many parts a concatenation is kept in.
const maxParts = 512

// Concat is the string put together from parts, in normal form: known parts
// are merged, concatenations are flattened. Numbers and booleans become what
// Azure's format() makes of them, null becomes nothing.
func Concat(parts ...Value) Value {
	var c concatenation
	for _, p := range parts {
		c.add(p)
		if len(c.flat) > maxParts {
			// Flattening further would let a template of a few lines fill the memory.
			return Apply("string", KindString, Apply(opJoined, KindString, parts...))
		}
	}
	flat := c.end()
	switch {
	case len(flat) == 0:
		return String("")
	case len(flat) == 1 && TypeOf(flat[0]) == KindString:
		return flat[0]
	case weigh(OpConcat, flat) > maxWeight:
		return Apply("string", KindString, Apply(opJoined, KindString, parts...))
	}
	return Apply(OpConcat, KindString, flat...)
}

// concatenation collects the parts of a string.
type concatenation struct {
	flat    []Value
	literal strings.Builder // what follows flat
}

func (c *concatenation) add(p Value) {
	if s, ok := Text(p); ok {
		c.literal.WriteString(s)
		return
	}
	if t := p.Term(); t != nil {
		switch {
		case t.Op == OpConcat && t.typ != KindArray:
			for _, q := range t.Args {
				c.add(q)
			}
			return
		case t.Op == "string" && len(t.Args) == 1 && TypeOf(t.Args[0]) != KindString:
			c.add(t.Args[0])
			return
		}
	}
	c.flat = append(c.end(), p)
}

func (c *concatenation) end() []Value {
	if c.literal.Len() > 0 {
		c.flat = append(c.flat, String(c.literal.String()))
		c.literal.Reset()
	}
	return c.flat
}

// Text is how a known scalar reads inside a string, and whether v is one; a
// number with a fraction is. Booleans are written as .NET writes them: True and
// False.
func Text(v Value) (string, bool) {
	switch v.kind {
	case KindNull:
		return "", true
	case KindString:
		return v.str, true
	case KindInt:
		return v.Key(), true
	case KindBool:
		if v.num == 1 {
			return "True", true
		}
		return "False", true
	case KindTerm:
		return decimal(v)
	default:
	}
	return "", false
}

// Parts are the pieces of a string in normal form: literals and terms. A
// single term or literal is its only part.
func Parts(v Value) []Value {
	if t := v.Term(); t != nil && t.Op == OpConcat && t.typ != KindArray {
		return t.Args
	}
	if v.kind == KindString && v.str == "" {
		return nil
	}
	return []Value{v}
}

// ElementAt is the term for an element of a collection that is itself a term.
func ElementAt(list Value, i int64) Value {
	return Apply(OpMember, KindUnknown, list, Int(i))
}

// LastOf is the term for the last element of a collection that is a term.
func LastOf(list Value) Value { return Apply("last", KindUnknown, list) }

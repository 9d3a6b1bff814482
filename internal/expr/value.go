package expr

import (
	"strings"
)

// Kind is what a [Value] is.
type Kind uint8

// The kinds of values.
const (
	// KindUnknown is a value about which nothing is known, not even that it is
	// equal to itself: the outcome of an error, or of newGuid().
	KindUnknown Kind = iota
	KindNull
	KindBool
	KindInt
	KindString
	KindArray
	KindObject
	// KindTerm is a value that depends on atoms, see [Term].
	KindTerm
	// KindFunc is a lambda.
	KindFunc
)

// Value is the outcome of an evaluation. Values are immutable and may be shared
// between goroutines. The zero Value is unknown. Arrays and objects may hold
// terms.
type Value struct {
	kind Kind
	num  int64  // bool and int
	str  string // string
	ref  any    // *longText, *array, *object, *Term, *closure
}

type array struct {
	items   []Value
	key     note
	spelled note // the key, with names as written
	traits  traits
}

type object struct {
	keys    []string // as written
	vals    []Value
	index   map[string]int // by folded key
	key     note
	spelled note // the key, with names as written
	traits  traits
}

// traits are what holds for a value and everything inside. They are found when
// it is made: a value that holds another one twice, at sixty levels, is small
// in memory, but nobody could walk it.
type traits struct {
	open  bool // holds a term or something unknown
	vague bool // holds something unknown
	depth int  // levels of nesting, 0 for a scalar
}

// maxNesting is how deep a value nests. What is deeper is kept as a term that
// nobody looks into, so that walking a value never exhausts the stack.
const maxNesting = 400

func traitsOf(vs []Value) traits {
	var all traits
	for _, v := range vs {
		t := v.traits()
		all.open = all.open || t.open
		all.vague = all.vague || t.vague
		all.depth = max(all.depth, t.depth+1)
	}
	return all
}

func (v Value) traits() traits {
	switch ref := v.ref.(type) {
	case *array:
		return ref.traits
	case *object:
		return ref.traits
	case *Term:
		return traits{open: true, vague: ref.vague, depth: ref.depth}
	}
	unknown := v.kind == KindUnknown || v.kind == KindFunc
	return traits{open: unknown, vague: unknown}
}

// bounded is the value, as a term that nobody looks into if it nests too deep.
func (v Value) bounded() Value {
	t := v.traits()
	if t.depth <= maxNesting {
		return v
	}
	return Value{kind: KindTerm, ref: &Term{Op: opDeep, typ: v.kind, key: shorten(string(opDeep) + "(" + v.spelled() + ")"), vague: t.vague}}
}

type closure struct {
	lambda *Lambda
	scope  Scope
}

// Unknown is the value about which nothing is known.
func Unknown() Value { return Value{} }

// Null is the null value.
func Null() Value { return Value{kind: KindNull} }

// Bool is a boolean.
func Bool(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.num = 1
	}
	return v
}

// Int is a whole number.
func Int(n int64) Value { return Value{kind: KindInt, num: n} }

// String is a string.
func String(s string) Value {
	v := Value{kind: KindString, str: s}
	if len(s) > maxKey {
		v.ref = &longText{}
	}
	return v
}

// ArrayOf is an array; it takes ownership of items.
func ArrayOf(items ...Value) Value {
	return Value{kind: KindArray, ref: &array{items: items, traits: traitsOf(items)}}.bounded()
}

// Field is one property of an object value.
type Field struct {
	Key   string
	Value Value
}

// ObjectOf is an object. Keys are compared without case, as in Azure; a later
// field of the same key takes the place of the earlier one.
func ObjectOf(fields ...Field) Value {
	o := &object{index: make(map[string]int, len(fields))}
	for _, f := range fields {
		folded := strings.ToLower(f.Key)
		if i, ok := o.index[folded]; ok {
			o.vals[i] = f.Value
			continue
		}
		o.index[folded] = len(o.keys)
		o.keys = append(o.keys, f.Key)
		o.vals = append(o.vals, f.Value)
	}
	o.traits = traitsOf(o.vals)
	return Value{kind: KindObject, ref: o}.bounded()
}

// Kind is what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsUnknown reports whether nothing is known about the value.
func (v Value) IsUnknown() bool { return v.kind == KindUnknown }

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// IsTrue reports whether the value is the boolean true.
func (v Value) IsTrue() bool { return v.kind == KindBool && v.num == 1 }

// IsFalse reports whether the value is the boolean false.
func (v Value) IsFalse() bool { return v.kind == KindBool && v.num == 0 }

// AsBool is the boolean, and whether the value is one.
func (v Value) AsBool() (b, ok bool) { return v.num == 1, v.kind == KindBool }

// AsInt is the number, and whether the value is one.
func (v Value) AsInt() (n int64, ok bool) { return v.num, v.kind == KindInt }

// AsString is the string, and whether the value is one.
func (v Value) AsString() (s string, ok bool) { return v.str, v.kind == KindString }

// Items are the elements of an array; nil for anything else. The caller must
// not change them.
func (v Value) Items() []Value {
	if a, ok := v.ref.(*array); ok {
		return a.items
	}
	return nil
}

// Fields are the properties of an object in their order; nil for anything else.
// The slice is the caller's.
func (v Value) Fields() []Field {
	o, ok := v.ref.(*object)
	if !ok {
		return nil
	}
	fields := make([]Field, len(o.keys))
	for i, k := range o.keys {
		fields[i] = Field{Key: k, Value: o.vals[i]}
	}
	return fields
}

// Field is an object's property by name, ignoring case.
func (v Value) Field(name string) (Value, bool) {
	f, ok := v.field(name)
	return f.Value, ok
}

func (v Value) field(name string) (Field, bool) {
	o, ok := v.ref.(*object)
	if !ok {
		return Field{}, false
	}
	i, ok := o.index[strings.ToLower(name)]
	if !ok {
		return Field{}, false
	}
	return Field{Key: o.keys[i], Value: o.vals[i]}, true
}

// Len is the number of elements, properties or UTF-16 code units (as .NET, and
// so Azure, counts the length of a string), and whether the value has one.
func (v Value) Len() (int, bool) {
	switch v.kind {
	case KindArray:
		return len(v.Items()), true
	case KindObject:
		if o, ok := v.ref.(*object); ok {
			return len(o.keys), true
		}
	case KindString:
		n := 0
		for _, r := range v.str {
			n++
			if r > 0xFFFF {
				n++
			}
		}
		return n, true
	default:
	}
	return 0, false
}

// Term is the symbolic part of the value, or nil.
func (v Value) Term() *Term {
	t, ok := v.ref.(*Term)
	if !ok {
		return nil
	}
	return t
}

// Known reports whether the value holds no term and nothing unknown, at any
// depth.
func (v Value) Known() bool { return !v.traits().open }

// Vague reports whether something unknown is inside, so that the value cannot
// be said to be equal to anything.
func (v Value) Vague() bool { return v.traits().vague }

package expr

import (
	"cmp"
	"slices"
)

// objectFuncs are the functions on objects, and union and intersection, which
// take arrays, too.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-object
func objectFuncs() []Func {
	return []Func{
		{Name: "createObject", MinArgs: 0, MaxArgs: -1, Shallow: true, Eval: createObject, Partial: createObjectPartial, Result: KindObject},
		{Name: "intersection", MinArgs: 2, MaxArgs: -1, Shallow: true, Eval: intersection},
		{Name: "items", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: itemsOf, Result: KindArray},
		{Name: "objectKeys", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: objectKeys, Partial: objectKeysPartial, Result: KindArray},
		{Name: "shallowMerge", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: shallowMerge, Result: KindObject},
		{Name: "tryGet", MinArgs: 2, MaxArgs: -1, Shallow: true, Eval: tryGet, Partial: tryGetPartial},
		{Name: "union", MinArgs: 2, MaxArgs: -1, Shallow: true, Eval: union, Partial: unionPartial},
	}
}

func createObject(e *Evaluator, args []Value) (Value, error) {
	if len(args)%2 != 0 {
		return Value{}, argument(len(args)-1, "followed by a value")
	}
	fields := make([]Field, 0, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		key, err := textArg(args, i)
		if err != nil {
			return Value{}, err
		}
		fields = append(fields, Field{Key: key, Value: args[i+1]})
	}
	v, err := e.madeObject(fields)
	if n, ok := v.Len(); err == nil && ok && n < len(fields) {
		return Value{}, argument(0, "a name that is given once")
	}
	return v, err
}

// createObjectPartial is an object of known names whose values are not known;
// with names that are not known it is the term that a literal would be.
func createObjectPartial(e *Evaluator, args []Value) (Value, bool) {
	open := false
	for i := 0; i < len(args); i += 2 {
		open = open || args[i].kind == KindTerm || args[i].kind == KindUnknown
	}
	if !open || len(args)%2 != 0 {
		v, err := createObject(e, args)
		if err != nil {
			return Unknown(), true
		}
		return v, true
	}
	parts := make([]Value, 0, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		parts = append(parts, property(args[i], args[i+1]))
	}
	return e.unite(parts), true
}

// property is the object with one property.
func property(key, value Value) Value {
	if name, ok := Text(key); ok {
		return ObjectOf(Field{Key: name, Value: value})
	}
	return Apply("property", KindObject, key, value)
}

// sorted are the properties of the first argument by name. The engine's order
// ignores case and keeps names apart that differ in nothing else in the order
// they were written.
func (e *Evaluator) sorted(args []Value) ([]Field, error) {
	fields, err := objectArg(args)
	if err != nil {
		return nil, err
	}
	type named struct {
		upper string
		Field
	}
	all, size := make([]named, len(fields)), 0
	for i, f := range fields {
		size += 4 + len(f.Key)/8
		all[i].Field = f
	}
	if !e.Spend(size) {
		return nil, errArgument
	}
	for i := range all {
		all[i].upper = upper(all[i].Key)
	}
	slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(a.upper, b.upper) })
	for i := range all {
		fields[i] = all[i].Field
	}
	return fields, nil
}

func itemsOf(e *Evaluator, args []Value) (Value, error) {
	fields, err := e.sorted(args)
	if err != nil || !e.Spend(2*fieldCost*len(fields)) {
		return Value{}, err
	}
	items := make([]Value, len(fields))
	for i, f := range fields {
		items[i] = ObjectOf(Field{Key: "key", Value: String(f.Key)}, Field{Key: "value", Value: f.Value})
	}
	return e.madeArray(items)
}

func objectKeys(e *Evaluator, args []Value) (Value, error) {
	fields, err := e.sorted(args)
	if err != nil {
		return Value{}, err
	}
	items := make([]Value, len(fields))
	for i, f := range fields {
		items[i] = String(f.Key)
	}
	return e.madeArray(items)
}

// objectKeysPartial makes the names of an object that is not known those of its
// items, so that a loop over the one is a loop over the other.
func objectKeysPartial(e *Evaluator, args []Value) (Value, bool) {
	items := e.Apply("items", args)
	if items.kind != KindTerm {
		return Value{}, false
	}
	key, _ := e.MemberOf(e.element(items, 0), "key")
	return Apply(OpMap, KindArray, items, key), true
}

func shallowMerge(e *Evaluator, args []Value) (Value, error) {
	items, err := arrayArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	for i := range items {
		if items[i].kind != KindObject && items[i].kind != KindTerm && items[i].kind != KindUnknown {
			return Value{}, argument(0, "an array of objects")
		}
	}
	return e.overlay(items), nil
}

// opOverlay is objects laid over each other without merging what is inside: it
// is what shallowMerge and the spreads of an object literal make.
const opOverlay Op = "shallowmerge"

// overlay lays objects over each other, in normal form: it is flat, and known
// neighbours are one object.
func (e *Evaluator) overlay(objects []Value) Value {
	var flat []Value
	var fields []Field
	size := 0
	add := func(v Value) {
		if v.kind == KindObject {
			more := v.Fields()
			fields, size = append(fields, more...), size+fieldCost*len(more)
			return
		}
		if len(fields) > 0 {
			flat, fields = append(flat, writtenObject(fields)), nil
		}
		flat = append(flat, v)
	}
	for _, o := range objects {
		if t := o.Term(); t != nil && t.Op == opOverlay {
			for _, part := range t.Args {
				add(part)
			}
		} else {
			add(o)
		}
		if size++; size > fieldCost*maxElements {
			return e.Exceed(elementLimit().What)
		}
	}
	if !e.Spend(size) {
		return Unknown()
	}
	if len(flat) == 0 {
		return writtenObject(fields)
	}
	if len(fields) > 0 {
		flat = append(flat, writtenObject(fields))
	}
	if len(flat) == 1 && TypeOf(flat[0]) == KindObject {
		return flat[0]
	}
	if len(flat) > maxParts {
		return Apply(opJoined, KindObject, objects...)
	}
	return Apply(opOverlay, KindObject, flat...)
}

// tryGet follows a path of names and positions: it is null where nothing is at
// the first of them, and refused where nothing is at a later one.
func tryGet(e *Evaluator, args []Value) (Value, error) {
	v := args[0]
	for i, at := range args[1:] {
		switch at.kind {
		case KindString, KindInt, KindTerm, KindUnknown:
		default:
			return Value{}, argument(i+1, "a property name or a position")
		}
		switch {
		case i == 0 && unreadable(v, at):
			return Null(), nil
		case i > 0 && v.IsNull():
			return v, nil
		case absent(v, at):
			return Value{}, argument(i+1, "a property or a position that is there")
		}
		v = e.IndexOf(v, at)
	}
	return v, nil
}

// unreadable reports whether a safe access to a known value finds nothing.
func unreadable(v, at Value) bool {
	if v.kind == KindTerm || v.kind == KindUnknown || !at.Known() {
		return false
	}
	_, named := at.AsString()
	switch v.kind {
	case KindObject:
		return !named || absent(v, at)
	case KindArray:
		return named || absent(v, at)
	default:
	}
	return true
}

func tryGetPartial(e *Evaluator, args []Value) (Value, bool) {
	v, err := tryGet(e, args)
	return v, err == nil
}

package expr

import (
	"strings"
	"sync"
)

// table holds what [functions] makes.
var table struct {
	once sync.Once
	m    map[string]*Func
}

// functions is the table of all functions by lower-case name, built once. It
// cannot be the initial value of a variable: functions apply functions.
func functions() map[string]*Func {
	table.once.Do(func() {
		table.m = map[string]*Func{}
		for _, group := range [][]Func{
			logicFuncs(), stringFuncs(), hashFuncs(), sequenceFuncs(), arrayFuncs(), objectFuncs(),
			numberFuncs(), jsonFuncs(), lambdaFuncs(), uriFuncs(), cidrFuncs(), dateFuncs(),
		} {
			for i := range group {
				table.m[strings.ToLower(group[i].Name)] = &group[i]
			}
		}
	})
	return table.m
}

// logicFuncs are the comparisons and conditions, which are simplified also
// where their arguments are not known.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-logical
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-comparison
func logicFuncs() []Func {
	return []Func{
		logical("and", 2, -1, ofConditions(And)),
		logical("or", 2, -1, ofConditions(Or)),
		logical("not", 1, 1, func(a []Value) Value { return Negate(a[0]) }),
		logical("if", 3, 3, func(a []Value) Value { return If(a[0], a[1], a[2]) }),
		logical("true", 0, 0, func([]Value) Value { return Bool(true) }),
		logical("false", 0, 0, func([]Value) Value { return Bool(false) }),
		logical("null", 0, 0, func([]Value) Value { return Null() }),
		logical("equals", 2, 2, func(a []Value) Value { return Equals(a[0], a[1]) }),
		logical("less", 2, 2, func(a []Value) Value { return less(a[0], a[1], false) }),
		logical("greater", 2, 2, func(a []Value) Value { return less(a[1], a[0], false) }),
		logical("lessOrEquals", 2, 2, func(a []Value) Value { return less(a[1], a[0], true) }),
		logical("greaterOrEquals", 2, 2, func(a []Value) Value { return less(a[0], a[1], true) }),
		logical("coalesce", 1, -1, coalesce),
		logical("empty", 1, 1, func(a []Value) Value { return Empty(a[0]) }),
		// A deployment that comes to a fail() deploys nothing, so that any value
		// will do; one that equals that of the same call says the most.
		logical("fail", 1, 1, func(a []Value) Value { return Apply("fail", KindUnknown, a...) }),
	}
}

// logical makes a function that takes known values and terms alike.
func logical(name string, minArgs, maxArgs int, f func([]Value) Value) Func {
	return Func{
		Name: name, MinArgs: minArgs, MaxArgs: maxArgs, Shallow: true,
		Eval:    func(_ *Evaluator, args []Value) (Value, error) { return f(args), nil },
		Partial: func(_ *Evaluator, args []Value) (Value, bool) { return f(args), true },
	}
}

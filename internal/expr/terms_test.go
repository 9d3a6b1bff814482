package expr

import (
	"strings"
	"testing"
)

// TestTerms are calls with arguments that nobody gave: what is decided all the
// same, and the normal form of what is not.
func TestTerms(t *testing.T) {
	t.Parallel()
	position := Apply(OpPosition, KindInt, Apply("length", KindInt, as))
	element := Apply(OpElement, KindUnknown, as)
	elementName := Apply(OpMember, KindUnknown, element, String("name"))
	names := Apply(OpMap, KindArray, as, elementName)
	on := Atom("on", KindBool)
	svcAPI := Concat(x, String("/"), y)
	checkCalls(t, []call{
		// Strings.
		{"concat", arr{x, "/", y}, svcAPI},
		{"concat", arr{"a", "", "b", x}, Concat(String("ab"), x)},
		{"format", arr{"{0}/{1}", x, y}, svcAPI},
		{"format", arr{"{0}", x}, x},
		{"format", arr{"{0}-{1}", 1, x}, Concat(String("1-"), x)},
		{"format", arr{"{0}", n}, Apply(OpConcat, KindString, n)},
		{"format", arr{"{0:D3}-", n}, Concat(Apply("format", KindString, String("{0:D3}"), n), String("-"))},
		{"format", arr{"{0:D3}", x}, x},
		{"format", arr{"{9}", x}, unknown},
		{"format", arr{x, y}, Apply("format", KindString, x, y)},
		{"join", arr{arr{x, y}, "/"}, svcAPI},
		{"join", arr{arr{"a", "b", x}, "-"}, Concat(String("a-b-"), x)},
		{"join", arr{Apply("split", KindArray, x, String("/")), "/"}, x},
		{"split", arr{svcAPI, "/"}, arr{x, y}},
		{"split", arr{svcAPI, arr{"/"}}, arr{x, y}},
		{"split", arr{x, "/"}, Apply("split", KindArray, x, String("/"))},
		{"split", arr{x, arr{"/"}}, Apply("split", KindArray, x, String("/"))},
		{"split", arr{Concat(x, String("-"), y), "-"}, Apply("split", KindArray, Concat(x, String("-"), y), String("-"))},
		{"string", arr{x}, x},
		{"string", arr{n}, Apply("string", KindString, n)},
		{"toLower", arr{x}, Apply("tolower", KindString, x)},
		{"toLower", arr{Apply("tolower", KindString, x)}, Apply("tolower", KindString, x)},
		{"toUpper", arr{Apply("tolower", KindString, x)}, Apply("toupper", KindString, Apply("tolower", KindString, x))},
		{"toLower", arr{Concat(x, String("-API"))}, Concat(Apply("tolower", KindString, x), String("-api"))},
		{"toLower", arr{If(b, x, String("A"))}, If(b, Apply("tolower", KindString, x), String("a"))},
		{"trim", arr{Apply("trim", KindString, x)}, Apply("trim", KindString, x)},
		{"startsWith", arr{Concat(String("api-"), x), "API"}, true},
		{"startsWith", arr{Concat(String("api-"), x), "b"}, false},
		{"startsWith", arr{Concat(String("api-"), x), "api-x"}, Apply("startswith", KindBool, Concat(String("api-"), x), String("api-x"))},
		{"startsWith", arr{x, ""}, true},
		{"endsWith", arr{Concat(x, String("-api")), "API"}, true},
		{"endsWith", arr{Concat(x, String("-api")), "b"}, false},
		{"substring", arr{Concat(String("abc"), x), 1, 2}, "bc"},
		{"substring", arr{Concat(String("abc"), x), 1, 3}, Apply("substring", KindString, Concat(String("abc"), x), Int(1), Int(3))},
		{"take", arr{Concat(String("abc"), x), 2}, "ab"},
		{"take", arr{x, 2}, Apply("take", KindString, x, Int(2))},
		{"skip", arr{Concat(String("abc"), x), 2}, Concat(String("c"), x)},
		{"skip", arr{Concat(String("abc"), x), 3}, x},
		{"skip", arr{x, 0}, x},
		{"first", arr{Concat(String("abc"), x)}, "a"},
		{"first", arr{x}, Apply("first", KindUnknown, x)},
		{"last", arr{Concat(x, String("abc"))}, "c"},
		{"uniqueString", arr{x, y}, Apply("uniquestring", KindString, Concat(x, String("-"), y))},
		{"guid", arr{Concat(x, String("-"), y)}, Apply("guid", KindString, Concat(x, String("-"), y))},

		// Collections.
		{"first", arr{as}, ElementAt(as, 0)},
		{"first", arr{Apply("split", KindArray, x, String("/"))}, ElementAt(Apply("split", KindArray, x, String("/")), 0)},
		{"first", arr{arr{x, y}}, x},
		{"last", arr{as}, LastOf(as)},
		{"last", arr{arr{x, y}}, y},
		{"first", arr{If(b, val(arr{x}), val(arr{y}))}, If(b, x, y)},
		{"last", arr{If(b, val(arr{x}), val(arr{y}))}, If(b, x, y)},
		{"length", arr{as}, Apply("length", KindInt, as)},
		{"length", arr{names}, Apply("length", KindInt, as)},
		{"length", arr{arr{x, y}}, 2},
		{"length", arr{Apply("range", KindArray, Int(0), n)}, n},
		{"length", arr{If(on, as, val(arr{}))}, If(on, Apply("length", KindInt, as), Int(0))},
		{"range", arr{0, If(on, n, Int(2))}, If(on, Apply("range", KindArray, Int(0), n), val(arr{0, 1}))},
		{"greater", arr{If(on, Int(2), Int(0)), 1}, on},
		{"filter", arr{If(on, as, val(arr{})), fn(lit(true), "e")}, If(on, as, val(arr{}))},
		{"concat", arr{arr{x}, arr{y}}, arr{x, y}},
		{"concat", arr{as, arr{x}, arr{y}}, Apply(OpConcat, KindArray, as, val(arr{x, y}))},
		{"concat", arr{Apply(OpConcat, KindArray, as, val(arr{x})), arr{}, arr{y}}, Apply(OpConcat, KindArray, as, val(arr{x, y}))},
		{"concat", arr{as, arr{}}, as},
		{"first", arr{Apply(OpConcat, KindArray, val(arr{x}), as)}, x},
		{"last", arr{Apply(OpConcat, KindArray, as, val(arr{x}))}, x},
		{"take", arr{arr{x, y, 1}, 2}, arr{x, y}},
		{"take", arr{as, 2}, Apply("take", KindArray, as, Int(2))},
		{"skip", arr{arr{x, y, 1}, 2}, arr{1}},
		{"skip", arr{Apply(OpConcat, KindArray, val(arr{x, y}), as), 1}, Apply(OpConcat, KindArray, val(arr{y}), as)},
		{"take", arr{arr{1, 2}, n}, Apply("take", KindUnknown, val(arr{1, 2}), n)},
		{"flatten", arr{arr{as, arr{x}}}, Apply(OpConcat, KindArray, as, val(arr{x}))},
		{"createArray", arr{x, 1}, arr{x, 1}},
		{"array", arr{x}, arr{x}},
		{"array", arr{as}, as},
		{"array", arr{u}, Apply("array", KindArray, u)},
		{"contains", arr{arr{x, y}, x}, true},
		{"contains", arr{arr{"dev", "prod"}, x}, Or(Equals(String("dev"), x), Equals(String("prod"), x))},
		{"contains", arr{arr{1, 2}, "1"}, false},
		{"contains", arr{Concat(String("a/b"), x), "/"}, true},
		{"contains", arr{Concat(String("ab"), x), "/"}, Apply("contains", KindBool, Concat(String("ab"), x), String("/"))},
		{"contains", arr{Apply("union", KindObject, os, val(obj{"a", 1})), "A"}, true},
		{"contains", arr{If(b, val(arr{"x"}), val(arr{"y"})), "x"}, b},
		{"contains", arr{obj{"a", x}, "b"}, false},
		{"indexOf", arr{arr{"a", x, y}, x}, Apply("indexof", KindInt, val(arr{"a", x, y}), x)},
		{"indexOf", arr{arr{1, x, y}, x}, 1},
		{"lastIndexOf", arr{arr{x, y, 1}, y}, 1},
		{"distinct", arr{arr{x, x, 1}}, arr{x, 1}},
		{"distinct", arr{arr{x, y}}, Apply("distinct", KindArray, val(arr{x, y}))},
		{"distinct", arr{arr{obj{"a", 1}, obj{"A", 1}}}, Apply("distinct", KindArray, val(arr{obj{"a", 1}, obj{"A", 1}}))},
		{"union", arr{arr{1, x}, arr{x}}, arr{1, x}},
		{"union", arr{arr{x}, arr{"a"}}, Apply("union", KindArray, val(arr{x}), val(arr{"a"}))},
		{"union", arr{as, arr{1}}, Apply("union", KindArray, as, val(arr{1}))},
		{"indexFromEnd", arr{as, 1}, LastOf(as)},
		{"indexFromEnd", arr{as, 2}, Apply("fromend", KindUnknown, as, Int(2))},

		// Objects.
		{"createObject", arr{"a", x}, obj{"a", x}},
		{"createObject", arr{"a", 1, x, 2}, Apply("union", KindObject, val(obj{"a", 1}), Apply("property", KindObject, x, Int(2)))},
		{"items", arr{obj{"b", x, "a", 1}}, arr{obj{"key", "a", "value", 1}, obj{"key", "b", "value", x}}},
		{"items", arr{os}, Apply("items", KindArray, os)},
		{"objectKeys", arr{obj{"b", x}}, arr{"b"}},
		{"union", arr{os, obj{"a", 1}, obj{"b", x}}, Apply("union", KindObject, os, val(obj{"a", 1, "b", x}))},
		{"union", arr{Apply("union", KindObject, os, val(obj{"a", 1})), obj{"a", 2}}, Apply("union", KindObject, os, val(obj{"a", 2}))},
		{"union", arr{obj{"a", obj{"b", 1}}, obj{"a", u}}, obj{"a", Apply("union", KindUnknown, val(obj{"b", 1}), u)}},
		{"union", arr{obj{"a", obj{"b", 1}}, obj{"a", x}}, obj{"a", x}},
		{"shallowMerge", arr{arr{obj{"a", 1}, os}}, Apply(opOverlay, KindObject, val(obj{"a", 1}), os)},
		{"tryGet", arr{obj{"a", obj{"b", x}}, "a", "b"}, x},
		{"tryGet", arr{os, "A", "b"}, Apply(OpMember, KindUnknown, Apply(OpMember, KindUnknown, os, String("a")), String("b"))},
		{"tryGet", arr{arr{x, y}, 1}, y},
		{"tryGet", arr{os, x}, Apply(OpMember, KindUnknown, os, x)},
		{"json", arr{Apply("string", KindString, os)}, os},

		// Numbers.
		{"add", arr{n, 0}, n},
		{"add", arr{1, n}, Apply("add", KindInt, n, Int(1))},
		{"add", arr{Apply("add", KindInt, n, Int(1)), 1}, Apply("add", KindInt, n, Int(2))},
		{"sub", arr{n, 2}, Apply("add", KindInt, n, Int(-2))},
		{"sub", arr{Apply("add", KindInt, n, Int(2)), 2}, n},
		{"sub", arr{n, n}, 0},
		{"add", arr{n, m}, apply(t, "add", m, n)},
		{"sub", arr{apply(t, "add", n, m), m}, n},
		{"add", arr{apply(t, "sub", n, m), m}, n},
		{"sub", arr{5, apply(t, "sub", 3, n)}, Apply("add", KindInt, n, Int(2))},
		{"mul", arr{2, n}, apply(t, "mul", n, 2)},
		{"mul", arr{n, 1}, n},
		{"div", arr{n, 2}, Apply("div", KindInt, n, Int(2))},
		{"int", arr{n}, n},
		{"int", arr{Apply("string", KindString, n)}, n},
		{"int", arr{Apply(OpConcat, KindString, n)}, n},
		{"int", arr{x}, Apply("int", KindInt, x)},
		{"bool", arr{b}, b},
		{"any", arr{x}, x},
		{"max", arr{n, 1}, Apply("max", KindInt, n, Int(1))},

		// Lambdas.
		{"map", arr{as, fn(dot(name("a"), "name"), "a")}, names},
		{"map", arr{as, fn(name("i"), "a", "i")}, Apply(OpMap, KindArray, as, position)},
		{"map", arr{arr{x, y}, fn(invoke("toLower", name("a")), "a")}, arr{apply(t, "toLower", x), apply(t, "toLower", y)}},
		{"filter", arr{as, fn(dot(name("a"), "on"), "a")}, Apply(OpFilter, KindArray, as, Apply(OpMember, KindUnknown, element, String("on")))},
		{"filter", arr{as, fn(lit(true), "a")}, as},
		{"filter", arr{as, fn(lit(false), "a")}, arr{}},
		{"filter", arr{arr{x, "b"}, fn(op(Equal, name("a"), lit("b")), "a")}, Apply(OpConcat, KindArray, If(Equals(x, String("b")), val(arr{x}), val(arr{})), val(arr{"b"}))},
		{"length", arr{apply(t, "sort", as, fn(op(Less, dot(name("a"), "p"), dot(name("c"), "p")), "a", "c"))}, Apply("length", KindInt, as)},
		{"reduce", arr{arr{x, "b"}, "", fn(invoke("concat", name("s"), name("a")), "s", "a")}, Concat(x, String("b"))},
		{"reduce", arr{arr{"a"}, x, fn(invoke("concat", name("s"), name("a")), "s", "a")}, Concat(x, String("a"))},
		{"toObject", arr{arr{x, "b"}, fn(name("a"), "a")}, Apply("union", KindObject, Apply("property", KindObject, x, x), val(obj{"b", "b"}))},
		{"groupBy", arr{arr{x}, fn(name("a"), "a")}, Apply("groupby", KindObject, val(arr{arr{x, x}}))},
	})
}

// TestTermLambdas are lambdas over what is not known: equal calls are equal
// terms, others are not.
func TestTermLambdas(t *testing.T) {
	t.Parallel()
	key, other := fn(dot(name("a"), "name"), "a"), fn(dot(name("a"), "id"), "a")
	two := func(field string) *Lambda {
		return fn(op(Less, dot(name("a"), field), dot(name("c"), field)), "a", "c")
	}
	for _, c := range []struct {
		function  string
		same      func() arr
		different arr
	}{
		{"toObject", func() arr { return arr{as, key} }, arr{as, other}},
		{"groupBy", func() arr { return arr{as, key, other} }, arr{as, key}},
		{"mapValues", func() arr { return arr{os, key} }, arr{os, other}},
		{"sort", func() arr { return arr{as, two("name")} }, arr{as, two("id")}},
		{"reduce", func() arr { return arr{as, "", fn(invoke("concat", name("s"), dot(name("a"), "n")), "s", "a")} }, arr{as, "", fn(name("s"), "s", "a")}},
	} {
		t.Run(c.function, func(t *testing.T) {
			t.Parallel()
			v := apply(t, c.function, c.same()...)
			if w := apply(t, c.function, c.same()...); !Identical(v, w) {
				t.Errorf("%s and %s differ", show(v), show(w))
			}
			if w := apply(t, c.function, c.different...); Identical(v, w) {
				t.Errorf("%s and %s are one", show(v), show(w))
			}
		})
	}
}

// TestTable holds for every function: its arity is checked, what is not known
// is never taken for known, and nothing panics whatever it is given.
func TestTable(t *testing.T) {
	t.Parallel()
	all := []Value{
		x, u, n, b, as, os, unknown, Null(), Bool(true), Int(3), Int(-9223372036854775808), String(""), String("a/{0}"),
		val(arr{}), val(arr{x, "a", 1, nil}), val(arr{arr{}, obj{}}), val(obj{}), val(obj{"a", x, "b", obj{"c", 1}}),
		val(fn(name("p"), "p", "q")), val(fn(lit(true))),
	}
	for _, f := range functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			var e Evaluator
			if f.MinArgs > 0 {
				if v := e.Apply(f.Name, all[:f.MinArgs-1]); !v.IsUnknown() {
					t.Errorf("with %d arguments: %s", f.MinArgs-1, show(v))
				}
			}
			if f.MaxArgs >= 0 {
				if v := e.Apply(f.Name, all[:f.MaxArgs+1]); !v.IsUnknown() {
					t.Errorf("with %d arguments: %s", f.MaxArgs+1, show(v))
				}
			}
			if found, ok := Function(strings.ToUpper(f.Name)); !ok || found != f {
				t.Errorf("%s is not found by name", f.Name)
			}
			if f.MinArgs == 0 {
				return
			}
			for i := range max(f.MinArgs, min(f.MaxArgs, 3)) {
				for j := range len(all) * len(all) {
					args := []Value{all[j%len(all)], all[j/len(all)], all[(j+i)%len(all)]}
					args = args[:max(f.MinArgs, min(len(args), f.MaxArgs))]
					if v := e.Apply(f.Name, args); e.Err() != nil {
						t.Fatalf("%s(%s) = %s: %v", f.Name, show(ArrayOf(args...)), show(v), e.Err())
					}
				}
			}
			args := make([]Value, f.MinArgs)
			for i := range args {
				args[i] = Atom("argument", KindUnknown)
			}
			if v := e.Apply(f.Name, args); v.Known() && f.Name != "sub" && f.Name != "equals" && !strings.HasPrefix(f.Name, "less") && !strings.HasPrefix(f.Name, "greater") {
				t.Errorf("of atoms: %s", show(v))
			}
			for i := range args {
				args[i] = Unknown()
			}
			if v := e.Apply(f.Name, args); !v.Vague() {
				t.Errorf("of unknown: %s", show(v))
			}
		})
	}
}

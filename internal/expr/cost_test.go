package expr

import (
	"strings"
	"testing"
	"time"
)

// TestCost are expressions that are short, or hold one long text, and ask for
// far more work than they look. A step stands for the same time whatever it is
// spent on: what ends within the steps ends within 0.2 seconds on a machine
// that has nothing else to do. The time is measured with a wide margin.
func TestCost(t *testing.T) {
	t.Parallel()
	long := lit(strings.Repeat("aB", MaxText/4))
	numbers := invoke("range", lit(0), lit(10000))
	each := func(body Expr) Expr { return invoke("map", numbers, fn(body, "i")) }
	numbered := func(x Expr) Expr { return &Interpolation{Parts: []Expr{x, name("i")}} }
	same := each(long)
	keyed := invoke("createObject", long, lit(1), lit("b"), long)
	for _, c := range []struct {
		name string
		x    Expr
	}{
		{"range", invoke("range", lit(0), lit(2147483648))},
		{"range of all", invoke("range", lit(-2147483648), lit(2147483647))},
		{"ranges", each(numbers)},
		{"ranges in ranges", each(invoke("map", numbers, fn(invoke("map", numbers, fn(name("k"), "k")), "j")))},
		{"filters in filters", invoke("filter", numbers, fn(invoke("contains", invoke("filter", numbers, fn(lit(true), "j")), name("i")), "i"))},
		{"sort", invoke("sort", numbers, fn(op(Greater, name("p"), name("q")), "p", "q"))},
		{"sorts", each(invoke("sort", numbers, fn(op(Greater, name("p"), name("q")), "p", "q")))},
		{"numbers", invoke("reduce", numbers, lit(1), fn(op(Multiply, name("a"), lit(1000000007)), "a", "i"))},
		{"loops in loops", loops(4)},
		{"deep JSON", invoke("json", lit(strings.Repeat("[", MaxText-1)))},
		{"deep JSON object", invoke("json", lit(strings.Repeat(`{"a":`, MaxText/8)))},
		{"wide JSON", invoke("json", lit("["+strings.Repeat("1,", MaxText/4)+"]"))},
		{"wide JSON object", invoke("json", lit("{"+strings.Repeat(`"a":1,`, MaxText/8)+"}"))},
		{"JSON comments", invoke("json", lit(strings.Repeat("/**/", MaxText/8)+"1"))},
		{"JSON text", each(invoke("string", invoke("createArray", long)))},
		{"JSON again", each(invoke("json", invoke("string", numbers)))},
		{"text of arrays", each(&Interpolation{Parts: []Expr{numbers}})},
		{"distinct", invoke("distinct", same)},
		{"distinct texts", invoke("distinct", each(numbered(long)))},
		{"union", invoke("union", same, same)},
		{"intersection", invoke("intersection", same, same)},
		{"equal", op(Equal, same, each(numbered(lit("a"))))},
		{"contains", each(invoke("contains", same, lit("b")))},
		{"contains text", each(invoke("contains", long, lit("ab")))},
		{"index", each(invoke("lastIndexOf", long, lit("ba")))},
		{"names", invoke("toObject", numbers, fn(numbered(long), "i"))},
		{"one name", invoke("toObject", numbers, fn(long, "i"))},
		{"groups", invoke("groupBy", numbers, fn(long, "i"))},
		{"items", each(invoke("items", keyed))},
		{"object", each(keyed)},
		{"member", each(&Index{Base: keyed, Index: long})},
		{"case", each(invoke("toUpper", invoke("toLower", long)))},
		{"affix", each(invoke("startsWith", long, long))},
		{"like", each(invoke("like", long, lit("*b"+strings.Repeat("*a", 1000)+"*c")))},
		{"equal names", each(op(EqualIgnoreCase, long, long))},
		{"split", each(invoke("split", long, lit("B")))},
		{"splits", invoke("split", long, each(numbered(lit("B"))))},
		{"replace", each(invoke("replace", long, lit("a"), lit("bb")))},
		{"hash", each(invoke("uniqueString", long, name("i")))},
		{"guid", each(invoke("guid", long))},
		{"base64", each(invoke("base64ToString", invoke("base64", long)))},
		{"escape", each(invoke("uriComponentToString", invoke("uriComponent", long)))},
		{"trim", each(invoke("trim", lit(strings.Repeat(" ", MaxText/2))))},
		{"cut", each(invoke("substring", lit(strings.Repeat("é", MaxText/4)), lit(1), name("i")))},
		{"pattern", each(invoke("format", lit(strings.Repeat("{0:N0}", MaxText/8)), name("i")))},
		{"align", each(invoke("format", lit("{0,999999}"), name("i")))},
		{"digits", each(invoke("format", lit("{0:F999}{0:X999}{0:D999}"), name("i")))},
		{"date", each(invoke("dateTimeAdd", lit("2020-01-01T00:00:00Z"), lit("P1D"), lit(strings.Repeat("yyyy", MaxText/8))))},
		{"duration", each(invoke("dateTimeAdd", lit("2020-01-01T00:00:00Z"), lit("P"+strings.Repeat("1", MaxText/2)+"D")))},
		{"subnets", each(invoke("cidrSubnet", lit("::/0"), lit(128), name("i")))},
		{"join", each(invoke("join", numbers, lit("-")))},
		{"concat", invoke("concat", each(long), numbers)},
		{"number", each(invoke("int", lit(strings.Repeat("9", MaxText/2))))},
		{"fraction", each(invoke("float", lit(strings.Repeat("9", MaxText/2))))},
		{"address", each(invoke("parseUri", lit("https://example.com/"+strings.Repeat("a", maxURI/2))))},
		{"addresses", each(invoke("uri", lit("https://example.com/"+strings.Repeat("a/", maxURI/4)), lit(strings.Repeat("../", maxURI/4))))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var e Evaluator
			start := time.Now()
			v := e.Eval(names{}, c.x)
			_, _ = v.Known(), Identical(v, v)
			took := time.Since(start)
			t.Logf("%v, %d steps, %v", took.Round(time.Millisecond), e.steps, e.Err())
			if took > 10*time.Second {
				t.Errorf("took %v for %d steps", took, e.steps)
			}
			if e.steps > MaxSteps+1 {
				t.Errorf("%d steps", e.steps)
			}
		})
	}
}

// loops are loops in each other.
func loops(n int) Expr {
	if n == 0 {
		return name("i")
	}
	return &For{Item: "i", In: invoke("range", lit(0), lit(800)), Body: loops(n - 1)}
}

package expr_test

import (
	"fmt"

	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// A text that depends on what nobody gave is the same text however it is
// spelled.
func ExampleConcat() {
	service := expr.Atom("parameters.service", expr.KindString)
	name := expr.Concat(service, expr.String("/"), expr.String("orders"))

	var e expr.Evaluator
	formatted := e.Apply("format", []expr.Value{expr.String("{0}/{1}"), service, expr.String("orders")})
	fmt.Println(expr.Identical(name, formatted))

	parts := expr.Split(name, "/")
	fmt.Println(len(parts), expr.Identical(parts[0], service))
	// Output:
	// true
	// 2 true
}

func ExampleFunction() {
	f, ok := expr.Function("UNIQUESTRING")
	fmt.Println(f.Name, f.MinArgs, f.MaxArgs, ok)

	var e expr.Evaluator
	hash, _ := e.Apply(f.Name, []expr.Value{expr.String("snap"), expr.String("crackle"), expr.String("pop")}).AsString()
	fmt.Println(hash)
	// Output:
	// uniqueString 1 -1 true
	// byghxckddilkc
}

func ExampleSameName() {
	p := expr.Atom("parameters.prefix", expr.KindString)
	name := func(suffix string) expr.Value { return expr.Concat(p, expr.String(suffix)) }
	fmt.Println(expr.SameName(name("-Orders"), name("-orders")) == expr.True)
	fmt.Println(expr.SameName(name("-orders"), name("-billing")) == expr.False)
	fmt.Println(expr.SameName(name("-orders"), expr.String("shop-orders")) == expr.Maybe)
	// Output:
	// true
	// true
	// true
}

// Package expr is the expression language that ARM templates and Bicep share:
// the tree both readers produce, the values and terms it evaluates to, the
// table of functions, and the evaluation itself.
//
// Evaluation is symbolic. What a template cannot know before it is deployed (a
// parameter without a value, the subscription, the answer of a resource
// provider) is an atom, and an expression over atoms is a term. Terms are kept
// in a normal form, so that different spellings of the same thing are the same
// term. Nothing here reads files, clocks or the network.
package expr

import "github.com/onboard-defender/onboard-defender/internal/source"

// Expr is a node of the expression tree. The set of nodes is closed. Trees are
// immutable once built and may be shared between goroutines.
type Expr interface {
	// Span is where the expression stands in its file.
	Span() source.Span
	isExpr()
}

// Node is the part all expressions have in common.
type Node struct {
	At source.Span
}

// Span is where the expression stands in its file.
func (n Node) Span() source.Span { return n.At }

func (Node) isExpr() {}

type (
	// Literal is a scalar written down: null, a boolean, a number, a string
	// without interpolation.
	Literal struct {
		Node
		Value Value
	}

	// Interpolation is a Bicep string with expressions inside, as its literal
	// and computed parts in order.
	Interpolation struct {
		Node
		Parts []Expr
	}

	// Object is an object literal.
	Object struct {
		Node
		Properties []Property
	}

	// Property is one entry of an [Object]. A spread ("...base") has no Key.
	Property struct {
		Key   Expr // nil for a spread; else a Literal string or an Interpolation
		Value Expr
		At    source.Span // key and value
	}

	// Array is an array literal.
	Array struct {
		Node
		Items []Item
	}

	// Item is one element of an [Array], or a spread of several.
	Item struct {
		Value  Expr
		Spread bool
	}

	// Name is a Bicep identifier, or a lambda variable of an ARM template. What
	// it names (a local, a parameter, a variable, a resource, a module, an
	// import) is for the [Scope] to say.
	Name struct {
		Node
		Name string
	}

	// Member is property access by a fixed name: base.name, base.?name.
	Member struct {
		Node
		Base Expr
		Name string
		Safe bool // .? gives null where there is no such property
	}

	// Nested is Bicep's access to a nested resource: base::name.
	Nested struct {
		Node
		Base Expr
		Name string
	}

	// Index is access by a computed position or name: base[i], base[?i], base[^1].
	Index struct {
		Node
		Base    Expr
		Index   Expr
		Safe    bool // [? gives null where there is no such element
		FromEnd bool // [^ counts from the end, from 1
	}

	// Call is a function call. Base is nil for a plain one; for sys.format(…),
	// shared.f(…) and resource.listKeys() it is what stands before the dot.
	Call struct {
		Node
		Base Expr
		Name string
		Args []Expr
	}

	// Unary is an operator before its operand.
	Unary struct {
		Node
		Op UnaryOp
		X  Expr
	}

	// Binary is an operator between two operands.
	Binary struct {
		Node
		Op   BinaryOp
		X, Y Expr
	}

	// Conditional is cond ? then : otherwise. ARM's if() is one, too.
	Conditional struct {
		Node
		Cond, Then, Else Expr
	}

	// NonNull is Bicep's postfix "!", an assertion to the type system.
	NonNull struct {
		Node
		X Expr
	}

	// Lambda is a function written in place.
	Lambda struct {
		Node
		Params []string
		Body   Expr
	}

	// For is a loop that makes an array: [for item in in: body].
	For struct {
		Node
		Item  string
		Index string // "" when the loop names none
		In    Expr
		If    Expr // nil without a filter
		Body  Expr
	}

	// Invalid stands where nothing readable was found; it evaluates to unknown.
	Invalid struct {
		Node
	}
)

// UnaryOp is an operator with one operand.
type UnaryOp uint8

// The unary operators.
const (
	Not UnaryOp = iota + 1 // !
	Minus
	Plus
)

// BinaryOp is an operator with two operands.
type BinaryOp uint8

// The binary operators.
const (
	Add                BinaryOp = iota + 1 // +
	Subtract                               // -
	Multiply                               // *
	Divide                                 // /
	Modulo                                 // %
	Less                                   // <
	LessOrEqual                            // <=
	Greater                                // >
	GreaterOrEqual                         // >=
	Equal                                  // ==
	NotEqual                               // !=
	EqualIgnoreCase                        // =~
	NotEqualIgnoreCase                     // !~
	AndAlso                                // &&
	OrElse                                 // ||
	Coalesce                               // ??
)

// StringLiteral makes a literal string node; readers use it for keys and names.
func StringLiteral(at source.Span, s string) *Literal {
	return &Literal{Node: Node{At: at}, Value: String(s)}
}

// LiteralString is the text of a literal string node, and whether x is one.
func LiteralString(x Expr) (string, bool) {
	l, ok := x.(*Literal)
	if !ok {
		return "", false
	}
	return l.Value.AsString()
}

// Walk calls visit for x and, where visit returns true, for everything below
// it, in source order. It accepts nil. Depth is bounded by the readers.
func Walk(x Expr, visit func(Expr) bool) {
	if x == nil || !visit(x) {
		return
	}
	switch x := x.(type) {
	case *Interpolation:
		walkAll(x.Parts, visit)
	case *Object:
		for _, p := range x.Properties {
			Walk(p.Key, visit)
			Walk(p.Value, visit)
		}
	case *Array:
		for _, i := range x.Items {
			Walk(i.Value, visit)
		}
	case *Member:
		Walk(x.Base, visit)
	case *Nested:
		Walk(x.Base, visit)
	case *Index:
		Walk(x.Base, visit)
		Walk(x.Index, visit)
	case *Call:
		Walk(x.Base, visit)
		walkAll(x.Args, visit)
	case *Unary:
		Walk(x.X, visit)
	case *Binary:
		Walk(x.X, visit)
		Walk(x.Y, visit)
	case *Conditional:
		Walk(x.Cond, visit)
		Walk(x.Then, visit)
		Walk(x.Else, visit)
	case *NonNull:
		Walk(x.X, visit)
	case *Lambda:
		Walk(x.Body, visit)
	case *For:
		Walk(x.In, visit)
		Walk(x.If, visit)
		Walk(x.Body, visit)
	}
}

func walkAll(xs []Expr, visit func(Expr) bool) {
	for _, x := range xs {
		Walk(x, visit)
	}
}

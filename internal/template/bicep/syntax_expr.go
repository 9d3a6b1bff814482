package bicep

// Expr is an expression: one of the types whose names end in Expr or Lit, or
// an [*Ident].
type Expr interface {
	Node
	expr()
}

// Element is a part of an object: a [*Property], a [*SpreadExpr] or, in the
// body of a resource, a nested [*ResourceDecl].
type Element interface {
	Node
	element()
}

// The expressions. Operands are never nil: what could not be read is a
// [*BadExpr].
type (
	// BadExpr is text where an expression was expected and none could be read.
	BadExpr struct{ node }

	// NullLit is null.
	NullLit struct{ node }

	// BoolLit is true or false.
	BoolLit struct {
		node
		Value bool
	}

	// IntLit is a number; a sign is a [*UnaryExpr] around it.
	IntLit struct {
		node
		Value uint64
	}

	// StringExpr is a string of any kind.
	StringExpr struct {
		node
		// Texts are the pieces around the holes, with escapes replaced: one
		// more than there are Holes.
		Texts []string
		// Holes are the interpolated expressions.
		Holes []Expr
		// Multiline says that the string is written in three quotes.
		Multiline bool
	}

	// ObjectExpr is {…}.
	ObjectExpr struct {
		node
		Elements []Element
		// Unclosed says that the closing brace is missing.
		Unclosed bool
	}

	// Property is Key: Value in an object.
	Property struct {
		node
		// Key is an [*Ident], a [*StringExpr] or a [*BadExpr].
		Key   Expr
		Value Expr
	}

	// SpreadExpr is ...Value, an element of an object or an array.
	SpreadExpr struct {
		node
		Value Expr
	}

	// ArrayExpr is […].
	ArrayExpr struct {
		node
		Items []Expr
		// Unclosed says that the closing bracket is missing, or that there are more
		// items than the file may hold values.
		Unclosed bool
	}

	// ForExpr is [for Item in Collection: Body], or with (Item, Index).
	ForExpr struct {
		node
		Item       *Ident // nil when missing
		Index      *Ident // nil when absent
		Collection Expr
		// Body is an [*IfExpr] where elements are filtered.
		Body Expr
	}

	// IfExpr is if (Condition) Body, the body of a resource, module or loop.
	IfExpr struct {
		node
		Condition Expr
		Body      Expr
	}

	// ParenExpr is (Inner).
	ParenExpr struct {
		node
		Inner Expr
	}

	// UnaryExpr is Operator Operand, with Not, Minus or Plus.
	UnaryExpr struct {
		node
		Operator Kind
		Operand  Expr
	}

	// BinaryExpr is Left Operator Right.
	BinaryExpr struct {
		node
		Operator    Kind
		Left, Right Expr
	}

	// TernaryExpr is Condition ? Then : Else.
	TernaryExpr struct {
		node
		Condition, Then, Else Expr
	}

	// MemberExpr is Base.Name, or Base.?Name when Safe.
	MemberExpr struct {
		node
		Base Expr
		Name *Ident
		Safe bool
	}

	// NestedExpr is Base::Name, a resource nested in another.
	NestedExpr struct {
		node
		Base Expr
		Name *Ident
	}

	// IndexExpr is Base[Index], Base[?Index] when Safe, Base[^Index] when
	// FromEnd counts from 1 at the end, or both.
	IndexExpr struct {
		node
		Base    Expr
		Index   Expr
		Safe    bool
		FromEnd bool
	}

	// NonNullExpr is Operand!, the assertion that a value is not null.
	NonNullExpr struct {
		node
		Operand Expr
	}

	// CallExpr is Name(Args), or Base.Name(Args).
	CallExpr struct {
		node
		Base Expr // nil for a plain function
		Name *Ident
		Args []Expr
	}

	// LambdaExpr is (Params) => Body.
	LambdaExpr struct {
		node
		Params []*Ident
		Body   Expr
	}
)

func (*Ident) expr()       {}
func (*BadExpr) expr()     {}
func (*NullLit) expr()     {}
func (*BoolLit) expr()     {}
func (*IntLit) expr()      {}
func (*StringExpr) expr()  {}
func (*ObjectExpr) expr()  {}
func (*SpreadExpr) expr()  {}
func (*ArrayExpr) expr()   {}
func (*ForExpr) expr()     {}
func (*IfExpr) expr()      {}
func (*ParenExpr) expr()   {}
func (*UnaryExpr) expr()   {}
func (*BinaryExpr) expr()  {}
func (*TernaryExpr) expr() {}
func (*MemberExpr) expr()  {}
func (*NestedExpr) expr()  {}
func (*IndexExpr) expr()   {}
func (*NonNullExpr) expr() {}
func (*CallExpr) expr()    {}
func (*LambdaExpr) expr()  {}

func (*Property) element()     {}
func (*SpreadExpr) element()   {}
func (*ResourceDecl) element() {}

// Text is the text of a string without holes, which is all there is to know
// about it.
func (s *StringExpr) Text() (string, bool) {
	if s == nil || len(s.Texts) != 1 {
		return "", false
	}
	return s.Texts[0], true
}

// Name is the name of a property whose key is an identifier or a string
// without holes.
func (p *Property) Name() (string, bool) {
	switch key := p.Key.(type) {
	case *Ident:
		return key.Name, true
	case *StringExpr:
		return key.Text()
	default:
		return "", false
	}
}

// Property is the property of that name, the first one where the source has
// several, which the compiler rejects; nil when there is none.
func (o *ObjectExpr) Property(name string) *Property {
	for _, e := range o.Elements {
		if p, ok := e.(*Property); ok {
			if n, ok := p.Name(); ok && n == name {
				return p
			}
		}
	}
	return nil
}

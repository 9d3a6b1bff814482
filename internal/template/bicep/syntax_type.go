package bicep

// TypeExpr is a type: one of the types whose names end in Type.
type TypeExpr interface {
	Node
	typeExpr()
}

// The types. Parts are never nil: what could not be read is a [*BadType].
type (
	// BadType is text where a type was expected and none could be read.
	BadType struct{ node }

	// NamedType is Name, a type of the language, of the file or imported; with
	// Args it is Name<Args>, such as resourceInput<'…'>.
	NamedType struct {
		node
		Name *Ident
		Args []TypeExpr
	}

	// MemberType is Base.Name: a type in a namespace, or that of a property;
	// with Args it is Base.Name<Args>.
	MemberType struct {
		node
		Base TypeExpr
		Name *Ident
		Args []TypeExpr
	}

	// ExtraType is Base.*, the type of the additional properties.
	ExtraType struct {
		node
		Base TypeExpr
	}

	// ItemType is Base[Index], or Base[*] when Index is nil.
	ItemType struct {
		node
		Base  TypeExpr
		Index Expr
	}

	// ArrayType is Item[].
	ArrayType struct {
		node
		Item TypeExpr
	}

	// NullableType is Inner?.
	NullableType struct {
		node
		Inner TypeExpr
	}

	// NonNullType is Inner!.
	NonNullType struct {
		node
		Inner TypeExpr
	}

	// ParenType is (Inner).
	ParenType struct {
		node
		Inner TypeExpr
	}

	// UnionType is Members with | between them.
	UnionType struct {
		node
		Members []TypeExpr
	}

	// LiteralType is a value as a type: a literal, with a sign or ! perhaps.
	LiteralType struct {
		node
		Value Expr
	}

	// ResourceType is resource 'Type', a parameter or output that holds a
	// resource; the type may be left out for an output.
	ResourceType struct {
		node
		Type *StringExpr
	}

	// TupleType is [Items].
	TupleType struct {
		node
		Items []*TupleItem
	}

	// ObjectType is {Properties}.
	ObjectType struct {
		node
		Properties []*TypeProperty
	}
)

// TupleItem is an item of a [*TupleType].
type TupleItem struct {
	node
	Decorators []*Decorator
	Type       TypeExpr
}

// TypeProperty is Key: Type in an [*ObjectType], or *: Type.
type TypeProperty struct {
	node
	Decorators []*Decorator
	// Key is an [*Ident], a [*StringExpr] or a [*BadExpr]; nil for *, which
	// stands for all properties that are not named.
	Key  Expr
	Type TypeExpr
}

func (*BadType) typeExpr()      {}
func (*NamedType) typeExpr()    {}
func (*MemberType) typeExpr()   {}
func (*ExtraType) typeExpr()    {}
func (*ItemType) typeExpr()     {}
func (*ArrayType) typeExpr()    {}
func (*NullableType) typeExpr() {}
func (*NonNullType) typeExpr()  {}
func (*ParenType) typeExpr()    {}
func (*UnionType) typeExpr()    {}
func (*LiteralType) typeExpr()  {}
func (*ResourceType) typeExpr() {}
func (*TupleType) typeExpr()    {}
func (*ObjectType) typeExpr()   {}

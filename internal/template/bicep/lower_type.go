package bicep

import "github.com/onboard-defender/onboard-defender/internal/template"

func (l *lowering) parameter(d *ParamDecl) *template.Parameter {
	p := &template.Parameter{Name: d.Name.Name, At: d.Name.Span(), Default: l.expr(d.Default)}
	t := l.shape(d.Type)
	p.Type, p.Nullable = t.base, t.nullable
	if t.base == "" {
		p.Imported = l.foreign(d.Type)
	}
	return p
}

// foreign is the name of a type that the file does not declare, else "".
func (l *lowering) foreign(t TypeExpr) string {
	switch t := t.(type) {
	case *NamedType:
		if name := t.Name.Name; len(t.Args) == 0 && l.types[name] == nil && builtin(name) == "" {
			return name
		}
	case *MemberType:
		if ns, ok := t.Base.(*NamedType); ok && l.types[ns.Name.Name] == nil {
			return ns.Name.Name + "." + t.Name.Name
		}
	}
	return ""
}

// A typeShape is what the model says about a type.
type typeShape struct {
	base     string
	nullable bool
	null     bool // it is null and nothing else
}

// maxAlias bounds how far the names of types are followed.
const maxAlias = 64

// shape looks through the types that the file declares. Of imported ones
// nothing is known here.
func (l *lowering) shape(t TypeExpr) typeShape {
	switch t := t.(type) {
	case *NamedType:
		return l.namedShape(t)
	case *MemberType:
		if ns, ok := t.Base.(*NamedType); ok && ns.Name.Name == "sys" && l.types["sys"] == nil {
			return typeShape{base: builtin(t.Name.Name)}
		}
	case *ParenType:
		return l.shape(t.Inner)
	case *NullableType:
		s := l.shape(t.Inner)
		s.nullable = true
		return s
	case *NonNullType:
		s := l.shape(t.Inner)
		s.nullable = false
		return s
	case *ArrayType, *TupleType:
		return typeShape{base: "array"}
	case *ObjectType:
		return typeShape{base: "object"}
	case *LiteralType:
		return literalShape(t)
	case *UnionType:
		return l.unionShape(t)
	}
	return typeShape{}
}

func (l *lowering) namedShape(t *NamedType) typeShape {
	name := t.Name.Name
	declared := l.types[name]
	switch {
	case len(t.Args) > 0:
		return typeShape{}
	case declared == nil:
		return typeShape{base: builtin(name)}
	}
	s, known := l.shapes[name]
	if known || l.aliases == maxAlias {
		return s
	}
	l.shapes[name] = typeShape{} // what a type that refers to itself finds
	l.aliases++
	s = l.shape(declared)
	l.aliases--
	l.shapes[name] = s
	return s
}

// builtin is the name of a type of the language. The secure ones are from old
// versions of it.
func builtin(name string) string {
	switch name {
	case "string", "int", "bool", "object", "array":
		return name
	case "secureString":
		return "string"
	case "secureObject":
		return "object"
	}
	return ""
}

func literalShape(t *LiteralType) typeShape {
	v := t.Value
	if u, ok := v.(*UnaryExpr); ok {
		v = u.Operand
	}
	switch v.(type) {
	case *StringExpr:
		return typeShape{base: "string"}
	case *IntLit:
		return typeShape{base: "int"}
	case *BoolLit:
		return typeShape{base: "bool"}
	case *NullLit:
		return typeShape{nullable: true, null: true}
	}
	return typeShape{}
}

// unionShape is the shape of all members together: their base where they have
// the same one. Null fits every base.
func (l *lowering) unionShape(t *UnionType) typeShape {
	u, mixed := typeShape{null: true}, false
	for _, m := range t.Members {
		s := l.shape(m)
		u.nullable = u.nullable || s.nullable
		if s.null {
			continue
		}
		mixed = mixed || s.base == "" || !u.null && u.base != s.base
		u.base, u.null = s.base, false
	}
	if mixed {
		u.base = ""
	}
	return u
}

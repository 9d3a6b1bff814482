package bicep

import (
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

func (l *lowering) parameter(d *ParamDecl) *template.Parameter {
	p := &template.Parameter{Name: d.Name.Name, At: d.Name.Span(), Default: l.expr(d.Default)}
	t := l.shape(d.Type)
	p.Type, p.Nullable, p.Allowed = t.base, t.nullable, t.values
	if t.base == "" {
		p.Imported = l.foreign(d.Type)
	}
	for _, x := range d.Decorators {
		if values := l.allowed(x); values != nil {
			p.Allowed = values
		}
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

// allowed is the values of @allowed([…]), nil for another decorator.
func (l *lowering) allowed(d *Decorator) []expr.Expr {
	call, ok := d.Call.(*CallExpr)
	if !ok || call.Name.Name != "allowed" || len(call.Args) != 1 {
		return nil
	}
	if base, ok := call.Base.(*Ident); call.Base != nil && (!ok || base.Name != "sys") {
		return nil
	}
	a, ok := call.Args[0].(*ArrayExpr)
	if !ok || a.Unclosed {
		return nil
	}
	return l.all(a.Items)
}

// A typeShape is what the model says about a type.
type typeShape struct {
	base     string
	nullable bool
	values   []expr.Expr // all there are, nil when they are not listed
}

const (
	// maxAlias bounds how far the names of types are followed.
	maxAlias = 64
	// maxValues bounds a list of values; unions of unions double in length.
	maxValues = 1000
)

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
		if s.values != nil {
			s.values = append(slices.Clip(s.values), &expr.Literal{Node: at(t), Value: expr.Null()})
		}
		return s
	case *NonNullType:
		s := l.shape(t.Inner)
		s.nullable, s.values = false, nil
		return s
	case *ArrayType, *TupleType:
		return typeShape{base: "array"}
	case *ObjectType:
		return typeShape{base: "object"}
	case *LiteralType:
		return l.literalShape(t)
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

func (l *lowering) literalShape(t *LiteralType) typeShape {
	v := t.Value
	s := typeShape{values: []expr.Expr{l.expr(v)}}
	if u, ok := v.(*UnaryExpr); ok {
		v = u.Operand
	}
	switch v.(type) {
	case *StringExpr:
		s.base = "string"
	case *IntLit:
		s.base = "int"
	case *BoolLit:
		s.base = "bool"
	case *NullLit:
		s.nullable = true
	default:
		s.values = nil
	}
	return s
}

// unionShape is the shape of all members together: their base where they have
// the same one, and their values where each lists its own.
func (l *lowering) unionShape(t *UnionType) typeShape {
	var u typeShape
	listed, mixed := true, false
	for _, m := range t.Members {
		s := l.shape(m)
		u.nullable = u.nullable || s.nullable
		if listed {
			u.values = append(u.values, s.values...)
		}
		listed = listed && s.values != nil && len(u.values) <= maxValues
		switch {
		case s.base == "" && s.nullable && s.values != nil: // null fits every base
		case u.base == "":
			u.base = s.base
			mixed = mixed || s.base == ""
		default:
			mixed = mixed || u.base != s.base
		}
	}
	if !listed {
		u.values = nil
	}
	if mixed {
		u.base = ""
	}
	return u
}

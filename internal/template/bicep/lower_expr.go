package bicep

import (
	"math"

	"github.com/onboard-defender/onboard-defender/internal/expr"
)

func at(n Node) expr.Node { return expr.Node{At: n.Span()} }

var unaryOps = map[Kind]expr.UnaryOp{Not: expr.Not, Minus: expr.Minus, Plus: expr.Plus}

var binaryOps = map[Kind]expr.BinaryOp{
	Plus: expr.Add, Minus: expr.Subtract, Star: expr.Multiply, Slash: expr.Divide, Percent: expr.Modulo,
	Less: expr.Less, LessEqual: expr.LessOrEqual, Greater: expr.Greater, GreaterEqual: expr.GreaterOrEqual,
	Equal: expr.Equal, NotEqual: expr.NotEqual, EqualFold: expr.EqualIgnoreCase, NotEqualFold: expr.NotEqualIgnoreCase,
	And: expr.AndAlso, Or: expr.OrElse, Coalesce: expr.Coalesce,
}

// expr lowers an expression; nil stays nil.
func (l *lowering) expr(e Expr) expr.Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case *Ident:
		return &expr.Name{Node: at(e), Name: e.Name}
	case *NullLit:
		return &expr.Literal{Node: at(e), Value: expr.Null()}
	case *BoolLit:
		return &expr.Literal{Node: at(e), Value: expr.Bool(e.Value)}
	case *IntLit:
		if e.Value > math.MaxInt64 {
			return &expr.Invalid{Node: at(e)}
		}
		return &expr.Literal{Node: at(e), Value: expr.Int(int64(e.Value))}
	case *StringExpr:
		return l.text(e)
	case *ObjectExpr:
		return l.object(e)
	case *ArrayExpr:
		return l.array(e)
	case *ForExpr:
		return l.loop(e)
	case *ParenExpr:
		return l.expr(e.Inner)
	case *UnaryExpr:
		return l.unary(e)
	case *BinaryExpr:
		return &expr.Binary{Node: at(e), Op: binaryOps[e.Operator], X: l.expr(e.Left), Y: l.expr(e.Right)}
	case *TernaryExpr:
		return &expr.Conditional{Node: at(e), Cond: l.expr(e.Condition), Then: l.expr(e.Then), Else: l.expr(e.Else)}
	case *MemberExpr:
		return &expr.Member{Node: at(e), Base: l.expr(e.Base), Name: e.Name.Name, Safe: e.Safe}
	case *NestedExpr:
		return &expr.Nested{Node: at(e), Base: l.expr(e.Base), Name: e.Name.Name}
	case *IndexExpr:
		return &expr.Index{Node: at(e), Base: l.expr(e.Base), Index: l.expr(e.Index), Safe: e.Safe, FromEnd: e.FromEnd}
	case *NonNullExpr:
		return &expr.NonNull{Node: at(e), X: l.expr(e.Operand)}
	case *CallExpr:
		return &expr.Call{Node: at(e), Base: l.expr(e.Base), Name: e.Name.Name, Args: l.all(e.Args)}
	case *LambdaExpr:
		return l.lambda(e)
	default: // a *BadExpr, or what is an expression in certain places only
		return &expr.Invalid{Node: at(e)}
	}
}

func (l *lowering) all(list []Expr) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = l.expr(e)
	}
	return out
}

func (l *lowering) unary(e *UnaryExpr) expr.Expr {
	// The least number has no positive counterpart to negate.
	if n, ok := e.Operand.(*IntLit); ok && e.Operator == Minus && n.Value == -math.MinInt64 {
		return &expr.Literal{Node: at(e), Value: expr.Int(math.MinInt64)}
	}
	return &expr.Unary{Node: at(e), Op: unaryOps[e.Operator], X: l.expr(e.Operand)}
}

func (l *lowering) text(s *StringExpr) expr.Expr {
	if text, ok := s.Text(); ok {
		return expr.StringLiteral(s.Span(), text)
	}
	x := &expr.Interpolation{Node: at(s), Parts: make([]expr.Expr, 0, 2*len(s.Texts))}
	for i, text := range s.Texts {
		if text != "" {
			x.Parts = append(x.Parts, expr.StringLiteral(s.Span(), text))
		}
		if i < len(s.Holes) {
			x.Parts = append(x.Parts, l.expr(s.Holes[i]))
		}
	}
	return x
}

// object lowers an object literal. Where a part of it is lost, something
// unknown is spread into it: any property may be there.
func (l *lowering) object(o *ObjectExpr) *expr.Object {
	x := &expr.Object{Node: at(o), Properties: make([]expr.Property, 0, len(o.Elements))}
	for _, e := range o.Elements {
		switch e := e.(type) {
		case *Property:
			p := expr.Property{Value: l.expr(e.Value), At: e.Span()}
			switch key := e.Key.(type) {
			case *Ident:
				p.Key = expr.StringLiteral(key.Span(), key.Name)
			case *StringExpr:
				p.Key = l.text(key)
			default:
				p.Value = &expr.Invalid{Node: at(e)}
			}
			x.Properties = append(x.Properties, p)
		case *SpreadExpr:
			x.Properties = append(x.Properties, expr.Property{Value: l.expr(e.Value), At: e.Span()})
		}
	}
	if o.Unclosed {
		x.Properties = append(x.Properties, expr.Property{Value: &expr.Invalid{Node: at(o)}, At: o.Span()})
	}
	return x
}

func (l *lowering) array(a *ArrayExpr) *expr.Array {
	x := &expr.Array{Node: at(a), Items: make([]expr.Item, 0, len(a.Items))}
	for _, e := range a.Items {
		if s, ok := e.(*SpreadExpr); ok {
			x.Items = append(x.Items, expr.Item{Value: l.expr(s.Value), Spread: true})
			continue
		}
		x.Items = append(x.Items, expr.Item{Value: l.expr(e)})
	}
	if a.Unclosed {
		x.Items = append(x.Items, expr.Item{Value: &expr.Invalid{Node: at(a)}, Spread: true})
	}
	return x
}

func (l *lowering) loop(f *ForExpr) expr.Expr {
	if f.Item == nil {
		return &expr.Invalid{Node: at(f)}
	}
	x := &expr.For{Node: at(f), Item: f.Item.Name, In: l.expr(f.Collection)}
	if f.Index != nil {
		x.Index = f.Index.Name
	}
	body := f.Body
	if i, ok := body.(*IfExpr); ok {
		x.If, body = l.expr(i.Condition), i.Body
	}
	x.Body = l.expr(body)
	return x
}

func (l *lowering) lambda(e *LambdaExpr) expr.Expr {
	x := &expr.Lambda{Node: at(e), Body: l.expr(e.Body)}
	for _, p := range e.Params {
		x.Params = append(x.Params, p.Name)
	}
	return x
}

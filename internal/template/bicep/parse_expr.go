package bicep

import "strconv"

// Where productions end, besides the bracket around them.
const (
	lineEnd kindSet = 1 << NewLine
	itemEnd kindSet = 1<<NewLine | 1<<Comma
)

// precedence is how tight the binary operators bind; 0 is for all else.
var precedence = [kinds]uint8{
	Coalesce: 1,
	Or:       2,
	And:      3,
	Equal:    4, NotEqual: 4, EqualFold: 4, NotEqualFold: 4,
	Less: 5, LessEqual: 5, Greater: 5, GreaterEqual: 5,
	Plus: 6, Minus: 6,
	Star: 7, Slash: 7, Percent: 7,
}

const valueAdvice = "Write a value here: a literal, a name, a call, an object or an array."

// expression reads an expression with everything that binds to it.
func (p *parser) expression() Expr {
	if !p.enter() {
		return p.badExpr(p.tok().start)
	}
	e := p.ternary()
	p.depth--
	return e
}

func (p *parser) ternary() Expr {
	start := p.tok().start
	condition := p.binary(0)
	if p.bad {
		return condition
	}
	// A condition may be followed by its branches on lines of their own.
	at := p.pastNewLines()
	if p.tokens[at].Kind != Question {
		return condition
	}
	p.pos = at
	p.next()
	then := p.expression()
	if p.bad {
		return then
	}
	p.pos = p.beforeColon()
	if !p.accept(Colon) {
		p.fail(`":"`, `A condition goes on with "?", a value, ":" and another value.`)
		return condition
	}
	otherwise := p.expression()
	return &TernaryExpr{node: p.from(start), Condition: condition, Then: then, Else: otherwise}
}

func (p *parser) beforeColon() int {
	if at := p.pastNewLines(); p.tokens[at].Kind == Colon {
		return at
	}
	return p.pos
}

func (p *parser) binary(outer uint8) Expr {
	start := p.tok().start
	left := p.unary()
	for links := 1; !p.bad; links++ {
		k := p.kind()
		if precedence[k] <= outer {
			break
		}
		if !p.within(p.depth, links) {
			break
		}
		p.next()
		right := p.binary(precedence[k])
		b := p.nodes.binaries.alloc()
		*b = BinaryExpr{node: p.from(start), Operator: k, Left: left, Right: right}
		left = b
	}
	return left
}

func (p *parser) unary() Expr {
	t := p.tok()
	switch t.Kind {
	case Not, Minus, Plus:
	default:
		return p.postfix(p.primary())
	}
	if !p.enter() {
		return p.badExpr(t.start)
	}
	p.next()
	operand := p.unary()
	p.depth--
	return &UnaryExpr{node: p.from(t.start), Operator: t.Kind, Operand: operand}
}

// postfix reads what follows a value and binds tightest: members, indexes,
// method calls, nested resources and !.
func (p *parser) postfix(e Expr) Expr {
	start := int32(e.Span().Start) //nolint:gosec // bounded by template.MaxSize
	for links := 1; !p.bad; links++ {
		k := p.kind()
		switch k {
		case Dot, DoubleColon, LeftSquare, Not:
		default:
			return e
		}
		if !p.within(p.depth, links) {
			return e
		}
		p.next()
		switch k {
		case Dot:
			e = p.member(start, e)
		case DoubleColon:
			e = p.nested(start, e)
		case LeftSquare:
			e = p.index(start, e)
		default:
			e = &NonNullExpr{node: p.from(start), Operand: e}
		}
	}
	return e
}

func (p *parser) member(start int32, base Expr) Expr {
	safe := p.accept(Question)
	if p.kind() != Identifier {
		p.fail("the name of a property or function", `Write a name after "."; other keys go in brackets: ['key'].`)
		return base
	}
	name := p.ident()
	if p.kind() == LeftParen {
		return p.call(start, base, name)
	}
	m := p.nodes.members.alloc()
	*m = MemberExpr{node: p.from(start), Base: base, Name: name, Safe: safe}
	return m
}

func (p *parser) nested(start int32, base Expr) Expr {
	if p.kind() != Identifier {
		p.fail("the name of a nested resource", `Write the symbolic name of the resource after "::".`)
		return base
	}
	name := p.ident()
	return &NestedExpr{node: p.from(start), Base: base, Name: name}
}

func (p *parser) index(start int32, base Expr) Expr {
	p.open.square++
	x := &IndexExpr{Base: base}
	x.Safe = p.accept(Question)
	x.FromEnd = p.accept(Hat)
	x.Index = p.expression()
	p.open.square--
	if !p.bad && !p.accept(RightSquare) {
		p.fail(`"]"`, `Close the index with "]".`)
	}
	x.node = p.from(start)
	return x
}

func (p *parser) ident() *Ident {
	t := p.next()
	n := p.nodes.idents.alloc()
	*n = Ident{node: node{t.start, t.end}, Name: p.text(t)}
	return n
}

func (p *parser) call(start int32, base Expr, name *Ident) Expr {
	mark := p.nodes.exprs.mark()
	p.arguments(p.next(), (*parser).argument)
	c := p.nodes.calls.alloc()
	*c = CallExpr{node: p.from(start), Base: base, Name: name, Args: p.nodes.exprs.since(mark)}
	return c
}

func (p *parser) argument() {
	p.nodes.exprs.push(p.value(itemEnd, `"," or ")"`))
}

func (p *parser) primary() Expr {
	t := p.tok()
	if !p.another() {
		return p.badExpr(t.start)
	}
	if p.outside() {
		p.fail("a value", valueAdvice)
		return p.badExpr(t.start)
	}
	switch t.Kind {
	case Identifier:
		name := p.ident()
		switch p.kind() {
		case LeftParen:
			return p.call(t.start, nil, name)
		case Arrow:
			return p.lambda(t.start, []*Ident{name})
		default:
			return name
		}
	case String, StringLeft:
		return p.stringExpr()
	case Integer:
		return p.integer()
	case True, False:
		p.next()
		b := p.nodes.bools.alloc()
		*b = BoolLit{node: node{t.start, t.end}, Value: t.Kind == True}
		return b
	case Null:
		p.next()
		return &NullLit{node{t.start, t.end}}
	case LeftBrace:
		return p.object((*parser).element)
	case LeftSquare:
		if p.atFor() {
			return p.forExpr(false)
		}
		return p.array()
	case LeftParen:
		return p.parens()
	default:
		p.fail("a value", valueAdvice)
		return p.badExpr(t.start)
	}
}

func (p *parser) integer() Expr {
	t := p.tok()
	v, err := strconv.ParseUint(p.text(t), 10, 64)
	if err != nil {
		if p.first() {
			p.report.add(t.Span(), "Number too large",
				"There is "+quote(p.text(t))+"; numbers are integers of 64 bits. Write a smaller one.")
		}
		p.next()
		return p.badExpr(t.start)
	}
	p.next()
	n := p.nodes.ints.alloc()
	*n = IntLit{node: node{t.start, t.end}, Value: v}
	return n
}

// stringExpr reads a string with its holes. The lexer sees to it that every
// left piece has its right one; a string with a broken piece has no value.
func (p *parser) stringExpr() Expr {
	first := p.next()
	raw := p.text(first)
	dollars := 0
	for raw[dollars] == '$' {
		dollars++
	}
	texts, holes := p.nodes.texts.mark(), p.nodes.exprs.mark()
	flags := first.flags
	p.piece(first, dollars)
	if first.Kind == StringLeft {
		around := p.open
		p.open = openers{hole: 1}
		for t := first; t.Kind != StringRight; {
			p.nodes.exprs.push(p.hole())
			t = p.next()
			flags |= t.flags
			p.piece(t, dollars)
			if p.bad {
				break
			}
		}
		p.open = around
	}
	s := p.nodes.strings.alloc()
	*s = StringExpr{
		node: p.from(first.start), Texts: p.nodes.texts.since(texts), Holes: p.nodes.exprs.since(holes),
		Multiline: flags&multiline != 0,
	}
	if flags&broken != 0 {
		return p.badExpr(first.start)
	}
	return s
}

func (p *parser) piece(t Token, dollars int) {
	text := ""
	if t.flags&broken == 0 {
		text = pieceText(p.text(t), t, dollars)
	}
	p.nodes.texts.push(text)
}

// hole reads up to the next piece of the string around it.
func (p *parser) hole() Expr {
	start := p.tok().start
	e := p.expression()
	if !p.bad && p.kind() != StringMiddle && p.kind() != StringRight {
		p.fail(`"}"`, "Close the interpolation after one expression.")
	}
	if !p.bad {
		return e
	}
	// Nothing but the next piece ends a hole: the lexer has put one there.
	for p.bad = false; p.kind() != StringMiddle && p.kind() != StringRight; {
		before := p.pos
		p.skip(1<<StringMiddle | 1<<StringRight)
		if p.pos == before {
			p.bad = true
			break
		}
	}
	return p.badExpr(start)
}

// parens reads a value in parentheses or the parameters of a lambda: which of
// both is known only behind them.
func (p *parser) parens() Expr {
	start := p.tok().start
	mark := p.nodes.exprs.mark()
	p.arguments(p.next(), (*parser).argument)
	inner := p.nodes.exprs.since(mark)
	switch {
	case p.bad:
		return p.badExpr(start)
	case p.kind() == Arrow:
		params := make([]*Ident, 0, len(inner))
		for _, e := range inner {
			if name, ok := e.(*Ident); ok {
				params = append(params, name)
			} else if _, bad := e.(*BadExpr); !bad {
				p.report.add(e.Span(), "Parameter without a name",
					`There is an expression where the name of a parameter was expected, because "=>" follows the parentheses. Write a name.`)
			}
		}
		return p.lambda(start, params)
	case len(inner) == 1:
		return &ParenExpr{node: p.from(start), Inner: inner[0]}
	default:
		p.fail(`"=>"`, "Parentheses hold one value, or the parameters of a lambda.")
		return p.badExpr(start)
	}
}

func (p *parser) lambda(start int32, params []*Ident) Expr {
	p.next()
	p.newLinesBeforeBody()
	body := p.expression()
	return &LambdaExpr{node: p.from(start), Params: params, Body: body}
}

// newLinesBeforeBody reads the line breaks between => and a body, unless a
// declaration follows: then the body is missing.
func (p *parser) newLinesBeforeBody() {
	at := p.pastNewLines()
	if t := p.tokens[at]; t.Kind == Identifier && declarationKeywords[p.text(t)] != 0 {
		return
	}
	p.pos = at
}

package bicep

func (p *parser) object(element func(*parser)) *ObjectExpr {
	opener := p.next()
	mark := p.nodes.elements.mark()
	closed := p.block(opener, element)
	o := p.nodes.objects.alloc()
	*o = ObjectExpr{node: p.from(opener.start), Elements: p.nodes.elements.since(mark), Unclosed: !closed}
	return o
}

// bodyElement is element in the body of a resource, where resources nest.
func (p *parser) bodyElement() {
	resource := p.keyword("resource") && p.kindAfter() == Identifier
	if !resource && p.kind() != At {
		p.element()
		return
	}
	start := p.tok().start
	if !p.enter() {
		p.resume(itemEnd)
		return
	}
	decorators := p.decorators()
	if p.keyword("resource") {
		r := p.resource(start, decorators)
		r.end = p.end
		p.nodes.elements.push(r)
	} else {
		p.fail("a resource", "Decorators in the body of a resource belong to nested resources.")
	}
	p.depth--
	p.endItem(itemEnd, `a line break or "}"`)
}

func (p *parser) element() {
	start := p.tok().start
	switch p.kind() {
	case Ellipsis:
		p.nodes.elements.push(p.spread(`a line break, "," or "}"`))
		return
	case Identifier, String, StringLeft:
	default:
		p.fail("a property", "Write a name, a colon and a value: name: 'value'.")
		p.resume(itemEnd)
		p.nodes.elements.push(&Property{node: p.from(start), Key: p.badExpr(start), Value: p.badExpr(start)})
		return
	}
	n := p.nodes.properties.alloc()
	if n.Key = p.key(); p.accept(Colon) {
		n.Value = p.value(itemEnd, `a line break, "," or "}"`)
	} else {
		p.fail(`":"`, "Write a colon between the name and the value of a property.")
		n.Value = p.missing(itemEnd)
	}
	n.node = p.from(start)
	p.nodes.elements.push(n)
}

// missing skips what is there instead of a value.
func (p *parser) missing(stops kindSet) Expr {
	start := p.tok().start
	p.resume(stops)
	return p.badExpr(start)
}

// endItem reports what follows a complete item on its line, and drops it.
func (p *parser) endItem(stops kindSet, expected string) {
	if !p.bad && !p.atEnd(stops) {
		p.fail(expected, "Remove what does not belong here, or put it on a line of its own.")
	}
	if p.bad {
		p.resume(stops)
	}
}

func (p *parser) key() Expr {
	if p.kind() == Identifier {
		return p.ident()
	}
	return p.stringExpr()
}

func (p *parser) spread(expected string) *SpreadExpr {
	start := p.next().start
	v := p.value(itemEnd, expected)
	return &SpreadExpr{node: p.from(start), Value: v}
}

func (p *parser) array() *ArrayExpr {
	opener := p.next()
	mark := p.nodes.exprs.mark()
	closed := p.block(opener, (*parser).arrayItem)
	a := p.nodes.arrays.alloc()
	*a = ArrayExpr{node: p.from(opener.start), Items: p.nodes.exprs.since(mark), Unclosed: !closed || p.values > maxParts}
	return a
}

func (p *parser) arrayItem() {
	const expected = `a line break, "," or "]"`
	if p.kind() == Ellipsis {
		p.nodes.exprs.push(p.spread(expected))
		return
	}
	if item := p.value(itemEnd, expected); p.values <= maxParts {
		p.nodes.exprs.push(item) // of what is too much there may be millions
	}
}

// atFor reports whether the bracket at the position opens a loop.
func (p *parser) atFor() bool {
	i := p.pos + 1
	for p.tokens[i].Kind == NewLine {
		i++
	}
	t := p.tokens[i]
	return t.Kind == Identifier && p.text(t) == "for"
}

// forExpr reads a loop; body says that it is the body of a resource or module,
// where objects are all that can be repeated.
func (p *parser) forExpr(body bool) Expr {
	opener := p.next()
	f := &ForExpr{}
	p.open.square++
	p.newLines()
	p.next()
	p.forVariables(f)
	if !p.bad && !p.keyword("in") {
		p.fail(`"in"`, "A loop is written [for item in collection: value].")
	}
	if p.bad {
		f.Collection = p.missing(1<<Colon | lineEnd)
	} else {
		p.next()
		f.Collection = p.value(1<<Colon|1<<LeftBrace|lineEnd, `":"`)
	}
	if !p.accept(Colon) {
		p.fail(`":"`, "A loop is written [for item in collection: value].")
		p.bad = p.kind() != LeftBrace
	}
	if p.bad {
		f.Body = p.missing(lineEnd)
	} else {
		f.Body = p.forBody(body)
	}
	if p.tokens[p.pastNewLines()].Kind == RightSquare {
		p.newLines()
	}
	p.open.square--
	if !p.accept(RightSquare) {
		p.unclosed(opener)
	}
	f.node = p.from(opener.start)
	return f
}

func (p *parser) forVariables(f *ForExpr) {
	const advice = "A loop is written [for item in collection: value] or [for (item, index) in collection: value]."
	paren := p.accept(LeftParen)
	if p.kind() != Identifier {
		p.fail("the name of the loop variable", advice)
		return
	}
	f.Item = p.ident()
	if !paren {
		return
	}
	if !p.accept(Comma) || p.kind() != Identifier {
		p.fail(`"," and the name of the index`, advice)
		return
	}
	if f.Index = p.ident(); !p.accept(RightParen) {
		p.fail(`")"`, advice)
	}
}

func (p *parser) forBody(body bool) Expr {
	if body {
		return p.body(false)
	}
	if p.keyword("if") && p.kindAfter() == LeftParen {
		return p.ifExpr(false)
	}
	return p.value(lineEnd, `"]"`)
}

// body reads what is behind the = of a resource or module: an object, one
// under a condition, or, with loops, a loop of either.
func (p *parser) body(loops bool) Expr {
	switch {
	case p.kind() == LeftBrace:
		return p.object((*parser).bodyElement)
	case p.keyword("if"):
		return p.ifExpr(true)
	case loops && p.kind() == LeftSquare:
		if p.atFor() {
			return p.forExpr(true)
		}
		at := p.pos
		p.next()
		p.newLines()
		p.fail(`"for"`, "A body in brackets is a loop: [for item in collection: {…}].")
		p.pos = at // to skip the brackets as a whole
	case loops:
		p.fail("a body", `Write an object in braces, "if (condition) {…}" or "[for item in collection: {…}]".`)
	default:
		p.fail("a body", `Write an object in braces, or "if (condition) {…}".`)
	}
	return p.missing(lineEnd)
}

func (p *parser) ifExpr(body bool) Expr {
	start := p.next().start
	const advice = "A condition is written if (condition) {…}."
	x := &IfExpr{}
	if p.kind() == LeftParen {
		x.Condition = p.condition()
	} else {
		p.fail(`"("`, advice)
		x.Condition = p.missing(1<<LeftBrace | lineEnd)
	}
	switch {
	case p.kind() == LeftBrace && body:
		x.Body = p.object((*parser).bodyElement)
	case body:
		p.fail(`"{"`, advice)
		x.Body = p.missing(lineEnd)
	default:
		x.Body = p.value(lineEnd, `"]"`)
	}
	x.node = p.from(start)
	return x
}

// condition reads the parentheses behind if. It goes on at the body when they
// do not end.
func (p *parser) condition() Expr {
	opener := p.next()
	p.open.paren++
	p.newLines()
	start := p.tok().start
	inner := p.expression()
	if p.bad {
		p.resume(1<<LeftBrace | lineEnd)
		inner = p.badExpr(start)
	}
	if at := p.pastNewLines(); p.tokens[at].Kind == RightParen {
		p.pos = at
	}
	p.open.paren--
	if !p.accept(RightParen) {
		p.unclosed(opener)
		return p.badExpr(opener.start)
	}
	return &ParenExpr{node: p.from(opener.start), Inner: inner}
}

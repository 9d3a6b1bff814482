package bicep

const typeAdvice = "Write a type here: string, int, bool, object, array, the name of a type, a literal or a union of them."

// typeUpTo reads a type that goes up to one of stops, as value does.
func (p *parser) typeUpTo(stops kindSet, expected string) TypeExpr {
	start := p.tok().start
	if t := p.typeExpr(); p.whole(stops, expected) {
		return t
	}
	return p.badType(start)
}

func (p *parser) badType(start int32) *BadType { return &BadType{p.from(start)} }

// typeExpr reads a type, with the members of a union.
func (p *parser) typeExpr() TypeExpr {
	start := p.tok().start
	if !p.enter() {
		return p.badType(start)
	}
	defer func() { p.depth-- }()
	if p.keyword("resource") && p.kindAfter() != Less && !p.outside() {
		return p.resourceType()
	}
	piped := p.pipe()
	first := p.unaryType()
	if p.bad || !piped && p.tokens[p.pastNewLines()].Kind != Pipe {
		return first
	}
	mark := p.nodes.types.mark()
	p.nodes.types.push(first)
	for !p.bad && p.pipe() {
		p.nodes.types.push(p.unaryType())
	}
	return &UnionType{node: p.from(start), Members: p.nodes.types.since(mark)}
}

// pipe reads the | before a member of a union, which may be on a line of its
// own; nothing may come between it and the member.
func (p *parser) pipe() bool {
	at := p.pastNewLines()
	if p.tokens[at].Kind != Pipe {
		return false
	}
	p.pos = at
	p.next()
	return true
}

func (p *parser) resourceType() TypeExpr {
	start := p.next().start
	t := &ResourceType{}
	if k := p.kind(); k == String || k == StringLeft {
		t.Type = p.stringOnly()
	}
	t.node = p.from(start)
	return t
}

// stringOnly reads a string; nil when it is broken.
func (p *parser) stringOnly() *StringExpr {
	s, ok := p.stringExpr().(*StringExpr)
	if !ok {
		return nil
	}
	return s
}

func (p *parser) unaryType() TypeExpr {
	t := p.tok()
	switch t.Kind {
	case Not, Minus, Plus, True, False, Null, Integer:
		v := p.literal()
		return p.postfixType(&LiteralType{node: p.from(t.start), Value: v})
	default:
		return p.postfixType(p.primaryType())
	}
}

// literal is a literal with a sign, the only operators that types have.
func (p *parser) literal() Expr {
	t := p.tok()
	switch t.Kind {
	case Not, Minus, Plus:
		if !p.enter() {
			return p.badExpr(t.start)
		}
		p.next()
		operand := p.literal()
		p.depth--
		return &UnaryExpr{node: p.from(t.start), Operator: t.Kind, Operand: operand}
	case True, False, Null, Integer:
		return p.primary()
	default:
		p.fail("a literal", "A sign in a type stands before a number.")
		return p.badExpr(t.start)
	}
}

func (p *parser) primaryType() TypeExpr {
	t := p.tok()
	if p.outside() {
		p.fail("a type", typeAdvice)
		return p.badType(t.start)
	}
	switch t.Kind {
	case Identifier:
		name := p.ident()
		args := p.typeArguments()
		n := p.nodes.names.alloc()
		*n = NamedType{node: p.from(t.start), Name: name, Args: args}
		return n
	case String, StringLeft:
		v := p.stringExpr()
		return &LiteralType{node: p.from(t.start), Value: v}
	case LeftBrace:
		return p.objectType()
	case LeftSquare:
		return p.tupleType()
	case LeftParen:
		return p.parenType()
	default:
		p.fail("a type", typeAdvice)
		return p.badType(t.start)
	}
}

// postfixType reads what follows a type and binds to it.
func (p *parser) postfixType(t TypeExpr) TypeExpr {
	start := int32(t.Span().Start) //nolint:gosec // bounded by template.MaxSize
	for links := 1; !p.bad; links++ {
		k := p.kind()
		switch k {
		case Dot, LeftSquare, Question, Not:
		default:
			return t
		}
		if !p.within(p.depth, links) {
			return t
		}
		p.next()
		switch k {
		case Dot:
			t = p.memberType(start, t)
		case LeftSquare:
			t = p.itemType(start, t)
		case Question:
			t = &NullableType{node: p.from(start), Inner: t}
		default:
			t = &NonNullType{node: p.from(start), Inner: t}
		}
	}
	return t
}

func (p *parser) memberType(start int32, base TypeExpr) TypeExpr {
	if p.accept(Star) {
		return &ExtraType{node: p.from(start), Base: base}
	}
	if p.kind() != Identifier {
		p.fail("the name of a type or property", `Write a name after ".".`)
		return base
	}
	name := p.ident()
	args := p.typeArguments()
	return &MemberType{node: p.from(start), Base: base, Name: name, Args: args}
}

func (p *parser) itemType(start int32, base TypeExpr) TypeExpr {
	if p.accept(RightSquare) {
		return &ArrayType{node: p.from(start), Item: base}
	}
	x := &ItemType{Base: base}
	if !p.accept(Star) {
		p.open.square++
		x.Index = p.expression()
		p.open.square--
	}
	if !p.bad && !p.accept(RightSquare) {
		p.fail(`"]"`, `An array type is written item[], the type of an item array[0] or array[*].`)
	}
	x.node = p.from(start)
	return x
}

func (p *parser) typeArguments() []TypeExpr {
	if p.kind() != Less {
		return nil
	}
	mark := p.nodes.types.mark()
	p.arguments(p.next(), (*parser).typeArgument)
	return p.nodes.types.since(mark)
}

func (p *parser) typeArgument() {
	p.nodes.types.push(p.typeUpTo(itemEnd|1<<Greater, `"," or ">"`))
}

func (p *parser) parenType() TypeExpr {
	opener := p.next()
	p.open.paren++
	p.newLines()
	inner := p.typeUpTo(lineEnd, `")"`)
	p.newLines()
	p.open.paren--
	if !p.accept(RightParen) {
		p.unclosed(opener)
		p.bad = true
	}
	return &ParenType{node: p.from(opener.start), Inner: inner}
}

func (p *parser) tupleType() TypeExpr {
	opener := p.next()
	t := &TupleType{}
	p.block(opener, func(p *parser) {
		start := p.tok().start
		decorators := p.decorators()
		of := p.typeUpTo(itemEnd, `a line break, "," or "]"`)
		t.Items = append(t.Items, &TupleItem{node: p.from(start), Decorators: decorators, Type: of})
	})
	t.node = p.from(opener.start)
	return t
}

func (p *parser) objectType() TypeExpr {
	opener := p.next()
	t := &ObjectType{}
	p.block(opener, func(p *parser) {
		t.Properties = append(t.Properties, p.typeProperty())
	})
	t.node = p.from(opener.start)
	return t
}

func (p *parser) typeProperty() *TypeProperty {
	start := p.tok().start
	n := &TypeProperty{Decorators: p.decorators()}
	switch p.kind() {
	case Identifier, String, StringLeft:
		n.Key = p.key()
	case Star:
		p.next()
	default:
		p.fail("a property", `Write a name, a colon and a type: name: string. The name "*" stands for all others.`)
		n.Key = p.missing(itemEnd)
		n.Type = p.badType(p.tok().start)
		n.node = p.from(start)
		return n
	}
	if !p.bad && !p.accept(Colon) {
		p.fail(`":"`, "Write a colon between the name and the type of a property.")
	}
	if p.bad {
		from := p.tok().start
		p.resume(itemEnd)
		n.Type = p.badType(from)
	} else {
		n.Type = p.typeUpTo(itemEnd, `a line break, "," or "}"`)
	}
	n.node = p.from(start)
	return n
}

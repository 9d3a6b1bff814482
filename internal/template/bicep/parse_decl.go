package bicep

// bodyStart ends the head of a resource or module.
const bodyStart = 1<<Assign | 1<<LeftBrace | lineEnd

// name reads the name of a declaration; where it is missing, the declaration
// goes on at what may come next.
func (p *parser) name(expected string) *Ident {
	if p.kind() == Identifier && !p.outside() {
		return p.ident()
	}
	p.fail(expected, "Write an identifier: letters, digits and underscores, not beginning with a digit.")
	p.resume(1<<String | 1<<StringLeft | bodyStart | 1<<LeftParen)
	return nil
}

// path reads the string behind the name of a declaration; where it is missing,
// the declaration goes on at one of stops.
func (p *parser) path(expected string, stops kindSet) *StringExpr {
	if k := p.kind(); k == String || k == StringLeft {
		return p.stringOnly()
	}
	p.fail(expected, "Write it as a string in single quotes.")
	p.resume(stops)
	return nil
}

// assign reads the = before a value; without one the declaration goes on at
// the next = on the line, or at one of also.
func (p *parser) assign(also kindSet) bool {
	if p.accept(Assign) {
		return true
	}
	p.fail(`"="`, `Write "=" before the value.`)
	p.resume(1<<Assign | lineEnd | also)
	return p.accept(Assign) || also.has(p.kind())
}

func (p *parser) assigned() Expr {
	if !p.assign(0) {
		return p.badExpr(p.tok().start)
	}
	return p.value(lineEnd, "a line break")
}

func (p *parser) assignedBody() Expr {
	if !p.assign(1 << LeftBrace) {
		return p.badExpr(p.tok().start)
	}
	// A condition may begin on a line of its own.
	if at := p.pastNewLines(); p.tokens[at].Kind == Identifier && p.text(p.tokens[at]) == "if" {
		p.pos = at
	}
	return p.body(true)
}

func (p *parser) resource(start int32, decorators []*Decorator) *ResourceDecl {
	d := &ResourceDecl{Header: Header{node: node{start: start}, Decorators: decorators, Keyword: p.next()}}
	d.Name = p.name("the symbolic name of the resource")
	d.Type = p.path("the type of the resource", bodyStart)
	if p.keyword("existing") {
		p.next()
		d.Existing = true
	}
	d.Body = p.assignedBody()
	return d
}

func (p *parser) param(h Header) *ParamDecl {
	d := &ParamDecl{Header: h, Type: p.typeUpTo(lineEnd|1<<Assign, `"=" or a line break`)}
	if p.accept(Assign) {
		d.Default = p.value(lineEnd, "a line break")
	}
	return d
}

func (p *parser) variable(h Header) *VarDecl {
	d := &VarDecl{Header: h}
	if k := p.kind(); k != Assign && k != NewLine && k != EndOfFile {
		d.Type = p.typeUpTo(lineEnd|1<<Assign, `"="`)
	}
	d.Value = p.assigned()
	return d
}

func (p *parser) typeDecl(h Header) *TypeDecl {
	d := &TypeDecl{Header: h}
	if p.assign(0) {
		d.Type = p.typeUpTo(lineEnd, "a line break")
	} else {
		d.Type = p.badType(p.tok().start)
	}
	return d
}

func (p *parser) function(h Header) *FuncDecl {
	const advice = "A function is written func name(parameter type) type => value."
	d := &FuncDecl{Header: h}
	if p.kind() == LeftParen {
		p.arguments(p.next(), func(p *parser) {
			start := p.tok().start
			n := &FuncParam{Name: p.name("the name of a parameter")}
			n.Type = p.typeUpTo(itemEnd, `"," or ")"`)
			n.node = p.from(start)
			d.Params = append(d.Params, n)
		})
	} else {
		p.fail(`"("`, advice)
	}
	if p.bad {
		p.resume(1<<Arrow | lineEnd)
		d.Result = p.badType(p.tok().start)
	} else {
		d.Result = p.typeUpTo(1<<Arrow|lineEnd, `"=>"`)
	}
	if !p.accept(Arrow) {
		p.fail(`"=>"`, advice)
		d.Body = p.missing(lineEnd)
		return d
	}
	p.newLinesBeforeBody()
	d.Body = p.value(lineEnd, "a line break")
	return d
}

// decorators reads the decorators before something else, each with the line
// break that ends it.
func (p *parser) decorators() []*Decorator {
	if p.kind() != At {
		return nil
	}
	mark := p.nodes.decoratorLists.mark()
	for p.kind() == At {
		p.nodes.decoratorLists.push(p.decorator())
		if p.kind() == NewLine {
			p.newLines()
		}
	}
	return p.nodes.decoratorLists.since(mark)
}

func (p *parser) decorator() *Decorator {
	const advice = "A decorator is written @name() on a line of its own."
	start := p.next().start
	from := p.tok().start
	n := p.nodes.decorators.alloc()
	if p.kind() == Identifier {
		n.Call = p.postfix(p.primary())
	} else {
		p.fail("the name of a decorator", advice)
	}
	if p.bad {
		p.resume(lineEnd)
		n.Call = p.badExpr(from)
	}
	n.node = p.from(start)
	if !p.atEnd(lineEnd) {
		// What it decorates is on the same line: an error, but a clear one.
		p.fail("a line break", advice)
		p.bad = false
	}
	return n
}

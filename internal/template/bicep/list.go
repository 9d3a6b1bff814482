package bicep

// block reads the items of an object, array or other list whose items are
// separated by line breaks or commas, from behind the opening bracket to
// behind the closing one. It reports whether there was one.
func (p *parser) block(opener Token, item func(*parser)) bool {
	closer := closerOf(opener.Kind)
	waiting := p.open.of(closer)
	*waiting++
	defer func() { *waiting-- }()
	p.newLines()
	for {
		if p.accept(closer) {
			return true
		}
		property := closer == RightSquare && p.atProperty(p.pos)
		if k := p.kind(); k == EndOfFile || p.closes(k) || p.outside() || property {
			p.unclosed(opener)
			if property && p.tokens[p.pos-1].Kind == NewLine {
				p.pos-- // the property is behind the line break that ends this one
			}
			return false
		}
		before := p.pos
		item(p)
		switch {
		case p.kind() == NewLine:
			p.newLines()
		case p.accept(Comma) && p.kind() == NewLine:
			if p.first() {
				p.report.add(p.tokens[p.pos-1].Span(), `Unexpected ","`,
					`There is "," before a line break; items are separated by one or the other. Remove the comma.`)
			}
			p.newLines()
		case p.pos == before:
			p.next()
		}
	}
}

// atProperty reports whether a property begins at the token, in an object
// around a bracket whose end is missing.
func (p *parser) atProperty(at int) bool {
	if !p.unbalanced || p.open.brace == 0 || at+1 >= len(p.tokens) || p.tokens[at+1].Kind != Colon {
		return false
	}
	k := p.tokens[at].Kind
	return k == Identifier || k == String
}

// arguments reads items that are separated by commas, with line breaks around
// them as you like, from behind the opening bracket to behind the closing one.
// Without one it fails.
func (p *parser) arguments(opener Token, item func(*parser)) {
	closer := closerOf(opener.Kind)
	if waiting := p.open.of(closer); waiting != nil {
		*waiting++
		defer func() { *waiting-- }()
	}
	p.newLines()
	if p.accept(closer) {
		return
	}
	for {
		if p.outside() {
			p.unclosed(opener)
			p.bad = true
			return
		}
		before := p.pos
		item(p)
		after := p.pastNewLines()
		switch k := p.tokens[after].Kind; {
		case k == closer:
			p.pos = after
			p.next()
			return
		case k == Comma:
			p.pos = after
			p.next()
			p.newLines()
		case p.kind() != NewLine, closer == Greater, k == EndOfFile, p.closes(k), p.atProperty(after), p.outsideAt(after), p.pos == before:
			p.unclosed(opener)
			p.bad = true
			return
		default:
			if p.first() {
				p.report.add(p.place(p.tok()), `Missing ","`,
					`There is a line break where "," or `+quote(spelling[closer])+` was expected. Separate arguments with commas.`)
			}
			p.newLines()
		}
	}
}

func (p *parser) outsideAt(at int) bool {
	here := p.pos
	p.pos = at
	defer func() { p.pos = here }()
	return p.outside()
}

package bicep

func (p *parser) using(h Header) *UsingDecl {
	p.next()
	d := &UsingDecl{Header: h}
	if d.None = p.keyword("none"); d.None {
		p.next()
	} else {
		d.Path = p.path("the path of a template, or none", lineEnd)
	}
	if !p.atEnd(lineEnd) {
		d.With = p.with()
	}
	return d
}

// with reads with {…}; nil when it cannot be read.
func (p *parser) with() *ObjectExpr {
	if !p.keyword("with") {
		p.fail(`"with"`, "Settings are written with {…}.")
		p.resume(lineEnd)
		return nil
	}
	p.next()
	if p.kind() != LeftBrace {
		p.fail(`"{"`, "Settings are written with {…}.")
		p.resume(lineEnd)
		return nil
	}
	return p.object((*parser).element)
}

func (p *parser) extension(h Header) *ExtensionDecl {
	d := &ExtensionDecl{Header: h}
	switch p.kind() {
	case Identifier:
		d.Spec = p.ident()
	case String, StringLeft:
		d.Spec = p.stringExpr()
	default:
		p.fail("the name or path of an extension", "Write a name of the configuration file, or a path in single quotes.")
		d.Spec = p.missing(lineEnd)
	}
	if p.keyword("with") {
		d.With = p.with()
	}
	if p.keyword("as") {
		p.next()
		d.Alias = p.name("the name of the alias")
	}
	return d
}

func (p *parser) importDecl(h Header) Declaration {
	const advice = "Imports are written import {name} from 'path' or import * as name from 'path'."
	p.next()
	d := &ImportDecl{Header: h}
	switch p.kind() {
	case String, StringLeft:
		return p.extension(h)
	case LeftBrace:
		p.block(p.next(), func(p *parser) {
			if item := p.importItem(); item != nil {
				d.Items = append(d.Items, item)
			}
		})
	case Star:
		p.next()
		if !p.keyword("as") {
			p.fail(`"as"`, advice)
			break
		}
		p.next()
		d.Alias = p.name("the name of the namespace")
	default:
		p.fail(`"{" or "*"`, advice)
	}
	if !p.bad && !p.keyword("from") {
		p.fail(`"from"`, advice)
	}
	if p.bad {
		p.resume(lineEnd)
		return d
	}
	p.next()
	d.Path = p.path("the path of a file", lineEnd)
	return d
}

func (p *parser) importItem() *ImportItem {
	start := p.tok().start
	n := &ImportItem{}
	switch p.kind() {
	case Identifier, String, StringLeft:
		n.Name = p.key()
	default:
		p.fail("a name", "Write the name of a type, variable or function of the other file.")
		p.resume(itemEnd)
		return nil
	}
	if p.keyword("as") {
		p.next()
		n.Alias = p.name("the name of the alias")
	}
	n.node = p.from(start)
	p.endItem(itemEnd, `a line break, "," or "}"`)
	return n
}

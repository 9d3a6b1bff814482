package bicep

// A shape is how the text behind a keyword begins if it is the keyword of a
// declaration.
type shape uint8

const (
	named    shape = iota + 1 // with a name
	assigned                  // with =
	textual                   // with a string, a list or a name
)

// declarationKeywords is every word that a declaration begins with.
var declarationKeywords = map[string]shape{
	"targetScope": assigned,
	"metadata":    named, "param": named, "var": named, "type": named, "func": named, "resource": named,
	"module": named, "test": named, "output": named, "assert": named, "extensionConfig": named,
	"import": textual, "extension": textual, "provider": textual, "using": textual, "extends": textual,
}

const declarationAdvice = "A declaration begins with a keyword such as param, var, resource, module or output."

// file reads all declarations.
func (p *parser) file() []Declaration {
	var all []Declaration
	for {
		p.newLines()
		if p.kind() == EndOfFile {
			return all
		}
		before := p.pos
		p.quiet, p.deepest, p.longest = false, 0, 0
		start := p.tok().start
		decorators := p.decorators()
		d := p.declaration(start, decorators)
		if _, bad := d.(*BadDecl); !bad && !p.bad && !p.atEnd(lineEnd) {
			p.fail("a line break", "Put every declaration on a line of its own, and remove what does not belong to it.")
		}
		d.Head().end = p.end
		if p.bad {
			p.resume(lineEnd)
		}
		all = append(all, d)
		if p.pos == before {
			p.next() // else it would be read again, for ever
		}
	}
}

// declaration reads one declaration behind its decorators. It always reads
// something.
func (p *parser) declaration(start int32, decorators []*Decorator) Declaration {
	t := p.tok()
	word := ""
	if t.Kind == Identifier && p.kindAfter() != Colon {
		word = p.text(t)
	}
	h := Header{node: node{start: start}, Decorators: decorators, Keyword: t}
	if declarationKeywords[word] != 0 {
		p.belongs(word)
		return p.dispatch(word, h)
	}
	h.Keyword = Token{}
	p.fail("a declaration", declarationAdvice)
	p.skipLines()
	return &BadDecl{h}
}

// belongs reports a keyword that may not stand in that kind of file. What it
// declares is read all the same.
func (p *parser) belongs(word string) {
	var params bool
	switch word {
	case "using", "extends", "extensionConfig":
		params = true
	case "targetScope", "metadata", "resource", "module", "test", "output", "assert", "provider":
	default:
		return // in both
	}
	if params == p.params || !p.first() {
		return
	}
	where := "a template (.bicep)"
	if params {
		where = "a parameters file (.bicepparam)"
	}
	p.report.add(p.tok().Span(), "Unexpected "+quote(word),
		"There is "+quote(word)+" in a file of another kind. Move the declaration into "+where+".")
}

// skipLines skips lines until one begins a declaration: they are one mistake,
// mostly what is left of an object that was closed too early.
func (p *parser) skipLines() {
	for {
		p.resume(lineEnd)
		at := p.pastNewLines()
		if p.tokens[at].Kind == EndOfFile {
			return
		}
		if k := p.tokens[at].Kind; k == Identifier || k == At {
			p.pos = at
			if p.declares() {
				return
			}
		}
		p.pos = at
		if p.outside() {
			return
		}
	}
}

func (p *parser) dispatch(word string, h Header) Declaration {
	switch word {
	case "resource":
		return p.resource(h.start, h.Decorators)
	case "targetScope":
		p.next()
		return &TargetScopeDecl{h, p.assigned()}
	case "extends":
		p.next()
		return &ExtendsDecl{h, p.path("the path of a parameters file", lineEnd)}
	case "using":
		return p.using(h)
	case "import":
		return p.importDecl(h)
	case "extension", "provider":
		p.next()
		return p.extension(h)
	}
	p.next()
	h.Name = p.name("the name of the declaration")
	switch word {
	case "param":
		if p.params {
			return &ParamAssignment{h, p.assigned()}
		}
		return p.param(h)
	case "var":
		return p.variable(h)
	case "type":
		return p.typeDecl(h)
	case "func":
		return p.function(h)
	case "module":
		d := &ModuleDecl{Header: h, Path: p.path("the path of a module", bodyStart)}
		d.Body = p.assignedBody()
		return d
	case "test":
		d := &TestDecl{Header: h, Path: p.path("the path of a template", bodyStart)}
		d.Body = p.assignedBody()
		return d
	case "output":
		d := &OutputDecl{Header: h, Type: p.typeUpTo(lineEnd|1<<Assign, `"="`)}
		d.Value = p.assigned()
		return d
	case "metadata":
		return &MetadataDecl{h, p.assigned()}
	case "assert":
		return &AssertDecl{h, p.assigned()}
	default: // extensionConfig
		return &ExtensionConfigDecl{h, p.with()}
	}
}

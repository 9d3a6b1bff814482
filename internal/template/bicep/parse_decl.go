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

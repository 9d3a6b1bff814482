package bicep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// A stack that overflows cannot be recovered, so whoever walks a tree relies on
// its height. It is bounded by how deep brackets, operators and blocks nest,
// times how long a chain of operators or members is, which hangs to the left.
// No declaration of a person comes near the bounds.
const (
	maxDepth  = 256
	maxChain  = 256
	maxHeight = 1 << 12
	// maxParts is how many names, literals and brackets of expressions a file
	// may have: a token takes little, but a tree of millions of nodes much.
	maxParts = 150_000
)

// Parse reads a file. It never fails: what it cannot read is in the
// diagnostics and left out of the tree. A file whose name ends in .bicepparam
// is read as a parameters file. One of more than [template.MaxSize] bytes is
// not read at all.
func Parse(f *source.File) *File {
	file := &File{Source: f, Params: strings.HasSuffix(strings.ToLower(f.Path), ".bicepparam")}
	lexical, syntactic := &reporter{path: f.Path}, &reporter{path: f.Path}
	if len(f.Content) > template.MaxSize {
		lexical.add(source.Span{}, "File too large",
			fmt.Sprintf("The file has %d bytes; files of up to %d bytes are read. Split it into modules.", len(f.Content), template.MaxSize))
		file.Tokens = []Token{{}}
		file.Diagnostics = lexical.list
		return file
	}
	l := &lexer{src: f.String(), report: lexical}
	l.run()
	file.Tokens, file.Trivia = l.tokens, l.trivia
	p := &parser{
		src: l.src, tokens: l.tokens, unbalanced: l.unbalanced, params: file.Params,
		report: syntactic, reported: -1, lines: f,
	}
	file.Declarations = p.file()
	if l.cut != nil && len(lexical.list)+len(syntactic.list) == 0 { // else there is a mistake to mend first
		lexical.add(*l.cut, "Too many tokens",
			fmt.Sprintf("The file has more than %d names, literals and signs; what follows is not read. Split it into modules, or load the data from a file.", maxTokens))
	}
	file.Diagnostics = slices.Concat(lexical.list, syntactic.list)
	diag.Sort(file.Diagnostics)
	file.Diagnostics = file.Diagnostics[:min(len(file.Diagnostics), maxDiagnostics)]
	return file
}

// A parser makes the tree by recursive descent.
//
// A production that meets a token it has no use for calls fail, which reports
// it and sets bad; productions return at once while bad is set, and what they
// return then is dropped. The productions that can go on after an error - a
// declaration, an element of a list, the hole of a string - skip to where they
// end, clear bad and put a bad node where the error was.
type parser struct {
	src        string
	tokens     []Token
	unbalanced bool // brackets do not come out even, so one is missing somewhere
	params     bool
	lines      *source.File
	report     *reporter

	pos      int
	end      int32 // of the last token read that is no line break
	depth    int
	deepest  int // depth that the declaration has reached
	longest  int // chain of operators or members that it holds
	bad      bool
	quiet    bool // the declaration nests too deep; what follows from that is not reported
	reported int  // the last token that a diagnostic speaks about
	values   int  // read so far, of all declarations
	open     openers
	ahead    lookahead

	nodes arena
}

// openers counts the brackets and holes around the position that wait for
// their ends, by the kind of that end.
type openers struct {
	brace, paren, square, hole int
}

func (o *openers) of(closer Kind) *int {
	switch closer {
	case RightBrace:
		return &o.brace
	case RightParen:
		return &o.paren
	case RightSquare:
		return &o.square
	case StringMiddle, StringRight:
		return &o.hole
	default:
		return nil
	}
}

// lookahead remembers the last search past line breaks. Every expression that
// ends at a line break makes one from there.
type lookahead struct {
	from, to int
}

type arena struct {
	idents     slab[Ident]
	ints       slab[IntLit]
	bools      slab[BoolLit]
	strings    slab[StringExpr]
	objects    slab[ObjectExpr]
	properties slab[Property]
	arrays     slab[ArrayExpr]
	members    slab[MemberExpr]
	calls      slab[CallExpr]
	binaries   slab[BinaryExpr]
	names      slab[NamedType]
	decorators slab[Decorator]

	exprs          collector[Expr]
	elements       collector[Element]
	types          collector[TypeExpr]
	texts          collector[string]
	decoratorLists collector[*Decorator]
}

func (p *parser) tok() Token { return p.tokens[p.pos] }

func (p *parser) kind() Kind { return p.tokens[p.pos].Kind }

// kindAfter is the kind of the token after the position.
func (p *parser) kindAfter() Kind {
	if p.pos+1 < len(p.tokens) {
		return p.tokens[p.pos+1].Kind
	}
	return EndOfFile
}

func (p *parser) text(t Token) string { return p.src[t.start:t.end] }

func (p *parser) next() Token {
	t := p.tokens[p.pos]
	if t.Kind == EndOfFile {
		return t
	}
	p.pos++
	if t.Kind != NewLine {
		p.end = t.end
	}
	if t.flags&broken != 0 {
		// Whatever seems wrong behind a token that was wrong itself is a
		// consequence.
		p.reported = p.pos
	}
	return t
}

func (p *parser) accept(k Kind) bool {
	if p.kind() != k {
		return false
	}
	p.next()
	return true
}

// keyword reports whether the position is at an identifier with that text.
func (p *parser) keyword(word string) bool {
	t := p.tok()
	return t.Kind == Identifier && p.text(t) == word
}

func (p *parser) newLines() {
	for p.kind() == NewLine {
		p.next()
	}
}

// pastNewLines is the index of the first token from the position on that is no
// line break.
func (p *parser) pastNewLines() int {
	if p.kind() != NewLine {
		return p.pos
	}
	if p.ahead.to > p.pos && p.ahead.from <= p.pos {
		return p.ahead.to
	}
	i := p.pos
	for p.tokens[i].Kind == NewLine {
		i++
	}
	p.ahead = lookahead{from: p.pos, to: i}
	return i
}

// from is the place from start to the last token read. Where nothing was read
// since, it is the empty place behind that token.
func (p *parser) from(start int32) node { return node{start: min(start, p.end), end: p.end} }

func (p *parser) badExpr(start int32) *BadExpr { return &BadExpr{p.from(start)} }

// enter begins a level of nesting that the caller ends with depth--; it fails
// when that is one too many.
func (p *parser) enter() bool {
	if !p.within(p.depth+1, 1) {
		return false
	}
	p.depth++
	return true
}

// within reports whether the declaration may nest that deep and hold a chain of
// so many links; else it fails, once for the declaration.
func (p *parser) within(depth, links int) bool {
	p.deepest, p.longest = max(p.deepest, depth), max(p.longest, links)
	if p.deepest <= maxDepth && p.longest <= maxChain && p.deepest*p.longest <= maxHeight {
		return true
	}
	p.bad = true
	if !p.quiet {
		p.quiet = true
		p.report.add(p.place(p.tok()), "Nesting too deep",
			fmt.Sprintf("There are more than %d levels of nesting, or chains of more than %d operators. Split the expression into variables.", maxDepth, maxChain))
	}
	return false
}

// another counts a value and reports whether the file may have it; the first
// that it may not have fails.
func (p *parser) another() bool {
	p.values++
	if p.values <= maxParts {
		return true
	}
	if p.bad = true; p.values == maxParts+1 {
		p.report.add(p.place(p.tok()), "Too many values",
			fmt.Sprintf("The file has more than %d values; what follows is not read. Split it into modules, or load the data from a file.", maxParts))
	}
	return false
}

// skip reads tokens up to one of stops, or to the end of a bracket or hole that
// was open before. Brackets that open on the way are skipped as a whole.
func (p *parser) skip(stops kindSet) {
	brackets, holes := 0, 0
	for {
		k := p.kind()
		if k == EndOfFile || brackets+holes == 0 && stops.has(k) || p.outside() {
			return
		}
		switch k {
		case LeftBrace, LeftParen, LeftSquare:
			brackets++
		case RightBrace, RightParen, RightSquare:
			if brackets+holes == 0 && p.closes(k) {
				return
			}
			brackets = max(0, brackets-1)
		case StringLeft:
			holes++
		case StringMiddle, StringRight:
			// A hole ends here even if a bracket in it does not.
			if holes == 0 && p.closes(k) {
				return
			}
			if k == StringRight {
				holes = max(0, holes-1)
			}
		default:
		}
		p.next()
	}
}

// resume ends the trouble that bad stands for.
func (p *parser) resume(stops kindSet) {
	p.skip(stops)
	p.bad = false
}

// atEnd reports whether a production that goes up to one of stops is complete:
// there is one, or the bracket around ends.
func (p *parser) atEnd(stops kindSet) bool {
	k := p.kind()
	return stops.has(k) || k == EndOfFile || p.closes(k) || p.outside()
}

// closes reports whether the kind ends a bracket or hole around the position.
func (p *parser) closes(k Kind) bool {
	n := p.open.of(k)
	return n != nil && *n > 0
}

// outside reports whether the text has left the brackets that are still open,
// because a declaration begins at the start of a line. It is asked only where
// a bracket is known to be missing.
func (p *parser) outside() bool {
	if !p.unbalanced {
		return false
	}
	t := p.tok()
	if t.Kind != Identifier && t.Kind != At {
		return false
	}
	if n := int(t.start); n > 0 && p.src[n-1] != '\n' && p.src[n-1] != '\r' {
		return false
	}
	return p.declares()
}

// declares reports whether a declaration begins at the position, judged by two
// tokens: what is no property or value in any case.
func (p *parser) declares() bool {
	after := p.kindAfter()
	if p.kind() == At {
		return after == Identifier
	}
	switch declarationKeywords[p.text(p.tok())] {
	case named:
		return after == Identifier
	case assigned:
		return after == Assign
	case textual:
		return after == String || after == LeftBrace || after == Star || after == Identifier
	default:
		return false
	}
}

// value reads an expression that goes up to one of stops. What else there is
// before makes it unreadable.
func (p *parser) value(stops kindSet, expected string) Expr {
	start := p.tok().start
	if e := p.expression(); p.whole(stops, expected) {
		return e
	}
	return p.badExpr(start)
}

// whole reports whether what was just read is readable and goes up to one of
// stops; if not, the parser goes on there.
func (p *parser) whole(stops kindSet, expected string) bool {
	if !p.bad && !p.atEnd(stops) {
		p.fail(expected, "Remove what does not belong here, or correct what is before it.")
	}
	if !p.bad {
		return true
	}
	p.resume(stops)
	return false
}

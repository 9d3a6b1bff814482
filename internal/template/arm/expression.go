package arm

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	// maxCalls is how deep calls and indexes may nest in one expression.
	maxCalls = 200
	// maxAccess is how many properties and elements one value may be followed
	// by. Together with maxCalls it bounds the depth of the tree.
	maxAccess = 100
)

// isExpression reports whether a string is a template expression. A string that
// is not closed is text, and so is an empty pair of brackets.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
func isExpression(text string) bool {
	return len(text) > 2 && text[0] == '[' && text[1] != '[' && text[len(text)-1] == ']'
}

// unbracket undoes the doubling of the bracket that keeps a text from being an
// expression.
func unbracket(text string) string {
	if strings.HasPrefix(text, "[[") {
		return text[1:]
	}
	return text
}

// syntaxError is the first thing wrong with an expression.
type syntaxError struct {
	at              source.Span
	summary, detail string
}

// expressionParser reads one expression by recursive descent over its text.
type expressionParser struct {
	text string
	pos  int
	// base is the offset of the text in the file; offsets, if not nil, are the
	// offsets of its bytes from there.
	base    int
	offsets []int
	depth   int
	nodes   *arena
	err     *syntaxError
}

// parseExpression reads the text of an expression, its brackets included.
func parseExpression(text string, base int, offsets []int, nodes *arena) (expr.Expr, *syntaxError) {
	// The parser must not take the last bracket for one of its own.
	p := expressionParser{text: text[:len(text)-1], pos: 1, base: base, offsets: offsets, nodes: nodes}
	defer func() { nodes.args = nodes.args[:0] }() // after an error, some are left
	x := p.expression()
	if p.err == nil {
		p.space()
		if p.pos < len(p.text) {
			p.unexpected("the end of the expression")
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	return x, nil
}

func (p *expressionParser) span(start, end int) source.Span {
	if p.offsets != nil {
		start, end = p.offsets[start], p.offsets[end]
	}
	return source.Span{Start: p.base + start, End: p.base + end}
}

func (p *expressionParser) node(start int) expr.Node {
	return expr.Node{At: p.span(start, p.pos)}
}

// expression reads a value and what is accessed of it. It returns nil after an
// error.
func (p *expressionParser) expression() expr.Expr {
	if p.depth++; p.depth > maxCalls {
		p.fail(p.pos, p.pos, "Expression nested too deep",
			fmt.Sprintf("Calls may nest %d levels deep here. Move a part into a variable.", maxCalls))
		return nil
	}
	defer func() { p.depth-- }()
	p.space()
	start := p.pos
	x := p.primary()
	for n := 0; x != nil; n++ {
		end := p.pos
		p.space()
		if p.pos >= len(p.text) || p.text[p.pos] != '.' && p.text[p.pos] != '[' {
			p.pos = end
			break
		}
		if n == maxAccess {
			p.fail(p.pos, p.pos+1, "Expression too long",
				fmt.Sprintf("A value may be followed by %d properties here. Move a part into a variable.", maxAccess))
			return nil
		}
		x = p.access(start, x)
	}
	return x
}

// access reads .name or [index] after base.
func (p *expressionParser) access(start int, base expr.Expr) expr.Expr {
	if p.text[p.pos] == '.' {
		p.pos++
		p.space()
		name := p.identifier()
		if name == "" {
			p.unexpected("the name of a property")
			return nil
		}
		return &expr.Member{Node: p.node(start), Base: base, Name: name}
	}
	p.pos++
	index := p.expression()
	if index == nil || !p.symbol(']') {
		return nil
	}
	return &expr.Index{Node: p.node(start), Base: base, Index: index}
}

func (p *expressionParser) primary() expr.Expr {
	if p.pos >= len(p.text) {
		p.unexpected("a value")
		return nil
	}
	switch b := p.text[p.pos]; {
	case b == '\'':
		return p.stringLiteral()
	case '0' <= b && b <= '9', b == '-', b == '+':
		return p.number()
	}
	start := p.pos
	name := p.qualifiedName()
	if name == "" {
		p.unexpected("a function call, a string in single quotation marks or a number")
		return nil
	}
	end := p.pos
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == '(' {
		return p.call(start, name)
	}
	p.pos = end
	// The documented spelling is true(). A bare word can mean nothing else, so it
	// is no reason to give up the expression.
	switch {
	case equalFold(name, "true"), equalFold(name, "false"):
		return p.nodes.literal(p.span(start, p.pos), expr.Bool(len(name) == len("true")))
	case equalFold(name, "null"):
		return p.nodes.literal(p.span(start, p.pos), expr.Null())
	}
	p.space()
	p.unexpected(fmt.Sprintf(`"(" after the function name %s`, quote(name)))
	return nil
}

// qualifiedName reads the name of a function, which may begin with a
// namespace: "contoso.uniqueName".
func (p *expressionParser) qualifiedName() string {
	name := p.identifier()
	for n := 0; name != "" && n < maxAccess; n++ {
		end := p.pos
		p.space()
		if p.pos >= len(p.text) || p.text[p.pos] != '.' {
			p.pos = end
			break
		}
		p.pos++
		p.space()
		member := p.identifier()
		if member == "" {
			p.unexpected("the name of a function")
			return ""
		}
		name += "." + member
	}
	return name
}

func (p *expressionParser) call(start int, name string) expr.Expr {
	p.pos++
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == ')' {
		p.pos++
		return p.function(start, name, nil)
	}
	height := len(p.nodes.args)
	for {
		arg := p.expression()
		if arg == nil {
			return nil
		}
		p.nodes.args = append(p.nodes.args, arg)
		p.space()
		if p.pos < len(p.text) && p.text[p.pos] == ',' {
			p.pos++
			continue
		}
		if !p.symbol(')') {
			return nil
		}
		return p.function(start, name, p.nodes.popArgs(height))
	}
}

// function is the node of a call. The functions that are syntax in disguise
// become the node that Bicep has for them; with arguments that make no sense
// they stay calls, and evaluating them says so.
func (p *expressionParser) function(start int, name string, args []expr.Expr) expr.Expr {
	at := p.node(start)
	switch {
	case equalFold(name, "if") && len(args) == 3:
		return &expr.Conditional{Node: at, Cond: args[0], Then: args[1], Else: args[2]}
	case equalFold(name, "lambdavariables") && len(args) == 1:
		if variable, ok := expr.LiteralString(args[0]); ok {
			return &expr.Name{Node: at, Name: variable}
		}
	case equalFold(name, "lambda") && len(args) > 0:
		last := len(args) - 1
		params := make([]string, last)
		for i, arg := range args[:last] {
			param, ok := expr.LiteralString(arg)
			if !ok {
				return p.nodes.call(at, name, args)
			}
			params[i] = param
		}
		return &expr.Lambda{Node: at, Params: params, Body: args[last]}
	}
	return p.nodes.call(at, name, args)
}

// unexpected fails at the token at pos.
func (p *expressionParser) unexpected(expected string) {
	end := p.pos
	if p.pos < len(p.text) {
		for end < len(p.text) && isWordByte(p.text[end]) {
			end++
		}
		if end == p.pos {
			_, n := utf8.DecodeRuneInString(p.text[p.pos:])
			end += n
		}
	}
	p.unexpectedAt(p.pos, end, expected)
}

func (p *expressionParser) unexpectedAt(start, end int, expected string) {
	if start == len(p.text) {
		p.fail(start, start, "Unexpected end of expression",
			fmt.Sprintf("Found the end of the expression where %s was expected.", expected))
		return
	}
	found := quote(p.text[start:end])
	p.fail(start, end, "Unexpected "+found+" in an expression",
		fmt.Sprintf("Found %s where %s was expected.", found, expected))
}

// fail keeps the first error. An empty span is widened to what stands there,
// the closing bracket at the end.
func (p *expressionParser) fail(start, end int, summary, detail string) {
	if p.err != nil {
		return
	}
	if start == end {
		end++
	}
	p.err = &syntaxError{at: p.span(start, min(end, len(p.text)+1)), summary: summary, detail: detail}
}

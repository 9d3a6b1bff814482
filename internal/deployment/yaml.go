package deployment

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/yamlguard"
)

// readYAML is the value of a YAML document, unknown where it is none or uses
// what is seldom used and read in several ways: anchors, tags, documents that
// follow. A scalar of which YAML 1.1 and 1.2 think differently is an atom.
func readYAML(e *expr.Evaluator, text string) expr.Value {
	if len(text) > yamlguard.MaxBytes {
		return expr.Unknown()
	}
	tokens := lexer.Tokenize(strings.ReplaceAll(text, "\r\n", "\n"))
	if !e.Spend(len(text)/16+perToken*len(tokens)) || !tame(tokens) || !e.Spend(siblings(tokens)/6) {
		return expr.Unknown()
	}
	f, err := parser.Parse(tokens, 0)
	if err != nil || len(f.Docs) != 1 {
		return expr.Unknown()
	}
	return yamlValue(f.Docs[0].Body, yamlguard.MaxDepth)
}

// perToken is how many steps of evaluation it takes to parse a token.
const perToken = 4

// tame reports whether tokens can be handed to the parser.
func tame(tokens token.Tokens) bool {
	_, refusal := yamlguard.Check(tokens)
	directive := func(t *token.Token) bool { return t.Type == token.DirectiveType }
	return refusal == yamlguard.None && !slices.ContainsFunc(tokens, directive)
}

// siblings is how many pairs the keys of each block mapping make: the parser
// compares each with those before it.
func siblings(tokens token.Tokens) int {
	type level struct{ column, keys int }
	var open []level
	line, pairs := 0, 0
	for _, t := range tokens {
		if t.Position.Line == line {
			continue
		}
		line = t.Position.Line
		for len(open) > 0 && open[len(open)-1].column > t.Position.Column {
			open = open[:len(open)-1]
		}
		if t.Type == token.SequenceEntryType {
			continue
		}
		if len(open) == 0 || open[len(open)-1].column < t.Position.Column {
			open = append(open, level{column: t.Position.Column})
		}
		pairs += open[len(open)-1].keys
		open[len(open)-1].keys++
	}
	return pairs
}

func yamlValue(n ast.Node, depth int) expr.Value {
	if depth == 0 {
		return expr.Unknown()
	}
	switch n := n.(type) {
	case nil:
		return expr.Null()
	case *ast.MappingNode:
		return yamlObject(n.Values, depth)
	case *ast.MappingValueNode:
		return yamlObject([]*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		items := make([]expr.Value, len(n.Values))
		for i, v := range n.Values {
			items[i] = yamlValue(v, depth-1)
		}
		return expr.ArrayOf(items...)
	case *ast.LiteralNode:
		return expr.String(n.Value.Value)
	case *ast.StringNode:
		if n.Token.Type != token.StringType { // in quotation marks
			return expr.String(n.Value)
		}
		return plainYAML(n.Token.Value)
	case *ast.NullNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return plainYAML(n.GetToken().Value)
	}
	return expr.Unknown()
}

func yamlObject(values []*ast.MappingValueNode, depth int) expr.Value {
	fields := make([]expr.Field, len(values))
	for i, v := range values {
		key, ok := yamlValue(v.Key, 1).AsString()
		if !ok {
			return expr.Unknown()
		}
		fields[i] = expr.Field{Key: key, Value: yamlValue(v.Value, depth-1)}
	}
	return expr.ObjectOf(fields...)
}

// plainYAML is a scalar without quotation marks.
func plainYAML(text string) expr.Value {
	switch text {
	case "", "~", "null":
		return expr.Null()
	case "true", "false":
		return expr.Bool(text == "true")
	}
	digits := strings.TrimPrefix(text, "-")
	if strings.Trim(digits, "0123456789") == "" && digits != "" && (digits[0] != '0' || digits == "0") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return expr.Int(n)
		}
	}
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", "+.inf", "-.inf", ".nan":
		return expr.Atom("yaml "+text, expr.KindUnknown)
	}
	number := strings.IndexByte("0123456789+-.", text[0]) >= 0
	if number && strings.Trim(text, "0123456789+-.:_eEtTzZo ") == "" || strings.HasPrefix(text, "0x") { // or a date, or a time
		return expr.Atom("yaml "+text, expr.KindUnknown)
	}
	return expr.String(text)
}

package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/yamlguard"
)

// yamlError is what stops a file from being read.
type yamlError struct {
	at      source.Span
	summary string
	detail  string
}

func (e *yamlError) Error() string { return e.summary + ": " + e.detail }

// readYAML reads a file of one document. A file with nothing in it is a null
// node. Anchors, aliases, tags and merge keys are refused: they are what small
// files grow large with, and no setting needs them.
func readYAML(f *source.File) (*node, *yamlError) {
	text, err := plainText(f)
	if err != nil {
		return nil, err
	}
	r := &yamlReader{file: f}
	tokens := lexer.Tokenize(text)
	if err := r.refuse(tokens); err != nil {
		return nil, err
	}
	parsed, err := r.parse(tokens)
	if err != nil {
		return nil, err
	}
	var root *node
	for _, d := range parsed.Docs {
		switch d.Body.(type) {
		case nil, *ast.DirectiveNode, *ast.CommentGroupNode:
			continue
		}
		first := root
		if root, err = r.node(d.Body, 0); err != nil {
			return nil, err
		}
		if first != nil {
			return nil, &yamlError{root.at, "Second YAML document", "The file must hold one document; remove the --- and what follows it, or join the two."}
		}
	}
	if root == nil {
		root = &node{kind: nullNode}
	}
	return root, nil
}

// plainText is the text for the parser: without byte order mark, with line
// feeds only, so that its lines and columns are the file's.
func plainText(f *source.File) (string, *yamlError) {
	if len(f.Content) > yamlguard.MaxBytes {
		return "", &yamlError{
			summary: "Settings file too large",
			detail:  fmt.Sprintf("It has %d bytes; at most %d are read.", len(f.Content), yamlguard.MaxBytes),
		}
	}
	content := bytes.TrimPrefix(f.Content, []byte(source.BOM))
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		at := source.Span{Start: len(f.Content) - len(content) + i}
		at.End = at.Start + size
		if r == utf8.RuneError && size == 1 {
			return "", &yamlError{at, "Settings not in UTF-8", fmt.Sprintf("The byte 0x%02x does not belong to any character. Save the file as UTF-8.", content[i])}
		}
		// https://yaml.org/spec/1.2.2/#51-character-set
		if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' && r != '\u0085' {
			return "", &yamlError{at, "Control character in settings", fmt.Sprintf("YAML has no place for the character %U. Remove it.", r)}
		}
		i += size
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(content), "\r\n", "\n"), "\r", "\n"), nil
}

type yamlReader struct {
	file *source.File
}

// refuse says what [yamlguard.Check] has against a file.
func (r *yamlReader) refuse(tokens token.Tokens) *yamlError {
	t, refusal := yamlguard.Check(tokens)
	switch refusal {
	case yamlguard.TooMany:
		return &yamlError{r.span(t), "Settings file too large", fmt.Sprintf("It has more than %d keys, values and marks.", yamlguard.MaxTokens)}
	case yamlguard.Indirect:
		at := r.span(t)
		if name := r.span(t.Next); name.Start == at.End && t.Type != token.TagType && t.Type != token.MergeKeyType {
			at.End = name.End
		}
		return &yamlError{at, "YAML " + refusedName(t.Type), "Settings have no anchors, aliases, tags and merge keys. Write the value out, or put it in quotes if it is text."}
	case yamlguard.TooDeep:
		return nestedTooDeep(r.span(t))
	case yamlguard.None:
	}
	return nil
}

func nestedTooDeep(at source.Span) *yamlError {
	return &yamlError{at, "Settings nested too deep", fmt.Sprintf("Lists and mappings may stand in each other %d deep.", yamlguard.MaxDepth)}
}

func refusedName(t token.Type) string {
	switch t {
	case token.AnchorType:
		return "anchor"
	case token.AliasType:
		return "alias"
	case token.TagType:
		return "tag"
	default:
		return "merge key"
	}
}

func (r *yamlReader) parse(tokens token.Tokens) (*ast.File, *yamlError) {
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // they are found below, with both places
	if err == nil {
		return f, nil
	}
	// The error's own text draws a picture of the source; only its message is
	// wanted.
	var e yaml.Error
	if !errors.As(err, &e) {
		return nil, &yamlError{summary: "YAML syntax error", detail: sentence(err.Error())}
	}
	return nil, &yamlError{r.span(e.GetToken()), "YAML syntax error", sentence(e.GetMessage())}
}

// sentence makes a library's message one.
func sentence(message string) string {
	c, size := utf8.DecodeRuneInString(message)
	return string(unicode.ToUpper(c)) + strings.TrimSuffix(message[size:], ".") + "."
}

// span is where a token is. Only its line and column are used: the library's
// offsets count line breaks and wide characters in their own way.
func (r *yamlReader) span(t *token.Token) source.Span {
	if t == nil || t.Position == nil {
		return source.Span{}
	}
	line := r.file.Line(t.Position.Line)
	text := r.file.Text(line)
	if t.Position.Line == 1 {
		bare := strings.TrimPrefix(text, source.BOM)
		line.Start += len(text) - len(bare)
		text = bare
	}
	for n := 1; n < t.Position.Column && text != ""; n++ {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		line.Start += size
	}
	written := strings.TrimSpace(t.Origin)
	if t.Type != token.InvalidType { // the column of a key can be that of the blanks before it
		bare := strings.TrimLeft(text, " \t")
		line.Start, text = line.Start+len(text)-len(bare), bare
	}
	if at := strings.Index(text, written); written != "" && at >= 0 { // behind a tab, columns are too small
		line.Start += at
		line.End = line.Start + len(written)
		return line
	}
	line.End = line.Start + len(strings.TrimRight(text, " \t")) // goes on in the next line
	return line
}

func (r *yamlReader) node(n ast.Node, depth int) (*node, *yamlError) {
	if n == nil {
		return &node{kind: nullNode}, nil
	}
	out := &node{at: r.span(n.GetToken())}
	if depth > yamlguard.MaxDepth {
		return nil, nestedTooDeep(out.at)
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return out, r.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		return out, r.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = listNode
		for _, v := range n.Values {
			item, err := r.node(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
	case *ast.LiteralNode:
		out.kind, out.text = textNode, n.Value.Value
	case *ast.StringNode:
		if n.Token.Type == token.StringType {
			out.resolve(n.Token.Value)
		} else {
			out.kind, out.text = textNode, n.Value
		}
	case *ast.NullNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.resolve(n.GetToken().Value)
	default:
		return nil, &yamlError{out.at, "Unexpected YAML", "A value, a list or a mapping was expected here."}
	}
	return out, nil
}

func (r *yamlReader) mapping(out *node, values []*ast.MappingValueNode, depth int) *yamlError {
	out.kind = mapNode
	seen := make(map[string]source.Span, len(values))
	for i, v := range values {
		key := v.Key.GetToken()
		at := r.span(key)
		switch v.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		default:
			return &yamlError{at, "Unexpected YAML key", "A key must be plain text or text in quotes."}
		}
		if first, twice := seen[key.Value]; twice {
			return &yamlError{
				at, "Duplicate key",
				fmt.Sprintf("%q is already there in line %d. Keep one of the two.", key.Value, r.file.Position(first.Start).Line),
			}
		}
		seen[key.Value] = at
		if i == 0 && r.file.Text(out.at) != "{" {
			out.at = at // the library's token is the colon
		}
		value, err := r.node(v.Value, depth+1)
		if err != nil {
			return err
		}
		if value.kind == nullNode && value.at.Len() == 0 {
			value.at = at // nothing is written: the key has to stand for it
		}
		out.fields = append(out.fields, field{key: key.Value, at: at, value: value})
	}
	return nil
}

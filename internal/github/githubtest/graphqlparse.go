package githubtest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The reader takes the executable part of GraphQL, as in
// https://spec.graphql.org/October2021/#sec-Document-Syntax, without
// directives and subscriptions.

const (
	maxQueryDepth  = 64
	maxQueryTokens = 200_000
)

var errQueryTooDeep = errors.New("query too deep")

// spot is a place in a query, counted from 1.
type spot struct{ line, column int }

type queryDocument struct {
	operations []*operation
	fragments  map[string]*fragment
}

type operation struct {
	kind, name string
	variables  []variable
	selections []selection
	at         spot
}

type variable struct {
	name     string
	kind     string
	required bool
	fallback any
	hasValue bool
}

type fragment struct {
	on         string
	selections []selection
}

// selection is a field, an inline fragment (on or nothing before the braces)
// or the name of a fragment.
type selection struct {
	alias, name string
	arguments   []argument
	selections  []selection
	inline      bool
	on          string
	spread      string
	at          spot
}

// key is the name of a field in the answer.
func (s selection) key() string {
	if s.alias != "" {
		return s.alias
	}
	return s.name
}

// variableRef and enumValue are values that are not what they look like.
type (
	variableRef string
	enumValue   string
)

// lexeme is one token: a name, a number, a string or a punctuation mark.
type lexeme struct {
	kind lexemeKind
	text string
	at   spot
}

type lexemeKind int

const (
	endOfQuery lexemeKind = iota
	nameLexeme
	intLexeme
	floatLexeme
	stringLexeme
	punctuation
)

type queryReader struct {
	text   string
	offset int
	line   int
	start  int // offset of the line
	count  int
	next   lexeme
}

// parseQuery reads a GraphQL document.
func parseQuery(text string) (*queryDocument, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("query is not UTF-8")
	}
	r := &queryReader{text: strings.TrimPrefix(text, "\ufeff"), line: 1}
	if err := r.advance(); err != nil {
		return nil, err
	}
	d := &queryDocument{fragments: map[string]*fragment{}}
	for r.next.kind != endOfQuery {
		if err := r.definition(d); err != nil {
			return nil, err
		}
	}
	if len(d.operations) == 0 {
		return nil, errors.New("no operation in query")
	}
	return d, nil
}

func (r *queryReader) definition(d *queryDocument) error {
	switch {
	case r.is("{"):
		set, err := r.selectionSet(0)
		d.operations = append(d.operations, &operation{kind: "query", selections: set})
		return err
	case r.isName("fragment"):
		return r.fragmentDefinition(d)
	case r.isName("query"), r.isName("mutation"):
		return r.operationDefinition(d)
	default:
		return r.unexpected()
	}
}

func (r *queryReader) fragmentDefinition(d *queryDocument) error {
	if err := r.advance(); err != nil {
		return err
	}
	name, err := r.name()
	if err != nil {
		return err
	}
	if !r.isName("on") {
		return r.unexpected()
	}
	if err := r.advance(); err != nil {
		return err
	}
	on, err := r.name()
	if err != nil {
		return err
	}
	set, err := r.selectionSet(0)
	if err != nil {
		return err
	}
	d.fragments[name] = &fragment{on: on, selections: set}
	return nil
}

func (r *queryReader) operationDefinition(d *queryDocument) error {
	o := &operation{kind: r.next.text, at: r.next.at}
	if err := r.advance(); err != nil {
		return err
	}
	var err error
	if r.next.kind == nameLexeme {
		if o.name, err = r.name(); err != nil {
			return err
		}
	}
	if r.is("(") {
		if err := r.between("(", ")", func() error { return r.variableDefinition(o) }); err != nil {
			return err
		}
	}
	o.selections, err = r.selectionSet(0)
	d.operations = append(d.operations, o)
	return err
}

func (r *queryReader) selectionSet(depth int) ([]selection, error) {
	if depth > maxQueryDepth {
		return nil, errQueryTooDeep
	}
	set := []selection{}
	err := r.between("{", "}", func() error {
		s, err := r.selection(depth)
		set = append(set, s)
		return err
	})
	if err == nil && len(set) == 0 {
		return nil, errors.New("a selection set is empty")
	}
	return set, err
}

func (r *queryReader) selection(depth int) (selection, error) {
	s := selection{at: r.next.at}
	var err error
	if r.is("...") {
		return r.fragmentUse(s, depth)
	}
	if s.name, err = r.name(); err != nil {
		return s, err
	}
	if r.is(":") {
		if err := r.advance(); err != nil {
			return s, err
		}
		s.alias = s.name
		if s.name, err = r.name(); err != nil {
			return s, err
		}
	}
	if r.is("(") {
		if err := r.between("(", ")", func() error { return r.argument(&s) }); err != nil {
			return s, err
		}
	}
	if r.is("{") {
		s.selections, err = r.selectionSet(depth + 1)
	}
	return s, err
}

func (r *queryReader) fragmentUse(s selection, depth int) (selection, error) {
	if err := r.advance(); err != nil {
		return s, err
	}
	var err error
	if r.next.kind == nameLexeme && r.next.text != "on" {
		s.spread, err = r.name()
		return s, err
	}
	s.inline = true
	if r.isName("on") {
		if err := r.advance(); err != nil {
			return s, err
		}
		if s.on, err = r.name(); err != nil {
			return s, err
		}
	}
	s.selections, err = r.selectionSet(depth + 1)
	return s, err
}

func (r *queryReader) is(mark string) bool { return r.next.kind == punctuation && r.next.text == mark }

func (r *queryReader) isName(name string) bool {
	return r.next.kind == nameLexeme && r.next.text == name
}

func (r *queryReader) take(mark string) error {
	if !r.is(mark) {
		return r.unexpected()
	}
	return r.advance()
}

func (r *queryReader) name() (string, error) {
	if r.next.kind != nameLexeme {
		return "", r.unexpected()
	}
	text := r.next.text
	return text, r.advance()
}

// between reads items until the closing mark.
func (r *queryReader) between(open, end string, item func() error) error {
	if err := r.take(open); err != nil {
		return err
	}
	for !r.is(end) {
		if err := item(); err != nil {
			return err
		}
	}
	return r.advance()
}

func (r *queryReader) unexpected() error {
	if r.next.kind == endOfQuery {
		return errors.New("unexpected end of file")
	}
	return fmt.Errorf("unexpected %q at [%d, %d]", r.next.text, r.next.at.line, r.next.at.column)
}

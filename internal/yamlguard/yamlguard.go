// Package yamlguard decides from the tokens of a YAML document whether its
// parser may see them. The parser is recursive without a limit on depth, and
// takes a time that grows with the square of the keys, while what it reads here
// comes from anybody who can open a pull request: settings, and YAML that a
// template loads. What a document means is for those who read it.
package yamlguard

import "github.com/goccy/go-yaml/token"

// Bounds on a document. What a person writes is far below them.
const (
	// MaxBytes is its size, which whoever calls looks at before there are tokens.
	MaxBytes = 256 << 10
	// MaxTokens is how many keys, values and marks it has.
	MaxTokens = 20_000
	// MaxDepth is how deep lists and mappings stand in each other.
	MaxDepth = 32

	maxIndent = 200 // columns: what block nesting can hide in
)

// Refusal is why a document is not to be parsed.
type Refusal uint8

// The refusals. The zero Refusal is none.
const (
	None Refusal = iota
	// TooMany is more than MaxTokens.
	TooMany
	// Indirect is an anchor, an alias, a tag or a merge key: what small documents
	// grow large with.
	Indirect
	// TooDeep is what may nest deeper than MaxDepth.
	TooDeep
)

// Check looks for what must not be parsed. It returns the first such token and
// what is wrong with it, or nil and None. What stands in blocks can nest a
// little deeper than MaxDepth all the same: readers count on their way down.
func Check(tokens token.Tokens) (*token.Token, Refusal) {
	if len(tokens) > MaxTokens {
		return tokens[MaxTokens], TooMany
	}
	flow, line, inLine := 0, 0, 0
	for _, t := range tokens {
		first := t.Position.Line != line
		if first {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			return t, Indirect
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			inLine++
		default:
		}
		if flow > MaxDepth || inLine > MaxDepth || first && t.Position.Column > maxIndent {
			return t, TooDeep
		}
	}
	return nil, None
}

// Package glob matches paths as gitignore files do, and names as shells do.
// It is for the settings, which say by pattern what is checked, and for the
// rule, which says by pattern what is suppressed. It works on text and knows
// no files.
//
// Matching takes at most as many steps as the pattern has characters times
// those of the text, so that no pattern can hold anybody up.
package glob

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// Path reports whether a path relative to the root, with / separators and
// without a trailing one, matches a pattern of gitignore
// (https://git-scm.com/docs/gitignore#_pattern_format):
//
//   - a pattern with a / at its start or inside is relative to the root, any
//     other one matches in every folder;
//   - what matches a folder matches everything below it, and a pattern that
//     ends in / matches folders only;
//   - * is any number of characters of one segment, ? is one of them, [a-z],
//     [!a-z] and [[:digit:]] are one of or not of a set, ** is any number of
//     folders, and \ takes the meaning off the next character.
//
// Case matters. A leading ! has no meaning here, see [Set]. A pattern that
// [Validate] refuses matches nothing.
func Path(pattern, path string) bool { return ReadPath(pattern).Match(path) }

// PathPattern is a pattern of [Path] that is read once and matched often. The zero
// PathPattern matches nothing.
type PathPattern struct{ pattern pattern }

// ReadPath reads a pattern of [Path].
func ReadPath(text string) PathPattern {
	p, err := compilePath(text)
	if err != nil {
		return PathPattern{}
	}
	return PathPattern{p}
}

// Match is [Path].
func (p PathPattern) Match(path string) bool {
	return p.pattern.segments != nil && p.pattern.match(split(path))
}

// Name reports whether a whole name matches a pattern with the *, ?, [ ] and
// \ of [Path], where a / is a character like any other. Case does not matter,
// as in the names of Azure resources.
func Name(pattern, name string) bool { return ReadName(pattern).Match(name) }

// NamePattern is a pattern of [Name] that is read once and matched often. The zero
// NamePattern matches nothing.
type NamePattern struct{ segment segment }

// ReadName reads a pattern of [Name].
func ReadName(text string) NamePattern {
	s, err := compileSegment(characters(text))
	if err != nil {
		return NamePattern{}
	}
	for i := range s {
		s[i].fold = true
	}
	return NamePattern{s}
}

// Match is [Name].
func (p NamePattern) Match(name string) bool {
	return p.segment != nil && p.segment.match(characters(name))
}

// Literal is the name that the pattern matches, in lower case; false when it may
// match several that differ in more than case.
func (p NamePattern) Literal() (string, bool) {
	var b strings.Builder
	for _, t := range p.segment {
		if t.kind != literal {
			return "", false
		}
		b.WriteRune(unicode.ToLower(t.char)) // one past the last code point becomes U+FFFD
	}
	return b.String(), p.segment != nil
}

// Validate says what is wrong with a pattern of [Path] or [Name], nil if
// nothing is. A leading ! is for the caller to look at.
func Validate(pattern string) error {
	_, err := compilePath(pattern)
	return err
}

// ValidateName is [Validate] for a pattern of [Name].
func ValidateName(pattern string) error {
	if pattern == "" {
		return errEmpty
	}
	_, err := compileSegment(characters(pattern))
	return err
}

// Quote is the pattern of [Name] and [Path] that matches exactly the text.
func Quote(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(`*?[]\!`, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// Set is an ordered list of patterns of which the last one that matches
// decides; one with a leading ! takes back what those before it matched.
// Unlike git, which never looks into a folder that is ignored, a set can take
// back a file below a folder that it matches. The zero Set matches nothing.
// A Set is immutable and safe for concurrent use.
type Set struct {
	texts    []string
	patterns []pattern
}

// NewSet makes a set of patterns; those that [Validate] refuses match nothing.
func NewSet(patterns ...string) Set {
	var s Set
	for _, text := range patterns {
		bare, negated := strings.CutPrefix(text, "!")
		p, err := compilePath(bare)
		if err != nil {
			continue
		}
		p.negated = negated
		s.texts = append(s.texts, text)
		s.patterns = append(s.patterns, p)
	}
	return s
}

// Empty reports whether the set has no pattern.
func (s Set) Empty() bool { return len(s.patterns) == 0 }

// Equal reports whether two sets have the same patterns.
func (s Set) Equal(other Set) bool { return slices.Equal(s.texts, other.texts) }

// Match reports whether the set matches a path as [Path] takes it.
func (s Set) Match(path string) bool {
	segments := split(path)
	for _, v := range slices.Backward(s.patterns) {
		if v.match(segments) {
			return !v.negated
		}
	}
	return false
}

var (
	errEmpty     = errors.New("the pattern is empty")
	errBracket   = errors.New("a [ has no ] in the same segment")
	errBackslash = errors.New(`nothing follows the last \`)
	errSegment   = errors.New("there is nothing between two /")
	errRange     = errors.New("a range in [ ] ends before it starts")
	errClass     = errors.New("a [: :] is not a class of characters")
)

// pattern is a compiled pattern of Path. A nil segment is **: any number of
// folders.
type pattern struct {
	segments []segment
	negated  bool
}

func compilePath(text string) (pattern, error) {
	text, folder := strings.CutSuffix(text, "/")
	text, rooted := strings.CutPrefix(text, "/")
	if text == "" {
		return pattern{}, errEmpty
	}
	parts := strings.Split(text, "/")
	var p pattern
	if !rooted && len(parts) == 1 {
		p.anyFolders()
	}
	for i, part := range parts {
		switch {
		case part == "":
			return pattern{}, errSegment
		case part != "**" || len(parts) == 1: // alone it is a plain *
			s, err := compileSegment(characters(part))
			if err != nil {
				return pattern{}, err
			}
			p.segments = append(p.segments, s)
		case i == len(parts)-1: // everything inside, but not the folder itself
			p.segments = append(p.segments, segment{{kind: star}})
		default:
			p.anyFolders()
		}
	}
	if folder {
		p.segments = append(p.segments, segment{{kind: star}})
	}
	p.anyFolders() // what is below a match is matched
	return p, nil
}

func (p *pattern) anyFolders() {
	if n := len(p.segments); n == 0 || p.segments[n-1] != nil {
		p.segments = append(p.segments, nil)
	}
}

func (p *pattern) match(path [][]rune) bool {
	return greedy(len(p.segments), len(path),
		func(i int) bool { return p.segments[i] == nil },
		func(i, j int) bool { return p.segments[i].match(path[j]) })
}

// segment is a pattern without separators: of one segment, or of a name. It
// is never nil.
type segment []token

type tokenKind uint8

const (
	literal tokenKind = iota
	star
	anyOne
	oneOf
)

type token struct {
	kind   tokenKind
	fold   bool // ignore case
	char   rune // of a literal
	set    []charRange
	negate bool // none of the set
}

type charRange struct {
	lo, hi rune
	class  func(rune) bool // instead of lo and hi
}

func (s segment) match(text []rune) bool {
	return greedy(len(s), len(text),
		func(i int) bool { return s[i].kind == star },
		func(i, j int) bool { return s[i].match(text[j]) })
}

func (t token) match(r rune) bool {
	switch t.kind {
	case literal:
		return r == t.char || t.fold && unicode.ToLower(r) == unicode.ToLower(t.char)
	case oneOf:
		in := t.contains(r) || t.fold && (t.contains(unicode.ToLower(r)) || t.contains(unicode.ToUpper(r)))
		return in != t.negate
	default:
		return true
	}
}

func (t token) contains(r rune) bool {
	for _, c := range t.set {
		if c.class != nil && c.class(r) || c.class == nil && c.lo <= r && r <= c.hi {
			return true
		}
	}
	return false
}

// greedy matches m parts of a pattern with all of n parts of a text, where
// parts for which wild holds match any number of them. It only ever goes back
// to the last wild part: an earlier one could take nothing that the last one
// could not take as well.
func greedy(m, n int, wild func(i int) bool, match func(i, j int) bool) bool {
	i, j := 0, 0
	last, resume := -1, 0
	for j < n {
		switch {
		case i < m && wild(i):
			last, resume = i, j
			i++
		case i < m && match(i, j):
			i++
			j++
		case last >= 0:
			resume++
			i, j = last+1, resume
		default:
			return false
		}
	}
	for i < m && wild(i) {
		i++
	}
	return i == m
}

func split(path string) [][]rune {
	parts := strings.Split(path, "/")
	segments := make([][]rune, len(parts))
	for i, p := range parts {
		segments[i] = characters(p)
	}
	return segments
}

// characters are the code points of a text. A byte that is no UTF-8 gets a
// number of its own past the last code point, so that it equals only itself.
func characters(text string) []rune {
	out := make([]rune, 0, len(text))
	for i, r := range text {
		if r == unicode.ReplacementChar && text[i] != "\uFFFD"[0] {
			r = unicode.MaxRune + 1 + rune(text[i])
		}
		out = append(out, r)
	}
	return out
}

package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// maxProblems is as many as anybody reads.
const maxProblems = 50

// setting is one key of a mapping in a settings file, read into an R: how it
// is read, published and documented.
type setting[R any] struct {
	name     string
	doc      string // sentences, in Markdown
	required bool
	value    value[R]     // nil for a section
	within   []setting[R] // of a section
}

// value is what a key holds.
type value[R any] interface {
	// read takes a node into the settings, or says what is wrong with it and
	// reports false.
	read(d *decoder, n *node, into *R) bool
	// overlay takes what from says over to into, of which from is the nearer.
	overlay(into, from *R)
	// fallback is the value that holds when the key is not there, as JSON has
	// it; nil for none.
	fallback(defaults *R) any
	// schema describes the value.
	schema() *schema
}

// typed is a value of type T: all there is to it in one place.
type typed[R, T any] struct {
	field func(*R) *T
	// decode reports what is wrong itself and then returns false.
	decode func(d *decoder, n *node) (T, bool)
	// join is what two files come to; nil where the nearer one replaces.
	join func(base, near T) T
	// plain is the value as JSON has it.
	plain func(T) any
	shape *schema
}

func (t typed[R, T]) read(d *decoder, n *node, into *R) bool {
	v, ok := t.decode(d, n)
	if ok {
		*t.field(into) = v
	}
	return ok
}

func (t typed[R, T]) overlay(into, from *R) {
	base, near := t.field(into), *t.field(from)
	if t.join != nil {
		near = t.join(*base, near)
	}
	*base = near
}

func (t typed[R, T]) fallback(defaults *R) any {
	if t.plain == nil {
		return nil
	}
	return t.plain(*t.field(defaults))
}

func (t typed[R, T]) schema() *schema { return t.shape }

// decoder collects what is wrong with a file.
type decoder struct {
	file  *source.File
	found []diag.Diagnostic
	// given are the keys that the file sets, to something that can be read, by
	// dotted name.
	given map[string]source.Span
}

func (d *decoder) report(at source.Span, summary, format string, args ...any) {
	d.found = append(d.found, diag.Diagnostic{
		Code: check.CodeConfigInvalid, Severity: diag.Failure, Path: d.file.Path, Span: at,
		Summary: summary, Detail: fmt.Sprintf(format, args...),
	})
}

// problems are what is wrong, in the order of places: at most maxProblems, of
// which the last says how many more there are.
func (d *decoder) problems() []diag.Diagnostic {
	diag.Sort(d.found)
	if more := len(d.found) - maxProblems; more > 0 {
		d.found = d.found[:maxProblems]
		d.found[maxProblems-1].Detail += fmt.Sprintf(" After this there are %d more problems.", more)
	}
	return d.found
}

// expected reports a value of the wrong kind.
func (d *decoder) expected(n *node, what string) {
	detail := fmt.Sprintf("%s was expected here, not %s.", upper(what), n.shown())
	if what == "text" && (n.kind == boolNode || n.kind == intNode || n.kind == numberNode) {
		detail += " Put it in quotes if it is meant as text."
	}
	d.report(n.at, "Unexpected value", "%s", detail)
}

// shown is a value in a sentence.
func (n *node) shown() string {
	switch n.kind {
	case boolNode, intNode, numberNode:
		return n.text
	case textNode:
		return fmt.Sprintf("%q", cut(n.text))
	default:
		return n.kind.String()
	}
}

// cut keeps a message readable whatever it quotes.
func cut(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// readFields reads a mapping by the settings that it may hold. prefix is the
// dotted name of the mapping with a dot, "-" where keys need not be kept.
func readFields[R any](d *decoder, n *node, settings []setting[R], prefix string, into *R) {
	if n.kind != mapNode {
		d.expected(n, mapNode.String())
		return
	}
	for _, f := range n.fields {
		i := slices.IndexFunc(settings, func(s setting[R]) bool { return s.name == f.key })
		if i < 0 {
			d.report(f.at, "Unknown setting", "%q is not a setting here. %s", cut(f.key), hint(settings, prefix, f.key))
			continue
		}
		s := settings[i]
		if s.value == nil {
			readFields(d, f.value, s.within, prefix+s.name+".", into)
			continue
		}
		if s.value.read(d, f.value, into) && prefix != "-" {
			d.given[prefix+s.name] = f.at
		}
	}
	for _, s := range settings {
		if s.required && !slices.ContainsFunc(n.fields, func(f field) bool { return f.key == s.name }) {
			d.report(n.at, "Missing setting", "%q is required here.", s.name)
		}
	}
}

// hint says what an unknown key may have meant.
func hint[R any](settings []setting[R], prefix, key string) string {
	var names []string
	for _, s := range settings {
		names = append(names, s.name)
	}
	if near := nearest(key, names); near != "" {
		return fmt.Sprintf("Did you mean %q?", near)
	}
	if prefix == "" {
		for _, s := range settings {
			for _, w := range s.within {
				if sameWords(w.name, key) || sameWords(s.name+w.name, strings.ReplaceAll(key, ".", "")) {
					return fmt.Sprintf("Did you mean %q below %q?", w.name, s.name)
				}
			}
		}
	}
	return "Known here are " + enumerate(names) + "."
}

// enumerate lists names in a sentence.
func enumerate(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " and " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// nearest is the name that a mistyped one may have meant, or "".
func nearest(text string, names []string) string {
	const longest = 40 // no name is as long; keeps the distance cheap
	best, least := "", max(1, min(len(text), longest)/3)+1
	if len(text) > longest {
		return ""
	}
	for _, n := range names {
		if sameWords(text, n) {
			return n
		}
		if k := distance(strings.ToLower(text), strings.ToLower(n)); k < least {
			best, least = n, k
		}
	}
	return best
}

// sameWords compares names that differ in case, dashes and underscores only.
func sameWords(a, b string) bool {
	bare := strings.NewReplacer("-", "", "_", "")
	return strings.EqualFold(bare.Replace(a), bare.Replace(b))
}

// distance is how many characters have to be put in, taken out, replaced or
// swapped with their neighbour to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	last, row := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, make([]int, len(y)+1)
	}
	return last[len(y)]
}

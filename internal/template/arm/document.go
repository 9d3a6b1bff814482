package arm

import (
	"slices"
	"sort"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// NodeKind is what a JSON value is.
type NodeKind uint8

// The kinds of values. The zero NodeKind is invalid.
const (
	Object NodeKind = iota + 1
	Array
	String
	Number
	Bool
	Null
)

// Node is a JSON value with the places that an edit needs. Offsets are those of
// the file. A Node is immutable once made.
type Node struct {
	Kind NodeKind
	// Span is the value; of an object or array its first and last byte are the
	// brackets.
	Span source.Span
	// Parent is nil for the root; Index is the position among its Children.
	Parent *Node
	Index  int
	// Key is the name of a property, without escapes, and KeySpan its token
	// with the quotation marks; both are zero in an array.
	Key     string
	KeySpan source.Span
	// Text is a string without escapes, or another scalar as written.
	Text string
	// Children are the properties or elements, in order; all of them, also
	// properties of the same name.
	Children []*Node
	// Comma is the offset of the comma after the value, -1 when there is none.
	Comma int
}

// Document is the tree of a whole file, for edits. It is nil for a file that
// could not be read to its end; the diagnostics are the syntax errors.
func Document(f *source.File) (*Node, []diag.Diagnostic) {
	c := clean(f)
	if !c.whole || c.recovered {
		return nil, c.diagnostics
	}
	d := document{src: f.Content}
	root := gjson.Parse(c.text)
	root.Raw = strings.TrimRight(root.Raw, " \t\r\n")
	return d.node(root), c.diagnostics
}

type document struct {
	src []byte
}

func (d document) node(v gjson.Result) *Node {
	n := &Node{Span: span(v), Comma: -1, Text: v.Raw}
	switch v.Type {
	case gjson.String:
		n.Kind, n.Text = String, text(v)
	case gjson.Number:
		n.Kind = Number
	case gjson.True, gjson.False:
		n.Kind = Bool
	case gjson.Null:
		n.Kind = Null
	case gjson.JSON:
		n.Kind, n.Text = Array, ""
		if v.IsObject() {
			n.Kind = Object
		}
		v.ForEach(func(key, v gjson.Result) bool {
			child := d.node(v)
			child.Parent, child.Index = n, len(n.Children)
			if n.Kind == Object {
				child.Key, child.KeySpan = text(key), span(key)
			}
			if i := d.next(v.Index + len(v.Raw)); i < len(d.src) && d.src[i] == ',' {
				child.Comma = i
			}
			n.Children = append(n.Children, child)
			return true
		})
	}
	return n
}

// next is the offset of the first byte from i on that is neither white space
// nor in a comment.
func (d document) next(i int) int {
	s := skimmer{src: d.src, pos: i}
	s.space()
	return s.pos
}

// Entry is the node with its key, if it has one.
func (n *Node) Entry() source.Span {
	if n.KeySpan.Len() == 0 {
		return n.Span
	}
	return source.Span{Start: n.KeySpan.Start, End: n.Span.End}
}

// Member is the property of an object, ignoring case; the last one of that
// name, which is the one that counts. It is nil when there is none.
func (n *Node) Member(name string) *Node {
	if n.Kind != Object {
		return nil
	}
	for _, v := range slices.Backward(n.Children) {
		if strings.EqualFold(v.Key, name) {
			return v
		}
	}
	return nil
}

// At is the innermost object or array that begins at an offset or contains it,
// or the scalar there. It is nil outside of the node.
func (n *Node) At(offset int) *Node {
	if offset < n.Span.Start || offset >= n.Span.End {
		return nil
	}
	i := sort.Search(len(n.Children), func(i int) bool { return n.Children[i].Span.End > offset })
	if i < len(n.Children) {
		if found := n.Children[i].At(offset); found != nil {
			return found
		}
	}
	return n
}

// Insertion is how a new property or element gets into an object or array
// without touching a byte of what is there.
type Insertion struct {
	// Comma is where a comma has to be inserted first, after the element that
	// has been the last one so far; -1 when none is needed.
	Comma int
	// Offset is where the new text goes: after a comment that ends the line of
	// the element before it. It may be equal to Comma, which comes first then.
	Offset int
	// Separator says that the new text has to end in a comma, because an
	// element follows or because the file puts one after its last elements.
	Separator bool
	// LineComment says that a // comment ends at Offset, so that the new text
	// has to begin with a line break.
	LineComment bool
}

// After is the insertion behind child i of an object or array, and at the very
// beginning for -1. It panics when there is no such child, as indexing does.
func (n *Node) After(f *source.File, i int) Insertion {
	if i < 0 {
		offset, comment := lineTail(f.Content, n.Span.Start+1)
		return Insertion{Comma: -1, Offset: offset, Separator: len(n.Children) > 0, LineComment: comment}
	}
	child := n.Children[i]
	in := Insertion{Comma: child.Span.End}
	from := child.Span.End
	if child.Comma >= 0 {
		in = Insertion{Comma: -1, Separator: true}
		from = child.Comma + 1
	}
	in.Offset, in.LineComment = lineTail(f.Content, from)
	return in
}

// lineTail is the offset after the comments that follow on the same line as i
// with nothing but white space between, and whether the last one is a //
// comment. Comments that something else follows on the line belong to that.
func lineTail(src []byte, i int) (offset int, lineComment bool) {
	at := i
	for at < len(src) {
		switch src[at] {
		case ' ', '\t':
			at++
			continue
		case '\r', '\n':
			return offsetOr(offset, i), false
		case '/':
			end, ok := commentEnd(src, at)
			if end == at || !ok || spansLines(src[at:end]) {
				return i, false
			}
			if src[at+1] == '/' {
				return end, true
			}
			at, offset = end, end
			continue
		}
		return i, false
	}
	return offsetOr(offset, i), false
}

func offsetOr(offset, otherwise int) int {
	if offset > 0 {
		return offset
	}
	return otherwise
}

func spansLines(comment []byte) bool {
	for _, b := range comment {
		if b == '\n' || b == '\r' {
			return true
		}
	}
	return false
}

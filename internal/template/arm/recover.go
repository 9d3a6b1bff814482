package arm

import (
	"bytes"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Reading goes on behind a syntax error where the rest is plain to see. What
// cannot be made sense of, mostly one element of the object or array around
// the error, becomes white space, and missing brackets are written over white
// space, so that the copy keeps its length. A file that leaves no room for
// them is not read.

// after is what becomes of an object or array behind an error in it.
type after uint8

const (
	stuck after = iota // reading cannot go on
	next               // it goes on with its next element
	ended              // it ends here
)

// recover leaves an error in the element that begins at start, in the object or
// array that the given bracket closes. Last is where the element before begins.
func (c *cleaner) recover(last, start int, closing byte) after {
	c.recovered = true
	switch {
	case c.full:
		return stuck
	case c.broken >= last:
		// The string went on to a quotation mark that opens another one.
		end := c.lineEnd(c.broken)
		c.drop(min(start, last), end)
		c.pos = end
		c.token(0)
		c.owed = true
		return next
	case c.pos >= len(c.src):
		if len(c.missing) == 0 && c.roomBehind(start) < len(c.open) {
			start = min(start, last) // the element before has to make room
		}
		c.drop(start, len(c.src))
		c.missing = append(c.missing, closing)
		return ended
	case c.src[c.pos] == ']' || c.src[c.pos] == '}':
		c.drop(start, c.pos)
		return c.mismatch(closing)
	case c.src[c.pos] == '{' && closing == '}' && c.parent() == ']' && blank(c.src[start:c.pos]) && c.neighbour():
		return ended
	}
	return c.skip(start)
}

// neighbour ends an object before the one at pos, which is the next one of the
// array around it.
func (c *cleaner) neighbour() bool {
	comma := c.comma
	if comma < 0 {
		comma = c.pos - 2
	}
	if !c.room(comma+1) || comma != c.comma && !isSpace(c.src[comma]) {
		return false
	}
	c.write(comma, '}')
	c.write(c.pos-1, ',')
	c.owed = true
	return true
}

// mismatch stands before a bracket that does not fit, or fits with nothing
// before it: one before it is missing, or it is one too many.
func (c *cleaner) mismatch(closing byte) after {
	b := c.src[c.pos]
	if b == closing {
		return next
	}
	if slices.Contains(c.open[:len(c.open)-1], b) && !c.tooMany() {
		if !c.room(0) {
			return stuck
		}
		c.write(c.pos-1, closing)
		return ended
	}
	c.drop(c.pos, c.pos+1)
	c.token(1)
	return next
}

// tooMany reports whether the bracket at pos, which does not fit, is one too
// many by what follows it: elements of the array that is open, or the ends of
// the objects that are open and then the neighbour of the outermost.
func (c *cleaner) tooMany() bool {
	var objects int
	for i := len(c.open) - 1; i >= 0 && c.open[i] == '}'; i-- {
		objects++
	}
	var follows []byte
	for _, b := range c.src[c.pos+1:] {
		if isSpace(b) {
			continue
		}
		if follows = append(follows, b); len(follows) == objects+2 {
			break
		}
	}
	f := string(follows)
	if c.src[c.pos] == '}' {
		return strings.HasPrefix(f, "]") || f == ",{" || f == ",["
	}
	return f == strings.Repeat("}", objects)+",{"
}

// skip passes over the rest of an element, to the comma after it or the bracket
// that closes what is around it.
func (c *cleaner) skip(start int) after {
	depth := 0
	for ; c.pos < len(c.src); c.pos++ {
		switch b := c.src[c.pos]; b {
		case '"':
			c.pos = max(c.stringEnd(c.pos), c.pos+1) - 1
		case '/':
			if end, _ := commentEnd(c.src, c.pos); end > c.pos {
				c.pos = end - 1
			}
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				c.drop(start, c.pos)
				c.token(0)
				if c.owed = b == ','; c.owed {
					c.token(1) // it is taken away if it is one too many
				}
				return next
			}
			if b != ',' {
				depth--
			}
		}
	}
	c.pos = len(c.src)
	c.drop(start, c.pos)
	return next
}

// lose ends reading if what is left out may bring a collection: nothing can be
// said of the APIs in the rest then.
func (c *cleaner) lose(start, end int) {
	for _, brings := range []string{"apicollections", "microsoft.resources/deployments"} {
		c.full = c.full || indexFold(c.src[start:end], brings) >= 0
	}
}

// drop makes white space of what was read from start on, and forgets what was
// found there.
func (c *cleaner) drop(start, end int) {
	c.lose(start, end)
	for n := len(c.patches); n > 0 && c.patches[n-1].Start >= start; n-- {
		c.patches = c.patches[:n-1]
	}
	for n := len(c.markers); n > 0 && c.markers[n-1].Start >= start; n-- {
		c.markers = c.markers[:n-1]
	}
	if end > start {
		c.blank(start, end)
	}
}

// roomBehind counts the bytes at the end of the file that can hold brackets if
// everything from start on is dropped.
func (c *cleaner) roomBehind(start int) int {
	n := len(c.src) - start
	for i := start; i > 0; i-- {
		switch b := c.src[i-1]; {
		case isSpace(b):
			n++
		case b != '}' && b != ']':
			return n
		}
	}
	return n
}

// room reports whether the byte before pos can hold a bracket: white space
// that is not before from and nothing else was written to.
func (c *cleaner) room(from int) bool {
	i := c.pos - 1
	if i < from || i < 0 || !isSpace(c.src[i]) {
		return false
	}
	if n := len(c.patches); n > 0 && c.patches[n-1].End > i {
		p := &c.patches[n-1]
		if p.with != 0 || p.Len() < 2 {
			return false
		}
		p.End = i
	}
	return true
}

// write puts a byte in the place of another one, which has no patch yet.
func (c *cleaner) write(at int, b byte) {
	c.blank(at, at+1)
	i := slices.IndexFunc(c.patches, func(p patch) bool { return p.Start == at })
	c.patches[i].with = b
}

// parent is the bracket that closes what is around the innermost object or
// array, 0 for none.
func (c *cleaner) parent() byte {
	if len(c.open) < 2 {
		return 0
	}
	return c.open[len(c.open)-2]
}

// conflict passes over a mark of a merge conflict: both versions are read.
func (c *cleaner) conflict() bool {
	if !template.ConflictMark(c.src, c.pos) {
		return false
	}
	at := source.Span{Start: c.pos, End: c.lineEnd(c.pos)}
	if c.src[c.pos] == '<' || !c.conflicted {
		c.conflicted = true
		c.report(at, template.ConflictSummary, template.ConflictDetail)
	}
	c.recovered = true
	c.blank(at.Start, at.End)
	c.pos = at.End
	return true
}

// finish makes strict JSON of a copy with errors: it writes the brackets that
// the end of the file lacks over the white space there, and takes away commas
// that stand alone. It reports whether there was room.
func (c *cleaner) finish(text []byte) bool {
	tail := len(text)
	var closers []byte
	for tail > 0 && (isSpace(text[tail-1]) || text[tail-1] == '}' || text[tail-1] == ']') {
		tail--
		if !isSpace(text[tail]) {
			closers = append(closers, text[tail])
		}
	}
	slices.Reverse(closers)
	closers = append(closers, c.missing...)
	if len(c.missing) > 0 {
		if len(closers) > len(text)-tail {
			return false
		}
		for i := range text[tail:] {
			text[tail+i] = ' '
		}
		copy(text[len(text)-len(closers):], closers)
	}
	tidy(text)
	return true
}

// tidy takes away commas that have no element before or after them, and writes
// those that were lost with an element.
func tidy(text []byte) {
	comma, before := -1, byte(0)
	for i := 0; i < len(text); i++ {
		b := text[i]
		if starts := b == '"' || b == '{' || b == '[' || isWordByte(b); starts && i > 0 && isSpace(text[i-1]) &&
			(before == '"' || before == '}' || before == ']' || isWordByte(before)) {
			text[i-1] = ','
		}
		switch {
		case isSpace(b):
			continue
		case b == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case b == ',' && (before == ',' || before == '{' || before == '[' || before == 0):
			text[i] = ' '
			continue
		case b == ',':
			comma = i
		case (b == '}' || b == ']') && before == ',':
			text[comma] = ' '
		}
		before = b
	}
}

func blank(b []byte) bool { return len(bytes.TrimLeft(b, " \t\r\n,")) == 0 }

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// Package source holds the text that everything else speaks about: files,
// spans of bytes within them, positions a person can look up, and read-only
// trees of files. It reads nothing itself; whoever has the bytes makes the
// [File] or the [Snapshot].
package source

import (
	"bytes"
	"sort"
	"sync"
	"unicode/utf8"
	"unsafe"
)

// Span is a half-open range of byte offsets, [Start, End), in one file.
// The zero Span is the empty one at the start of the file.
type Span struct {
	Start, End int
}

// Len is the number of bytes in the span.
func (s Span) Len() int { return s.End - s.Start }

// Position is a place as people and GitHub count it: lines and columns from
// 1, columns in Unicode code points. The zero Position means "no position".
type Position struct {
	Line, Column int
}

// BOM is the UTF-8 byte order mark that some editors put before the text.
const BOM = "\xef\xbb\xbf"

// File is the content of one file. It is immutable once made and safe for
// concurrent use; Content must not be changed by anyone.
type File struct {
	// Path is relative to the root of the snapshot, with / separators.
	Path string
	// Content is every byte of the file, a byte order mark included.
	Content []byte

	once  sync.Once
	lines []int32 // offsets at which lines begin; a file is smaller than 2 GiB

	counted sync.Once
	counts  []count // at every so many bytes, for columns in long lines
}

// count is how many code points come before an offset.
type count struct{ offset, runes int }

// NewFile makes a file of bytes that it takes ownership of.
func NewFile(path string, content []byte) *File {
	return &File{Path: path, Content: content}
}

// String is the whole content. It shares the bytes of Content, because a copy of
// every file that is read would double what a large repository takes.
func (f *File) String() string {
	return unsafe.String(unsafe.SliceData(f.Content), len(f.Content)) //nolint:gosec // Content never changes
}

// Text is the text of the span, cut to the file's bounds.
func (f *File) Text(s Span) string {
	start, end := clamp(s.Start, len(f.Content)), clamp(s.End, len(f.Content))
	if end < start {
		return ""
	}
	return string(f.Content[start:end])
}

// Position converts a byte offset; an offset past the end is that of the end.
// A byte order mark takes no column. Lines end at "\n", "\r\n" and a lone "\r",
// as in Bicep and in editors.
func (f *File) Position(offset int) Position {
	offset = clamp(offset, len(f.Content))
	n := f.LineAt(offset)
	start := int(f.lines[n-1])
	if n == 1 && bytes.HasPrefix(f.Content, []byte(BOM)) {
		start = min(len(BOM), offset)
	}
	if offset-start > countEvery {
		return Position{Line: n, Column: f.runesBefore(offset) - f.runesBefore(start) + 1}
	}
	return Position{Line: n, Column: utf8.RuneCount(f.Content[start:offset]) + 1}
}

// countEvery is at how many bytes code points are counted in advance. A file may
// have all of its places on one line, each of which would count them again.
const countEvery = 1 << 10

// runesBefore is how many code points come before an offset.
func (f *File) runesBefore(offset int) int {
	f.counted.Do(func() {
		var last count
		f.counts = append(f.counts, last)
		for at := countEvery; at < len(f.Content); at += countEvery {
			next := boundary(f.Content, at)
			last.runes += utf8.RuneCount(f.Content[last.offset:next])
			last.offset = next
			f.counts = append(f.counts, last)
		}
	})
	n := sort.Search(len(f.counts), func(i int) bool { return f.counts[i].offset > offset })
	c := f.counts[n-1]
	return c.runes + utf8.RuneCount(f.Content[c.offset:offset])
}

// boundary is the first offset from at on where no code point goes on. Invalid
// text has some that begin nowhere, of which each byte counts.
func boundary(text []byte, at int) int {
	for end := at + utf8.UTFMax - 1; at < end && at < len(text) && !utf8.RuneStart(text[at]); {
		at++
	}
	return at
}

// LineAt is the number of the line that an offset is on, as in Position.
func (f *File) LineAt(offset int) int {
	lines := f.lineStarts()
	return max(1, sort.Search(len(lines), func(i int) bool { return int(lines[i]) > offset }))
}

// Lines is the number of lines; a file that ends in a line break has an empty
// last one, and an empty file has one line.
func (f *File) Lines() int { return len(f.lineStarts()) }

// Line is the span of the n-th line, counted from 1, without its line break.
// It is the zero span when there is no such line.
func (f *File) Line(n int) Span {
	lines := f.lineStarts()
	if n < 1 || n > len(lines) {
		return Span{}
	}
	s := Span{Start: int(lines[n-1]), End: len(f.Content)}
	if n < len(lines) {
		s.End = int(lines[n])
	}
	for s.End > s.Start && (f.Content[s.End-1] == '\n' || f.Content[s.End-1] == '\r') {
		s.End--
	}
	return s
}

func (f *File) lineStarts() []int32 {
	f.once.Do(func() {
		f.lines = make([]int32, 1, 1+bytes.Count(f.Content, []byte("\n")))
		for i := 0; i < len(f.Content); i++ {
			switch f.Content[i] {
			case '\n':
				f.lines = append(f.lines, int32(i+1))
			case '\r':
				if i+1 >= len(f.Content) || f.Content[i+1] != '\n' {
					f.lines = append(f.lines, int32(i+1))
				}
			}
		}
	})
	return f.lines
}

func clamp(n, limit int) int { return max(0, min(n, limit)) }

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

// Contains reports whether offset lies in the span, its end included.
func (s Span) Contains(offset int) bool { return s.Start <= offset && offset <= s.End }

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
}

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
	lines := f.lineStarts()
	n := sort.Search(len(lines), func(i int) bool { return int(lines[i]) > offset }) // first line after
	text := f.Content[lines[n-1]:offset]
	if n == 1 {
		text = bytes.TrimPrefix(text, []byte(BOM))
	}
	return Position{Line: n, Column: utf8.RuneCount(text) + 1}
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

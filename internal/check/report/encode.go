package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// filling is what goes into an empty list of a document: one element after the
// other, because there may be very many.
type filling struct {
	name string // of the list
	size int
	each func(i int) any
}

// elements fill a list with what is made of those of another one.
func elements[T any](name string, from []T, each func(T) any) filling {
	return filling{name, len(from), func(i int) any { return each(from[i]) }}
}

// encode writes JSON for people and programs alike: indented, and with < and &
// as they are, because expressions are full of them. Lists that are empty in v,
// and not nil, are filled; they are told in the order of the document.
func encode(w io.Writer, v any, fillings ...filling) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var b bytes.Buffer
	if err := encoder(&b, "").Encode(v); err != nil {
		return err
	}
	rest := b.String()
	for _, f := range fillings {
		if f.size == 0 {
			continue
		}
		// A quotation mark in a text of the document has a backslash before it.
		before, after, _ := strings.Cut(rest, `"`+f.name+`": []`)
		if _, err := out.WriteString(before + `"` + f.name + `": [`); err != nil {
			return err
		}
		indent := before[strings.LastIndexByte(before, '\n')+1:]
		if err := f.write(out, indent); err != nil {
			return err
		}
		rest = "\n" + indent + "]" + after
	}
	if _, err := out.WriteString(rest); err != nil {
		return err
	}
	return out.Flush()
}

// write encodes the elements, each beginning on a line of its own.
func (f filling) write(out *bufio.Writer, indent string) error {
	indent += step
	var b bytes.Buffer
	e := encoder(&b, indent)
	for i := range f.size {
		b.Reset()
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + indent)
		if err := e.Encode(f.each(i)); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the line break after it
		if _, err := out.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// step is by how much a level is indented.
const step = "  "

func encoder(w io.Writer, indent string) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent(indent, step)
	return e
}

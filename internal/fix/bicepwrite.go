package fix

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// render writes the collection, and the service it needs, in the file's own
// indentation and line breaks.
func (w *bicepWriter) render(unit string, c collectionText) string {
	br := w.lineBreak
	var b strings.Builder
	line := func(level int, text string) {
		b.WriteString(strings.Repeat(unit, level) + text + br)
	}
	open, end := "", ""
	if s := c.existing; s != nil {
		if s.loop != "" {
			open, end = "["+s.loop+": ", "]"
		}
		symbol, _, _ := strings.Cut(c.scope, "[")
		line(0, "resource "+symbol+" '"+template.TypeService+"@"+s.apiVersion+"' existing = "+open+"{")
		line(1, "name: "+s.name)
		line(0, "}"+end+br)
		open, end = "", ""
	}
	if c.loop != "" {
		open, end = "["+c.loop+": ", "]"
	}
	if c.condition != "" {
		open += "if (" + c.condition + ") "
	}
	line(0, "resource "+c.symbol+" '"+template.TypeCollection+"@"+w.apiVersion+"' = "+open+"{")
	if !c.nameFirst {
		line(1, "scope: "+c.scope)
	}
	line(1, "name: "+c.name)
	if c.nameFirst {
		line(1, "scope: "+c.scope)
	}
	if c.dependsOn != "" {
		line(1, "dependsOn: [")
		line(2, c.dependsOn)
		line(1, "]")
	}
	b.WriteString("}" + end)
	return b.String()
}

// insertion places the text behind the top-level declaration that holds the
// API, on lines of its own.
func (w *bicepWriter) insertion(a *bicepAPI, text string) diag.TextEdit {
	src, br := w.file.Source, w.lineBreak
	end := w.file.Extent(a.top()).End
	line := src.LineAt(end)
	at := src.Line(line).End
	before, after := br+br, ""
	if line < src.Lines() && strings.TrimSpace(src.Text(src.Line(line+1))) != "" {
		after = br
		if w.inserted[at] {
			before = br
		}
	}
	w.inserted[at] = true
	e := diag.TextEdit{Path: src.Path, Span: source.Span{Start: at, End: at}, NewText: before + text + after}
	return toLineStart(e, src.Content, br)
}

// unit is one level of indentation, as the API's own properties have it.
func (w *bicepWriter) unit(a *bicepAPI) string {
	outers := []int{a.body.Span().End - 1, a.decl().Keyword.Span().Start} // a loop may be indented by itself
	for _, outer := range outers {
		for _, e := range a.body.Elements {
			unit, ok := strings.CutPrefix(w.file.Indent(e.Span().Start), w.file.Indent(outer))
			if ok && unit != "" {
				return unit
			}
		}
	}
	return "  "
}

package arm

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// unexpected reports the token at pos. Open is the bracket around it, if that
// helps. The end of the file is reported once.
func (c *cleaner) unexpected(expected string, open *int) {
	if c.pos >= len(c.src) {
		if c.silent {
			return
		}
		c.silent = true
	}
	where := source.Span{Start: c.pos, End: c.pos}
	summary, found := "Unexpected end of file", "the end of the file"
	if c.pos < len(c.src) {
		where.End = max(c.wordEnd(c.pos), c.pos+1)
		if c.src[c.pos] == '"' {
			where.End = c.stringEnd(c.pos)
		} else if where.Len() == 1 {
			_, size := utf8.DecodeRune(c.src[c.pos:])
			where.End = c.pos + size
		}
		found = c.quote(where)
		summary = "Unexpected " + found
	} else {
		where.End = len(bytes.TrimRight(c.src, " \t\r\n"))
		where.Start = max(0, where.End-1)
		if n := len(c.diagnostics); n > 0 && c.diagnostics[n-1].Span.End >= where.End {
			return // what stands there was complained about
		}
	}
	c.report(where, summary, fmt.Sprintf("Found %s where %s was expected.", found, expected))
	d := &c.diagnostics[len(c.diagnostics)-1]
	switch {
	case c.broken >= 0:
		d.Detail += " A string before it goes over several lines; its closing quotation mark is probably missing."
		d.Related = []diag.Related{{
			Path: c.file.Path, Span: source.Span{Start: c.broken, End: c.lineEnd(c.broken)}, Message: "the string begins here",
		}}
	case open != nil:
		d.Related = []diag.Related{{
			Path: c.file.Path, Span: source.Span{Start: *open, End: *open + 1}, Message: "in what begins here",
		}}
	}
}

// report adds a diagnostic and reports whether there is room for more.
func (c *cleaner) report(s source.Span, summary, detail string) bool {
	c.diagnostics = append(c.diagnostics, unreadable(c.file.Path, s, summary, detail))
	c.full = c.full || len(c.diagnostics) >= maxDiagnostics
	return !c.full
}

func unreadable(path string, s source.Span, summary, detail string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: template.CodeUnreadable, Severity: diag.Failure,
		Path: path, Span: s, Summary: summary, Detail: detail,
	}
}

// quote is what stands at a place, for a message: on one line and not long.
func (c *cleaner) quote(s source.Span) string { return quote(string(c.src[s.Start:s.End])) }

func quote(text string) string {
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		text = text[1 : len(text)-1]
	}
	if len(text) > maxQuoted {
		cut := maxQuoted
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	if strings.ContainsAny(text, `"\`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "\uFFFD"))
}

func (c *cleaner) lineEnd(start int) int {
	if n := bytes.IndexAny(c.src[start:], "\r\n"); n >= 0 {
		return start + n
	}
	return len(c.src)
}

package githubtest

import (
	"html"
	"strings"
)

// The page shows the Markdown that check runs use: headings, paragraphs,
// lists, quotes, tables, fences and folded details. It is read into a tree
// that the page's template writes, so that everything in it is escaped in one
// place. Anything else is shown as it is written.

// block is one piece of a text.
type block struct {
	Kind  string // heading, paragraph, list, quote, table, code, details
	Level int    // of a heading
	Spans []span // of a heading, paragraph, quote, or a details' summary
	Items [][]span
	// Ordered says that a list is numbered.
	Ordered bool
	Rows    [][][]span // the first is the head
	Text    string     // of a code block
	Inner   []block    // of a details block
}

// span is a run of text in one style.
type span struct {
	Kind string // text, code, bold, link, break
	Text string
	URL  string
	Code bool // of a link, that its text is code
}

// parseMarkdown reads a text. Details fold one level deep.
func parseMarkdown(text string) []block {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	return parseBlocks(lines, true)
}

func parseBlocks(lines []string, fold bool) []block {
	var blocks []block
	for len(lines) > 0 {
		line := strings.TrimSpace(lines[0])
		var b block
		n := 1
		switch {
		case line == "":
			lines = lines[1:]
			continue
		case fenceOf(line) != "":
			b, n = fenced(lines)
		case fold && strings.HasPrefix(line, "<details"):
			b, n = details(lines)
		case strings.HasPrefix(line, "#"):
			level := min(6, len(line)-len(strings.TrimLeft(line, "#")))
			b = block{Kind: "heading", Level: level, Spans: parseSpans(strings.TrimSpace(line[level:]))}
		case isItem(line):
			b, n = listBlock(lines, isNumbered(line))
		case strings.HasPrefix(line, ">"):
			b = block{Kind: "quote", Spans: parseSpans(strings.TrimSpace(line[1:]))}
		case len(lines) > 1 && strings.Contains(line, "|") && isDelimiter(lines[1]):
			b, n = table(lines)
		default:
			b, n = paragraph(lines)
		}
		blocks = append(blocks, b)
		lines = lines[n:]
	}
	return blocks
}

// fenceOf is the marks that open a fence, empty if the line opens none.
func fenceOf(line string) string {
	for _, mark := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, mark)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

func fenced(lines []string) (block, int) {
	fence := fenceOf(strings.TrimSpace(lines[0]))
	for i, line := range lines[1:] {
		if end := strings.TrimSpace(line); strings.HasPrefix(end, fence) && strings.Trim(end, fence[:1]) == "" {
			return block{Kind: "code", Text: strings.Join(lines[1:i+1], "\n")}, i + 2
		}
	}
	return block{Kind: "code", Text: strings.Join(lines[1:], "\n")}, len(lines)
}

func details(lines []string) (block, int) {
	b, end := block{Kind: "details"}, len(lines)
	for i, line := range lines {
		if strings.TrimSpace(line) == "</details>" {
			end = i
			break
		}
	}
	inside := strings.Join(lines[:end], "\n")
	_, inside, _ = strings.Cut(inside, ">")
	if before, rest, ok := strings.Cut(inside, "</summary>"); ok {
		_, summary, _ := strings.Cut(before, "<summary>")
		b.Spans, inside = parseSpans(strings.TrimSpace(summary)), rest
	}
	b.Inner = parseBlocks(strings.Split(inside, "\n"), false)
	return b, min(end+1, len(lines))
}

func isItem(line string) bool {
	return strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") || isNumbered(line)
}

func isNumbered(line string) bool {
	rest := strings.TrimLeft(line, "0123456789")
	return rest != line && strings.HasPrefix(rest, ". ")
}

func listBlock(lines []string, ordered bool) (block, int) {
	b, n := block{Kind: "list", Ordered: ordered}, 0
	for n < len(lines) && isItem(strings.TrimSpace(lines[n])) && isNumbered(strings.TrimSpace(lines[n])) == ordered {
		_, item, _ := strings.Cut(strings.TrimSpace(lines[n]), " ")
		b.Items = append(b.Items, parseSpans(item))
		n++
	}
	return b, n
}

func isDelimiter(line string) bool {
	line = strings.TrimSpace(line)
	return strings.Contains(line, "-") && strings.Trim(line, "|-: ") == ""
}

func table(lines []string) (block, int) {
	b, n := block{Kind: "table", Rows: [][][]span{cells(lines[0])}}, 2
	for n < len(lines) && strings.Contains(lines[n], "|") {
		b.Rows = append(b.Rows, cells(lines[n]))
		n++
	}
	return b, n
}

// cells splits a row at the bars that are not escaped.
func cells(line string) [][]span {
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")
	var row [][]span
	var cell strings.Builder
	flush := func() {
		row = append(row, parseSpans(strings.TrimSpace(cell.String())))
		cell.Reset()
	}
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '|':
			cell.WriteByte('|')
			i++
		case line[i] == '|':
			flush()
		default:
			cell.WriteByte(line[i])
		}
	}
	if strings.TrimSpace(cell.String()) != "" {
		flush()
	}
	return row
}

func paragraph(lines []string) (block, int) {
	n := 1
	for n < len(lines) {
		line := strings.TrimSpace(lines[n])
		if line == "" || strings.HasPrefix(line, "#") || fenceOf(line) != "" || isItem(line) || strings.HasPrefix(line, "<details") {
			break
		}
		n++
	}
	return block{Kind: "paragraph", Spans: parseSpans(strings.Join(lines[:n], "\n"))}, n
}

// parseSpans reads what is inside a line.
func parseSpans(text string) []span {
	var spans []span
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			spans = append(spans, span{Kind: "text", Text: html.UnescapeString(plain.String())})
			plain.Reset()
		}
	}
	for text != "" {
		if found, n := spanAt(text); n > 0 {
			flush()
			spans = append(spans, found)
			text = text[n:]
			continue
		}
		if len(text) > 1 && text[0] == '\\' && strings.IndexByte("\\`*_{}[]()<>#+-.!|@~", text[1]) >= 0 {
			text = text[1:]
		}
		plain.WriteByte(text[0])
		text = text[1:]
	}
	flush()
	return spans
}

// spanAt reads a span other than plain text at the start; a length of 0 means
// that there is none.
func spanAt(text string) (span, int) {
	switch {
	case text[0] == '`':
		marks := text[:len(text)-len(strings.TrimLeft(text, "`"))]
		if inside, _, ok := strings.Cut(text[len(marks):], marks); ok {
			return span{Kind: "code", Text: strings.TrimSpace(inside)}, len(inside) + 2*len(marks)
		}
	case strings.HasPrefix(text, "**"):
		if inside, _, ok := strings.Cut(text[2:], "**"); ok && inside != "" {
			return span{Kind: "bold", Text: html.UnescapeString(inside)}, len(inside) + 4
		}
	case strings.HasPrefix(text, "<br>"):
		return span{Kind: "break"}, len("<br>")
	case strings.HasPrefix(text, "<code>"):
		if inside, _, ok := strings.Cut(text[len("<code>"):], "</code>"); ok {
			return span{Kind: "code", Text: html.UnescapeString(inside)}, len(inside) + len("<code></code>")
		}
	case text[0] == '[':
		return linkAt(text)
	}
	return span{}, 0
}

// linkAt reads a link to a web page, whose text is plain or one code span.
func linkAt(text string) (span, int) {
	label, rest, ok := strings.Cut(text[1:], "](")
	end := ")"
	if strings.HasPrefix(rest, "<") {
		end = ">)"
	}
	target, _, closed := strings.Cut(rest, end)
	address := html.UnescapeString(strings.TrimPrefix(target, "<"))
	web := strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
	if !ok || !closed || !web || strings.ContainsAny(address, " \n") {
		return span{}, 0
	}
	n := len("[](") + len(label) + len(target) + len(end)
	if code, length := spanAt(label + " "); code.Kind == "code" && length == len(label) {
		return span{Kind: "link", Text: code.Text, URL: address, Code: true}, n
	}
	if strings.ContainsAny(label, "[]") {
		return span{}, 0
	}
	return span{Kind: "link", Text: html.UnescapeString(label), URL: address}, n
}

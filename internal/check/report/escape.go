package report

import (
	"fmt"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
)

// gap is a character that takes no room. GitHub looks for mentions,
// references, addresses and emoji in the text that Markdown has become, where
// an entity is the character it stands for again: only something in between
// keeps "@" and a name from being a mention.
const gap = "&#8203;"

// Escape makes text from a template safe within a line, or a table cell, of
// GitHub's Markdown. It shows as it was written, on one line, and is nothing
// else: no mention (@user, @org/team), no reference (#1, GH-1, owner/repo#1, a
// commit), no address, link, image, HTML, code, emphasis, formula, emoji,
// table border or heading. Characters that act instead of being seen are shown
// as escapes; see [diag.Visible].
func Escape(text string) string {
	text = oneLine(text)
	// Some characters make a list, a heading or a rule, but only where nothing
	// but their like is before them.
	lead := len(text) - len(strings.TrimLeft(text, "0123456789-+=.) "))
	var b strings.Builder
	for i := 0; i < len(text); {
		if word := wordAt(text, i); word != "" {
			escapeWord(&b, word, text[i+len(word):])
			i += len(word)
			continue
		}
		if c := text[i]; i < lead && c != ' ' {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			escapeByte(&b, c, text[i+1:])
		}
		i++
	}
	return b.String()
}

// Code is text from a template as a code span: what [Escape] keeps away is
// kept away here too, and a copy of a usual name has exactly its characters.
// It is "" for text without any. It is safe in a table cell, too.
func Code(text string) string {
	text = oneLine(text)
	if text == "" {
		return ""
	}
	// A table takes \| for a border within a code span in some versions, and
	// for none in others. Where it matters, HTML does not leave it open.
	if strings.ContainsAny(text, "`|\\") {
		return "<code>" + Escape(text) + "</code>"
	}
	return "`" + text + "`"
}

// Name is [Code] of a name or a path, as far as there is room for one.
func Name(text string) string { return Code(cutRunes(text, maxName)) }

// oneLine collapses white space and makes visible what is not.
func oneLine(text string) string {
	return diag.Visible(strings.Join(strings.Fields(text), " "))
}

// wordAt is the run of ASCII letters and digits at i, "" when there is none.
func wordAt(text string, i int) string {
	end := i
	for end < len(text) && isAlnum(text[end]) {
		end++
	}
	return text[i:end]
}

// escapeWord writes letters and digits. rest is what comes after them.
func escapeWord(b *strings.Builder, word, rest string) {
	const chunk = 6 // GitHub takes seven hexadecimal digits for a commit
	if len(word) <= chunk || strings.Trim(word, "0123456789abcdefABCDEF") != "" {
		b.WriteString(word)
	} else {
		for len(word) > chunk {
			b.WriteString(word[:chunk] + gap)
			word = word[chunk:]
		}
		b.WriteString(word)
	}
	// "www." begins an address, "GH-" and what an organisation chose for its
	// own tracker a reference.
	switch {
	case rest == "":
	case rest[0] == '.' && len(word) >= 3 && strings.EqualFold(word[len(word)-3:], "www"):
		b.WriteString(gap)
	case rest[0] == '-' && len(rest) > 1 && isDigit(rest[1]) && !isDigit(word[len(word)-1]):
		b.WriteString(gap)
	}
}

// escapeByte writes a byte that is no ASCII letter or digit. rest is what comes
// after it.
func escapeByte(b *strings.Builder, c byte, rest string) {
	switch c {
	case '&':
		b.WriteString("&amp;")
	case '<':
		b.WriteString("&lt;")
	case '>':
		b.WriteString("&gt;")
	case '"':
		b.WriteString("&quot;")
	case '@', '#':
		fmt.Fprintf(b, "&#%d;%s", c, gap)
	case '$':
		// GitHub's own way to write one that begins no formula.
		// https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
		b.WriteString("<span>$</span>")
	case ':':
		b.WriteByte(c)
		if startsEmoji(rest) || strings.HasPrefix(rest, "/") {
			b.WriteString(gap)
		}
	case '`', '*', '_', '~', '|', '\\', '[', ']':
		fmt.Fprintf(b, "&#%d;", c)
	default:
		b.WriteByte(c)
	}
}

// startsEmoji reports whether text is a name and a colon.
func startsEmoji(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c == ':':
			return i > 0
		case !isAlnum(c) && c != '_' && c != '+' && c != '-':
			return false
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

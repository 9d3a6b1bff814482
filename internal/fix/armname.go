package fix

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// armName is the name of an API taken apart into its service's and its own, as
// texts of the file.
type armName struct {
	service, api []piece
	// concat says that the file puts strings together with concat(), not with
	// format().
	concat bool
}

// name takes the name of a declaration apart.
func (w *armWriter) name(decl *template.Resource) (armName, error) {
	n := armName{concat: usesConcat(decl.Name)}
	if decl.Container != nil {
		n.service, n.api = w.pieces(decl.Container.Name), w.pieces(decl.Name)
		if len(n.service) == 0 || len(n.api) == 0 {
			return n, refuse("its name could not be read")
		}
		n.concat = n.concat || usesConcat(decl.Container.Name)
		return n, nil
	}
	pieces := w.pieces(decl.Name)
	before, after, ok := cutSlash(pieces)
	switch {
	case ok:
		n.service, n.api = before, after
	case len(pieces) == 1 && pieces[0].source != "": // one value holds the whole name
		n.service = []piece{{source: "first(split(" + pieces[0].source + ", '/'))"}}
		n.api = []piece{{source: "last(split(" + pieces[0].source + ", '/'))"}}
	default:
		return n, refuse("its name is not written as service/api")
	}
	return n, nil
}

func usesConcat(x expr.Expr) bool {
	c, ok := x.(*expr.Call)
	return ok && strings.EqualFold(c.Name, "concat")
}

// pieces are the parts of a string expression, through concat() and plain
// format(). Text is decoded, sources stay as they are in the file.
func (w *armWriter) pieces(x expr.Expr) []piece {
	if x == nil {
		return nil
	}
	if s, ok := expr.LiteralString(x); ok {
		return textPiece(s)
	}
	c, ok := x.(*expr.Call)
	if ok && c.Base == nil && strings.EqualFold(c.Name, "concat") {
		var out []piece
		for _, a := range c.Args {
			out = append(out, w.pieces(a)...)
		}
		return merge(out)
	}
	if ok && c.Base == nil && strings.EqualFold(c.Name, "format") {
		if out, ok := w.formatted(c); ok {
			return merge(out)
		}
	}
	return []piece{{source: inner(w.src.Text(x.Span())), number: number(x)}}
}

// formatted takes format('{0}/x', a) apart; it is false for alignment and
// number formats.
func (w *armWriter) formatted(c *expr.Call) ([]piece, bool) {
	if len(c.Args) == 0 {
		return nil, false
	}
	text, ok := expr.LiteralString(c.Args[0])
	if !ok {
		return nil, false
	}
	return formatted(text, len(c.Args)-1, func(n int) []piece { return w.pieces(c.Args[n+1]) })
}

// collection is the collection's name: the API's without a revision. revised
// says that there is one, be it in a variable that the name is taken from.
func (n armName) collection(revised bool) string {
	pieces, cut := cutRevision(n.api)
	if revised && !cut {
		return `"[first(split(` + n.argument(pieces) + `, ';rev='))]"`
	}
	return n.value(pieces)
}

// scope is the service as the scope of an extension resource.
func (n armName) scope() string {
	return n.value(merge(append(textPiece(template.TypeService+"/"), n.service...)))
}

// id is the resource ID of the API; group are the arguments for the group it is
// in.
func (n armName) id(group string) string {
	return `"[resourceId(` + group + `'` + template.TypeAPI + `', ` + n.argument(n.service) + ", " + n.argument(n.api) + `)]"`
}

// value is a JSON string: a plain one, or an expression.
func (n armName) value(pieces []piece) string {
	if len(pieces) == 1 && pieces[0].source == "" {
		text := pieces[0].text
		if strings.HasPrefix(text, "[") {
			text = "[" + text
		}
		return quote(text)
	}
	return `"[` + n.argument(pieces) + `]"`
}

// argument is an expression inside a JSON string.
func (n armName) argument(pieces []piece) string {
	if len(pieces) == 1 {
		text := pieceText(pieces[0])
		if pieces[0].number {
			return "string(" + text + ")"
		}
		return text
	}
	if n.concat {
		args := make([]string, len(pieces))
		for i, p := range pieces {
			args[i] = pieceText(p)
		}
		return "concat(" + strings.Join(args, ", ") + ")"
	}
	var pattern, args strings.Builder
	count := 0
	for _, p := range pieces {
		if p.source == "" {
			pattern.WriteString(strings.ReplaceAll(strings.ReplaceAll(p.text, "{", "{{"), "}", "}}"))
			continue
		}
		pattern.WriteString("{" + strconv.Itoa(count) + "}")
		args.WriteString(", " + p.source)
		count++
	}
	return "format(" + pieceText(piece{text: pattern.String()}) + args.String() + ")"
}

func pieceText(p piece) string {
	if p.source != "" {
		return p.source
	}
	quoted := quote("'" + strings.ReplaceAll(p.text, "'", "''") + "'")
	return quoted[1 : len(quoted)-1]
}

// quote writes a JSON string without escaping what HTML would mind.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

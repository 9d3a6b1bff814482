package expr

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringFuncs are the functions on strings that give a string or a truth.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string
func stringFuncs() []Func {
	return []Func{
		{Name: "base64", MinArgs: 1, MaxArgs: 1, Eval: base64Encode, Result: KindString},
		{Name: "base64ToString", MinArgs: 1, MaxArgs: 1, Eval: base64Decode, Result: KindString},
		{Name: "concat", MinArgs: 1, MaxArgs: -1, Shallow: true, Eval: concatKnown, Partial: concatPartial},
		{Name: "dataUri", MinArgs: 1, MaxArgs: 1, Eval: dataURI, Result: KindString},
		{Name: "dataUriToString", MinArgs: 1, MaxArgs: 1, Eval: dataURIToString, Result: KindString},
		{Name: "endsWith", MinArgs: 2, MaxArgs: 2, Eval: endsWith, Partial: endsWithPartial, Result: KindBool},
		{Name: "format", MinArgs: 1, MaxArgs: -1, Eval: format, Partial: formatPartial, Result: KindString},
		{Name: "join", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: join, Partial: joinPartial, Result: KindString},
		{Name: "like", MinArgs: 2, MaxArgs: 2, Eval: like, Result: KindBool},
		{Name: "padLeft", MinArgs: 2, MaxArgs: 3, Eval: padLeft, Result: KindString},
		{Name: "replace", MinArgs: 3, MaxArgs: 3, Eval: replace, Result: KindString},
		{Name: "split", MinArgs: 2, MaxArgs: 2, Eval: split, Partial: splitPartial, Result: KindArray},
		{Name: "startsWith", MinArgs: 2, MaxArgs: 2, Eval: startsWith, Partial: startsWithPartial, Result: KindBool},
		{Name: "string", MinArgs: 1, MaxArgs: 1, Eval: stringify, Partial: stringPartial, Result: KindString},
		{Name: "substring", MinArgs: 2, MaxArgs: 3, Eval: substring, Partial: substringPartial, Result: KindString},
		{Name: "toLower", MinArgs: 1, MaxArgs: 1, Eval: cased(lower), Partial: casedPartial("tolower", lower), Result: KindString},
		{Name: "toUpper", MinArgs: 1, MaxArgs: 1, Eval: cased(upper), Partial: casedPartial("toupper", upper), Result: KindString},
		{Name: "trim", MinArgs: 1, MaxArgs: 1, Eval: trim, Partial: idempotent("trim"), Result: KindString},
	}
}

func base64Encode(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	if base64.StdEncoding.EncodedLen(len(s)) > MaxText {
		return Value{}, textLimit()
	}
	return e.made(base64.StdEncoding.EncodeToString([]byte(s)))
}

func base64Decode(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	decoded, err := decodeBase64(s)
	if err != nil {
		return Value{}, err
	}
	return e.made(decoded)
}

func decodeBase64(s string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(decoded) {
		return "", fmt.Errorf("%w: not base64 of a UTF-8 text", errArgument)
	}
	return string(decoded), nil
}

// dataURI gives what the deployment engine gives ("utf-8"); the documented
// example ("utf8") is older than it.
func dataURI(e *Evaluator, args []Value) (Value, error) {
	v, err := base64Encode(e, args)
	if err != nil || v.IsUnknown() {
		return v, err
	}
	return e.made("data:text/plain;charset=utf-8;base64," + v.str)
}

func dataURIToString(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	rest, ok := strings.CutPrefix(s, "data:")
	head, data, comma := strings.Cut(rest, ",")
	if !ok || !comma {
		return Value{}, argument(0, "a data URI")
	}
	kind, isBase64 := strings.CutSuffix(head, ";base64")
	_, charset, named := strings.Cut(kind, "charset=")
	if named && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") { // the documented examples have both
		return Value{}, argument(0, "a data URI in UTF-8")
	}
	if !isBase64 {
		return Value{}, argument(0, "a data URI in base64")
	}
	decoded, err := decodeBase64(data)
	if err != nil {
		return Value{}, err
	}
	return e.made(decoded)
}

// concatKnown joins strings, or arrays.
func concatKnown(e *Evaluator, args []Value) (Value, error) {
	if args[0].kind == KindArray {
		var items []Value
		for i := range args {
			more, err := arrayArg(args, i)
			if err != nil {
				return Value{}, err
			}
			if items = append(items, more...); len(items) > maxElements {
				return Value{}, elementLimit()
			}
		}
		return e.madeArray(items)
	}
	var b strings.Builder
	for i, a := range args {
		s, ok := Text(a)
		if !ok || a.IsNull() { // null is not documented
			return Value{}, argument(i, "a string")
		}
		if b.WriteString(s); b.Len() > MaxText {
			return Value{}, textLimit()
		}
	}
	return e.made(b.String())
}

func concatPartial(e *Evaluator, args []Value) (Value, bool) {
	text, list := false, false
	for _, a := range args {
		switch TypeOf(a) {
		case KindString, KindInt, KindBool:
			text = true
		case KindArray:
			list = true
		case KindObject, KindNull:
			return Unknown(), true
		default:
		}
	}
	switch {
	case list && text:
		return Unknown(), true // Azure joins texts, or arrays
	case list:
		return e.concatArrays(args), true
	}
	v := e.concat(args)
	if t := v.Term(); !text && t != nil && t.Op == OpConcat {
		// Arrays, for all that is known; names nearly always.
		return Apply(OpConcat, KindUnknown, t.Args...), true
	}
	return v, true
}

// concatArrays is the array put together from arrays and terms, in normal
// form: concatenations are flattened, known neighbours are one.
func (e *Evaluator) concatArrays(args []Value) Value {
	var flat, known []Value
	flush := func() {
		if len(known) > 0 {
			flat, known = append(flat, ArrayOf(known...)), nil
		}
	}
	size := 0
	for _, a := range args {
		parts := []Value{a}
		if t := a.Term(); t != nil && t.Op == OpConcat && t.typ == KindArray {
			parts = t.Args
		}
		for _, p := range parts {
			size += 1 + len(p.Items())
			if p.kind == KindArray {
				known = append(known, p.Items()...)
				continue
			}
			flush()
			flat = append(flat, p)
		}
		if size > maxElements {
			return e.Exceed(elementLimit().What)
		}
	}
	flush()
	if !e.Spend(size) {
		return Unknown()
	}
	switch {
	case len(flat) == 0:
		return ArrayOf()
	case len(flat) == 1 && TypeOf(flat[0]) == KindArray:
		return flat[0]
	case len(flat) > maxParts:
		return Apply(opJoined, KindArray, args...)
	}
	return Apply(OpConcat, KindArray, flat...)
}

func startsWith(e *Evaluator, args []Value) (Value, error) {
	return e.affix(args, strings.HasPrefix)
}

func endsWith(e *Evaluator, args []Value) (Value, error) {
	return e.affix(args, strings.HasSuffix)
}

// affix compares without case, as documented.
func (e *Evaluator) affix(args []Value, has func(s, affix string) bool) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	t, err := textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if !e.Spend((len(s) + len(t)) / 16) {
		return Unknown(), nil
	}
	return Bool(has(upper(s), upper(t))), nil
}

func startsWithPartial(_ *Evaluator, args []Value) (Value, bool) {
	return affixPartial(args, 0, strings.HasPrefix)
}

func endsWithPartial(_ *Evaluator, args []Value) (Value, bool) {
	return affixPartial(args, -1, strings.HasSuffix)
}

// affixPartial decides as much as the literal at that end decides.
func affixPartial(args []Value, end int, has func(s, affix string) bool) (Value, bool) {
	want, ok := args[1].AsString()
	if !ok {
		return Value{}, false
	}
	if want == "" && TypeOf(args[0]) == KindString {
		return Bool(true), true
	}
	parts := Parts(args[0])
	if len(parts) < 2 {
		return Value{}, false
	}
	if end < 0 {
		end = len(parts) - 1
	}
	got, ok := parts[end].AsString()
	if !ok {
		return Value{}, false
	}
	got, want = upper(got), upper(want)
	switch {
	case has(got, want):
		return Bool(true), true
	case has(want, got):
		return Value{}, false
	}
	return Bool(false), true
}

func join(e *Evaluator, args []Value) (Value, error) {
	items, err := arrayArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	sep, err := textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if !e.Spend(len(items)) {
		return Unknown(), nil
	}
	// Known neighbours are joined here: handing them over one by one would copy
	// what is there for every one of them.
	var parts []Value
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(sep)
		}
		if s, ok := Text(item); ok && !item.IsNull() {
			b.WriteString(s)
		} else if item.kind == KindTerm || item.kind == KindUnknown {
			parts = append(parts, String(b.String()), item)
			b.Reset()
		} else {
			return Value{}, argument(0, "an array of strings")
		}
		if b.Len() > MaxText {
			return Value{}, textLimit()
		}
	}
	return e.concat(append(parts, String(b.String()))), nil
}

func joinPartial(_ *Evaluator, args []Value) (Value, bool) {
	t := args[0].Term()
	if t != nil && t.Op == "split" && len(t.Args) == 2 && Identical(t.Args[1], args[1]) {
		return t.Args[0], true
	}
	return Value{}, false
}

// like matches "*" with any run of characters, without case.
func like(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	pattern, err := textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	s, pattern = upper(s), upper(pattern)
	if !e.Spend((len(s) + len(pattern)) / 16) {
		return Unknown(), nil
	}
	pieces := strings.Split(pattern, "*")
	if len(pieces) == 1 {
		return Bool(s == pattern), nil
	}
	s, ok := strings.CutPrefix(s, pieces[0])
	if !ok {
		return Bool(false), nil
	}
	for _, piece := range pieces[1 : len(pieces)-1] {
		// The leftmost match leaves the most room for the pieces that follow.
		if _, s, ok = strings.Cut(s, piece); !ok {
			return Bool(false), nil
		}
	}
	return Bool(strings.HasSuffix(s, pieces[len(pieces)-1])), nil
}

// maxPad is the length that padLeft accepts.
const maxPad = 16

func padLeft(e *Evaluator, args []Value) (Value, error) {
	s, ok := Text(args[0])
	if !ok || args[0].kind != KindString && args[0].kind != KindInt {
		return Value{}, argument(0, "a string or a whole number")
	}
	n, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if n < 1 || n > maxPad {
		return Value{}, argument(1, "a length from 1 to 16")
	}
	pad := " "
	if len(args) > 2 {
		if pad, err = textArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	if unitsOf(pad).len() != 1 {
		return Value{}, argument(2, "a single character")
	}
	return e.made(strings.Repeat(pad, max(0, int(n)-unitsOf(s).len())) + s)
}

func replace(e *Evaluator, args []Value) (Value, error) {
	var s [3]string
	for i := range s {
		var err error
		if s[i], err = textArg(args, i); err != nil {
			return Value{}, err
		}
	}
	if s[1] == "" {
		return Value{}, argument(1, "a text to look for")
	}
	if n := strings.Count(s[0], s[1]); len(s[0])+n*(len(s[2])-len(s[1])) > MaxText {
		return Value{}, textLimit()
	}
	return e.made(strings.ReplaceAll(s[0], s[1], s[2]))
}

// separators are the delimiters of split: one string, or an array of them.
func separators(v Value) ([]string, error) {
	list := []Value{v}
	if v.kind == KindArray {
		list = v.Items()
	}
	seps := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.AsString()
		if !ok {
			return nil, argument(1, "a string or an array of strings")
		}
		if s != "" { // .NET passes over empty ones
			seps = append(seps, s)
		}
	}
	if len(seps) == 0 {
		// .NET then splits at white space, as documented, or nowhere.
		return nil, argument(1, "a delimiter")
	}
	return seps, nil
}

func split(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	seps, err := separators(args[1])
	if err != nil {
		return Value{}, err
	}
	if !e.Spend((1 + len(seps)) * (1 + len(s)/16)) {
		return Unknown(), nil
	}
	var items []Value
	for _, piece := range splitAny(s, seps) {
		items = append(items, String(piece))
	}
	return e.madeArray(items)
}

// splitAny cuts at whichever separator comes next, the first named one where
// several do.
func splitAny(s string, seps []string) []string {
	if len(seps) == 1 {
		return strings.SplitN(s, seps[0], maxElements+2)
	}
	var pieces []string
	start := 0
	for i := 0; i < len(s) && len(pieces) <= maxElements; {
		cut := 0
		for _, sep := range seps {
			if strings.HasPrefix(s[i:], sep) {
				cut = len(sep)
				break
			}
		}
		if cut == 0 {
			i++
			continue
		}
		pieces = append(pieces, s[start:i])
		i += cut
		start = i
	}
	return append(pieces, s[start:])
}

// splitPartial cuts a text at the slashes written out in it, see [Split].
// Other separators may well stand inside a value that nobody gave.
func splitPartial(_ *Evaluator, args []Value) (Value, bool) {
	seps, err := separators(args[1])
	if err != nil || len(seps) != 1 {
		return Value{}, false
	}
	if seps[0] == "/" {
		if pieces := Split(args[0], "/"); len(pieces) > 1 {
			return ArrayOf(pieces...), true
		}
	}
	return Apply("split", KindArray, args[0], String(seps[0])), true
}

func stringify(e *Evaluator, args []Value) (Value, error) {
	switch args[0].kind {
	case KindString, KindInt, KindBool:
		s, _ := Text(args[0])
		return String(s), nil
	case KindArray, KindObject:
		s, err := e.json(args[0])
		if err != nil {
			return Value{}, err
		}
		return e.made(s)
	default:
	}
	return Value{}, argument(0, "a value with a text")
}

func stringPartial(_ *Evaluator, args []Value) (Value, bool) {
	if TypeOf(args[0]) == KindString {
		return args[0], true
	}
	s, ok := decimal(args[0])
	return String(s), ok
}

func substring(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	from, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	u := unitsOf(s)
	if from < 0 || from > int64(u.len()) {
		return Value{}, argument(1, "a position in the string")
	}
	n := int64(u.len()) - from
	if len(args) > 2 {
		if n, err = intArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	if n < 0 || n > int64(u.len())-from {
		return Value{}, argument(2, "a length within the string")
	}
	cut, err := u.slice(int(from), int(from+n))
	if err != nil {
		return Value{}, err
	}
	return e.made(cut)
}

// substringPartial cuts out of the literal that a text begins with.
func substringPartial(e *Evaluator, args []Value) (Value, bool) {
	head, ok := leadingLiteral(args[0])
	if !ok || len(args) < 3 {
		return Value{}, false
	}
	v, err := substring(e, []Value{head, args[1], args[2]})
	return v, err == nil
}

// leadingLiteral is the known beginning of a text that is not wholly known.
func leadingLiteral(v Value) (Value, bool) {
	parts := Parts(v)
	if len(parts) < 2 || parts[0].kind != KindString {
		return Value{}, false
	}
	return parts[0], true
}

func cased(mapping func(string) string) func(*Evaluator, []Value) (Value, error) {
	return func(e *Evaluator, args []Value) (Value, error) {
		s, err := textArg(args, 0)
		if err != nil {
			return Value{}, err
		}
		if strings.ContainsAny(s, doubtful) {
			return Value{}, argument(0, "a text whose case is beyond doubt")
		}
		return e.made(mapping(s))
	}
}

// doubtful are the characters, the Kelvin sign and the long s, that become
// letters of ASCII on some systems that .NET runs on and on others not.
const doubtful = "\u212a\u017f"

// casedPartial changes the case of each part of a text by itself, so that it
// does not matter where in an expression it is changed.
func casedPartial(op Op, mapping func(string) string) func(*Evaluator, []Value) (Value, bool) {
	return func(e *Evaluator, args []Value) (Value, bool) {
		return e.caseTerm(op, mapping, args[0]), true
	}
}

func (e *Evaluator) caseTerm(op Op, mapping func(string) string, v Value) Value {
	if s, ok := v.AsString(); ok && !strings.ContainsAny(s, doubtful) {
		return String(mapping(s))
	}
	t := v.Term()
	if t == nil || !e.Spend(1) || !e.Enter() {
		return Apply(op, KindString, v)
	}
	defer e.Leave()
	switch {
	case t.Op == op && len(t.Args) == 1:
		return v
	case t.Op == OpConcat && t.typ != KindArray:
		parts := make([]Value, len(t.Args))
		for i, p := range t.Args {
			parts[i] = p
			if TypeOf(p) != KindInt {
				parts[i] = e.caseTerm(op, mapping, p)
			}
		}
		return e.concat(parts)
	case t.Op == OpIf && t.typ == KindString:
		return If(t.Args[0], e.caseTerm(op, mapping, t.Args[1]), e.caseTerm(op, mapping, t.Args[2]))
	}
	return Apply(op, KindString, v)
}

func trim(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	return e.made(strings.TrimFunc(s, unicode.IsSpace))
}

// idempotent leaves out the second of two applications of one function.
func idempotent(op Op) func(*Evaluator, []Value) (Value, bool) {
	return func(_ *Evaluator, args []Value) (Value, bool) {
		if t := args[0].Term(); t != nil && t.Op == op {
			return args[0], true
		}
		return Value{}, false
	}
}

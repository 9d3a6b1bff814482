package expr

import (
	"strings"
)

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

package expr

import (
	"strings"
)

func startsWith(e *Evaluator, args []Value) (Value, error) {
	return e.affix(args, strings.HasPrefix)
}

func endsWith(e *Evaluator, args []Value) (Value, error) {
	return e.affix(args, strings.HasSuffix)
}

// affix compares without case, as documented.
func (e *Evaluator) affix(args []Value, has func(s, affix string) bool) (Value, error) {
	s, t, err := twoTexts(args)
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

// like matches "*" with any run of characters, without case.
func like(e *Evaluator, args []Value) (Value, error) {
	s, pattern, err := twoTexts(args)
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

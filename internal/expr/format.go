package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// format is .NET's composite formatting.
// https://learn.microsoft.com/dotnet/standard/base-types/composite-formatting
func format(e *Evaluator, args []Value) (Value, error) {
	pattern, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	parts, err := formatParts(pattern, args[1:])
	if err != nil {
		return Value{}, err
	}
	return e.concat(parts), nil
}

// formatPartial is the concatenation that a format with unknown arguments is.
func formatPartial(e *Evaluator, args []Value) (Value, bool) {
	if args[0].kind != KindString {
		return Value{}, false
	}
	v, err := format(e, args)
	if err != nil {
		return Unknown(), true
	}
	return v, true
}

// formatParts cuts a composite format string into literals and arguments.
func formatParts(pattern string, args []Value) ([]Value, error) {
	var parts []Value
	var literal strings.Builder
	for pattern != "" {
		i := strings.IndexAny(pattern, "{}")
		if i < 0 {
			literal.WriteString(pattern)
			break
		}
		literal.WriteString(pattern[:i])
		brace := pattern[i]
		if pattern = pattern[i+1:]; strings.HasPrefix(pattern, string(brace)) {
			literal.WriteByte(brace)
			pattern = pattern[1:]
			continue
		}
		end := strings.IndexAny(pattern, "{}")
		if brace == '}' || end < 0 || pattern[end] == '{' {
			return nil, argument(0, "a format string")
		}
		item, err := formatItem(pattern[:end], args)
		if err != nil {
			return nil, err
		}
		parts = append(parts, String(literal.String()), item)
		literal.Reset()
		pattern = pattern[end+1:]
	}
	return append(parts, String(literal.String())), nil
}

// formatItem is what stands for index[,alignment][:spec].
func formatItem(item string, args []Value) (Value, error) {
	head, spec, _ := strings.Cut(item, ":")
	number, alignment, aligned := strings.Cut(head, ",")
	index, err := strconv.ParseUint(strings.TrimRight(number, " "), 10, 31)
	if err != nil || index >= uint64(len(args)) {
		return Value{}, argument(0, "a format string for these arguments")
	}
	width := int64(0)
	if aligned {
		if width, err = strconv.ParseInt(strings.Trim(alignment, " "), 10, 31); err != nil {
			return Value{}, argument(0, "a format string")
		}
	}
	v := args[index]
	if v.kind == KindInt && spec != "" {
		s, err := formatInt(v.num, spec)
		if err != nil {
			return Value{}, err
		}
		v = String(s)
	}
	if v.kind == KindTerm && spec != "" && TypeOf(v) != KindString && TypeOf(v) != KindBool {
		return Apply("format", KindString, String("{0:"+spec+"}"), v), nil
	}
	if width == 0 {
		return v, nil
	}
	s, ok := Text(v)
	if !ok {
		return Apply("align", KindString, v, Int(width)), nil
	}
	pad := max(width, -width) - int64(unitsOf(s).len())
	switch {
	case pad > MaxText:
		return Value{}, textLimit()
	case pad <= 0:
		return String(s), nil
	case width > 0:
		return String(strings.Repeat(" ", int(pad)) + s), nil
	}
	return String(s + strings.Repeat(" ", int(pad))), nil
}

// formatInt formats a whole number by the specifiers that need no culture
// beyond the invariant one.
// https://learn.microsoft.com/dotnet/standard/base-types/standard-numeric-format-strings
func formatInt(n int64, spec string) (string, error) {
	if strings.Trim(spec, "0") == "" {
		return zeroPad(n, len(spec)), nil
	}
	precision := -1
	if digits := spec[1:]; digits != "" {
		p, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || p > 999 {
			return "", fmt.Errorf("%w: number format %q", errArgument, spec)
		}
		precision = int(p)
	}
	switch spec[0] {
	case 'D', 'd':
		return zeroPad(n, precision), nil
	case 'X':
		return fmt.Sprintf("%0*X", max(precision, 1), uint64(n)), nil //nolint:gosec // two's complement is what X shows
	case 'x':
		return fmt.Sprintf("%0*x", max(precision, 1), uint64(n)), nil //nolint:gosec // two's complement is what x shows
	case 'N', 'n', 'F', 'f':
		s := zeroPad(n, 1)
		if spec[0]|0x20 == 'n' {
			s = group(s)
		}
		if precision < 0 {
			precision = 2
		}
		if precision > 0 {
			s += "." + strings.Repeat("0", precision)
		}
		return s, nil
	case 'G', 'g':
		if precision <= 0 {
			return zeroPad(n, 1), nil
		}
	}
	return "", fmt.Errorf("%w: number format %q", errArgument, spec)
}

func zeroPad(n int64, digits int) string {
	s, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	s = strings.Repeat("0", max(0, digits-len(s))) + s
	if negative {
		return "-" + s
	}
	return s
}

func group(s string) string {
	digits := strings.TrimPrefix(s, "-")
	var b strings.Builder
	b.WriteString(s[:len(s)-len(digits)])
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

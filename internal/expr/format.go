package expr

import (
	"errors"
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
	parts, err := e.formatParts(pattern, args[1:])
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
func (e *Evaluator) formatParts(pattern string, args []Value) ([]Value, error) {
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
		if !e.Spend(64) {
			return nil, errArgument
		}
		item, err := e.formatItem(pattern[:end], args)
		if err != nil {
			return nil, err
		}
		parts = append(parts, String(literal.String()), item)
		literal.Reset()
		pattern = pattern[end+1:]
	}
	return append(parts, String(literal.String())), nil
}

// formatted is an array or an object as it reads inside a text, which is its
// JSON with single quotation marks; how those are told apart from the ones in
// strings is not documented. Any other value, and what holds something unknown,
// is itself.
func (e *Evaluator) formatted(v Value) Value {
	if v.kind != KindArray && v.kind != KindObject || !v.Known() {
		return v
	}
	s, err := e.json(v)
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return e.Exceed(limit.What)
	}
	if err != nil || strings.Contains(s, `\"`) || strings.Contains(s, "'") {
		return Unknown()
	}
	return String(strings.ReplaceAll(s, `"`, "'"))
}

// formatItem is what stands for index[,alignment][:spec].
func (e *Evaluator) formatItem(item string, args []Value) (Value, error) {
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
	v := e.formatted(args[index])
	switch k := TypeOf(v); {
	case k == KindFunc:
		return Value{}, argument(int(index)+1, "a value with a text")
	case v.kind == KindInt && spec != "":
		s, err := formatInt(v.num, spec)
		if err != nil {
			return Value{}, err
		}
		v = String(s)
	case v.kind == KindTerm && spec != "" && k != KindString && k != KindBool:
		pattern := "{0:" + spec + "}"
		if width != 0 {
			pattern = fmt.Sprintf("{0,%d:%s}", width, spec)
		}
		return Apply("format", KindString, String(pattern), v), nil
	}
	if width == 0 {
		return v, nil
	}
	s, ok := Text(v)
	if !ok {
		return Apply("align", KindString, v, Int(width)), nil
	}
	return align(s, width)
}

// align fills a text up to a width, on the left or, where it is negative, on
// the right.
func align(s string, width int64) (Value, error) {
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

var errNumberFormat = fmt.Errorf("%w: not a number format", errArgument)

// formatInt formats a whole number by the specifiers that look the same in the
// invariant culture and in American English; it is not documented which of the
// two the engine uses.
// https://learn.microsoft.com/dotnet/standard/base-types/standard-numeric-format-strings
func formatInt(n int64, spec string) (string, error) {
	if strings.Trim(spec, "0#,.") == "" {
		return formatCustom(n, spec)
	}
	precision := -1
	if digits := spec[1:]; digits != "" {
		p, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || p > 999 {
			return "", errNumberFormat
		}
		precision = int(p)
	}
	switch spec[0] {
	case 'D', 'd':
		return zeroPad(n, precision), nil
	case 'X', 'x':
		if n < 0 { // its two's complement, of 32 bits or of 64
			return "", errNumberFormat
		}
		verb := "%0*" + spec[:1]
		return fmt.Sprintf(verb, max(precision, 1), n), nil
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
	case 'E', 'e':
		return exponential(n, precision, spec[:1]), nil
	case 'G', 'g':
		if s := zeroPad(n, 1); precision <= 0 || len(strings.TrimPrefix(s, "-")) <= precision {
			return s, nil
		}
	}
	return "", errNumberFormat
}

// formatCustom formats a whole number by a pattern of digits: "0" is one in any
// case, "#" one if the number has it, "," between them asks for thousands.
// https://learn.microsoft.com/dotnet/standard/base-types/custom-numeric-format-strings
func formatCustom(n int64, spec string) (string, error) {
	whole, decimals, _ := strings.Cut(spec, ".")
	zeros := strings.TrimRight(decimals, "#")
	if strings.Trim(zeros, "0") != "" || strings.HasPrefix(whole, ",") || strings.HasSuffix(whole, ",") || len(spec) > maxPattern {
		return "", errNumberFormat
	}
	places := strings.ReplaceAll(whole, ",", "")
	digits := len(strings.TrimLeft(places, "#"))
	s := zeroPad(n, digits)
	if n == 0 && digits == 0 {
		s = ""
	}
	if strings.Contains(whole, ",") {
		s = group(s)
	}
	if zeros != "" {
		s += "." + zeros
	}
	return s, nil
}

// maxPattern bounds the patterns that numbers and points in time are written by.
const maxPattern = 64

// exponential is the notation 1.234E+003, rounded as .NET rounds: half away
// from zero.
func exponential(n int64, precision int, symbol string) string {
	if precision < 0 {
		precision = 6
	}
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	exponent := len(digits) - 1
	if cut := precision + 1; len(digits) > cut {
		up := digits[cut] >= '5'
		if digits = digits[:cut]; up {
			kept := strings.TrimRight(digits, "9")
			if kept == "" {
				kept, exponent = "0", exponent+1
			}
			last := len(kept) - 1
			digits = kept[:last] + string(kept[last]+1)
		}
	}
	digits += strings.Repeat("0", precision+1-len(digits)) // nines that were carried, too
	s := digits[:1]
	if precision > 0 {
		s += "." + digits[1:]
	}
	if negative {
		s = "-" + s
	}
	return fmt.Sprintf("%s%s+%03d", s, symbol, exponent)
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

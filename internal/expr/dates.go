package expr

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// dateFuncs are the functions on points in time that are given, not taken from
// a clock.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date
func dateFuncs() []Func {
	return []Func{
		{Name: "dateTimeAdd", MinArgs: 2, MaxArgs: 3, Eval: dateTimeAdd, Result: KindString},
		{Name: "dateTimeFromEpoch", MinArgs: 1, MaxArgs: 1, Eval: dateTimeFromEpoch, Result: KindString},
		{Name: "dateTimeToEpoch", MinArgs: 1, MaxArgs: 1, Eval: dateTimeToEpoch, Result: KindInt},
	}
}

// These errors do not quote what they are about: it may be long.
var (
	errDateFormat = fmt.Errorf("%w: not a date format", errArgument)
	errDuration   = fmt.Errorf("%w: not a duration", errArgument)
)

// isoFormat is how points in time are written where no format is asked for.
const isoFormat = "yyyy-MM-ddTHH:mm:ssZ"

// pointInTime reads the i-th argument. Only whole seconds in UTC are read: how
// Azure writes anything else again is not documented.
func pointInTime(args []Value, i int) (time.Time, error) {
	s, err := textArg(args, i)
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z", "2006-01-02 15:04:05Z"} {
		if t, err := time.Parse(layout, s); err == nil && len(s) == len(layout) { // Go reads fractions unasked
			return t, nil
		}
	}
	return time.Time{}, argument(i, "a point in time in UTC")
}

func dateTimeAdd(e *Evaluator, args []Value) (Value, error) {
	t, err := pointInTime(args, 0)
	if err != nil {
		return Value{}, err
	}
	text, err := textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	seconds, err := duration(text)
	if err != nil {
		return Value{}, err
	}
	layout := isoFormat
	if len(args) > 2 {
		if layout, err = textArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	s, err := formatTime(time.Unix(t.Unix()+seconds, 0).UTC(), layout)
	if err != nil {
		return Value{}, err
	}
	return e.made(s)
}

func dateTimeFromEpoch(_ *Evaluator, args []Value) (Value, error) {
	n, err := intArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	s, err := formatTime(time.Unix(n, 0).UTC(), isoFormat)
	return String(s), err
}

func dateTimeToEpoch(_ *Evaluator, args []Value) (Value, error) {
	if t, err := pointInTime(args, 0); err == nil {
		return Int(t.Unix()), nil
	}
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	t, err := time.Parse(time.RFC3339, s) // an offset leaves no doubt
	if err != nil {
		return Value{}, argument(0, "a point in time")
	}
	return Int(t.Unix()), nil
}

var durationPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(-?)P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$`)
})

// duration is an ISO 8601 duration in seconds. A year has 365 days and a month
// 30, as documented.
func duration(s string) (int64, error) {
	if len(s) > maxPattern {
		return 0, errDuration
	}
	match := durationPattern().FindStringSubmatch(s)
	if match == nil || strings.HasSuffix(s, "P") || strings.HasSuffix(s, "T") {
		return 0, errDuration
	}
	const day = 24 * 60 * 60
	total := int64(0)
	for i, unit := range []int64{365 * day, 30 * day, day, 60 * 60, 60, 1} {
		if match[i+2] == "" {
			continue
		}
		n, err := strconv.ParseInt(match[i+2], 10, 64)
		if err != nil {
			return 0, errDuration
		}
		total += n * unit
	}
	if match[1] != "" {
		total = -total
	}
	return total, nil
}

// standardFormat is the pattern that a .NET format of one letter stands for, if
// it is known in which culture.
// https://learn.microsoft.com/dotnet/standard/base-types/standard-date-and-time-format-strings
func standardFormat(spec string) (string, bool) {
	switch spec {
	case "d": // of the invariant culture, by the documented example of utcNow
		return "MM/dd/yyyy", true
	case "u":
		return "yyyy-MM-dd HH:mm:ssZ", true
	case "s":
		return "yyyy-MM-ddTHH:mm:ss", true
	case "o", "O":
		return "yyyy-MM-ddTHH:mm:ss.fffffffZ", true
	case "r", "R":
		return "ddd, dd MMM yyyy HH:mm:ss 'GMT'", true
	}
	return spec, len(spec) > 1
}

// formatTime writes a point in time by a .NET format string.
// https://learn.microsoft.com/dotnet/standard/base-types/custom-date-and-time-format-strings
func formatTime(t time.Time, spec string) (string, error) {
	spec, ok := standardFormat(spec)
	if !ok || len(spec) > 4*maxPattern || t.Year() < 1 || t.Year() > 9999 {
		return "", errDateFormat
	}
	var b strings.Builder
	for spec != "" {
		c := spec[0]
		run := len(spec) - len(strings.TrimLeft(spec, string(c)))
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(spec[1:], c)
			if end < 0 || strings.Contains(spec[1:1+end], `\`) {
				return "", errDateFormat
			}
			b.WriteString(spec[1 : 1+end])
			spec = spec[end+2:]
			continue
		case c == '\\' || c == '%':
			return "", errDateFormat
		case strings.IndexByte("dfFghHKmMstyz", c) < 0:
			b.WriteString(spec[:run])
		default:
			layout, ok := timeField(c, run)
			if !ok {
				return "", errDateFormat
			}
			b.WriteString(t.Format(layout))
		}
		spec = spec[run:]
	}
	return b.String(), nil
}

// timeField is the Go layout of a run of one .NET specifier.
func timeField(c byte, run int) (string, bool) {
	layouts := map[byte][]string{
		'd': {"2", "02", "Mon", "Monday"},
		'M': {"1", "01", "Jan", "January"},
		'h': {"3", "03"},
		'm': {"4", "04"},
		's': {"5", "05"},
		't': {"", "PM"},
		'H': {"", "15"},
		'y': {"", "06", "", "2006"},
		'K': {"Z"},
		'z': {"", "", "-07:00"},
	}
	if c == 'f' {
		return strings.Repeat("0", run), run <= 7
	}
	list := layouts[c]
	if run > len(list) {
		return "", false
	}
	return list[run-1], list[run-1] != ""
}

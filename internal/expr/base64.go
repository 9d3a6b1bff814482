package expr

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

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

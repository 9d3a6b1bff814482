package config

import (
	"errors"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// nodeKind is what a node is, by YAML 1.2's core schema
// (https://yaml.org/spec/1.2.2/#103-core-schema).
type nodeKind uint8

const (
	nullNode nodeKind = iota + 1
	boolNode
	intNode
	numberNode // with a fraction, or too large for 64 bits
	textNode
	listNode
	mapNode
)

// String is the kind in a sentence.
func (k nodeKind) String() string {
	switch k {
	case nullNode:
		return "an empty value"
	case boolNode:
		return "true or false"
	case intNode:
		return "a whole number"
	case numberNode:
		return "a number"
	case textNode:
		return "text"
	case listNode:
		return "a list"
	case mapNode:
		return "a mapping"
	}
	return "invalid"
}

// node is a value of a YAML file with its place.
type node struct {
	kind nodeKind
	at   source.Span
	// text is a scalar's: as written where it is plain, else what it means.
	text   string
	number int64
	truth  bool
	items  []*node
	fields []field
}

// field is one entry of a mapping.
type field struct {
	key   string
	at    source.Span // of the key
	value *node
}

// resolve decides what a plain scalar is. The library knows YAML 1.1's numbers
// as well, such as 1_000 and 007, and not 1e3; YAML 1.2 is what is published.
func (n *node) resolve(text string) {
	n.kind, n.text = textNode, text
	switch text {
	case "", "~", "null", "Null", "NULL":
		n.kind = nullNode
		return
	case "true", "True", "TRUE":
		n.kind, n.truth = boolNode, true
		return
	case "false", "False", "FALSE":
		n.kind = boolNode
		return
	}
	digits, base := text, 10
	switch {
	case strings.HasPrefix(text, "0x"):
		digits, base = text[2:], 16
	case strings.HasPrefix(text, "0o"):
		digits, base = text[2:], 8
	}
	if isDigits(digits, base) {
		n.kind = numberNode
		if v, err := strconv.ParseInt(digits, base, 64); err == nil {
			n.kind, n.number = intNode, v
		}
	} else if base == 10 && isNumber(text) {
		n.kind = numberNode
	}
}

func isDigits(text string, base int) bool {
	if base == 10 {
		text = strings.TrimLeft(text[:1], "+-") + text[1:]
	}
	all := "0123456789abcdefABCDEF"
	if base < 16 {
		all = all[:base]
	}
	return text != "" && strings.Trim(text, all) == ""
}

// isNumber reports whether a plain scalar is a number with a fraction or an
// exponent, infinite, or none.
func isNumber(text string) bool {
	switch strings.ToLower(strings.TrimLeft(text[:1], "+-") + text[1:]) {
	case ".inf", ".nan":
		return true
	}
	if strings.Trim(text, "0123456789+-.eE") != "" || !strings.ContainsAny(text, "0123456789") {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

package config

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a text that is not to be seen: however it is printed, logged or
// encoded, what comes out is "[redacted]". The zero Secret is empty. It is
// immutable and safe for concurrent use.
type Secret struct {
	// A pointer, because fmt does not call methods on what it finds in an
	// unexported field of some other type, and prints a pointer's address.
	text *string
}

// NewSecret keeps a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal is the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Equal compares two secrets in a time that depends on their lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String is "[redacted]", or "" of the empty secret.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return redacted
}

// GoString is what %#v prints.
func (s Secret) GoString() string { return fmt.Sprintf("config.Secret(%q)", s.String()) }

// Format prints the same for every verb: fmt would print the value itself for
// verbs that do not fit it.
func (s Secret) Format(f fmt.State, verb rune) {
	out := s.String()
	if verb == 'v' && f.Flag('#') {
		out = s.GoString()
	}
	// A state that cannot be written to reports that to whoever prints.
	_, _ = f.Write([]byte(out)) //nolint:errcheck // see above
}

// MarshalText is "[redacted]" in JSON and other encodings.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is "[redacted]" in logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

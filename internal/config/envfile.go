package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxEnvFile bounds a file of variables, and a secret's file.
const maxEnvFile = 1 << 20

// parseEnv reads a file of NAME=VALUE lines, as docker and systemd do: empty
// lines and those that begin with # mean nothing, "export " before a name is
// allowed, and a # after a space ends a value. A value in single quotes is
// taken as it is; in double quotes \n, \r, \t, \" and \\ have their meaning.
// Quoted values may go over several lines. Nothing is expanded. Of a name that
// is there twice the later value holds.
func parseEnv(text string) (map[string]string, error) {
	out := map[string]string{}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	for line := 1; text != ""; {
		raw, rest, _ := strings.Cut(text, "\n")
		stripped := strings.TrimSpace(raw)
		if stripped == "" || stripped[0] == '#' {
			text, line = rest, line+1
			continue
		}
		name, _, ok := strings.Cut(raw, "=")
		start := len(name) + 1
		name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "export "))
		if !ok || !isVariable(name) {
			return nil, fmt.Errorf("line %d is not NAME=VALUE", line)
		}
		value, used, err := envValue(text[start:])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		out[name] = value
		line += strings.Count(text[:start+used], "\n")
		text = text[start+used:]
	}
	return out, nil
}

func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// envValue reads what follows a =, up to and with the line break, and how many
// bytes that are.
func envValue(text string) (value string, used int, err error) {
	blank := len(text) - len(strings.TrimLeft(text, " \t"))
	if blank < len(text) && (text[blank] == '"' || text[blank] == '\'') {
		value, n, err := quotedValue(text[blank:])
		if err != nil {
			return "", 0, err
		}
		used = blank + n
		after, _, broken := strings.Cut(text[used:], "\n")
		if rest := strings.TrimSpace(after); rest != "" && rest[0] != '#' {
			return "", 0, errAfterQuote
		}
		used += len(after)
		if broken {
			used++
		}
		return value, used, nil
	}
	raw, _, broken := strings.Cut(text, "\n")
	used = len(raw)
	if broken {
		used++
	}
	for i := range len(raw) {
		if raw[i] == '#' && (i == 0 || raw[i-1] == ' ' || raw[i-1] == '\t') {
			raw = raw[:i]
			break
		}
	}
	return strings.TrimSpace(raw), used, nil
}

func quotedValue(text string) (value string, used int, err error) {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return b.String(), i + 1, nil
		case c == '\\' && quote == '"' && i+1 < len(text):
			i++
			b.WriteString(unescape(text[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, errOpenQuote
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case '"', '\\', '$':
		return string(c)
	}
	return `\` + string(c)
}

// formatEnv writes variables so that parseEnv reads them, sorted by name.
func formatEnv(values map[string]string) []byte {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&b, "%s=\"%s\"\n", n, escape.Replace(values[n]))
	}
	return []byte(b.String())
}

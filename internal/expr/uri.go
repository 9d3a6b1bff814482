package expr

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// uriFuncs are the functions on URIs.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-string
func uriFuncs() []Func {
	return []Func{
		{Name: "buildUri", MinArgs: 1, MaxArgs: 1, Eval: buildURI, Result: KindString},
		{Name: "parseUri", MinArgs: 1, MaxArgs: 1, Eval: parseURI, Result: KindObject},
		{Name: "uri", MinArgs: 2, MaxArgs: 2, Eval: resolveURI, Result: KindString},
		{Name: "uriComponent", MinArgs: 1, MaxArgs: 1, Eval: escapeURI, Result: KindString},
		{Name: "uriComponentToString", MinArgs: 1, MaxArgs: 1, Eval: unescapeURI, Result: KindString},
	}
}

// plainURI parses an absolute URI of which .NET changes nothing but the case
// of scheme and host; what it does to escapes, spaces and letters outside
// ASCII is left to it.
func plainURI(args []Value, i int) (*url.URL, error) {
	s, err := textArg(args, i)
	if err != nil {
		return nil, err
	}
	if !plain(s) {
		return nil, argument(i, "a URI")
	}
	u, err := url.Parse(s)
	if err != nil || !plainAuthority(u) {
		return nil, argument(i, "a URI")
	}
	u.Host = lower(u.Host)
	return u, nil
}

// plainAuthority reports whether .NET leaves host and port as they are: it
// drops the port that a scheme has anyway and spells addresses its own way.
func plainAuthority(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if u.Scheme == "" || u.User != nil || port == "" && u.Host != host || strings.HasPrefix(port, "0") || usualPort(u.Scheme, port) {
		return false
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Is4()
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || strings.Trim(lower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9' // a number in a notation of C, perhaps
}

// usualPort reports whether a port is, or for all that is known here may be,
// the one that a scheme has.
func usualPort(scheme, port string) bool {
	switch scheme {
	case "http":
		return port == "80"
	case "https":
		return port == "443"
	}
	return port != ""
}

// maxURI is how long a URI is for .NET at most.
const maxURI = 65519

func plain(s string) bool {
	if len(s) > maxURI {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= utf8.RuneSelf || strings.IndexByte(`%\^{}|"<>[]`+"`", s[i]) >= 0 {
			return false
		}
	}
	return true
}

func resolveURI(e *Evaluator, args []Value) (Value, error) {
	base, err := plainURI(args, 0)
	if err != nil {
		return Value{}, err
	}
	relative, err := textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if !plain(relative) {
		return Value{}, argument(1, "a relative URI")
	}
	if !e.Spend((len(args[0].str) + len(relative)) / 2) {
		return Unknown(), nil
	}
	u, err := base.Parse(relative)
	if err != nil || u.Opaque != "" || !plainAuthority(u) {
		return Value{}, argument(1, "a relative URI")
	}
	u.Host = lower(u.Host)
	if u.Path == "" {
		u.Path = "/"
	}
	return e.made(u.String())
}

// escapeURI is .NET's Uri.EscapeDataString: all but the unreserved characters
// of RFC 3986 as the bytes of their UTF-8.
func escapeURI(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return e.made(b.String())
}

// unescapeURI gives a text for its escaped form; what is no escape stays. It is
// not documented whether "+" is a space and "%u" begins an escape, as they do
// in forms.
func unescapeURI(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	if strings.Contains(s, "+") || strings.Contains(strings.ToLower(s), "%u") {
		return Value{}, argument(0, "an escaped text without doubt")
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	if !utf8.ValidString(b.String()) {
		return Value{}, argument(0, "an escaped text")
	}
	return e.made(b.String())
}

// parseURI takes a URI apart. What stands for a part that is not written is not
// documented.
func parseURI(e *Evaluator, args []Value) (Value, error) {
	if !e.Spend(len(args[0].str) / 4) {
		return Unknown(), nil
	}
	u, err := plainURI(args, 0)
	if err != nil {
		return Value{}, err
	}
	if dotted(u) {
		return Value{}, argument(0, "a URI without segments of dots")
	}
	var port, path, query Value
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		port = Int(int64(n))
	}
	if u.Path != "" && u.Path != "/" {
		path = String(u.Path)
	}
	if u.RawQuery != "" {
		query = String("?" + u.RawQuery)
	}
	return ObjectOf(
		Field{Key: "scheme", Value: String(u.Scheme)},
		Field{Key: "host", Value: String(u.Hostname())},
		Field{Key: "port", Value: port},
		Field{Key: "path", Value: path},
		Field{Key: "query", Value: query},
	), nil
}

func buildURI(e *Evaluator, args []Value) (Value, error) {
	if _, err := objectArg(args); err != nil {
		return Value{}, err
	}
	part := func(name, prefix string) (string, bool) {
		v, ok := args[0].Field(name)
		if !ok || v.kind == KindNull {
			return "", true
		}
		s, isText := Text(v)
		if !isText || !plain(s) {
			return "", false
		}
		if s != "" && !strings.HasPrefix(s, prefix) {
			s = prefix + s
		}
		return s, true
	}
	var built strings.Builder
	for _, p := range []struct{ name, prefix string }{{"scheme", ""}, {"host", "://"}, {"port", ":"}, {"path", "/"}, {"query", "?"}} {
		s, ok := part(p.name, p.prefix)
		if !ok || s == "" && p.name != "port" && p.name != "query" {
			return Value{}, argument(0, "an object of URI components")
		}
		built.WriteString(s)
	}
	if !e.Spend(built.Len() / 4) {
		return Unknown(), nil
	}
	u, err := plainURI([]Value{String(built.String())}, 0)
	if err != nil || dotted(u) || u.String() != built.String() {
		return Value{}, argument(0, "an object of URI components")
	}
	return e.made(built.String())
}

// dotted reports whether a path goes up, or stays, by a segment of dots, which
// .NET takes out.
func dotted(u *url.URL) bool {
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

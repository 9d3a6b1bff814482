package expr

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// maxKey bounds a key; what is longer is replaced by its digest, so that terms
// that share parts many times over stay small.
const maxKey = 200

// note is a key that is made when it is first asked for, because it takes a time
// and most values are never compared. Literals and the settings of an
// organisation are shared between goroutines: where two make it at once, both
// make the same.
type note struct{ text atomic.Pointer[string] }

func (n *note) of(build func() string) string {
	if text := n.text.Load(); text != nil {
		return *text
	}
	text := build()
	n.text.Store(&text)
	return text
}

// longText keeps the key of a long string.
type longText struct{ key note }

// Key is a text that two values share exactly if they are written the same in
// normal form. Keys of values with something unknown inside prove nothing, see
// [Value.Vague].
func (v Value) Key() string {
	switch v.kind {
	case KindUnknown, KindFunc:
		return "?"
	case KindNull:
		return "null"
	case KindBool:
		return strconv.FormatBool(v.num == 1)
	case KindInt:
		return strconv.FormatInt(v.num, 10)
	case KindString:
		return v.stringKey()
	case KindArray:
		a, ok := v.ref.(*array)
		if !ok {
			return "?"
		}
		return a.key.of(func() string { return shorten("[" + joinKeys(a.items, Value.Key) + "]") })
	case KindObject:
		return v.objectKey()
	case KindTerm:
		return v.Term().key
	}
	return "?"
}

func (v Value) stringKey() string {
	quoted := func() string { return shorten(strconv.Quote(v.str)) }
	if long, ok := v.ref.(*longText); ok {
		return long.key.of(quoted)
	}
	return quoted()
}

func (v Value) objectKey() string {
	o, ok := v.ref.(*object)
	if !ok {
		return "?"
	}
	return o.key.of(func() string { return o.keyOf(strings.ToLower, Value.Key) })
}

func (o *object) keyOf(name func(string) string, value func(Value) string) string {
	parts := make([]string, len(o.keys))
	for i, k := range o.keys {
		parts[i] = strconv.Quote(name(k)) + ":" + value(o.vals[i])
	}
	slices.Sort(parts)
	return shorten("{" + strings.Join(parts, ",") + "}")
}

// spelled is the key with the names of properties as they are written.
func (v Value) spelled() string {
	switch ref := v.ref.(type) {
	case *array:
		return ref.spelled.of(func() string { return shorten("[" + joinKeys(ref.items, Value.spelled) + "]") })
	case *object:
		return ref.spelled.of(func() string {
			return ref.keyOf(func(name string) string { return name }, Value.spelled)
		})
	}
	return v.Key()
}

// alike reports whether identical values have the names of their properties
// spelled alike, too. Azure reads properties without case; whether it compares
// objects so is not documented.
func alike(a, b Value) bool { return a.ref == b.ref || a.spelled() == b.spelled() }

func joinKeys(vs []Value, key func(Value) string) string {
	var b strings.Builder
	for i, v := range vs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(key(v))
	}
	return b.String()
}

func shorten(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	short := "#" + hex.EncodeToString(sum[:16])
	return short
}

// Identical reports whether two values are certainly the same: known and
// equal, or the same term. Strings are compared with case.
func Identical(a, b Value) bool {
	if a.kind != b.kind || a.Vague() || b.Vague() {
		return false
	}
	if a.kind == KindString {
		return a.str == b.str
	}
	return a.Key() == b.Key()
}

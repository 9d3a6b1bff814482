package expr

import (
	"crypto/sha1" //nolint:gosec // RFC 4122 prescribes SHA-1 for name-based UUIDs; nothing is kept secret by it
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"strings"
)

// hashFuncs are the functions that make a name of what they are given.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string
func hashFuncs() []Func {
	return []Func{
		{Name: "guid", MinArgs: 1, MaxArgs: -1, Eval: hashed(guid), Partial: hashedPartial("guid"), Result: KindString},
		{Name: "uniqueString", MinArgs: 1, MaxArgs: -1, Eval: hashed(uniqueString), Partial: hashedPartial("uniquestring"), Result: KindString},
	}
}

func hashed(hash func(string) string) func(*Evaluator, []Value) (Value, error) {
	return func(e *Evaluator, args []Value) (Value, error) {
		texts := make([]string, len(args))
		n := 0
		for i := range args {
			s, err := textArg(args, i)
			if err != nil {
				return Value{}, err
			}
			texts[i] = s
			n += 1 + len(s)
		}
		if n > MaxText {
			return Value{}, textLimit()
		}
		if !e.Spend(n / 16) {
			return Unknown(), nil
		}
		return String(hash(strings.Join(texts, "-"))), nil
	}
}

// hashedPartial keeps the text that is hashed: f(a, b) is f(a-b).
func hashedPartial(op Op) func(*Evaluator, []Value) (Value, bool) {
	return func(e *Evaluator, args []Value) (Value, bool) {
		parts := make([]Value, 0, 2*len(args))
		for i, a := range args {
			if i > 0 {
				parts = append(parts, String("-"))
			}
			parts = append(parts, a)
		}
		return Apply(op, KindString, e.concat(parts)), true
	}
}

// guid is a UUID in the namespace of the deployment engine,
// 11fb06fb-712d-4ddd-98c7-e71bbd588830.
func guid(name string) string {
	return nameUUID([16]byte{0x11, 0xfb, 0x06, 0xfb, 0x71, 0x2d, 0x4d, 0xdd, 0x98, 0xc7, 0xe7, 0x1b, 0xbd, 0x58, 0x88, 0x30}, name)
}

// nameUUID is the version 5 UUID (RFC 4122, section 4.3) of a name.
func nameUUID(namespace [16]byte, name string) string {
	h := sha1.New() //nolint:gosec // see the import
	h.Write(namespace[:])
	h.Write([]byte(name))
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	x := hex.EncodeToString(id)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// uniqueString is the deployment engine's hash: a 64-bit MurmurHash of two
// 32-bit lanes, its bits from the top in base 32.
func uniqueString(s string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	hash := murmur64([]byte(s))
	var out [13]byte
	for i := range out {
		out[i] = alphabet[hash>>59]
		hash <<= 5
	}
	return string(out[:])
}

func murmur64(data []byte) uint64 {
	const c1, c2 = 0x239b961b, 0xab0e9789
	lane1 := func(k uint32) uint32 { return bits.RotateLeft32(k*c1, 15) * c2 }
	lane2 := func(k uint32) uint32 { return bits.RotateLeft32(k*c2, 17) * c1 }
	n := uint32(len(data) & 0xFFFFFFFF)
	var h1, h2 uint32
	for ; len(data) >= 8; data = data[8:] {
		h1 ^= lane1(binary.LittleEndian.Uint32(data))
		h1 = (bits.RotateLeft32(h1, 19)+h2)*5 + 0x561ccd1b
		h2 ^= lane2(binary.LittleEndian.Uint32(data[4:]))
		h2 = (bits.RotateLeft32(h2, 13)+h1)*5 + 0x0bcaa747
	}
	var tail [8]byte
	copy(tail[:], data)
	h1 ^= lane1(binary.LittleEndian.Uint32(tail[:]))
	h2 ^= lane2(binary.LittleEndian.Uint32(tail[4:]))
	h1 ^= n
	h2 ^= n
	h1 += h2
	h2 += h1
	h1, h2 = avalanche(h1), avalanche(h2)
	h1 += h2
	h2 += h1
	return uint64(h2)<<32 | uint64(h1)
}

func avalanche(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

package expr

import (
	"encoding/binary"
	"math/big"
	"net/netip"
)

// cidrFuncs are the functions on ranges of IP addresses.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr
func cidrFuncs() []Func {
	return []Func{
		{Name: "cidrHost", MinArgs: 2, MaxArgs: 2, Eval: cidrHost, Result: KindString},
		{Name: "cidrSubnet", MinArgs: 3, MaxArgs: 3, Eval: cidrSubnet, Result: KindString},
		{Name: "parseCidr", MinArgs: 1, MaxArgs: 1, Eval: parseCIDR, Result: KindObject},
	}
}

// network is the range that the first argument names.
func network(args []Value) (netip.Prefix, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return netip.Prefix{}, err
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, argument(0, "a network in CIDR notation")
	}
	return p.Masked(), nil
}

func parseCIDR(_ *Evaluator, args []Value) (Value, error) {
	p, err := network(args)
	if err != nil {
		return Value{}, err
	}
	width := p.Addr().BitLen()
	if width-p.Bits() < 2 {
		return Value{}, argument(0, "a network with usable addresses")
	}
	first := p.Addr()
	last := offset(first, new(big.Int).Sub(size(width-p.Bits()), big.NewInt(1)))
	if quad(first) || quad(last) {
		return Value{}, argument(0, "a network with one spelling")
	}
	mask := offset(zero(first), new(big.Int).Sub(size(width), size(width-p.Bits())))
	fields := []Field{
		{Key: "network", Value: String(first.String())},
		{Key: "netmask", Value: String(mask.String())},
	}
	if first.Is4() {
		fields = append(fields, Field{Key: "broadcast", Value: String(last.String())})
		first, last = first.Next(), last.Prev()
	}
	return ObjectOf(append(fields,
		Field{Key: "firstUsable", Value: String(first.String())},
		Field{Key: "lastUsable", Value: String(last.String())},
		Field{Key: "cidr", Value: Int(int64(p.Bits()))},
	)...), nil
}

func cidrSubnet(_ *Evaluator, args []Value) (Value, error) {
	p, err := network(args)
	if err != nil {
		return Value{}, err
	}
	bits, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	index, err := intArg(args, 2)
	if err != nil {
		return Value{}, err
	}
	width := p.Addr().BitLen()
	if bits < int64(p.Bits()) || bits > int64(width) {
		return Value{}, argument(1, "the size of a subnet")
	}
	i := big.NewInt(index)
	if index < 0 || i.Cmp(size(int(bits)-p.Bits())) >= 0 {
		return Value{}, argument(2, "the index of a subnet")
	}
	at := offset(p.Addr(), i.Mul(i, size(width-int(bits))))
	if quad(at) {
		return Value{}, argument(2, "the index of a subnet with one spelling")
	}
	return String(netip.PrefixFrom(at, int(bits)).String()), nil
}

// cidrHost counts the addresses after that of the network, which is not one of
// them; nor is the last of an IPv4 network.
func cidrHost(_ *Evaluator, args []Value) (Value, error) {
	p, err := network(args)
	if err != nil {
		return Value{}, err
	}
	index, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	i := new(big.Int).Add(big.NewInt(index), big.NewInt(1))
	hosts := size(p.Addr().BitLen() - p.Bits())
	if p.Addr().Is4() {
		hosts.Sub(hosts, big.NewInt(1))
	}
	if index < 0 || i.Cmp(hosts) >= 0 {
		return Value{}, argument(1, "the index of a host")
	}
	at := offset(p.Addr(), i)
	if quad(at) {
		return Value{}, argument(1, "the index of a host with one spelling")
	}
	return String(at.String()), nil
}

// quad reports whether .NET writes the end of an IPv6 address as one of IPv4:
// ::1.2.3.4, ::ffff:0:1.2.3.4 and those with 0:5efe before the last four bytes.
func quad(a netip.Addr) bool {
	if a.Is4() {
		return false
	}
	b := a.As16()
	mark := binary.BigEndian.Uint32(b[8:])
	low := binary.BigEndian.Uint64(b[:]) == 0 && (b[12] != 0 || b[13] != 0)
	return mark == 0x5efe || low && (mark == 0 || mark == 0xffff || mark == 0xffff0000)
}

// size is how many addresses some bits make.
func size(bits int) *big.Int {
	return new(big.Int).Lsh(big.NewInt(1), uint(bits))
}

// offset is the address that many after another; the caller stays in range.
func offset(a netip.Addr, n *big.Int) netip.Addr {
	n = new(big.Int).Add(new(big.Int).SetBytes(a.AsSlice()), n)
	sum, ok := netip.AddrFromSlice(n.FillBytes(make([]byte, a.BitLen()/8)))
	if !ok {
		return netip.Addr{}
	}
	return sum
}

// zero is the address of the same family that is all zeros.
func zero(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

package registry

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
)

var (
	errScheme  = errors.New("registries are asked over https only")
	errPrivate = errors.New("not a public address")
)

// unreachable is an error of the way to a registry, before it answered.
type unreachable struct{ error }

// Unwrap is the error itself.
func (u unreachable) Unwrap() error { return u.error }

// guard is the transport of all requests, those that follow a redirect to the
// store of a registry or ask for a token included.
type guard struct {
	direct, proxied http.RoundTripper
	proxy           func(*http.Request) (proxied bool)
}

// newGuard makes a transport. With public it connects to no private address,
// whatever a name resolves to, unless through the proxy of the environment: that
// one decides for itself then.
func newGuard(public bool) *guard {
	dialer := &net.Dialer{Timeout: connectWithin}
	proxied := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: connectWithin, ResponseHeaderTimeout: answerWithin, IdleConnTimeout: answerWithin,
	}
	if !public {
		return &guard{direct: proxied, proxied: proxied, proxy: throughProxy}
	}
	direct := proxied.Clone()
	direct.Proxy = nil
	direct.DialContext = (&net.Dialer{Timeout: connectWithin, Control: publicOnly}).DialContext
	return &guard{direct: direct, proxied: proxied, proxy: throughProxy}
}

func throughProxy(r *http.Request) bool {
	u, err := http.ProxyFromEnvironment(r)
	return err == nil && u != nil
}

// RoundTrip refuses what is not https, and bounds what is read.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errScheme
	}
	transport := g.direct
	if g.proxy(r) {
		transport = g.proxied
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, unreachable{err}
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: MaxBytes + 1}
	return resp, nil
}

// bounded fails, rather than ends, when there is more.
type bounded struct {
	io.ReadCloser

	left int
}

// Read reads up to the bound.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// reserved are networks that are not public and that package netip does not
// know: this network, shared space, protocol assignments, benchmarks, Azure's
// platform, and the ways to write an IPv4 address into an IPv6 one.
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
func reserved() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "168.63.129.16/32",
		"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// publicOnly refuses to connect to an address that is not public. It sees the
// address that a name came to, so that no name can lead elsewhere later.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, errPrivate)
	}
	ip := at.Addr().Unmap()
	private := !ip.IsGlobalUnicast() || ip.IsPrivate() ||
		slices.ContainsFunc(reserved(), func(p netip.Prefix) bool { return p.Contains(ip) })
	if private {
		return fmt.Errorf("address %q: %w", address, errPrivate)
	}
	return nil
}

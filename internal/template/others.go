package template

import (
	"slices"
	"strings"
	"sync"
)

// Others are resources that the rule does not read. Most resources are such,
// and hardly ever does anything hang on one, so that only their symbols are
// kept; the file is read again when somebody asks for more. Nil is none.
type Others struct {
	symbols []string
	read    func() []*Resource
}

// NewOthers are the resources that read gives, which is called once at most,
// with their symbols.
func NewOthers(symbols []string, read func() []*Resource) *Others {
	if len(symbols) == 0 {
		return nil
	}
	return &Others{symbols: slices.Clip(symbols), read: sync.OnceValue(read)}
}

// All are the resources in order.
func (o *Others) All() []*Resource {
	if o == nil {
		return nil
	}
	return o.read()
}

// Symbol is the resource of that symbolic name, or nil.
func (o *Others) Symbol(name string) *Resource {
	if o == nil || name == "" || !slices.Contains(o.symbols, name) {
		return nil
	}
	for _, r := range slices.Backward(o.read()) {
		if r.Symbol == name {
			return r
		}
	}
	return nil
}

// Aside reports whether a resource at top level is one of [Others]: neither it
// nor one nested in it is of a type that the rule reads, or is a scope.
func (r *Resource) Aside() bool {
	return !r.Concerns() && !strings.EqualFold(r.Type, TypeResourceGroup)
}

// Concerns reports whether the rule reads the resource or one nested in it.
func (r *Resource) Concerns() bool {
	return Relevant(r.FullType()) || slices.ContainsFunc(r.Children, (*Resource).Concerns)
}

// FullType is the type of the resource: what is written, below that of its
// container unless it is absolute.
func (r *Resource) FullType() string {
	if r.Container == nil {
		return r.Type
	}
	first, _, nested := strings.Cut(r.Type, "/")
	if nested && strings.Contains(first, ".") {
		return r.Type
	}
	return r.Container.FullType() + "/" + r.Type
}

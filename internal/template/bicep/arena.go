package bicep

// A slab hands out nodes of one type from blocks, so that a tree of a hundred
// thousand nodes costs a few hundred allocations. Nodes live as long as any
// node of their block; a tree is kept or dropped as a whole, so nothing is
// held for longer.
type slab[T any] struct {
	free []T
	size int
}

const (
	firstBlock = 8
	lastBlock  = 512
)

func (s *slab[T]) alloc() *T {
	if len(s.free) == 0 {
		s.grow(1)
	}
	n := &s.free[0]
	s.free = s.free[1:]
	return n
}

// take is a slice of n zero values that nothing can be appended to in place.
func (s *slab[T]) take(n int) []T {
	if len(s.free) < n {
		s.grow(n)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

func (s *slab[T]) grow(n int) {
	s.size = min(max(firstBlock, 2*s.size), lastBlock)
	s.free = make([]T, max(s.size, n))
}

// A collector gathers the items of lists that nest, each into a slice of the
// exact length.
type collector[T any] struct {
	stack []T
	slab  slab[T]
}

func (c *collector[T]) mark() int { return len(c.stack) }

func (c *collector[T]) push(v T) { c.stack = append(c.stack, v) }

// since takes everything pushed after mark; nil when that is nothing.
func (c *collector[T]) since(mark int) []T {
	if mark == len(c.stack) {
		return nil
	}
	out := c.slab.take(len(c.stack) - mark)
	copy(out, c.stack[mark:])
	clear(c.stack[mark:])
	c.stack = c.stack[:mark]
	return out
}

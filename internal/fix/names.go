package fix

import "strconv"

// names are the names that a file uses, and those given out for it.
type names struct {
	fold  func(string) string // what two names have in common that are one
	taken map[string]bool
	last  map[string]int // the number behind a name that was wanted before
}

func newNames(fold func(string) string) *names {
	return &names{fold: fold, taken: map[string]bool{}, last: map[string]int{}}
}

func (n *names) take(name string) { n.taken[n.fold(name)] = true }

// free gives out a name that is not taken: the one that is wanted, or that with a
// number behind it.
func (n *names) free(want string) string {
	name, key := want, n.fold(want)
	i := max(1, n.last[key])
	for n.taken[n.fold(name)] {
		i++
		name = want + strconv.Itoa(i)
	}
	n.last[key] = i
	n.take(name)
	return name
}

package review

import (
	"path"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// difference lists the files that differ between two trees, for pull requests
// with more files than GitHub lists: first those of the head, then those that
// are gone, each by path.
func difference(base, head *source.Snapshot) []Change {
	var out []Change
	var gone, fresh []source.Entry
	for _, e := range base.Entries() {
		if _, ok := head.Lookup(e.Path); !ok {
			gone = append(gone, e)
		}
	}
	for _, e := range head.Entries() {
		old, ok := base.Lookup(e.Path)
		switch {
		case !ok:
			fresh = append(fresh, e)
		case old.ID != e.ID || old.Mode != e.Mode:
			out = append(out, Change{Path: e.Path})
		}
	}
	from := moves(gone, fresh)
	moved := map[string]bool{}
	for _, e := range fresh {
		out = append(out, Change{Path: e.Path, Previous: from[e.Path]})
		moved[from[e.Path]] = true
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	for _, e := range gone {
		if !moved[e.Path] {
			out = append(out, Change{Path: e.Path, Removed: true})
		}
	}
	return out
}

// maxAlike bounds how many files are looked at for each that is new: a
// repository can have thousands that are empty.
const maxAlike = 200

// moves pairs files that are new with files that are gone: those with the same
// content, then those with the same name, the longest common end of the path
// first. Git compares contents for that, which are not all at hand here. What
// is taken for a move by mistake does little harm: a finding is old only if its
// API has the same name, too.
func moves(gone, fresh []source.Entry) map[string]string {
	from, taken := map[string]string{}, map[string]bool{} // by the path now, by the path before
	for _, key := range []func(source.Entry) string{
		func(e source.Entry) string { return e.ID },
		func(e source.Entry) string { return path.Base(e.Path) },
	} {
		alike := map[string][]string{}
		for _, e := range gone {
			if !taken[e.Path] {
				alike[key(e)] = append(alike[key(e)], e.Path)
			}
		}
		for _, e := range fresh {
			if from[e.Path] != "" {
				continue
			}
			best, most, list := 0, -1, alike[key(e)]
			for i, was := range list[:min(len(list), maxAlike)] {
				if n := commonEnd(was, e.Path); n > most {
					best, most = i, n
				}
			}
			if most >= 0 {
				from[e.Path], taken[list[best]] = list[best], true
				alike[key(e)] = slices.Delete(list, best, best+1)
			}
		}
	}
	return from
}

// commonEnd is how many of the last parts of two paths are the same.
func commonEnd(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < min(len(x), len(y)) && x[len(x)-1-n] == y[len(y)-1-n] {
		n++
	}
	return n
}

package source

import (
	"path"
	"slices"
	"strings"
)

// Mode is what kind of tree entry a path is, in git's terms.
type Mode uint8

// The kinds of entries. The zero Mode is a regular file.
const (
	Regular    Mode = iota // 100644
	Executable             // 100755
	Symlink                // 120000; never followed
	Submodule              // 160000; has no content
)

// Entry is one path of a [Snapshot].
type Entry struct {
	// Path is relative to the root, with / separators, and clean.
	Path string
	// ID names the content: equal IDs mean equal bytes. It is git's blob SHA
	// where the snapshot comes from git.
	ID string
	// Size is the content's size in bytes, -1 where the origin did not say.
	Size int64
	// Mode is the kind of entry.
	Mode Mode
	// File is the content, nil while nobody has loaded it.
	File *File
}

// Snapshot is a read-only tree of files at one moment: a commit, or a folder.
// Every path is listed; content is there for the entries somebody loaded.
// It is immutable and safe for concurrent use; [Snapshot.With] makes a new one.
// The zero Snapshot is an empty tree.
type Snapshot struct {
	entries []Entry // sorted by path
	index   map[string]int
}

// NewSnapshot makes a snapshot of entries, in any order. Entries whose path is
// not clean and relative are left out, as is all but the first of a path that
// is named twice: no entry can lead out of the tree.
func NewSnapshot(entries []Entry) *Snapshot {
	s := &Snapshot{index: make(map[string]int, len(entries))}
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	for _, e := range sorted {
		if Clean(e.Path) != e.Path || e.Path == "" {
			continue
		}
		if _, twice := s.index[e.Path]; twice {
			continue
		}
		s.index[e.Path] = len(s.entries)
		s.entries = append(s.entries, e)
	}
	return s
}

// Entries lists the tree, sorted by path. The caller must not change it.
func (s *Snapshot) Entries() []Entry { return s.entries }

// Lookup finds the entry of a clean path.
func (s *Snapshot) Lookup(p string) (Entry, bool) {
	if i, ok := s.index[p]; ok {
		return s.entries[i], true
	}
	return Entry{}, false
}

// File is the loaded content of a regular file, or nil.
func (s *Snapshot) File(p string) *File {
	e, ok := s.Lookup(p)
	if !ok || e.Mode > Executable {
		return nil
	}
	return e.File
}

// With is the snapshot with content for some of its paths; other paths are
// added to the tree. The receiver is unchanged.
func (s *Snapshot) With(files ...*File) *Snapshot {
	n := &Snapshot{entries: slices.Clone(s.entries), index: s.index}
	var added []Entry
	for _, f := range files {
		if i, ok := s.index[f.Path]; ok {
			n.entries[i].File, n.entries[i].Size = f, int64(len(f.Content))
			continue
		}
		added = append(added, Entry{Path: f.Path, Size: int64(len(f.Content)), File: f})
	}
	if len(added) > 0 {
		return NewSnapshot(append(n.entries, added...))
	}
	return n
}

// Clean makes a path relative to the root of a tree: / separators, no ".",
// no "..", no leading slash. It is "" when the path leads out of the tree or
// names its root.
func Clean(p string) string {
	if strings.ContainsAny(p, "\x00\\") || strings.HasPrefix(p, "/") {
		return ""
	}
	p = path.Clean(p)
	if p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return ""
	}
	return p
}

// Resolve is the clean path of a reference written in the file from, such as
// a module's path; "" when it leads out of the tree. Windows separators are
// read as / because templates written there carry them.
func Resolve(from, ref string) string {
	ref = strings.ReplaceAll(ref, "\\", "/")
	if ref == "" || strings.HasPrefix(ref, "/") {
		return ""
	}
	return Clean(path.Join(path.Dir(from), ref))
}

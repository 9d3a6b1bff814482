package review

import (
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	// readsHold is how long a branch is known not to read other files. Somebody
	// may push a template to it that does, past every review.
	readsHold = 10 * time.Minute
	// maxReads is how many branches, and files of each, are remembered. It is a
	// bound, not a measure: when it is met, all are forgotten.
	maxReads = 10_000
)

// Reads remembers, by repository and branch, the files that templates read with
// functions such as loadYamlContent: what deployments declare hangs on them,
// too. Most pull requests change no template, and are to cost no look at the
// templates of the branch. While nothing is known of a branch, files count that
// look like data. The zero Reads are empty, and safe for concurrent use; nil
// remembers nothing.
type Reads struct {
	mu   sync.Mutex
	kept map[branchKey]reads
}

// reads are what the templates of a branch, and of the pull requests to it,
// read.
type reads struct {
	files, folders map[string]bool
	until          time.Time // for then, it is all
}

// keep remembers what the deployments of a branch consist of, at its head or at
// the one of a pull request.
func (r *Reads) keep(repo Repo, branch string, now time.Time, reports ...*check.Report) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := branchKey{repo.ID, branch}
	was, ok := r.kept[key]
	if r.kept == nil || !ok && len(r.kept) >= maxReads {
		r.kept = map[branchKey]reads{}
	}
	if !ok || len(was.files) >= maxReads {
		was.files, was.folders = map[string]bool{}, map[string]bool{}
	}
	for _, report := range reports {
		for _, files := range report.Reached {
			for _, f := range files {
				if !Wanted(source.Entry{Path: f}) {
					was.files[f], was.folders[path.Dir(f)] = true, true
				}
			}
		}
	}
	was.until = now.Add(readsHold)
	r.kept[key] = was
}

// has reports whether a file may be one that templates of a branch read. A new
// one may be, beside others that a loop over their folder reads.
func (r *Reads) has(repo Repo, branch string, now time.Time, file string) bool {
	if r == nil {
		return isData(file)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.kept[branchKey{repo.ID, branch}]
	return known.files[file] || isData(file) && (known.folders[path.Dir(file)] || !now.Before(known.until))
}

// isData reports whether a file looks like one that decides what a template
// declares. The YAML of workflows does not.
func isData(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".txt", ".xml", ".csv"}, strings.ToLower(path.Ext(file))) &&
		!strings.HasPrefix(file, ".github/")
}

package bicep

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// A section is a file of a txtar archive.
type section struct {
	name, text string
}

var marker = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// split cuts a txtar archive into the comment and the files.
func split(archive string) (comment string, files []section) {
	at := marker.FindAllStringSubmatchIndex(archive, -1)
	for i, m := range at {
		end := len(archive)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		files = append(files, section{archive[m[2]:m[3]], archive[m[1]:end]})
	}
	return archive[:at[0][0]], files
}

func join(comment string, files []section) string {
	var b strings.Builder
	b.WriteString(comment)
	for _, f := range files {
		b.WriteString("-- " + f.name + " --\n" + f.text)
	}
	return b.String()
}

// golden compares the sections that got makes of the first file of each
// archive with those in the archive.
func golden(t *testing.T, dir string, got func(*File) []section) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no goldens in %s: %v", dir, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			archive, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			comment, files := split(string(archive))
			f := Parse(source.NewFile(files[0].name, []byte(files[0].text)))
			checkFile(t, f)
			now := join(comment, append(files[:1:1], got(f)...))
			if *update {
				if err := os.WriteFile(path, []byte(now), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive), now); diff != "" {
				t.Errorf("differs from the golden (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	golden(t, "tree", func(f *File) []section {
		files := []section{{"tree", dumpTree(f)}}
		if len(f.Diagnostics) > 0 {
			files = append(files, section{"diagnostics", dumpDiagnostics(f.Source, f.Diagnostics)})
		}
		return files
	})
}

func TestModel(t *testing.T) {
	t.Parallel()
	golden(t, "model", func(f *File) []section {
		if f.Params {
			return []section{{"model", dumpModel(f.Source, LowerParameters(f))}}
		}
		model := Lower(f)
		model.Resources = slices.Concat(model.Resources, model.Others.All())
		slices.SortFunc(model.Resources, func(a, b *template.Resource) int { return a.Decl.Start - b.Decl.Start })
		model.Others = nil
		return []section{{"model", dumpModel(f.Source, model)}}
	})
}

package bicep

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// FuzzBicep checks that every input survives: it is rebuilt from its tokens,
// the tree is within bounds, and the model comes out.
func FuzzBicep(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		archive, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, files := split(string(archive))
		f.Add([]byte(files[0].text))
		f.Add([]byte(source.BOM + strings.ReplaceAll(strings.TrimSpace(files[0].text), "\n", "\r\n")))
	}
	f.Add([]byte(strings.Repeat("'${{[(", 1000)))
	f.Add([]byte("var a = " + strings.Repeat("[", 1_000_000)))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, path := range []string{"main.bicep", "main.bicepparam"} {
			file := Parse(source.NewFile(path, content))
			checkFile(t, file)
			for _, d := range file.Declarations {
				file.Extent(d)
			}
			if file.Params {
				LowerParameters(file)
			} else {
				Lower(file)
			}
		}
	})
}

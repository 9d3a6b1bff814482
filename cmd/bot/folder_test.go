package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A file that is replaced keeps its mode, and nothing is left beside it.
func TestReplaceFileKeepsTheMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o755, 0o444} {
		dir := t.TempDir()
		path := filepath.Join(dir, "main.bicep")
		if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := replaceFile(path, []byte("after")); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil || string(content) != "after" {
			t.Errorf("content is %q, %v", content, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != mode {
			t.Errorf("mode %v became %v", mode, info.Mode().Perm())
		}
		if names := list(t, dir); !cmp.Equal(names, []string{"main.bicep"}) {
			t.Errorf("the folder has %v", names)
		}
	}
}

// What is not a plain file is neither followed nor replaced.
func TestReplaceFileFollowsNoLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if err := replaceFile(link, []byte("after")); err == nil {
		t.Error("a link was replaced")
	}
	if err := replaceFile(filepath.Join(dir, "nothing"), []byte("after")); err == nil {
		t.Error("a file was made where there was none")
	}
	content, err := os.ReadFile(target)
	if err != nil || string(content) != "before" {
		t.Errorf("content is %q, %v", content, err)
	}
	if names := list(t, dir); !cmp.Equal(names, []string{"link", "target"}) {
		t.Errorf("the folder has %v", names)
	}
}

// Of several files, those before one that cannot be written are written, the
// error names the one, and it is as it was.
func TestWriteNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.bicep"), []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "b.bicep"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := folder{root: dir, cwd: dir}.write(map[string][]byte{"a.bicep": []byte("after"), "b.bicep": []byte("after")})
	if err == nil || !strings.HasPrefix(err.Error(), "write b.bicep: ") {
		t.Errorf("the error is %v", err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "a.bicep"))
	if err != nil || string(content) != "after" {
		t.Errorf("content is %q, %v", content, err)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCacheFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	c := cacheFolder(dir)
	const key = "module/sha256:0a"
	if content, ok, err := c.Blob(t.Context(), key); ok || err != nil {
		t.Fatalf("an empty cache has %q, %v", content, err)
	}
	for range 2 {
		if err := c.PutBlobs(t.Context(), map[string][]byte{key: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if content, ok, err := c.Blob(t.Context(), key); !ok || err != nil || string(content) != "{}" {
		t.Errorf("the cache has %q, %v, %v", content, ok, err)
	}
	files, err := os.ReadDir(filepath.Join(dir, "module"))
	if err != nil || len(files) != 1 {
		t.Errorf("files in the cache: %v, %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "full"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.PutBlobs(t.Context(), map[string][]byte{"full/sha256:0a": nil}); err == nil {
		t.Error("a folder that cannot be made is no error")
	}
}

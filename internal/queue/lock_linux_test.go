package queue

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// TestUnlockedDespiteChildren: a forked child has the files of its parent open
// until it begins its own program. What is unlocked is free all the same.
func TestUnlockedDespiteChildren(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(copyOf(t, path))
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// copyOf is a descriptor like the one that a child has of an open file.
func copyOf(t *testing.T, path string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != path {
			continue
		}
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil {
			t.Fatal(err)
		}
		child, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		return child
	}
	t.Fatalf("%s is not open", path)
	return -1
}

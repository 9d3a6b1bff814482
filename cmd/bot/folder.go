package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// folder is the repository that a command works on.
type folder struct {
	root string // absolute
	cwd  string // absolute, inside root
}

// openFolder finds the repository that the arguments of a command lie in.
func openFolder(args []string) (folder, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return folder{}, fmt.Errorf("find the working directory: %w", err)
	}
	if cwd, err = filepath.EvalSymlinks(cwd); err != nil {
		return folder{}, fmt.Errorf("find the working directory: %w", err)
	}
	f := folder{cwd: cwd}
	for _, arg := range args {
		info, err := os.Stat(f.absolute(arg))
		if errors.Is(err, fs.ErrNotExist) {
			return folder{}, fmt.Errorf("%s does not exist", arg)
		}
		if err != nil {
			return folder{}, fmt.Errorf("look at %s: %w", arg, err)
		}
		dir := f.absolute(arg)
		if !info.IsDir() {
			dir = filepath.Dir(dir)
		}
		root := f.rootOf(dir)
		if f.root != "" && root != f.root {
			return folder{}, fmt.Errorf("%s and %s lie in different repositories; name them in commands of their own", args[0], arg)
		}
		f.root = root
	}
	return f, nil
}

// rootOf is the repository around a folder: the nearest one upwards that git
// manages, else the working directory if the folder is below it, else the
// folder itself.
func (f folder) rootOf(dir string) string {
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Lstat(filepath.Join(up, ".git")); err == nil {
			return up
		}
		if up == filepath.Dir(up) {
			break
		}
	}
	if isBelow(dir, f.cwd) {
		return f.cwd
	}
	return dir
}

func isBelow(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// absolute is where the path of an argument is, links followed: below the root
// none is.
func (f folder) absolute(arg string) string {
	abs := filepath.Clean(arg)
	if !filepath.IsAbs(arg) {
		abs = filepath.Join(f.cwd, arg)
	}
	if target, err := filepath.EvalSymlinks(abs); err == nil {
		return target
	}
	return abs
}

// relative is the path of an argument relative to the root, which may lead out
// of it.
func (f folder) relative(arg string) string {
	rel, err := filepath.Rel(f.root, f.absolute(arg))
	if err != nil {
		return filepath.ToSlash(arg)
	}
	return filepath.ToSlash(rel)
}

// inside is the path of an argument relative to the root, "." for the root
// itself.
func (f folder) inside(arg string) (string, error) {
	if !isBelow(f.absolute(arg), f.root) {
		return "", fmt.Errorf("%s lies outside of the repository %s", arg, f.root)
	}
	return f.relative(arg), nil
}

// shown is a path of the snapshot as the user in the working directory sees it.
func (f folder) shown(p string) string {
	if f.root == f.cwd {
		return p
	}
	rel, err := filepath.Rel(f.cwd, filepath.Join(f.root, filepath.FromSlash(p)))
	if err != nil {
		return p
	}
	return filepath.ToSlash(rel)
}

// snapshot lists the folder and loads what may be a template or settings.
func (f folder) snapshot(ctx context.Context) (*source.Snapshot, error) {
	entries, err := f.list()
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i := range entries {
		e := &entries[i]
		if e.Mode > source.Executable || !review.Wanted(*e) {
			continue
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var err error
			e.File, err = f.read(e.Path)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	size := 0
	for _, e := range entries {
		if e.File != nil {
			size += len(e.File.Content)
		}
	}
	spare(size)
	return source.NewSnapshot(entries), nil
}

// spare sets how much the heap may grow, in percent, until garbage is collected.
// Nearly all of the memory of a repository with so many bytes of templates stays
// in use to the end, so that less of it is worth more than a little time.
func spare(size int) {
	const large = 128 << 20
	percent := 50
	if size > large {
		percent = 40
	}
	debug.SetGCPercent(percent)
}

// load adds more files of the folder to a snapshot.
func (f folder) load(_ context.Context, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
	files := make([]*source.File, 0, len(paths))
	for _, p := range paths {
		file, err := f.read(p)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return s.With(files...), nil
}

func (f folder) list() ([]source.Entry, error) {
	var entries []source.Entry
	err := filepath.WalkDir(f.root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrPermission) && p != f.root {
				return nil // a folder that nobody may read holds no template of ours
			}
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(f.root, p)
		if err != nil {
			return err
		}
		e := source.Entry{Path: filepath.ToSlash(rel), Size: -1}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			e.Mode = source.Symlink
		case !d.Type().IsRegular():
			return nil
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", f.root, err)
	}
	return entries, nil
}

// read is a file's content, cut behind the size that is still evaluated.
func (f folder) read(p string) (*source.File, error) {
	file, err := os.Open(filepath.Join(f.root, filepath.FromSlash(p)))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	content := make([]byte, min(info.Size(), template.MaxSize+1)) // no more than it takes: there may be very many files
	n, err := io.ReadFull(file, content)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	return source.NewFile(p, content[:n]), nil
}

// write puts new contents in place of files, each whole or not at all, with
// their mode. It follows no link.
func (f folder) write(files map[string][]byte) error {
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if err := replaceFile(filepath.Join(f.root, filepath.FromSlash(p)), files[p]); err != nil {
			return fmt.Errorf("write %s: %w", p, err)
		}
	}
	return nil
}

func replaceFile(path string, content []byte) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".onboard-defender-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when all went well
	if _, err := tmp.Write(content); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Chmod(info.Mode().Perm()); err != nil {
		return errors.Join(err, tmp.Close())
	}
	keepOwner(tmp, info)
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

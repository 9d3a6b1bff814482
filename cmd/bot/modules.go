package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/registry"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// publicRegistry is the registry that a server asks: the one of the alias
// public, which everybody may read. A pull request names the registry, so that
// a server asks no other.
const publicRegistry = "mcr.microsoft.com"

// modules plugs the door to registries into the conductor.
type modules struct{ client *registry.Client }

// Modules fetches registry modules.
func (m modules) Modules(ctx context.Context, references []string) map[string]deployment.Module {
	out := make(map[string]deployment.Module, len(references))
	for ref, x := range m.client.Modules(ctx, references) {
		out[ref] = deployment.Module(x)
	}
	return out
}

func userAgent() string { return "onboard-defender/" + buildVersion().version }

// ownRegistry asks any registry as the user may, for one command.
func ownRegistry() *review.Registry {
	o := registry.Options{UserAgent: userAgent()}
	if dir, err := os.UserCacheDir(); err == nil {
		o.Cache = cacheFolder(filepath.Join(dir, "onboard-defender"))
	}
	return &review.Registry{Door: modules{registry.New(o)}}
}

// cacheFolder keeps the templates of registry modules between commands, a file
// for each. Nothing is lost when it is removed.
type cacheFolder string

func (c cacheFolder) file(key string) string {
	return filepath.Join(string(c), filepath.FromSlash(strings.ReplaceAll(key, ":", "-"))+".json")
}

// Blob reads a file of the folder.
func (c cacheFolder) Blob(_ context.Context, key string) (content []byte, ok bool, err error) {
	content, err = os.ReadFile(c.file(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, err
}

// PutBlobs writes files into the folder, each whole or not at all.
func (c cacheFolder) PutBlobs(_ context.Context, blobs map[string][]byte) error {
	for key, content := range blobs {
		if err := c.put(c.file(key), content); err != nil {
			return err
		}
	}
	return nil
}

func (cacheFolder) put(name string, content []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when all went well
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

package github

import (
	"context"
	"crypto/sha1" //nolint:gosec // G505: git's object names, not a signature
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Bounds of what is loaded. GraphQL cuts a blob's text at 512,000 bytes;
// see https://docs.github.com/graphql/reference/objects#blob
const (
	// MaxFileBytes is the largest file that is loaded. Larger ones stay listed
	// and without content.
	MaxFileBytes = 16 << 20
	// MaxLoadBytes is the most that one call loads.
	MaxLoadBytes = 512 << 20

	graphQLBlobBytes = 512_000
	batchBlobs       = 100
	batchBytes       = 8 << 20
	unknownBlobBytes = 64 << 10 // what a blob of unknown size is counted as
	batchesAtOnce    = 2
	blobsAtOnce      = 4
)

// BlobCache keeps the contents of files. A key names the content and the
// repository that it was seen in: content never goes stale, and nobody is shown
// what they could not have fetched. It is used concurrently.
type BlobCache interface {
	// Blob finds the content of a key; it is not ok when it is not there. The
	// caller does not change the content.
	Blob(ctx context.Context, key string) (content []byte, ok bool, err error)
	// PutBlobs keeps contents by key, or not.
	PutBlobs(ctx context.Context, blobs map[string][]byte) error
}

// blobKey is the key of a blob in the cache.
func blobKey(repo Repo, id string) string { return strconv.FormatInt(repo.ID, 10) + "/" + id }

// Snapshots lists the files of commits, in their order, and loads those that
// want asks for; what is missing of all of them is fetched together. Symbolic
// links and submodules are listed, never followed and never loaded; neither are
// files over [MaxFileBytes].
func (a *App) Snapshots(ctx context.Context, repo Repo, want func(source.Entry) bool, commits ...string) ([]*source.Snapshot, error) {
	snaps := make([]*source.Snapshot, len(commits))
	group, treeCtx := errgroup.WithContext(ctx)
	for i, commit := range commits {
		group.Go(func() (err error) {
			snaps[i], err = a.Tree(treeCtx, repo, commit)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return a.load(ctx, repo, snaps, want)
}

// Load loads more files of a snapshot's tree. Paths that are not there, or
// cannot be loaded, are left as they are.
func (a *App) Load(ctx context.Context, repo Repo, snap *source.Snapshot, paths []string) (*source.Snapshot, error) {
	wanted := make(map[string]bool, len(paths))
	for _, p := range paths {
		wanted[p] = true
	}
	list, err := a.load(ctx, repo, []*source.Snapshot{snap}, func(e source.Entry) bool { return wanted[e.Path] })
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (a *App) load(ctx context.Context, repo Repo, snaps []*source.Snapshot, want func(source.Entry) bool) ([]*source.Snapshot, error) {
	wanted := make([][]source.Entry, len(snaps))
	var missing []source.Entry // one for each content
	seen := make(map[string]bool)
	total := int64(0)
	for i, snap := range snaps {
		for _, e := range snap.Entries() {
			if e.Mode > source.Executable || e.File != nil || e.Size > MaxFileBytes || want == nil || !want(e) {
				continue
			}
			wanted[i] = append(wanted[i], e)
			if !seen[e.ID] {
				seen[e.ID] = true
				missing = append(missing, e)
				total += max(e.Size, 0)
			}
		}
	}
	if total > MaxLoadBytes {
		return nil, permanent("load %d files of %s: %w", len(missing), repo, ErrTooLarge)
	}
	blobs, err := a.blobs(ctx, repo, missing)
	if err != nil {
		return nil, fmt.Errorf("load files of %s: %w", repo, err)
	}
	loaded := make([]*source.Snapshot, len(snaps))
	for i, snap := range snaps {
		files := make([]*source.File, 0, len(wanted[i]))
		for _, e := range wanted[i] {
			if content, ok := blobs[e.ID]; ok {
				files = append(files, source.NewFile(e.Path, content))
			}
		}
		loaded[i] = snap.With(files...)
	}
	return loaded, nil
}

// blobs gets contents from the cache and the rest from GitHub.
func (a *App) blobs(ctx context.Context, repo Repo, entries []source.Entry) (map[string][]byte, error) {
	got := make(map[string][]byte, len(entries))
	cache := a.options.Cache
	if cache != nil {
		for _, e := range entries {
			content, ok, err := cache.Blob(ctx, blobKey(repo, e.ID))
			if err != nil {
				return nil, err
			}
			if ok {
				got[e.ID] = content
			}
		}
	}
	f := &blobFetch{app: a, repo: repo, got: make(map[string][]byte)}
	if err := f.fetch(ctx, absent(entries, got)); err != nil {
		return nil, err
	}
	if cache != nil && len(f.got) > 0 {
		fresh := make(map[string][]byte, len(f.got))
		for id, content := range f.got {
			fresh[blobKey(repo, id)] = content
		}
		if err := cache.PutBlobs(ctx, fresh); err != nil {
			return nil, err
		}
	}
	maps.Copy(got, f.got)
	return got, nil
}

func absent(entries []source.Entry, got map[string][]byte) []source.Entry {
	var list []source.Entry
	for _, e := range entries {
		if _, ok := got[e.ID]; !ok {
			list = append(list, e)
		}
	}
	return list
}

// blobFetch fetches contents: many small ones in one GraphQL query, and one by
// one through REST what GraphQL does not give.
type blobFetch struct {
	app  *App
	repo Repo

	mu  sync.Mutex
	got map[string][]byte
}

func (f *blobFetch) fetch(ctx context.Context, entries []source.Entry) error {
	group, batchCtx := errgroup.WithContext(ctx)
	group.SetLimit(batchesAtOnce)
	for _, batch := range batches(entries) {
		group.Go(func() error { return f.query(batchCtx, batch) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	group, restCtx := errgroup.WithContext(ctx)
	group.SetLimit(blobsAtOnce)
	for _, e := range absent(entries, f.got) {
		group.Go(func() error { return f.rest(restCtx, e.ID) })
	}
	return group.Wait()
}

// batches groups what GraphQL can give.
func batches(entries []source.Entry) [][]source.Entry {
	var list [][]source.Entry
	room, size := 0, int64(0)
	for _, e := range entries {
		if e.Size > graphQLBlobBytes {
			continue
		}
		bytes := e.Size
		if bytes < 0 {
			bytes = unknownBlobBytes
		}
		if room == 0 || size+bytes > batchBytes {
			list = append(list, nil)
			room, size = batchBlobs, 0
		}
		list[len(list)-1] = append(list[len(list)-1], e)
		room, size = room-1, size+bytes
	}
	return list
}

type blobJSON struct {
	OID         string  `json:"oid"`
	IsTruncated bool    `json:"isTruncated"`
	Text        *string `json:"text"`
}

// query asks for a batch, and for its halves when it is too much for GitHub.
// What does not come is left to REST.
func (f *blobFetch) query(ctx context.Context, batch []source.Entry) error {
	todo := [][]source.Entry{batch}
	for len(todo) > 0 {
		part := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		var answer struct {
			Repository map[string]*blobJSON `json:"repository"`
		}
		variables := map[string]any{"owner": f.repo.Owner, "name": f.repo.Name}
		found, err := f.app.graphQL(ctx, f.repo, toReview, blobQuery(part), variables, &answer)
		if noGraphQL(err) {
			return nil
		}
		if err != nil {
			return err
		}
		f.keep(part, answer.Repository)
		if tooMuch(found) && len(part) > 1 {
			half := len(part) / 2
			todo = append(todo, part[half:], part[:half])
		}
	}
	return nil
}

func blobQuery(batch []source.Entry) string {
	var b strings.Builder
	b.WriteString("query($owner: String!, $name: String!) {\n  repository(owner: $owner, name: $name) {\n")
	for i, e := range batch {
		fmt.Fprintf(&b, "    b%d: object(oid: %q) { ... on Blob { oid isTruncated text } }\n", i, e.ID)
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

// keep takes the texts that are the blobs they should be. GraphQL decodes
// text, so bytes that are not UTF-8 come back as something else: the object's
// name tells.
func (f *blobFetch) keep(batch []source.Entry, answer map[string]*blobJSON) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, e := range batch {
		blob := answer["b"+strconv.Itoa(i)]
		if blob == nil || blob.Text == nil || blob.IsTruncated {
			continue
		}
		if content := []byte(*blob.Text); isBlob(e.ID, content) {
			f.got[e.ID] = content
		}
	}
}

func tooMuch(found []GraphQLError) bool {
	for _, e := range found {
		switch e.Type {
		case "RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT":
			return true
		}
		if strings.Contains(e.Message, "timeout") {
			return true
		}
	}
	return false
}

// noGraphQL reports whether GitHub has no GraphQL for us, as behind some
// proxies of GitHub Enterprise Server.
func noGraphQL(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	if !ok || !strings.HasSuffix(e.Path, "/graphql") {
		return false
	}
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		return true
	}
	return false
}

// rest fetches one blob, however large or binary.
func (f *blobFetch) rest(ctx context.Context, id string) error {
	var blob struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if err := f.app.get(ctx, f.repo, nil, &blob, "git", "blobs", id); err != nil {
		return err
	}
	content := []byte(blob.Content)
	if blob.Encoding == "base64" {
		var err error
		if content, err = base64.StdEncoding.DecodeString(blob.Content); err != nil {
			return fmt.Errorf("blob %s: %w", id, err)
		}
	}
	if !isBlob(id, content) {
		return fmt.Errorf("blob %s: content does not have that name", id)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got[id] = content
	return nil
}

// isBlob reports whether content is the blob that git calls id.
func isBlob(id string, content []byte) bool {
	var h hash.Hash
	if len(id) == hex.EncodedLen(sha256.Size) {
		h = sha256.New()
	} else {
		h = sha1.New() //nolint:gosec // G401: git's object names, not a signature
	}
	h.Write(fmt.Appendf(nil, "blob %d\x00", len(content)))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil)) == id
}

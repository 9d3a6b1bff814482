package github

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

func blobName(content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

// depot is a repository of blobs and trees behind a stub.
type depot struct {
	blobs map[string]string // by object name
	most  int               // blobs of one GraphQL query, 0 for any number

	mu      sync.Mutex
	batches []int
}

var blobAlias = regexp.MustCompile(`(b\d+): object\(oid: "([0-9a-f]+)"\)`)

func (d *depot) add(content string) string {
	id := blobName(content)
	d.blobs[id] = content
	return id
}

func newDepot(s *stub) *depot {
	d := &depot{blobs: make(map[string]string)}
	s.mux.HandleFunc("GET /repos/acme/infra/git/blobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		content, ok := d.blobs[r.PathValue("id")]
		if !ok {
			reply(404, `{"message":"Not Found"}`)(w, r)
			return
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(content))
		if len(encoded) > 60 {
			encoded = encoded[:60] + "\n" + encoded[60:] + "\n"
		}
		fmt.Fprintf(w, `{"encoding":"base64","content":%q}`, encoded)
	})
	return d
}

func (d *depot) graphQL(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Query string `json:"query"`
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		panic(err)
	}
	asked := blobAlias.FindAllStringSubmatch(ask.Query, -1)
	d.mu.Lock()
	d.batches = append(d.batches, len(asked))
	d.mu.Unlock()
	if d.most > 0 && len(asked) > d.most {
		reply(200, `{"data":{"repository":null},"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","message":"too much"}]}`)(w, r)
		return
	}
	found := make(map[string]any)
	for _, a := range asked {
		content, ok := d.blobs[a[2]]
		switch {
		case !ok:
			found[a[1]] = nil
		case strings.ContainsRune(content, 0):
			found[a[1]] = map[string]any{"oid": a[2], "text": nil}
		case len(content) > graphQLBlobBytes:
			found[a[1]] = map[string]any{"oid": a[2], "text": content[:graphQLBlobBytes], "isTruncated": true}
		default:
			found[a[1]] = map[string]any{"oid": a[2], "text": strings.ToValidUTF8(content, "\uFFFD")}
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"repository": found}})
}

func treeEntry(path, mode, id string, size int) string {
	kind := map[string]string{"040000": "tree", "160000": "commit"}[mode]
	if kind == "" {
		kind = "blob"
	}
	if size < 0 {
		return fmt.Sprintf(`{"path":%q,"mode":%q,"type":%q,"sha":%q}`, path, mode, kind, id)
	}
	return fmt.Sprintf(`{"path":%q,"mode":%q,"type":%q,"sha":%q,"size":%d}`, path, mode, kind, id, size)
}

func tree(truncated bool, entries ...string) http.HandlerFunc {
	return reply(200, fmt.Sprintf(`{"truncated":%v,"tree":[%s]}`, truncated, strings.Join(entries, ",")))
}

func all(source.Entry) bool { return true }

func TestSnapshot(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	d := newDepot(s)
	s.mux.HandleFunc("POST /graphql", d.graphQL)
	files := map[string]string{
		"a.bicep":      "param x string\r\n",
		"b..c.bicep":   "\ufeffparam y string",
		"same.bicep":   "param x string\r\n",
		"empty.json":   "",
		"latin1.json":  "{\"a\":\"\xe9\"}",
		"utf16.json":   "\xff\xfe{\x00}\x00",
		"large.json":   strings.Repeat("x", graphQLBlobBytes+1),
		"unsized.json": strings.Repeat("y", graphQLBlobBytes+1),
		"run.sh":       "#!/bin/sh",
		"dir/a#b.json": "{}",
	}
	entries := []string{
		treeEntry("dir", "040000", name(1), -1),
		treeEntry("link", "120000", d.add("a.bicep"), 7),
		treeEntry("module", "160000", name(2), -1),
		treeEntry("huge.json", "100644", name(3), MaxFileBytes+1),
		treeEntry("unwanted.md", "100644", name(4), 10),
		treeEntry("../out.json", "100644", d.add("out"), 3),
		treeEntry("/root.json", "100644", d.add("out"), 3),
		treeEntry("odd.json", "100777", d.add("out"), 3),
		treeEntry("odd2.json", "100644", "HEAD", 3),
	}
	for path, content := range files {
		mode, size := "100644", len(content)
		if path == "run.sh" {
			mode = "100755"
		}
		if path == "unsized.json" {
			size = -1
		}
		entries = append(entries, treeEntry(path, mode, d.add(content), size))
	}
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, tree(false, entries...))
	snap, err := snapshot(t.Context(), newTestApp(t, s), testRepo, headSHA, func(e source.Entry) bool { return e.Path != "unwanted.md" })
	if err != nil {
		t.Fatal(err)
	}
	loaded := make(map[string]string)
	for _, e := range snap.Entries() {
		if e.File != nil {
			loaded[e.Path] = string(e.File.Content)
		}
	}
	if diff := cmp.Diff(files, loaded); diff != "" {
		t.Errorf("loaded -want +got\n%s", diff)
	}
	if n := len(snap.Entries()); n != len(files)+4 {
		t.Errorf("%d entries listed", n)
	}
	for path, mode := range map[string]source.Mode{"link": source.Symlink, "module": source.Submodule, "run.sh": source.Executable, "huge.json": source.Regular} {
		if e, ok := snap.Lookup(path); !ok || e.Mode != mode {
			t.Errorf("%s: %+v", path, e)
		}
	}
	if e, _ := snap.Lookup("huge.json"); e.Size != MaxFileBytes+1 {
		t.Errorf("size of the huge one is %d", e.Size)
	}
	if diff := cmp.Diff([]int{8}, d.batches); diff != "" { // large is known to be, same is one
		t.Errorf("batches\n%s", diff)
	}
}

func TestSnapshotOfTruncatedTree(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	listing := func(recursive, single http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("recursive") != "" {
				recursive(w, r)
			} else {
				single(w, r)
			}
		}
	}
	const trees = "GET /repos/acme/infra/git/trees/"
	root := []string{treeEntry("a", "040000", name(1), -1), treeEntry("b", "040000", name(2), -1), treeEntry("z.json", "100644", name(9), 1)}
	inB := []string{treeEntry("c", "040000", name(3), -1), treeEntry("y.json", "100644", name(8), 1)}
	s.mux.HandleFunc(trees+headSHA, listing(tree(true, root[2]), tree(false, root...)))
	s.mux.HandleFunc(trees+name(1), listing(tree(false, treeEntry("deep/w.json", "100644", name(6), 1)), tree(false)))
	s.mux.HandleFunc(trees+name(2), listing(tree(true), tree(false, inB...)))
	s.mux.HandleFunc(trees+name(3), listing(tree(false, treeEntry("x.json", "100644", name(7), 1)), tree(false)))
	app := newTestApp(t, s)
	for range 2 {
		snap, err := app.Tree(t.Context(), testRepo, headSHA)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, e := range snap.Entries() {
			paths = append(paths, e.Path)
		}
		if diff := cmp.Diff([]string{"a/deep/w.json", "b/c/x.json", "b/y.json", "z.json"}, paths); diff != "" {
			t.Error(diff)
		}
	}
	if n := len(s.requests()); n != 6 {
		t.Errorf("%d requests: the second listing was not remembered", n)
	}
}

// TestTreeWithoutEnd: a tree that contains itself, which git cannot make and a
// broken server can.
func TestTreeWithoutEnd(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, func(w http.ResponseWriter, r *http.Request) {
		tree(r.URL.Query().Get("recursive") != "", treeEntry("a", "040000", headSHA, -1))(w, r)
	})
	_, err := newTestApp(t, s).Tree(t.Context(), testRepo, headSHA)
	if !errors.Is(err, ErrTooLarge) || len(s.requests()) > maxTreeRequests {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

func TestTreesAreKeptApart(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, tree(false))
	app := newTestApp(t, s)
	other := testRepo
	other.ID++
	for _, r := range []Repo{testRepo, other, testRepo, other} {
		if _, err := app.Tree(t.Context(), r, headSHA); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestTreeCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newTreeCache()
	var entries []source.Entry
	for i := range 1000 {
		entries = append(entries, source.Entry{Path: strconv.Itoa(i)})
	}
	snap := source.NewSnapshot(entries)
	for i := range 1000 {
		c.keep(treeKey{commit: name(i)}, snap)
		c.lookup(treeKey{commit: name(0)})
	}
	total := 0
	for _, kept := range c.kept {
		total += cost(kept)
	}
	if total > cachedEntries || total != c.size || len(c.order) != len(c.kept) || len(c.kept) < 300 {
		t.Errorf("%d trees, %d entries, said to be %d", len(c.kept), total, c.size)
	}
	if c.lookup(treeKey{commit: name(0)}) == nil || c.lookup(treeKey{commit: name(1)}) != nil || c.lookup(treeKey{commit: name(999)}) == nil {
		t.Error("not the least recently used went")
	}
}

// many is a tree of n small files.
func (d *depot) many(n int) http.HandlerFunc {
	var entries []string
	for i := range n {
		content := fmt.Sprintf("file %d", i)
		entries = append(entries, treeEntry(fmt.Sprintf("f%d.json", i), "100644", d.add(content), len(content)))
	}
	return tree(false, entries...)
}

func TestBlobsComeInBatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		files, most int
		queries     int
		rest        int
	}{
		{0, 0, 0, 0},
		{1, 0, 1, 0},
		{100, 0, 1, 0},
		{101, 0, 2, 0},
		{350, 0, 4, 0},
		{100, 30, 7, 0}, // 100, 50, 25, 25, 50, 25, 25
		{3, 1, 5, 0},    // 3, 1, 2, 1, 1
	} {
		t.Run(fmt.Sprint(tt.files, "/", tt.most), func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			d := newDepot(s)
			d.most = tt.most
			s.mux.HandleFunc("POST /graphql", d.graphQL)
			s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, d.many(tt.files))
			snap, err := snapshot(t.Context(), newTestApp(t, s), testRepo, headSHA, all)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range snap.Entries() {
				if e.File == nil || blobName(string(e.File.Content)) != e.ID {
					t.Errorf("%s is not loaded", e.Path)
				}
			}
			if len(d.batches) != tt.queries || len(s.requests()) != 1+tt.queries+tt.rest {
				t.Errorf("batches %v, requests %d", d.batches, len(s.requests()))
			}
		})
	}
}

func TestBlobsWithoutGraphQL(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"not there":           reply(404, ``),
		"nothing in it":       reply(200, `{"data":{"repository":null},"errors":[{"type":"NOT_FOUND","message":"x"}]}`),
		"always too much":     reply(200, `{"data":{"repository":{}},"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","message":"x"}]}`),
		"something different": reply(200, `{"data":{"repository":{"b0":{"text":"not that file"},"b1":{"text":"file 0"}}}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			d := newDepot(s)
			s.mux.HandleFunc("POST /graphql", h)
			s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, d.many(5))
			snap, err := snapshot(t.Context(), newTestApp(t, s), testRepo, headSHA, all)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 5 {
				if f := snap.File(fmt.Sprintf("f%d.json", i)); f == nil || string(f.Content) != fmt.Sprintf("file %d", i) {
					t.Errorf("file %d is %v", i, f)
				}
			}
		})
	}
}

func TestBlobErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		graphQL, blob http.HandlerFunc
		is            error
	}{
		"gone":            {reply(404, ``), reply(404, ``), ErrNotFound},
		"forbidden":       {reply(403, ``), reply(200, ``), ErrForbidden},
		"wrong content":   {reply(404, ``), reply(200, `{"encoding":"base64","content":"eA=="}`), nil},
		"broken encoding": {reply(404, ``), reply(200, `{"encoding":"base64","content":"!"}`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc("POST /graphql", tt.graphQL)
			s.mux.HandleFunc("GET /repos/acme/infra/git/blobs/{id}", tt.blob)
			s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, tree(false, treeEntry("a", "100644", blobName("a"), 1)))
			_, err := snapshot(t.Context(), newTestApp(t, s), testRepo, headSHA, all)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTooMuchToLoad(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	var entries []string
	for i := range MaxLoadBytes/MaxFileBytes + 1 {
		entries = append(entries, treeEntry(strconv.Itoa(i), "100644", name(i), MaxFileBytes))
	}
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, tree(false, entries...))
	_, err := snapshot(t.Context(), newTestApp(t, s), testRepo, headSHA, all)
	if !errors.Is(err, ErrTooLarge) || len(s.requests()) != 1 {
		t.Errorf("%v after %v", err, s.requests())
	}
}

// memory is a cache that counts.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
	hits  int
}

func (m *memory) Blob(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.blobs[key]
	if ok {
		m.hits++
	}
	return content, ok, nil
}

func (m *memory) PutBlobs(_ context.Context, blobs map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.blobs, blobs)
	return nil
}

func TestCache(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	d := newDepot(s)
	s.mux.HandleFunc("POST /graphql", d.graphQL)
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, d.many(5))
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+baseSHA, d.many(7))
	cache := &memory{blobs: make(map[string][]byte)}
	app := newTestApp(t, s, func(o *Options) { o.Cache = cache })
	// The head first, then the base: only what is new in it is fetched.
	head, err := snapshot(t.Context(), app, testRepo, headSHA, all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Snapshots(t.Context(), testRepo, all, headSHA, baseSHA); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{5, 2}, d.batches); diff != "" || cache.hits != 5 {
		t.Errorf("batches, %d hits\n%s", cache.hits, diff)
	}
	if _, ok := cache.blobs["99/"+blobName("file 0")]; !ok {
		t.Errorf("keys are without their repository: %d", len(cache.blobs))
	}
	// Loading what is loaded asks nobody.
	before := len(s.requests())
	if again, err := app.Load(t.Context(), testRepo, head, []string{"f1.json", "no such file"}); err != nil || again.File("f1.json") == nil {
		t.Errorf("load: %v", err)
	}
	if len(s.requests()) != before {
		t.Errorf("requests %v", s.requests()[before:])
	}
}

func TestSnapshotsShareRequests(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	d := newDepot(s)
	s.mux.HandleFunc("POST /graphql", d.graphQL)
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, d.many(20))
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+baseSHA, d.many(18))
	snaps, err := newTestApp(t, s).Snapshots(t.Context(), testRepo, all, headSHA, baseSHA)
	if err != nil || len(snaps) != 2 || snaps[0].File("f19.json") == nil || snaps[1].File("f17.json") == nil || snaps[1].File("f19.json") != nil {
		t.Fatalf("snapshots %v, %v", snaps, err)
	}
	if len(s.requests()) != 3 {
		t.Errorf("requests %v", s.requests())
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	d := newDepot(s)
	s.mux.HandleFunc("POST /graphql", d.graphQL)
	s.mux.HandleFunc("GET /repos/acme/infra/git/trees/"+headSHA, d.many(5))
	app := newTestApp(t, s)
	snap, err := snapshot(t.Context(), app, testRepo, headSHA, func(e source.Entry) bool { return e.Path == "f0.json" })
	if err != nil {
		t.Fatal(err)
	}
	more, err := app.Load(t.Context(), testRepo, snap, []string{"f3.json", "gone.json"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]bool{"f0.json": {true, true}, "f3.json": {false, true}, "f4.json": {false, false}} {
		if got := [2]bool{snap.File(path) != nil, more.File(path) != nil}; got != want {
			t.Errorf("%s is loaded: %v", path, got)
		}
	}
}

func TestIsBlob(t *testing.T) {
	t.Parallel()
	// The names git itself gives: git hash-object, with either object format.
	for id, content := range map[string]string{
		"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391":                         "",
		"ce013625030ba8dba906f756967f9e9ca394464a":                         "hello\n",
		"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813": "",
	} {
		if !isBlob(id, []byte(content)) || isBlob(id, []byte(content+"x")) {
			t.Errorf("%s is not %q", id, content)
		}
	}
}

package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Bounds of one transaction that writes blobs: a delivery may be waiting for it.
const (
	blobsPerWrite = 128
	bytesPerWrite = 4 << 20
)

// blobUse is how exactly the last use of a blob is known. A write for every
// read would cost more than the cache saves.
const blobUse = 6 * time.Hour

// Blob is cached content, shared by nobody. The key must name the content, so
// that it never goes stale, and whoever may see it, such as repository id and
// git blob SHA. The second result is false if it is not in the cache.
func (s *Store) Blob(ctx context.Context, key string) ([]byte, bool, error) {
	var content []byte
	var used int64
	err := s.db.QueryRowContext(ctx, `select content, used_at from blob where sha = $1`, key).Scan(&content, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read blob %s: %w", key, err)
	}
	if now := s.now(); now-used > blobUse.Milliseconds() {
		if _, err := s.db.ExecContext(ctx, `update blob set used_at = $2 where sha = $1`, key, now); err != nil {
			return nil, false, fmt.Errorf("use blob %s: %w", key, err)
		}
	}
	if content == nil {
		content = []byte{} // an empty blob is there
	}
	return content, true, nil
}

// PutBlobs adds content by key; what is there already stays. If all blobs are
// larger than [Options.BlobBytes] together, those not used for longest go. A
// blob larger than an eighth of that is not cached.
func (s *Store) PutBlobs(ctx context.Context, blobs map[string][]byte) error {
	var chunk []string
	size := 0
	for _, key := range slices.Sorted(maps.Keys(blobs)) {
		n := len(blobs[key])
		if int64(n) > s.opts.BlobBytes/8 {
			continue
		}
		if len(chunk) > 0 && (len(chunk) == blobsPerWrite || size+n > bytesPerWrite) {
			if err := s.putBlobs(ctx, chunk, blobs); err != nil {
				return err
			}
			chunk, size = nil, 0
		}
		chunk, size = append(chunk, key), size+n
	}
	if len(chunk) == 0 {
		return nil
	}
	return s.putBlobs(ctx, chunk, blobs)
}

// putBlobs writes some blobs, sorted by key, and evicts.
func (s *Store) putBlobs(ctx context.Context, keys []string, blobs map[string][]byte) error {
	now := s.now()
	args := make([]any, 0, 4*len(keys))
	for _, key := range keys {
		content := blobs[key]
		if content == nil {
			content = []byte{} // nil would be null
		}
		args = append(args, key, len(content), now, content)
	}
	//nolint:gosec // G202: what is added are placeholders
	query := `insert into blob (sha, size, used_at, content) values ` + placeholders(len(keys), 4) + ` on conflict (sha) do nothing`
	_, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("write blobs: %w", err)
	}
	var total int64
	if err := s.db.QueryRowContext(ctx, `select cast(coalesce(sum(size), 0) as bigint) from blob`).Scan(&total); err != nil {
		return fmt.Errorf("size of blobs: %w", err)
	}
	if total <= s.opts.BlobBytes {
		return nil
	}
	// Down to nine tenths, so that not every write evicts.
	_, err = s.db.ExecContext(ctx, `delete from blob where sha in (select sha from
		(select sha, sum(size) over (order by used_at desc, sha) as running from blob) newest where running > $1)`,
		s.opts.BlobBytes/10*9)
	if err != nil {
		return fmt.Errorf("evict blobs: %w", err)
	}
	return nil
}

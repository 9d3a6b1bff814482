package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver named sqlite
)

// sqlitePragmas: WAL lets readers and the writer work side by side and FULL
// survives a power cut, which NORMAL in WAL mode does not promise
// (https://www.sqlite.org/pragma.html#pragma_synchronous). Transactions begin
// immediate, because one that begins as a reader cannot wait to become a writer.
const sqlitePragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=journal_size_limit(67108864)&_txlock=immediate"

// sqlite is a backend on one file.
type sqlite struct{ db *sql.DB }

func (b sqlite) driver() riverdriver.Driver[*sql.Tx]        { return riversqlite.New(b.db) }
func (b sqlite) begin(ctx context.Context) (*sql.Tx, error) { return b.db.BeginTx(ctx, nil) }
func (b sqlite) use(tx *sql.Tx) statements                  { return sqlStatements{tx} }

// ErrInUse is the error of [Open] for a file that another process has open.
var ErrInUse = errors.New("another process is using it; several need PostgreSQL with postgres://")

// errNetworkDisk is returned for a file on a disk that is not local.
var errNetworkDisk = errors.New("the file is on a network file system, where SQLite cannot lock reliably;" +
	" use a local disk, or PostgreSQL with postgres://")

// openSQLite locks the file, opens it, and takes back what ran in the process
// that had it before.
func (s *Store) openSQLite(ctx context.Context, path string) (err error) {
	path, err = sqlitePath(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if remote, err := onNetwork(filepath.Dir(path)); err != nil {
		return fmt.Errorf("kind of file system: %w", err)
	} else if remote {
		return errNetworkDisk
	}
	s.unlock, err = lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.unlock())
		}
	}()
	// SQLite would make the file readable for all, and WAL files like it.
	if err := createPrivate(path); err != nil {
		return err
	}
	s.db, err = sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return err
	}
	// With more connections writers wait for each other in SQLite's busy loop,
	// which is unfair: throughput halves and some wait for seconds.
	s.db.SetMaxOpenConns(1)
	s.closeDB = s.db.Close
	if err := s.prepareSQLite(ctx); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

func (s *Store) prepareSQLite(ctx context.Context) error {
	s.dialect = sqliteDialect()
	b := sqlite{s.db}
	if err := migrate(ctx, s, b); err != nil {
		return err
	}
	if err := s.takeBack(ctx); err != nil {
		return err
	}
	// Whoever led is gone; River would wait for the end of the term.
	if _, err := s.db.ExecContext(ctx, `delete from river_leader`); err != nil {
		return fmt.Errorf("forget the leader: %w", err)
	}
	e, err := newEngine(s, b)
	s.engine = e
	return err
}

// sqlitePath is the absolute path of what follows sqlite: in the URL.
func sqlitePath(rest string) (string, error) {
	rest = strings.TrimPrefix(rest, "//")
	if rest == "" || strings.HasPrefix(rest, ":memory:") {
		return "", errors.New("no path of a file; want sqlite:PATH")
	}
	if strings.ContainsRune(rest, 0) {
		return "", errors.New("the path contains a zero byte")
	}
	return filepath.Abs(rest)
}

// sqliteDSN escapes the path: SQLite reads it as a URI, where ? and # and % end
// or change it.
func sqliteDSN(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + sqlitePragmas
}

func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

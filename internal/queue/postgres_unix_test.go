//go:build unix

package queue

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL server of its own for a test.
type server struct {
	dir       string
	databases atomic.Int64
}

func (s *server) url(database string) string {
	return "postgres://bot@/" + database + "?" + url.Values{"host": {s.dir}}.Encode()
}

// database makes an empty database.
func (s *server) database(t testing.TB) string {
	t.Helper()
	name := "d" + strconv.FormatInt(s.databases.Add(1), 10)
	conn, err := pgx.Connect(t.Context(), s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "create database "+name)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}

// startPostgres starts a server that ends with the test. It skips the test if
// there is none on this machine.
func startPostgres(t testing.TB) *server {
	t.Helper()
	initdb, postgres := postgresPrograms()
	if postgres == "" {
		t.Skip("initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin: not tested on PostgreSQL")
	}
	attr := &syscall.SysProcAttr{}
	s := &server{dir: filepath.Join(t.TempDir(), "s")} // short, because a socket's path is at most 107 bytes
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // the server refuses to run as root
		uid, gid := unprivileged(t)
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
		if err := os.Chown(s.dir, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(filepath.Dir(s.dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		c := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
		c.SysProcAttr, c.Dir = attr, s.dir
		return c
	}
	data := filepath.Join(s.dir, "d")
	if out, err := run(initdb, "-D", data, "-U", "bot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c := run(postgres, "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=900")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := c.Process.Signal(syscall.SIGQUIT) // immediate shutdown
		_ = c.Wait()
		if err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	awaitReady(t, stderr)
	return s
}

func awaitReady(t testing.TB, log io.Reader) {
	t.Helper()
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready to accept connections") {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("PostgreSQL did not start:\n%s", strings.Join(said, "\n"))
}

func postgresPrograms() (initdb, postgres string) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", ""
	}
	slices.Reverse(dirs)
	find := func(name string) string {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
		for _, d := range dirs {
			if p, err := exec.LookPath(filepath.Join(d, name)); err == nil {
				return p
			}
		}
		return ""
	}
	if initdb, postgres = find("initdb"), find("postgres"); initdb == "" {
		return "", ""
	}
	return initdb, postgres
}

func unprivileged(t testing.TB) (uid, gid uint32) {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, err1 := strconv.ParseUint(u.Uid, 10, 32)
		group, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return uint32(id), uint32(group)
		}
	}
	t.Skip("no unprivileged user for PostgreSQL, which does not run as root: not tested on PostgreSQL")
	return 0, 0
}

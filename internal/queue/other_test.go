//go:build !unix

package queue

import "testing"

type kill struct{}

func kills() []kill       { return nil }
func (kill) name() string { return "" }

func testKill(t *testing.T, _ string, _ kill)  { t.Helper(); t.Skip("needs kill -9") }
func testKiller(t *testing.T, _ string)        { t.Helper(); t.Skip("needs kill -9") }
func testKillerForGood(t *testing.T, _ string) { t.Helper(); t.Skip("needs kill -9") }

type server struct{}

func (*server) database(testing.TB) string { return "" }

func startPostgres(t testing.TB) *server {
	t.Helper()
	t.Skip("the throw-away server needs Unix: not tested on PostgreSQL")
	return nil
}

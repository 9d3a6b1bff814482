package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/queue"
)

// sender brings a body in pieces, as a test tells it to.
type sender struct {
	*body
	pieces  chan string
	stopped chan struct{}
	rest    string
	ended   chan error // what reading came to
}

func (s *sender) Read(p []byte) (int, error) {
	if s.rest == "" {
		select {
		case <-s.stopped:
			return 0, os.ErrDeadlineExceeded
		case piece, more := <-s.pieces:
			if !more {
				return 0, io.EOF
			}
			s.rest = piece
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// send begins a body and waits until it cannot go on by itself.
func send(all *bodies, pieces ...string) *sender {
	s := &sender{pieces: make(chan string), stopped: make(chan struct{}), ended: make(chan error, 1)}
	s.body = &body{stop: func() { close(s.stopped) }}
	go func() {
		err := all.fill(s.body, s)
		if !all.finish(s.body) {
			err = errSlow
		}
		s.ended <- err
	}()
	for _, p := range pieces {
		s.pieces <- p
	}
	synctest.Wait()
	return s
}

// outcome is how reading ended, "" while it has not.
func (s *sender) outcome() string {
	select {
	case err := <-s.ended:
		s.ended <- err
		return fmt.Sprint(err)
	default:
		return ""
	}
}

func outcomes(senders ...*sender) []string {
	synctest.Wait()
	out := make([]string, len(senders))
	for i, s := range senders {
		out[i] = s.outcome()
	}
	return out
}

const read, gaveWay = "<nil>", "the body gave way to others"

// Where there is no room for one more, the body that has brought nothing for
// the longest time gives way, and not the oldest.
func TestSlowBodyGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newBodies(3, maxHeld)
		a, b, c := send(all), send(all), send(all)
		a.pieces <- "a"
		synctest.Wait()
		d := send(all, "d")
		close(d.pieces)
		if diff := cmp.Diff([]string{"", gaveWay, "", read}, outcomes(a, b, c, d)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		all.leave(b.body)
		all.leave(d.body)
		close(a.pieces)
		close(c.pieces)
		if diff := cmp.Diff([]string{read, read}, outcomes(a, c)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		all.leave(a.body)
		all.leave(c.body)
		if all.inHand != 0 || all.held != 0 || all.slow.Len() != 0 {
			t.Errorf("left over: %d bodies with %d bytes, %d being read", all.inHand, all.held, all.slow.Len())
		}
	})
}

// A body that has brought much and then stops holds up nobody.
func TestLargeBodyGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newBodies(maxReading, 4*firstRead)
		large := send(all, strings.Repeat("x", 3*firstRead))
		if all.held != 4*firstRead {
			t.Fatalf("%d bytes are held", all.held)
		}
		small := send(all, "x")
		close(small.pieces)
		if diff := cmp.Diff([]string{gaveWay, read}, outcomes(large, small)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What is read is worth more than what is still to come: nobody throws it out.
func TestReadBodyIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newBodies(1, maxHeld)
		first := send(all, "x")
		close(first.pieces)
		synctest.Wait()
		second := send(all)
		close(second.pieces)
		if diff := cmp.Diff([]string{read, ""}, outcomes(first, second)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		all.leave(first.body)
		if diff := cmp.Diff([]string{read, read}, outcomes(first, second)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		all.leave(second.body)
	})
}

// A body has all its bytes in their order, however they arrive, or is too large.
func TestBodyIsWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 1 << 20, maxBody, maxBody + 1, maxBody + firstRead} {
		all, sent := newBodies(maxReading, maxHeld), bytes.Repeat([]byte("0123456789a"), size/11+1)[:size]
		b := &body{}
		err := all.fill(b, bytes.NewReader(sent))
		if size > maxBody {
			if !errors.Is(err, errTooLarge) {
				t.Errorf("%d bytes: %v", size, err)
			}
			continue
		}
		if err != nil || !bytes.Equal(b.content, sent) {
			t.Errorf("of %d bytes there are %d: %v", size, len(b.content), err)
		}
	}
}

// Senders that do not finish, signed or not, cannot keep GitHub out.
func TestDeskIsNotHeldBySlowSenders(t *testing.T) {
	t.Parallel()
	const places = 4
	desk := slowDesk(t, places, &intake{})
	var first *bufio.Reader
	for range places {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", desk.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		// The server asks to go on when it begins to read.
		fmt.Fprint(conn, "POST /webhook HTTP/1.1\r\nHost: desk\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
		answers := bufio.NewReader(conn)
		if line, err := answers.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("answer %q, %v", line, err)
		}
		fmt.Fprint(conn, "{")
		if first == nil {
			first = answers
		}
	}
	if status := posted(t, desk); status != http.StatusAccepted {
		t.Errorf("a delivery was answered with %d", status)
	}
	_, _ = first.ReadString('\n') // the empty line after 100 Continue
	if line, err := first.ReadString('\n'); err != nil || line != "HTTP/1.1 503 Service Unavailable\r\n" {
		t.Errorf("who gave way was answered with %q, %v", line, err)
	}
}

// entered tells of each delivery and waits for release.
type entered struct{ began, release chan struct{} }

func (e entered) Enqueue(context.Context, queue.Delivery) (bool, error) {
	e.began <- struct{}{}
	<-e.release
	return false, nil
}

// While a delivery waits for its commit, the next one is read.
func TestDeskReadsDuringACommit(t *testing.T) {
	t.Parallel()
	in := entered{make(chan struct{}), make(chan struct{})}
	desk := slowDesk(t, 1, in)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if status := posted(t, desk); status != http.StatusAccepted {
				t.Errorf("a delivery was answered with %d", status)
			}
		})
	}
	for range 3 {
		<-in.began
	}
	close(in.release)
	group.Wait()
}

// slowDesk is a desk behind a listener, with room for so many bodies.
func slowDesk(t *testing.T, places int, in Intake) *httptest.Server {
	t.Helper()
	s, err := New(Options{Secrets: [][]byte{[]byte(secret)}, AppID: appID, Intake: in, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.bodies = newBodies(places, maxHeld)
	desk := httptest.NewServer(s.Public())
	t.Cleanup(desk.Close)
	return desk
}

// posted posts a signed delivery to a desk and gives the status.
func posted(t *testing.T, desk *httptest.Server) int {
	t.Helper()
	r := delivered(t, "pull_request", opened)
	out, err := http.NewRequestWithContext(t.Context(), http.MethodPost, desk.URL+"/webhook", strings.NewReader(opened))
	if err != nil {
		t.Error(err)
		return 0
	}
	out.Header = r.Header
	resp, err := desk.Client().Do(out)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

package server

import (
	"container/list"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// maxBody is the largest webhook that GitHub sends.
	// https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
	maxBody = 25 << 20
	// maxReading and maxHeld are how many bodies, and how many bytes of them,
	// are in hand at a time.
	maxReading = 1024
	maxHeld    = 256 << 20
	// firstRead is the room that a body gets to begin with.
	firstRead = 16 << 10
)

var (
	errTooLarge = errors.New("the body is larger than 25 MiB")
	errSlow     = errors.New("the body gave way to others")
)

// bodies are the webhooks in hand. Who sends them is known only once they are
// read, so nobody is kept waiting for a sender that is slow: where there is no
// room, the body that has brought nothing for the longest time gives way. A
// delivery of GitHub's that had to is asked for again, like any that failed.
type bodies struct {
	number, bytes int // what there is room for

	mu     sync.Mutex
	left   sync.Cond
	inHand int
	held   int       // bytes
	slow   list.List // of *body: those that are being read, the slowest first
}

// body is one of them.
type body struct {
	content  []byte
	size     int           // bytes that are held for it
	place    *list.Element // nil before and after it is read
	givesWay bool
	stop     func() // ends a read that is under way
}

func newBodies(number, bytes int) *bodies {
	all := &bodies{number: number, bytes: bytes}
	all.left.L = &all.mu
	return all
}

// read reads the body of a request. Whatever comes of it, done is to be called
// once the content is not needed any more.
func (all *bodies) read(w http.ResponseWriter, r *http.Request) (content []byte, done func(), err error) {
	if r.ContentLength > maxBody {
		return nil, func() {}, errTooLarge
	}
	b := &body{stop: func() {
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // every connection has one
	}}
	err = all.fill(b, r.Body)
	if !all.finish(b) {
		err = errSlow
	}
	return b.content, func() { all.leave(b) }, err
}

func (all *bodies) fill(b *body, from io.Reader) error {
	for {
		if len(b.content) == cap(b.content) {
			size := max(firstRead, min(2*len(b.content), maxBody+1))
			if !all.room(b, size) {
				return errSlow
			}
			b.content = append(make([]byte, 0, size), b.content...)
		}
		n, err := from.Read(b.content[len(b.content):cap(b.content)])
		b.content = b.content[:len(b.content)+n]
		switch {
		case len(b.content) > maxBody:
			return errTooLarge
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n > 0:
			all.moved(b)
		}
	}
}

// room holds so many bytes for a body, and is false if it has to give way
// itself.
func (all *bodies) room(b *body, size int) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	full := func() bool {
		return b.place == nil && all.inHand >= all.number || all.held-b.size+size > all.bytes
	}
	for !b.givesWay && full() {
		slowest := all.slow.Front()
		if slowest != nil && slowest == b.place {
			slowest = slowest.Next()
		}
		if slowest == nil { // the rest is read, and soon done with
			all.left.Wait()
			continue
		}
		all.evict(slowest)
	}
	if b.givesWay {
		return false
	}
	if b.place == nil {
		b.place = all.slow.PushBack(b)
		all.inHand++
	}
	all.held += size - b.size
	b.size = size
	return true
}

func (all *bodies) evict(place *list.Element) {
	b := all.slow.Remove(place).(*body) //nolint:errcheck // nothing else is in the list
	b.givesWay = true
	all.inHand--
	all.held -= b.size
	b.stop()
	all.left.Broadcast() // it may be waiting itself
}

// moved puts a body that brings something behind the others.
func (all *bodies) moved(b *body) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !b.givesWay {
		all.slow.MoveToBack(b.place)
	}
}

// finish takes a body from those that can be made to give way, and is false if
// it was already.
func (all *bodies) finish(b *body) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !b.givesWay {
		all.slow.Remove(b.place)
	}
	return !b.givesWay
}

func (all *bodies) leave(b *body) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !b.givesWay {
		all.inHand--
		all.held -= b.size
	}
	all.left.Broadcast()
}

package main

import (
	"fmt"
	"time"
)

// progress says on the terminal what is going on once it takes over a second,
// and takes the line back when it is done.
func progress(env environment, what string) (done func()) {
	if !env.errTerminal {
		return func() {}
	}
	shown := make(chan bool, 1)
	stop := make(chan struct{})
	go func() {
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case <-timer.C:
			_, _ = fmt.Fprint(env.stderr, what+" …") //nolint:errcheck // it is only a hint
			shown <- true
		case <-stop:
			shown <- false
		}
	}()
	return func() {
		close(stop)
		if <-shown {
			_, _ = fmt.Fprint(env.stderr, "\r\x1b[K") //nolint:errcheck // it is only a hint
		}
	}
}

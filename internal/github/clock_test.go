package github

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestSystemClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clock, start := systemClock{}, time.Now()
		if err := clock.Sleep(t.Context(), time.Minute); err != nil || clock.Now().Sub(start) != time.Minute {
			t.Errorf("%v after %s", err, clock.Now().Sub(start))
		}
		why := errors.New("superseded")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if err := clock.Sleep(ctx, time.Hour); !errors.Is(err, why) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

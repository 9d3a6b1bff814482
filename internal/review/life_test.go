package review

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// outcome is what became of the runs.
func (h *hub) outcome() string {
	var out []string
	for _, r := range h.runs {
		state := "in progress"
		if r.Completed {
			state = r.Conclusion + " (" + r.Title + ")"
		}
		out = append(out, state)
	}
	return strings.Join(out, ", ")
}

const verdict = "failure (1 of 1 API not onboarded)"

// TestCompletedOnEveryPath: whatever fails, on the last attempt the run is
// completed, and before it stays for the next one.
func TestCompletedOnEveryPath(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"changes", "snapshots"} {
		for _, tt := range []struct {
			name      string
			err       error
			last      bool
			want      string
			completed bool
		}{
			{"an attempt", broken{}, false, "", false},
			{"the last attempt", broken{}, true, "failure (" + titleUndone + ")", true},
			{"for good", broken{permanent: true}, false, "failure (" + titleUndone + ")", true},
		} {
			t.Run(what+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				r, h, req := newReviewer(t)
				h.fail[what], req.Last = tt.err, tt.last
				if err := r.Review(t.Context(), req); !errors.Is(err, tt.err) {
					t.Errorf("error %v", err)
				}
				want := tt.want
				if !tt.completed && what == "snapshots" {
					want = "in progress"
				}
				if got := h.outcome(); got != want {
					t.Errorf("%q, want %q", got, want)
				}
				if tt.completed && !strings.Contains(h.runs[0].Summary, "It is broken.") {
					t.Errorf("the run does not say why: %q", h.runs[0].Summary)
				}
				delete(h.fail, what)
				if err := r.Review(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				if got := h.outcome(); !strings.HasSuffix(got, verdict) || strings.Contains(got, "in progress") {
					t.Errorf("afterwards %q", got)
				}
			})
		}
	}
}

// TestPanicOnTheLastAttempt: it goes on to the worker, and nobody is left
// waiting.
func TestPanicOnTheLastAttempt(t *testing.T) {
	t.Parallel()
	for _, last := range []bool{false, true} {
		r, h, req := newReviewer(t)
		h.panics, req.Last = "snapshots", last
		caught := func() (v any) {
			defer func() { v = recover() }()
			return r.Review(t.Context(), req)
		}()
		if caught != "a bug" {
			t.Errorf("caught %v", caught)
		}
		if want := map[bool]string{false: "in progress", true: "failure (" + titleUndone + ")"}[last]; h.outcome() != want {
			t.Errorf("%q, want %q", h.outcome(), want)
		}
	}
}

// TestExhausted: what has ended the process each time is not tried again.
func TestExhausted(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	h.panics, req.Exhausted, req.Last = "changes", true, true
	if _, err := h.Start(t.Context(), req.Repo, runOf(h.pull)); err != nil {
		t.Fatal(err)
	}
	if err := r.Review(t.Context(), req); !errors.Is(err, errExhausted) {
		t.Errorf("error %v", err)
	}
	if got := h.outcome(); got != "failure ("+titleUndone+")" {
		t.Error(got)
	}
}

// TestTimeIsUp: on the last attempt the run is completed although the time for
// the job is over; a job that is handed back is left as it is.
func TestTimeIsUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want string
	}{
		"timeout": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, time.Unix(0, 0))
		}, "failure (" + titleUndone + ")"},
		"stop": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, h, req := newReviewer(t)
			req.Last, req.Fresh, req.Hint = true, true, h.pull
			ctx, cancel := tt.end(t.Context())
			defer cancel()
			if err := r.Review(ctx, req); !errors.Is(err, ctx.Err()) {
				t.Errorf("error %v", err)
			}
			if got := h.outcome(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestOvertaken: a run is cancelled if the newer event is about something else,
// and left to it otherwise.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	cancelled := "cancelled (" + titleSuperseded + ")"
	for name, tt := range map[string]struct {
		meanwhile func(*hub)
		want      string
	}{
		"a push":          {func(h *hub) { h.pull.Head = "newer" }, cancelled},
		"another base":    {func(h *hub) { h.pull.BaseBranch = "next" }, cancelled},
		"closed":          {func(h *hub) { h.pull.Open = false }, cancelled},
		"cannot be known": {func(h *hub) { h.fail["pull"] = broken{} }, cancelled},
		"the same":        {func(*hub) {}, "in progress"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, h, req := newReviewer(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			h.complete = func(run Run) error {
				if run.Conclusion == concludedCancelled {
					return nil
				}
				tt.meanwhile(h)
				cancel(errAgain)
				return ctx.Err()
			}
			if err := r.Review(ctx, req); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if got := h.outcome(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if tt.want == cancelled && len(h.runs[0].Annotations) > 0 {
				t.Error("the cancelled run has annotations")
			}
		})
	}
}

// TestCompletionFails: it decides whether there is another attempt, not the
// failure that it was to report.
func TestCompletionFails(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	h.fail["snapshots"], h.fail["complete"] = broken{permanent: true}, broken{}
	if err := r.Review(t.Context(), req); err == nil || isPermanent(err) {
		t.Errorf("error %v", err)
	}
	delete(h.fail, "complete")
	if err := r.Review(t.Context(), req); !isPermanent(err) {
		t.Errorf("error %v", err)
	}
	if got := h.outcome(); got != "failure ("+titleUndone+")" {
		t.Error(got)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	review := func(again bool, delivery string) {
		t.Helper()
		req.Again, req.Delivery = again, delivery
		if err := r.Review(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		again    bool
		delivery string
		runs     int
	}{{false, "a", 1}, {false, "b", 1}, {true, "c", 2}, {true, "c", 2}, {false, "d", 2}, {true, "e", 3}} {
		if review(step.again, step.delivery); len(h.runs) != step.runs {
			t.Errorf("after %+v: %s", step, h.outcome())
		}
	}
	h.runs[2].Completed = false // a crash, and then somebody asks again
	if review(true, "f"); len(h.runs) != 3 || !h.runs[2].Completed {
		t.Error(h.outcome())
	}
	if review(true, "f"); len(h.runs) != 3 {
		t.Error(h.outcome())
	}
}

// TestUnreadable: the pull request cannot be read, and its event told the head.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	h.fail["pull"] = broken{permanent: true}
	if err := r.Review(t.Context(), req); !isPermanent(err) || len(h.runs) != 0 {
		t.Errorf("without a head: %v, %s", err, h.outcome())
	}
	req.Hint = h.pull
	if err := r.Review(t.Context(), req); !isPermanent(err) || h.outcome() != "failure ("+titleUndone+")" {
		t.Errorf("%v, %s", err, h.outcome())
	}
}

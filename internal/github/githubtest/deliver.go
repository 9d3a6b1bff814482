package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
)

// Deliver posts the webhooks that wait, those that come up meanwhile
// included, and gives back how many attempts were made. Only one call
// delivers at a time; another one returns 0 at once.
func (s *Server) Deliver(ctx context.Context) int {
	s.mu.Lock()
	if s.hooks.delivering {
		s.mu.Unlock()
		return 0
	}
	s.hooks.delivering = true
	defer func() {
		s.hooks.delivering = false
		s.mu.Unlock()
	}()
	attempts := 0
	for ctx.Err() == nil {
		d := s.nextDelivery()
		if d == nil {
			break
		}
		for n := range d.copies() {
			if attempts++; n > 0 {
				d.ID = s.nextID()
			}
			target := s.target(d)
			s.mu.Unlock()
			status := s.post(ctx, target)
			s.mu.Lock()
			s.record(d, status)
		}
	}
	return attempts
}

func (s *Server) deliverIfSynchronous(ctx context.Context) {
	if s.options.Synchronous {
		s.Deliver(ctx)
	}
}

// nextDelivery takes the next one off the queue, and the one that was held
// back for it after that.
func (s *Server) nextDelivery() *delivery {
	h := &s.hooks
	for len(h.queue) > 0 {
		d := h.queue[0]
		h.queue = h.queue[1:]
		if d.fault == Reorder {
			d.fault = 0
			h.held = append(h.held, d)
			continue
		}
		var held []*delivery
		for _, other := range h.held {
			if other.app == d.app {
				h.queue = append([]*delivery{other}, h.queue...)
			} else {
				held = append(held, other)
			}
		}
		h.held = held
		return d
	}
	return nil
}

func (d *delivery) copies() int {
	if d.fault == Duplicate {
		return 2
	}
	return 1
}

// target is all that posting a delivery needs.
type target struct {
	url     string
	header  http.Header
	body    []byte
	dropped bool
}

func (s *Server) target(d *delivery) target {
	secret := d.app.WebhookSecret
	switch d.fault {
	case WrongSignature:
		secret += "?"
	case Unsigned:
		secret = ""
	case Early:
		s.hidden[d.early] = earlyRequests
	default: // the others are no matter of what is sent
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "GitHub-Hookshot/0000000")
	header.Set("X-GitHub-Event", d.Event)
	header.Set("X-GitHub-Delivery", d.GUID)
	header.Set("X-GitHub-Hook-ID", strconv.FormatInt(d.AppID, 10))
	header.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(d.AppID, 10))
	header.Set("X-GitHub-Hook-Installation-Target-Type", "integration")
	if secret != "" {
		header.Set("X-Hub-Signature-256", Sign(secret, d.Body))
	}
	return target{url: d.app.WebhookURL, header: header, body: d.Body, dropped: d.fault == Drop || d.app.WebhookURL == ""}
}

// Sign is the value of X-Hub-Signature-256 for a body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// post delivers and gives back the receiver's status, 0 if there was none.
func (s *Server) post(ctx context.Context, t target) int {
	if t.dropped {
		return 0
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(t.body))
	if err != nil {
		s.complain(err)
		return 0
	}
	request.Header = t.header
	response, err := s.options.WebhookClient.Do(request)
	if err != nil {
		s.complain(err)
		return 0
	}
	defer response.Body.Close() //nolint:errcheck // read to its end, or not wanted
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)); err != nil {
		s.complain(err)
	}
	return response.StatusCode
}

func (s *Server) complain(err error) {
	if s.options.Logger != nil {
		s.options.Logger.Warn("webhook not delivered", errAttr(err))
	}
}

func (s *Server) record(d *delivery, status int) {
	attempt := *d
	attempt.StatusCode, attempt.Time = status, s.now()
	s.hooks.done = append(s.hooks.done, &attempt)
}

package server

import (
	"errors"
	"log/slog"
	"mime"
	"net/http"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

// maxGUID is more than a delivery's identifier ever has.
const maxGUID = 128

// webhook takes one delivery in. What is not for us is answered like the rest
// and dropped.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	deliveries, status, text := s.receive(w, r)
	if status != http.StatusAccepted {
		answer(w, status, text)
		return
	}
	for _, d := range deliveries {
		log := s.options.Logger.With(slog.String("delivery", d.GUID), slog.String("repository", name(d)), slog.Int("pull_request", d.Number))
		duplicate, err := s.options.Intake.Enqueue(r.Context(), d)
		if err != nil {
			log.ErrorContext(r.Context(), "delivery not stored", slog.Any("error", err))
			w.Header().Set("Retry-After", "30")
			answer(w, http.StatusServiceUnavailable, "the delivery could not be stored; send it again")
			return
		}
		log.InfoContext(r.Context(), "delivery stored", slog.String("event", d.Event), slog.String("action", d.Action), slog.Bool("duplicate", duplicate))
	}
	answer(w, http.StatusAccepted, "accepted")
}

// receive reads and verifies a body. It is let go of here, before anything is
// waited for.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (deliveries []queue.Delivery, status int, text string) {
	content, done, err := s.bodies.read(w, r)
	defer done()
	switch {
	case errors.Is(err, errTooLarge):
		w.Header().Set("Connection", "close") // instead of reading the rest
		return nil, http.StatusRequestEntityTooLarge, err.Error()
	case errors.Is(err, errSlow):
		return nil, http.StatusServiceUnavailable, err.Error()
	case err != nil:
		return nil, http.StatusBadRequest, "the body could not be read"
	case !github.Verify(content, r.Header.Get(github.SignatureHeader), s.options.Secrets):
		return nil, http.StatusUnauthorized, "the signature X-Hub-Signature-256 is missing or wrong"
	}
	return s.read(r, content)
}

// read turns a verified body into deliveries.
func (s *Server) read(r *http.Request, body []byte) (deliveries []queue.Delivery, status int, text string) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return nil, http.StatusBadRequest, "set the webhook's content type to application/json"
	}
	guid, name := r.Header.Get("X-GitHub-Delivery"), r.Header.Get("X-GitHub-Event")
	if guid == "" || len(guid) > maxGUID || name == "" || len(name) > maxGUID {
		return nil, http.StatusBadRequest, "the headers X-GitHub-Delivery and X-GitHub-Event are needed"
	}
	event, err := github.ParseEvent(name, body)
	if err != nil {
		return nil, http.StatusBadRequest, "the body is not a GitHub event"
	}
	return s.route(guid, event), http.StatusAccepted, ""
}

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

const (
	// maxBody is the largest webhook that GitHub sends.
	// https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
	maxBody = 25 << 20
	// maxReading is how many bodies are read at a time: whoever they come from
	// is known only afterwards.
	maxReading = 32
	// maxGUID is more than a delivery's identifier ever has.
	maxGUID = 128
)

// Kinds of work that a delivery asks for.
const (
	KindReview = "review"
	KindFix    = "fix"
)

// Payload is what a job carries besides the identifiers of its delivery.
type Payload struct {
	Head string `json:"head,omitempty"`
	// Fresh says that the head is new with this event.
	Fresh bool `json:"fresh,omitempty"`
	// Again asks for a new check run.
	Again  bool   `json:"again,omitempty"`
	Sender string `json:"sender,omitempty"`
}

// webhook takes one delivery in. What is not for us is answered like the rest
// and dropped.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-r.Context().Done():
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		answer(w, http.StatusRequestEntityTooLarge, "the body is larger than 25 MiB")
		return
	case err != nil:
		answer(w, http.StatusBadRequest, "the body could not be read")
		return
	case !github.Verify(body, r.Header.Get("X-Hub-Signature-256"), s.options.Secrets):
		answer(w, http.StatusUnauthorized, "the signature X-Hub-Signature-256 is missing or wrong")
		return
	}
	deliveries, status, text := s.read(r, body)
	if status != http.StatusAccepted {
		answer(w, status, text)
		return
	}
	for _, d := range deliveries {
		log := s.options.Logger.With(slog.String("delivery", d.GUID), slog.String("repository", d.Owner+"/"+d.Name), slog.Int("pull_request", d.Number))
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

// route decides what an event asks for; nothing for events that are not for us.
func (s *Server) route(guid string, e github.Event) []queue.Delivery {
	if e.Installation == 0 || e.Repository.ID == 0 || e.Repository.Owner == "" || e.Repository.Name == "" {
		return nil
	}
	switch e.Name {
	case "pull_request":
		return s.pullRequest(guid, e)
	case "check_run":
		if e.AppID != s.options.AppID {
			return nil
		}
		return s.checkRun(guid, e)
	case "check_suite":
		if e.AppID != s.options.AppID || e.Action != "rerequested" {
			return nil
		}
		var out []queue.Delivery
		for i, n := range e.Pulls {
			id := guid
			if i > 0 {
				id = fmt.Sprintf("%s/%d", guid, i)
			}
			out = append(out, delivery(id, e, n, KindReview, reviewKey(e, n), Payload{Head: e.HeadSHA, Again: true}))
		}
		return out
	}
	return nil
}

func (s *Server) pullRequest(guid string, e github.Event) []queue.Delivery {
	p := Payload{Head: e.HeadSHA}
	switch e.Action {
	case "opened", "synchronize":
		p.Fresh = true
	case "reopened", "ready_for_review":
	case "edited":
		if !e.BaseChanged {
			return nil
		}
	default:
		return nil
	}
	if e.Number <= 0 {
		return nil
	}
	return []queue.Delivery{delivery(guid, e, e.Number, KindReview, reviewKey(e, e.Number), p)}
}

func (s *Server) checkRun(guid string, e github.Event) []queue.Delivery {
	number, ok := review.NumberOf(e.ExternalID)
	if !ok {
		return nil
	}
	p := Payload{Head: e.HeadSHA, Sender: e.Sender.Login}
	switch {
	case e.Action == "rerequested":
		p.Again = true
		return []queue.Delivery{delivery(guid, e, number, KindReview, reviewKey(e, number), p)}
	case e.Action == "requested_action" && e.RequestedAction == review.ActionOnboard:
		d := delivery(guid, e, number, KindFix, "fix/"+guid, p)
		d.Priority = 1 // somebody is waiting
		return []queue.Delivery{d}
	}
	return nil
}

// reviewKey is what reviews of one pull request are coalesced by.
func reviewKey(e github.Event, number int) string {
	return "review/" + strconv.FormatInt(e.Repository.ID, 10) + "/" + strconv.Itoa(number)
}

func delivery(guid string, e github.Event, number int, kind, key string, p Payload) queue.Delivery {
	payload, err := json.Marshal(p)
	if err != nil { // a struct of strings and booleans always encodes
		payload = nil
	}
	return queue.Delivery{
		GUID: guid, Event: e.Name, Action: e.Action, Installation: e.Installation, Repository: e.Repository.ID,
		Owner: e.Repository.Owner, Name: e.Repository.Name, Kind: kind, Number: number, Key: key, Payload: payload,
	}
}

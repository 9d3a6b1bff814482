package githubtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// webhookTimeout is how long GitHub waits for the answer to a webhook.
const webhookTimeout = 10 * time.Second

// WebhookFault is something that goes wrong with a delivery.
type WebhookFault int

// The faults of [Server.FaultNext].
const (
	// Drop loses the delivery: it is in the log as failed and can be asked
	// for again, but nobody received it.
	Drop WebhookFault = iota + 1
	// Duplicate delivers it twice, with the same identifier.
	Duplicate
	// Reorder delivers it after the next one to the same App.
	Reorder
	// Early delivers it before its commit can be seen: the next three
	// requests for it find nothing.
	Early
	// WrongSignature signs it with another secret.
	WrongSignature
	// Unsigned does not sign it.
	Unsigned
)

// earlyRequests is how many requests do not see the commit of an early
// delivery.
const earlyRequests = 3

// Delivery is one attempt to deliver a webhook.
type Delivery struct {
	// ID numbers the attempt; GUID names the event and stays the same when it
	// is delivered again.
	ID   int64
	GUID string
	// Event and Action say what happened.
	Event, Action string
	// AppID, InstallationID and RepositoryID say to whom it was told about
	// what; 0 where there is none.
	AppID, InstallationID, RepositoryID int64
	// Body is the payload.
	Body []byte
	// Redelivery says that it was asked for again.
	Redelivery bool
	// StatusCode is the receiver's; 0 means that there was no answer.
	StatusCode int
	// Time is when it was delivered, by the server's clock.
	Time time.Time
}

type delivery struct {
	Delivery
	app   *app
	fault WebhookFault
	early string
}

type hookFault struct {
	event string
	kind  WebhookFault
	left  int
}

// hooks is what the server has to deliver, and has delivered.
type hooks struct {
	queue, held []*delivery
	done        []*delivery
	faults      []*hookFault
	delivering  bool
}

// FaultNext makes the next n deliveries of an event go wrong. The event is a
// name ("push"), a name with an action ("pull_request.opened"), or "*".
func (s *Server) FaultNext(event string, kind WebhookFault, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.faults = append(s.hooks.faults, &hookFault{event: event, kind: kind, left: n})
}

func (s *Server) takeHookFault(d *delivery) WebhookFault {
	for _, f := range s.hooks.faults {
		if f.left > 0 && (f.event == "*" || f.event == d.Event || f.event == d.Event+"."+d.Action) {
			f.left--
			return f.kind
		}
	}
	return 0
}

// change does something to the world and delivers what comes of it, if
// deliveries do not wait.
func (s *Server) change(do func()) {
	s.changing(do)
	s.deliverIfSynchronous(context.Background())
}

// changing does something to the world.
func (s *Server) changing(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// enqueue makes a delivery of an event.
func (s *Server) enqueue(a *app, in *installation, e event) {
	if e.action != "" {
		e.body["action"] = e.action
	}
	d := &delivery{app: a, early: e.early, Delivery: Delivery{ID: s.nextID(), Event: e.name, Action: e.action, AppID: a.ID}}
	if in != nil {
		d.InstallationID = in.id
		if e.body["installation"] == nil {
			e.body["installation"] = doc{"id": in.id, "node_id": fmt.Sprintf("MDIz_%d", in.id)}
		}
	}
	if r, ok := e.body["repository"].(doc); ok {
		if id, ok := r["id"].(int64); ok {
			d.RepositoryID = id
		}
	}
	d.GUID = s.guid(d.ID)
	body, err := json.Marshal(e.body)
	must(err)
	if len(body) > s.options.Limits.WebhookBytes.of(webhookBytes) {
		return // GitHub says nothing either
	}
	d.Body = body
	d.fault = s.takeHookFault(d)
	s.hooks.queue = append(s.hooks.queue, d)
}

func (s *Server) guid(n int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "guid/%d/%d", s.options.Seed, n))
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// Pending is the number of webhooks that wait to be delivered.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hooks.queue) + len(s.hooks.held)
}

// DiscardPending forgets the webhooks that wait, as if GitHub had never made
// them: they are in no log.
func (s *Server) DiscardPending() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.queue, s.hooks.held = nil, nil
}

// Deliveries are the attempts so far, in order.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Delivery
	for _, d := range s.hooks.done {
		all = append(all, d.Delivery)
	}
	return all
}

// Redeliver delivers an event again, as the button in GitHub's settings does.
func (s *Server) Redeliver(guid string) {
	s.change(func() {
		for _, d := range s.hooks.done {
			if d.GUID == guid {
				s.redeliver(d)
				return
			}
		}
		panic("githubtest: no delivery " + guid)
	})
}

func (s *Server) redeliver(d *delivery) {
	again := &delivery{app: d.app, Delivery: d.Delivery}
	again.ID, again.Redelivery, again.StatusCode = s.nextID(), true, 0
	s.hooks.queue = append(s.hooks.queue, again)
}

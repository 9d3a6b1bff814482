package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Delivery is one attempt of GitHub to deliver a webhook.
type Delivery struct {
	// ID is the attempt's; GUID the event's, the same in every attempt.
	ID   int64
	GUID string
	At   time.Time
	// Event and Action are the webhook's.
	Event, Action string
	// OK says that the receiver answered 2xx.
	OK bool
}

// Undelivered lists the events since a time that no attempt has brought to the
// receiver, oldest first, each with its latest attempt. GitHub itself never
// tries again, and keeps its log for three days:
// https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
func (a *App) Undelivered(ctx context.Context, since time.Time) ([]Delivery, error) {
	latest := make(map[string]Delivery)
	arrived := make(map[string]bool)
	cursor := ""
	for range maxListPages {
		list, next, err := a.deliveries(ctx, cursor)
		if err != nil {
			return nil, fmt.Errorf("list deliveries: %w", err)
		}
		older := false
		for _, d := range list { // newest first
			older = older || d.At.Before(since)
			arrived[d.GUID] = arrived[d.GUID] || d.OK
			if seen, ok := latest[d.GUID]; !ok || d.At.After(seen.At) {
				latest[d.GUID] = d
			}
		}
		if older || next == "" || next == cursor {
			break
		}
		cursor = next
	}
	var failed []Delivery
	for guid, d := range latest {
		if !arrived[guid] && !d.At.Before(since) {
			failed = append(failed, d)
		}
	}
	slices.SortFunc(failed, func(x, y Delivery) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.GUID, y.GUID)
	})
	return failed, nil
}

func (a *App) deliveries(ctx context.Context, cursor string) (list []Delivery, next string, err error) {
	var answer []struct {
		ID          int64     `json:"id"`
		GUID        string    `json:"guid"`
		DeliveredAt time.Time `json:"delivered_at"`
		StatusCode  int       `json:"status_code"`
		Event       string    `json:"event"`
		Action      *string   `json:"action"`
	}
	query := url.Values{"per_page": {strconv.Itoa(perPage)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	resp, err := send(ctx, a.client, http.MethodGet, "app/hook/deliveries?"+query.Encode(), nil, &answer)
	if err != nil {
		return nil, "", err
	}
	for _, d := range answer {
		one := Delivery{ID: d.ID, GUID: d.GUID, At: d.DeliveredAt, Event: d.Event, OK: d.StatusCode/100 == 2}
		if d.Action != nil {
			one.Action = *d.Action
		}
		list = append(list, one)
	}
	return list, resp.Cursor, nil
}

// Redeliver asks GitHub to deliver once more. It comes with the same GUID.
func (a *App) Redeliver(ctx context.Context, id int64) error {
	_, err := send(ctx, a.client, http.MethodPost, fmt.Sprintf("app/hook/deliveries/%d/attempts", id), nil, nil)
	if err != nil {
		return fmt.Errorf("redeliver %d: %w", id, err)
	}
	return nil
}

package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// logRetention is how long GitHub keeps the log of deliveries, and
// enterpriseLogRetention how long a server of one's own does:
// https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook.
const (
	logRetention           = 3 * 24 * time.Hour
	enterpriseLogRetention = 7 * 24 * time.Hour
)

// ownDeliveries are the App's attempts that are still in the log, newest
// first.
func (c *call) ownDeliveries() []*delivery {
	keep := logRetention
	if c.server.options.Enterprise {
		keep = enterpriseLogRetention
	}
	var found []*delivery
	done := c.server.hooks.done
	for _, d := range slices.Backward(done) {
		if d.app == c.who.app && c.server.now().Sub(d.Time) <= keep {
			found = append(found, d)
		}
	}
	return found
}

// deliveries lists attempts. This list goes by a cursor, not by page numbers.
func (c *call) deliveries() (answer, error) {
	all, query := c.ownDeliveries(), c.request.URL.Query()
	start := 0
	if after, given := strings.CutPrefix(query.Get("cursor"), "v1_"); given {
		start = len(all)
		for i, d := range all {
			if strconv.FormatInt(d.ID, 10) == after {
				start = i + 1
			}
		}
	}
	end := min(start+c.page().size, len(all))
	header := http.Header{}
	if end < len(all) {
		header.Set("Link", fmt.Sprintf("<%s?per_page=%d&cursor=v1_%d>; rel=\"next\"",
			c.server.apiURL("/app/hook/deliveries"), c.page().size, all[end-1].ID))
	}
	docs := []doc{}
	for _, d := range all[start:end] {
		docs = append(docs, deliveryDoc(d))
	}
	return answer{status: http.StatusOK, body: docs, header: header}, nil
}

func (c *call) ownDelivery() (*delivery, error) {
	for _, d := range c.ownDeliveries() {
		if d.ID == c.pathInt("id") {
			return d, nil
		}
	}
	return nil, notFound()
}

func (c *call) delivery() (answer, error) {
	d, err := c.ownDelivery()
	if err != nil {
		return answer{}, err
	}
	body := deliveryDoc(d)
	body["url"] = d.app.WebhookURL
	body["request"] = doc{"headers": doc{"X-GitHub-Delivery": d.GUID, "X-GitHub-Event": d.Event}, "payload": json.RawMessage(d.Body)}
	body["response"] = doc{"headers": doc{}, "payload": nil}
	return ok(body), nil
}

func (c *call) redeliver() (answer, error) {
	d, err := c.ownDelivery()
	if err != nil {
		return answer{}, err
	}
	c.server.redeliver(d)
	return answer{status: http.StatusAccepted, body: doc{}}, nil
}

func deliveryDoc(d *delivery) doc {
	status := "OK"
	switch {
	case d.StatusCode == 0:
		status = "failed to connect to host"
	case d.StatusCode >= 300:
		status = "Invalid HTTP Response: " + strconv.Itoa(d.StatusCode)
	}
	body := doc{
		"id": d.ID, "guid": d.GUID, "delivered_at": stamp(d.Time), "redelivery": d.Redelivery, "duration": 0.1, "status": status,
		"status_code": d.StatusCode, "event": d.Event, "action": orNil(d.Action), "installation_id": nil, "repository_id": nil, "throttled_at": nil,
	}
	if d.InstallationID != 0 {
		body["installation_id"] = d.InstallationID
	}
	if d.RepositoryID != 0 {
		body["repository_id"] = d.RepositoryID
	}
	return body
}

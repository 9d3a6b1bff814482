package github

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	headSHA = "1111111111111111111111111111111111111111"
	baseSHA = "2222222222222222222222222222222222222222"
	common  = `"installation":{"id":7},"repository":{"id":99,"name":"infra","full_name":"acme/infra","default_branch":"main",
		"custom_properties":{"teams":["a","b"]}},"sender":{"id":5,"login":"mona","type":"User"}`
)

var (
	commonRepository = Repository{ID: 99, Owner: "acme", Name: "infra", DefaultBranch: "main"}
	mona             = Sender{ID: 5, Login: "mona", Type: "User"}
)

func TestParseEvent(t *testing.T) {
	t.Parallel()
	pull := `"number":3,"pull_request":{"number":3,"head":{"sha":"` + headSHA + `","ref":"feature/x"},"base":{"sha":"` + baseSHA + `","ref":"main"}},` + common
	for _, tt := range []struct {
		name, event, body string
		want              Event
	}{
		{"opened", "pull_request", `{"action":"opened",` + pull + `}`, Event{
			Action: "opened", Installation: 7, Repository: commonRepository, Sender: mona,
			Number: 3, HeadSHA: headSHA, HeadRef: "feature/x", BaseSHA: baseSHA, BaseRef: "main",
		}},
		{"base changed", "pull_request", `{"action":"edited","changes":{"base":{"ref":{"from":"dev"}}},` + pull + `}`, Event{
			Action: "edited", Installation: 7, Repository: commonRepository, Sender: mona,
			Number: 3, HeadSHA: headSHA, HeadRef: "feature/x", BaseSHA: baseSHA, BaseRef: "main", BaseChanged: true,
		}},
		{"title changed", "pull_request", `{"action":"edited","changes":{"title":{"from":"x"}},` + pull + `}`, Event{
			Action: "edited", Installation: 7, Repository: commonRepository, Sender: mona,
			Number: 3, HeadSHA: headSHA, HeadRef: "feature/x", BaseSHA: baseSHA, BaseRef: "main",
		}},
		{
			"button", "check_run", `{"action":"requested_action","requested_action":{"identifier":"onboard"},"check_run":{"id":11,"external_id":"v1:3",
			"head_sha":"` + headSHA + `","check_suite":{"head_branch":"feature"},"app":{"id":1},"pull_requests":[{"number":3},{"number":"4"},{}]},` + common + `}`, Event{
				Action: "requested_action", Installation: 7, Repository: commonRepository, Sender: mona,
				HeadSHA: headSHA, HeadRef: "feature", CheckRun: 11, ExternalID: "v1:3", AppID: 1, RequestedAction: "onboard", Pulls: []int{3},
			},
		},
		{"run again", "check_run", `{"action":"rerequested","check_run":{"id":11,"external_id":"v1:3","head_sha":"` + headSHA + `","app":{"id":1},"pull_requests":[]},` + common + `}`, Event{
			Action: "rerequested", Installation: 7, Repository: commonRepository, Sender: mona,
			HeadSHA: headSHA, CheckRun: 11, ExternalID: "v1:3", AppID: 1,
		}},
		{"all again", "check_suite", `{"action":"rerequested","check_suite":{"id":12,"head_sha":"` + headSHA + `","head_branch":"feature","app":{"id":1},"pull_requests":[{"number":3}]},` + common + `}`, Event{
			Action: "rerequested", Installation: 7, Repository: commonRepository, Sender: mona,
			HeadSHA: headSHA, HeadRef: "feature", AppID: 1, Pulls: []int{3},
		}},
		{"merge queue", "merge_group", `{"action":"checks_requested","merge_group":{"head_sha":"` + headSHA + `","base_sha":"` + baseSHA + `",
			"head_ref":"refs/heads/gh-readonly-queue/main/pr-3","base_ref":"refs/heads/main"},` + common + `}`, Event{
			Action: "checks_requested", Installation: 7, Repository: commonRepository, Sender: mona,
			HeadSHA: headSHA, BaseSHA: baseSHA, HeadRef: "gh-readonly-queue/main/pr-3", BaseRef: "main",
		}},
		{"push", "push", `{"ref":"refs/heads/main","before":"` + baseSHA + `","after":"` + headSHA + `","deleted":false,` + common + `}`, Event{
			Installation: 7, Repository: commonRepository, Sender: mona, HeadSHA: headSHA, BaseSHA: baseSHA, HeadRef: "main",
		}},
		{"tag", "push", `{"ref":"refs/tags/v1","before":"` + strings.Repeat("0", 40) + `","after":"` + headSHA + `",` + common + `}`, Event{
			Installation: 7, Repository: commonRepository, Sender: mona, HeadSHA: headSHA,
		}},
		{"branch deleted", "push", `{"ref":"refs/heads/x","before":"` + baseSHA + `","after":"` + strings.Repeat("0", 40) + `","deleted":true,` + common + `}`, Event{
			Installation: 7, Repository: commonRepository, Sender: mona, BaseSHA: baseSHA, HeadRef: "x", Deleted: true,
		}},
		{"installed", "installation", `{"action":"created","installation":{"id":7,"account":{"login":"acme"}},
			"repositories":[{"id":99,"name":"infra","full_name":"acme/infra"},{"id":100,"full_name":"acme/.."},{"full_name":"acme/x"},7]}`, Event{
			Action: "created", Installation: 7, Account: "acme", Added: []Repository{{ID: 99, Owner: "acme", Name: "infra"}},
		}},
		{"uninstalled", "installation", `{"action":"deleted","installation":{"id":7},"repositories":[{"id":99,"full_name":"acme/infra"}]}`, Event{
			Action: "deleted", Installation: 7, Removed: []Repository{{ID: 99, Owner: "acme", Name: "infra"}},
		}},
		{"repositories", "installation_repositories", `{"action":"added","installation":{"id":7},
			"repositories_added":[{"id":1,"full_name":"acme/a"}],"repositories_removed":[{"id":2,"full_name":"acme/b"}]}`, Event{
			Action: "added", Installation: 7, Added: []Repository{{ID: 1, Owner: "acme", Name: "a"}}, Removed: []Repository{{ID: 2, Owner: "acme", Name: "b"}},
		}},
		{"ping", "ping", `{"zen":"x","hook_id":1}`, Event{}},
		{"unknown event", "sponsorship", `{"action":"created","sender":{"login":"mona"}}`, Event{Action: "created", Sender: Sender{Login: "mona"}}},
		{"wrong types", "pull_request", `{"action":7,"number":"3","installation":{"id":"7"},"repository":{"id":1.5,"full_name":["acme/infra"]},
			"sender":"mona","pull_request":[{"head":1}]}`, Event{}},
		{"numbers out of range", "pull_request", `{"number":-3,"installation":{"id":-7},"repository":{"id":1e300,"full_name":"a/b/c"},"pull_request":{"number":99999999999}}`, Event{}},
		{"commits that are not", "pull_request", `{"pull_request":{"head":{"sha":"../../x","ref":"a"},"base":{"sha":"HEAD","ref":7}}}`, Event{HeadRef: "a"}},
		{"names that lead elsewhere", "push", `{"repository":{"id":1,"full_name":"acme/..%2fx"},"ref":"refs/heads/main"}`, Event{Repository: Repository{ID: 1}, HeadRef: "main"}},
		{"text without end", "push", `{"ref":"refs/heads/` + strings.Repeat("x", 2000) + `"}`, Event{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseEvent(tt.event, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Name = tt.event
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseEventMalformed(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":            "",
		"not JSON":         "action=opened",
		"an array":         "[]",
		"a string":         `"x"`,
		"cut short":        `{"action":"opened"`,
		"more after it":    `{} {}`,
		"deep arrays":      `{"a":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + `}`,
		"deep, unfinished": strings.Repeat(`{"a":`, 1_000_000),
		"too large":        `{"a":"` + strings.Repeat("x", MaxEventBytes) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseEvent("pull_request", []byte(body)); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestParseEventBounds(t *testing.T) {
	t.Parallel()
	repos := strings.Repeat(`{"id":1,"full_name":"a/b"},`, maxEventRepositories+10)
	e, err := ParseEvent("installation", fmt.Appendf(nil, `{"action":"created","repositories":[%s]}`, strings.TrimSuffix(repos, ",")))
	if err != nil || len(e.Added) != maxEventRepositories {
		t.Errorf("%d repositories, %v", len(e.Added), err)
	}
	pulls := strings.Repeat(`{"number":1},`, maxEventPulls+10)
	e, err = ParseEvent("check_suite", fmt.Appendf(nil, `{"check_suite":{"pull_requests":[%s]}}`, strings.TrimSuffix(pulls, ",")))
	if err != nil || len(e.Pulls) != maxEventPulls {
		t.Errorf("%d pull requests, %v", len(e.Pulls), err)
	}
}

func FuzzWebhook(f *testing.F) {
	names := []string{"pull_request", "check_run", "check_suite", "merge_group", "push", "installation", "installation_repositories", "ping"}
	for i, body := range []string{
		`{"action":"opened","number":3,"pull_request":{"head":{"sha":"` + headSHA + `","ref":"x"},"base":{"ref":"main"}},` + common + `}`,
		`{"action":"requested_action","requested_action":{"identifier":"onboard"},"check_run":{"id":1,"pull_requests":[{"number":1}]},` + common + `}`,
		`{"check_suite":{"head_sha":"` + headSHA + `","pull_requests":{"number":1}}}`,
		`{"merge_group":{"head_sha":"` + headSHA + `","head_ref":"refs/heads/x"}}`,
		`{"ref":"refs/heads/main","after":"` + headSHA + `"}`,
		`{"action":"created","repositories":[{"id":1,"full_name":"a/b"}]}`,
		`{"repositories_added":[{"id":1,"full_name":"a/b"}],"repositories_removed":{}}`,
		strings.Repeat("[", 1_000_000),
		"{\"a\":\"\\ud800\",\"action\":\"\xff\"}",
	} {
		f.Add(names[i%len(names)], []byte(body))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		e, err := ParseEvent(name, body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v", err)
			}
			return
		}
		// What leads to requests must be harmless in a path.
		for _, s := range []string{e.HeadSHA, e.BaseSHA} {
			if s != "" && !validSHA(s) {
				t.Errorf("commit %q", s)
			}
		}
		for _, r := range append(append([]Repository{e.Repository}, e.Added...), e.Removed...) {
			if (r.Owner == "") != (r.Name == "") || r.Owner != "" && (!validName(r.Owner) || !validName(r.Name)) || r.ID < 0 {
				t.Errorf("repository %+v", r)
			}
		}
		if e.Number < 0 || e.Installation < 0 || e.CheckRun < 0 || e.AppID < 0 {
			t.Errorf("negative: %+v", e)
		}
		again, err := ParseEvent(name, body)
		if diff := cmp.Diff(e, again); diff != "" || err != nil {
			t.Errorf("not the same twice: %v\n%s", err, diff)
		}
	})
}

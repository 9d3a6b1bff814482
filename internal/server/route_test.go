package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

const (
	headSHA = "1111111111111111111111111111111111111111"
	baseSHA = "2222222222222222222222222222222222222222"
	noSHA   = "0000000000000000000000000000000000000000"
)

// short is a delivery in one line: key, kind, number, priority, payload.
func short(d queue.Delivery) string {
	return fmt.Sprintf("%s %s %s#%d p%d %s %s", d.GUID, d.Key, d.Name, d.Number, d.Priority, d.Kind, d.Payload)
}

// TestRoute: which event asks for what.
func TestRoute(t *testing.T) {
	t.Parallel()
	const (
		where = `"installation":{"id":5},"repository":{"id":9,"full_name":"acme/infra","default_branch":"main"},"sender":{"login":"mona"}`
		pull  = `"number":7,"pull_request":{"head":{"sha":"` + headSHA + `","ref":"x","repo":{"id":9}},"base":{"sha":"` + baseSHA + `","ref":"main"}}`
		hint  = `{"head":"` + headSHA + `","head_branch":"x","base":"main"`
		group = `"merge_group":{"head_sha":"` + headSHA + `","base_sha":"` + baseSHA + `","base_ref":"refs/heads/main","head_ref":"refs/heads/q"}`
	)
	run := func(action, externalID, more string) string {
		return fmt.Sprintf(`{"action":%q,"check_run":{"id":3,"head_sha":%q,"external_id":%q,"app":{"id":1},"pull_requests":[]}%s,%s}`, action, headSHA, externalID, more, where)
	}
	pushTo := func(ref, before, after string) string {
		return fmt.Sprintf(`{"ref":%q,"before":%q,"after":%q,"deleted":%v,%s}`, ref, before, after, after == noSHA, where)
	}
	for _, tt := range []struct {
		name, event, body string
		want              []string
	}{
		{"opened", "pull_request", `{"action":"opened",` + pull + `,` + where + `}`, []string{"g review/9/7 infra#7 p0 review " + hint + `,"fresh":true}`}},
		{"pushed", "pull_request", `{"action":"synchronize",` + pull + `,` + where + `}`, []string{"g review/9/7 infra#7 p0 review " + hint + `,"fresh":true}`}},
		{"reopened", "pull_request", `{"action":"reopened",` + pull + `,` + where + `}`, []string{"g review/9/7 infra#7 p0 review " + hint + "}"}},
		{"ready", "pull_request", `{"action":"ready_for_review",` + pull + `,` + where + `}`, []string{"g review/9/7 infra#7 p0 review " + hint + "}"}},
		{"base", "pull_request", `{"action":"edited","changes":{"base":{"ref":{"from":"dev"}}},` + pull + `,` + where + `}`, []string{"g review/9/7 infra#7 p0 review " + hint + "}"}},
		{"fork", "pull_request", `{"action":"reopened",` + strings.Replace(pull, `{"id":9}`, `{"id":10}`, 1) + `,` + where + `}`, []string{
			"g review/9/7 infra#7 p0 review " + strings.Replace(hint, `"x",`, `"x","fork":true,`, 1) + "}",
		}},
		{"title", "pull_request", `{"action":"edited","changes":{"title":{"from":"x"}},` + pull + `,` + where + `}`, nil},
		{"labeled", "pull_request", `{"action":"labeled",` + pull + `,` + where + `}`, nil},
		{"no number", "pull_request", `{"action":"opened",` + strings.Replace(pull, "7", "-7", 1) + `,` + where + `}`, nil},
		{"no installation", "pull_request", `{"action":"opened",` + pull + `,"repository":{"id":9,"full_name":"acme/infra"}}`, nil},

		{"group", "merge_group", `{"action":"checks_requested",` + group + `,` + where + `}`, []string{
			"g group/9/" + headSHA + ` infra#0 p0 group {"head":"` + headSHA + `","base":"main","base_sha":"` + baseSHA + `"}`,
		}},
		{"group is gone", "merge_group", `{"action":"destroyed",` + group + `,` + where + `}`, nil},

		{"run again", "check_run", run("rerequested", "pull/7/main", ""), []string{
			`g review/9/7 infra#7 p0 review {"head":"` + headSHA + `","base":"main","again":true}`,
		}},
		{"group again", "check_run", run("rerequested", "group/"+baseSHA+"/main#g0", ""), []string{
			"g group/9/" + headSHA + ` infra#0 p0 group {"head":"` + headSHA + `","base":"main","base_sha":"` + baseSHA + `","again":true}`,
		}},
		{"branch again", "check_run", run("rerequested", "branch/main", ""), []string{
			`g branch/9 infra#0 p4 branch {"head":"` + headSHA + `","base":"main","again":true}`,
		}},
		{"none of ours again", "check_run", run("rerequested", "build 7", ""), nil},
		{"another App's", "check_run", strings.Replace(run("rerequested", "pull/7/main", ""), `"app":{"id":1}`, `"app":{"id":2}`, 1), nil},
		{"completed", "check_run", run("completed", "pull/7/main", ""), nil},
		{"created", "check_run", run("created", "pull/7/main", ""), nil},
		{"click", "check_run", run("requested_action", "pull/7/main", `,"requested_action":{"identifier":"onboard"}`), []string{
			`g fix/g infra#7 p1 fix {"head":"` + headSHA + `","external_id":"pull/7/main","sender":"mona"}`,
		}},
		{"unknown button", "check_run", run("requested_action", "pull/7/main", `,"requested_action":{"identifier":"x"}`), nil},
		{"click on a branch's run", "check_run", run("requested_action", "branch/main", `,"requested_action":{"identifier":"onboard"}`), nil},

		{"all again", "check_suite", `{"action":"rerequested","check_suite":{"head_sha":"` + headSHA + `","app":{"id":1},"pull_requests":[{"number":7},{"number":8}]},` + where + `}`, []string{
			"g suite/9/" + headSHA + ` infra#0 p0 suite {"head":"` + headSHA + `","pulls":[7,8]}`,
		}},
		{"a suite begins", "check_suite", `{"action":"requested","check_suite":{"head_sha":"` + headSHA + `","app":{"id":1}},` + where + `}`, nil},

		{"push", "push", pushTo("refs/heads/main", baseSHA, headSHA), []string{
			"g push/9/" + headSHA + ` infra#0 p4 push {"head":"` + headSHA + `","base":"main","base_sha":"` + baseSHA + `"}`,
		}},
		{"first push", "push", pushTo("refs/heads/main", noSHA, headSHA), []string{"g push/9/" + headSHA + ` infra#0 p4 push {"head":"` + headSHA + `","base":"main"}`}},
		{"push elsewhere", "push", pushTo("refs/heads/x", baseSHA, headSHA), nil},
		{"tag of that name", "push", pushTo("refs/tags/main", baseSHA, headSHA), nil},
		{"branch deleted", "push", pushTo("refs/heads/main", baseSHA, noSHA), nil},

		{"installed", "installation", `{"action":"created","installation":{"id":5},"repositories":[{"id":9,"full_name":"acme/infra"}]}`, []string{"g install/5 #0 p4 install {}"}},
		{"permissions", "installation", `{"action":"new_permissions_accepted","installation":{"id":5}}`, []string{"g install/5 #0 p4 install {}"}},
		{"resumed", "installation", `{"action":"unsuspend","installation":{"id":5}}`, []string{"g install/5 #0 p4 install {}"}},
		{"uninstalled", "installation", `{"action":"deleted","installation":{"id":5},"repositories":[{"id":9,"full_name":"acme/infra"}]}`, nil},
		{"suspended", "installation", `{"action":"suspend","installation":{"id":5}}`, nil},
		{"repositories", "installation_repositories", `{"action":"added","installation":{"id":5},"repositories_added":[{"id":9,"full_name":"acme/infra"},{"id":10,"full_name":"acme/web"}]}`, []string{
			"g:9 branch/9 infra#0 p4 branch {}", "g:10 branch/10 web#0 p4 branch {}",
		}},
		{"repositories removed", "installation_repositories", `{"action":"removed","installation":{"id":5},"repositories_removed":[{"id":9,"full_name":"acme/infra"}]}`, nil},
		{"everything", "installation_repositories", `{"action":"added","installation":{"id":5},"repositories_added":[` +
			strings.TrimSuffix(strings.Repeat(`{"id":9,"full_name":"acme/infra"},`, maxAdded+1), ",") + `]}`, []string{"g install/5 #0 p4 install {}"}},

		{"ping", "ping", `{"zen":"x","hook_id":1}`, nil},
		{"unknown", "star", `{"action":"created",` + where + `}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := github.ParseEvent(tt.event, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			s := &Server{options: Options{AppID: 1}}
			var got []string
			for _, d := range s.route("g", e) {
				if d.Event != tt.event || d.Action != e.Action || d.Installation != 5 || !json.Valid(d.Payload) {
					t.Errorf("delivery %+v", d)
				}
				got = append(got, short(d))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPayloadFits: the longest payload there can be is one that the queue takes.
func TestPayloadFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 512)
	pulls := make([]int, 100)
	for i := range pulls {
		pulls[i] = 1<<31 - 1 - i
	}
	for _, p := range []Payload{
		{Head: headSHA, HeadBranch: long, Fork: true, Base: long, Fresh: true},
		{Head: headSHA, Pulls: pulls},
		{Head: headSHA, Base: long, BaseSHA: baseSHA, Again: true},
		{Head: headSHA, Sender: long},
	} {
		if d := Ask(queue.Delivery{}, "", Work{Payload: p}); len(d.Payload) == 0 || len(d.Payload) > 4<<10 {
			t.Errorf("%d bytes", len(d.Payload))
		}
	}
}

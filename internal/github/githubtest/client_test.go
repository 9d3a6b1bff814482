package githubtest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bradleyfalzon/ghinstallation/v2"
	gh "github.com/google/go-github/v60/github"
)

// TestRealClient has the client library that the bot uses go through a pull
// request, so that the answers' shapes are what it reads.
func TestRealClient(t *testing.T) {
	t.Parallel()
	for _, enterprise := range []bool{false, true} {
		t.Run(fmt.Sprintf("enterprise=%v", enterprise), func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, key: testKey(), Server: NewServer(Options{Enterprise: enterprise})}
			server := httptest.NewServer(w)
			t.Cleanup(server.Close)
			w.SetURL(server.URL)
			w.app = w.AddApp(App{Slug: "defender", PublicKey: &w.key.PublicKey, Permissions: allPermissions()})
			w.CreateRepository("acme/infra", RepositoryOptions{Private: true})
			w.Commit("acme/infra", "main", Files{"main.bicep": Text("param a string\n")}, "Start")
			w.installation = w.Install(w.app, "acme")
			sha := w.openPull(Files{"a b#c.bicep": Text("x\n")})
			throughPull(t, w, newClient(t, w), sha)
		})
	}
}

func newClient(t *testing.T, w *world) *gh.Client {
	t.Helper()
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(w.key)})
	transport, err := ghinstallation.New(http.DefaultTransport, w.app, w.installation, key)
	if err != nil {
		t.Fatal(err)
	}
	base := w.APIURL()
	transport.BaseURL = base[:len(base)-1]
	client := gh.NewClient(&http.Client{Transport: transport})
	if client.BaseURL, err = client.BaseURL.Parse(base); err != nil {
		t.Fatal(err)
	}
	return client
}

func throughPull(t *testing.T, w *world, client *gh.Client, sha string) {
	t.Helper()
	ctx := t.Context()
	pull, response, err := client.PullRequests.Get(ctx, "acme", "infra", 1)
	if err != nil || pull.GetHead().GetSHA() != sha || pull.GetChangedFiles() != 1 || (response.Rate.Limit == 5000) == w.options.Enterprise {
		t.Fatalf("%v, rate %v: %v", pull, response.Rate, err)
	}
	files, _, err := client.PullRequests.ListFiles(ctx, "acme", "infra", 1, nil)
	if err != nil || len(files) != 1 || files[0].GetFilename() != "a b#c.bicep" || files[0].GetStatus() != "added" {
		t.Fatalf("%v: %v", files, err)
	}
	tree, _, err := client.Git.GetTree(ctx, "acme", "infra", sha, true)
	if err != nil || len(tree.Entries) != 2 {
		t.Fatalf("%v: %v", tree, err)
	}
	blob, _, err := client.Git.GetBlobRaw(ctx, "acme", "infra", files[0].GetSHA())
	if err != nil || string(blob) != "x\n" {
		t.Fatalf("%q: %v", blob, err)
	}
	run, _, err := client.Checks.CreateCheckRun(ctx, "acme", "infra", gh.CreateCheckRunOptions{Name: "Defender", HeadSHA: sha, Status: new("in_progress")})
	if err != nil || run.GetStatus() != "in_progress" || len(run.PullRequests) != 1 {
		t.Fatalf("%v: %v", run, err)
	}
	run, _, err = client.Checks.UpdateCheckRun(ctx, "acme", "infra", run.GetID(), gh.UpdateCheckRunOptions{
		Name: "Defender", Conclusion: new("failure"), Output: &gh.CheckRunOutput{
			Title: new("t"), Summary: new("s"), Annotations: []*gh.CheckRunAnnotation{{
				Path: new("a b#c.bicep"), StartLine: new(1), EndLine: new(1), AnnotationLevel: new("failure"), Message: new("m"),
			}},
		},
	})
	if err != nil || run.GetConclusion() != "failure" || run.GetOutput().GetAnnotationsCount() != 1 {
		t.Fatalf("%v: %v", run, err)
	}
	graphqlThroughClient(t, client)
}

func graphqlThroughClient(t *testing.T, client *gh.Client) {
	t.Helper()
	request, err := client.NewRequest(http.MethodPost, "../graphql", m{"query": `{ repository(owner: "acme", name: "infra") { object(expression: "main:main.bicep") { ... on Blob { text } } } }`})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Data struct {
			Repository struct{ Object struct{ Text string } }
		}
	}
	if _, err := client.Do(t.Context(), request, &got); err != nil || got.Data.Repository.Object.Text != "param a string\n" {
		t.Fatalf("%+v: %v", got, err)
	}
}

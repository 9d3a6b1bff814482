package githubtest

import (
	"bytes"
	"context"
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

//go:embed page.html
var pageText string

func (s *Server) webRoutes() *http.ServeMux {
	page := template.Must(template.New("page").Parse(pageText))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /settings/apps/new", s.registerApp)
	mux.HandleFunc("POST /organizations/{org}/settings/apps/new", s.registerApp)
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}", s.toChecks)
	mux.HandleFunc("GET /{owner}/{repo}/runs/{id}", s.toRun)
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}/checks", func(w http.ResponseWriter, r *http.Request) { s.showChecks(w, r, page) })
	mux.HandleFunc("GET /{owner}/{repo}/blob/{commit}/{path...}", s.showFile)
	// A page of another site must not be able to press the buttons.
	mux.Handle("POST /{owner}/{repo}/pull/{number}/checks", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.pressButton)))
	return mux
}

// ChecksURL is the address of the page that shows a pull request's checks.
func (s *Server) ChecksURL(fullName string, number int) string {
	return fmt.Sprintf("%s/%s/pull/%d/checks", s.URL(), fullName, number)
}

func (s *Server) toChecks(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	s.mu.Lock()
	target := ""
	if repo := s.repository(r.PathValue("owner") + "/" + r.PathValue("repo")); repo != nil && err == nil && repo.pull(number) != nil {
		target = repo.pull(number).checksPath()
	}
	s.mu.Unlock()
	redirect(w, r, target)
}

// checksPath is where the page of a pull request's checks is. It is made of
// what the world knows, not of what a request says.
func (p *pull) checksPath() string {
	return fmt.Sprintf("/%s/pull/%d/checks", p.repo.fullName(), p.number)
}

// toRun leads from a check run to a pull request that it is on.
func (s *Server) toRun(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	target := ""
	if rn := s.run(id); rn != nil {
		for _, p := range rn.suite.repo.pulls {
			if p.headSHA == rn.suite.sha {
				target = fmt.Sprintf("%s?run=%d", p.checksPath(), id)
			}
		}
	}
	s.mu.Unlock()
	redirect(w, r, target)
}

// redirect leads to a page of this server; there is none without a path.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	if path == "" {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// checksPage is what the template shows.
type checksPage struct {
	Repository, Title, Author, State string
	Number                           int
	Base, Head, Short                string
	Commits                          []commitLine
	Runs                             []runLine
	Run                              *runView
	Refresh                          bool
}

type commitLine struct {
	Short, Headline, Author string
	Signed                  bool
	Run                     int64 // its newest check run; 0 for none
}

type runLine struct {
	ID              int64
	Name, State, At string
	Selected        bool
}

type runView struct {
	CheckRun
	State    string
	Summary  []block
	Text     []block
	Files    []fileView
	Duration string
}

type fileView struct {
	Path  string
	Notes []noteView
}

// noteView is an annotation below the lines it is about.
type noteView struct {
	Annotation
	Lines []lineView
}

type lineView struct {
	Number int
	Text   string
	Marked bool
}

func (s *Server) showChecks(w http.ResponseWriter, r *http.Request, page *template.Template) {
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	repo := s.repository(r.PathValue("owner") + "/" + r.PathValue("repo"))
	var view *checksPage
	if repo != nil && repo.pull(number) != nil {
		view = s.checksPage(repo.pull(number), queryInt(r, "run", 0))
	}
	s.mu.Unlock()
	if view == nil {
		http.NotFound(w, r)
		return
	}
	var out bytes.Buffer
	if err := page.Execute(&out, view); err != nil {
		http.Error(w, "page not available", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := w.Write(out.Bytes()); err != nil {
		s.complain(err)
	}
}

// checksPage shows the runs of the head, or of the commit that the selected run
// is on.
func (s *Server) checksPage(p *pull, selected int) *checksPage {
	sha := p.headSHA
	if rn := s.run(int64(selected)); rn != nil && rn.suite.repo == p.repo {
		sha = rn.suite.sha
	}
	view := &checksPage{
		Repository: p.repo.fullName(), Title: p.title, Author: p.author.login, State: p.state, Number: p.number,
		Base: p.baseRef, Head: p.headRef, Short: sha.String()[:7],
	}
	if p.merged {
		view.State = "merged"
	}
	if p.fromFork() && p.head != nil {
		view.Head = p.head.owner.login + ":" + p.headRef
	}
	newest := map[plumbing.Hash]int64{}
	var chosen *run
	for _, rn := range s.runs {
		if rn.suite.repo != p.repo {
			continue
		}
		newest[rn.suite.sha] = rn.ID
		if rn.suite.sha == sha && (chosen == nil || chosen.ID != int64(selected)) {
			chosen = rn
		}
	}
	if commits, err := p.repo.network.log(p.headSHA, p.baseSHA); err == nil {
		for _, c := range slices.Backward(commits) {
			view.Commits = append(view.Commits, commitLine{
				Short: c.Hash.String()[:7], Headline: headline(c.Message), Author: c.Author.Name, Signed: p.repo.network.signed[c.Hash],
				Run: newest[c.Hash],
			})
		}
	}
	for _, rn := range s.runs {
		if rn.suite.repo == p.repo && rn.suite.sha == sha {
			view.Runs = append(view.Runs, runLine{
				ID: rn.ID, Name: rn.Name, State: rn.state(), At: rn.Started.UTC().Format("15:04:05"), Selected: rn == chosen,
			})
		}
	}
	view.Refresh = chosen == nil || chosen.Status != statusCompleted
	if chosen != nil {
		view.Run = chosen.view(p.repo.network)
	}
	return view
}

// state is the one word for how a run stands.
func (r *run) state() string {
	if r.Status != statusCompleted {
		return r.Status
	}
	return r.Conclusion
}

func (r *run) view(n *network) *runView {
	v := &runView{
		CheckRun: r.copy(), State: r.state(),
		Summary: parseMarkdown(r.Output.Summary), Text: parseMarkdown(r.Output.Text),
	}
	if !r.Completed.IsZero() {
		v.Duration = r.Completed.Sub(r.Started).Round(time.Second).String()
	}
	tree, _ := n.treeOf(r.suite.sha)
	at := map[string]int{}
	for _, a := range r.Output.Annotations {
		if _, known := at[a.Path]; !known {
			at[a.Path] = len(v.Files)
			v.Files = append(v.Files, fileView{Path: a.Path})
		}
		file := &v.Files[at[a.Path]]
		file.Notes = append(file.Notes, noteView{Annotation: a, Lines: n.excerpt(tree, a)})
	}
	return v
}

// excerptContext is how many lines are shown around an annotation.
const excerptContext = 2

// excerpt is the lines that an annotation is about, with some around them.
func (n *network) excerpt(tree plumbing.Hash, a Annotation) []lineView {
	entry, found := n.entry(tree, a.Path)
	if !found {
		return nil
	}
	content, err := n.blob(entry.Hash)
	if err != nil || isBinary(content) {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	var view []lineView
	for i := max(1, a.StartLine-excerptContext); i <= min(len(lines), a.EndLine+excerptContext); i++ {
		view = append(view, lineView{
			Number: i, Text: strings.TrimSuffix(lines[i-1], "\r"), Marked: a.StartLine <= i && i <= a.EndLine,
		})
	}
	return view
}

// pressButton presses a button of a check run, as the pull request's author.
func (s *Server) pressButton(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	id, err2 := strconv.ParseInt(r.PostFormValue("run"), 10, 64)
	if err != nil || err2 != nil {
		http.NotFound(w, r)
		return
	}
	target := ""
	s.changing(func() {
		repo, rn := s.repository(r.PathValue("owner")+"/"+r.PathValue("repo")), s.run(id)
		if repo == nil || repo.pull(number) == nil || rn == nil || rn.suite.repo != repo {
			return
		}
		sender := repo.pull(number).author.login
		switch action := r.PostFormValue("action"); {
		case action == "" && r.PostFormValue("rerun") != "":
			s.runEvent(rn, "rerequested", s.user(sender), nil)
			target = repo.pull(number).checksPath()
		case rn.hasAction(action):
			s.clickAction(rn, action, sender)
			target = repo.pull(number).checksPath()
		}
	})
	s.deliverIfSynchronous(context.WithoutCancel(r.Context()))
	redirect(w, r, target)
}

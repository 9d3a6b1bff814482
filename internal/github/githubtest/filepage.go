package githubtest

import (
	"io"
	"net/http"
)

// showFile shows a file of a commit as text: the places in a check run link to
// them.
func (s *Server) showFile(w http.ResponseWriter, r *http.Request) {
	content, ok := "", false
	s.mu.Lock()
	if repo := s.repository(r.PathValue("owner") + "/" + r.PathValue("repo")); repo != nil {
		if commit, known := repo.resolve(r.PathValue("commit")); known {
			content, ok = repo.network.file(commit, r.PathValue("path"))
		}
	}
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := io.WriteString(w, content); err != nil { //nolint:gosec // it is plain text
		s.complain(err)
	}
}

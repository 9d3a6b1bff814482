package githubtest

import "net/http"

func (s *Server) webRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /settings/apps/new", s.registerApp)
	mux.HandleFunc("POST /organizations/{org}/settings/apps/new", s.registerApp)
	return mux
}

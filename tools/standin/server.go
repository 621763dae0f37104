package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Server answers HTTP for one role.
type Server struct {
	role     Role
	flags    *Flags
	nodes    []*Node
	backend  *httputil.ReverseProxy
	engine   *Engine
	stopping atomic.Bool
}

// serveHTTP listens on every -httpListenAddr, with TLS where -tls says so.
func serveHTTP(role Role, flags *Flags, server *Server) (closer, error) {
	if err := server.setBackend(os.Getenv("STANDIN_BACKEND")); err != nil {
		return nil, err
	}
	addrs := flags.List("httpListenAddr")
	if len(addrs) == 0 {
		addrs = []string{role.httpAddr}
	}
	web := &http.Server{Handler: http.HandlerFunc(server.route), ReadHeaderTimeout: 10 * time.Second}
	for i, addr := range addrs {
		listener, err := listenHTTP(flags, addr, i)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on -httpListenAddr=%q: %w", addr, err)
		}
		log.Printf("serving HTTP at %s (TLS: %t)", listener.Addr(), flags.Bool("tls", i))
		go web.Serve(listener)
	}
	return func() { server.stop(web) }, nil
}

func listenHTTP(flags *Flags, addr string, index int) (net.Listener, error) {
	if !flags.Bool("tls", index) {
		return net.Listen(network(flags), addr)
	}
	cert, err := tls.LoadX509KeyPair(flags.At("tlsCertFile", index), flags.At("tlsKeyFile", index))
	if err != nil {
		return nil, fmt.Errorf("-tls needs -tlsCertFile and -tlsKeyFile: %w", err)
	}
	return tls.Listen(network(flags), addr, &tls.Config{Certificates: []tls.Certificate{cert}})
}

// stop fails /health during -http.shutdownDelay, then ends within half a second.
func (s *Server) stop(web *http.Server) {
	s.stopping.Store(true)
	if delay, _ := time.ParseDuration(s.flags.Text("http.shutdownDelay", "0s")); delay > 0 {
		time.Sleep(delay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if errors.Is(web.Shutdown(ctx), context.DeadlineExceeded) {
		web.Close()
	}
}

func (s *Server) setBackend(address string) error {
	if address == "" || s.role.name == "vmstorage" {
		return nil
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		return fmt.Errorf("STANDIN_BACKEND=%q is no URL such as http://victoria-metrics:8428", address)
	}
	s.backend = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.URL.Path, r.Out.URL.RawPath = strings.TrimSuffix(target.Path, "/")+backendPath(r.In.URL.Path), ""
	}}
	log.Printf("passing requests on to the single-node victoria-metrics at %s, which is no cluster", address)
	return nil
}

// backendPath turns /insert/0/prometheus/api/v1/write into /api/v1/write, and /insert/0/influx/write into /influx/write.
func backendPath(path string) string {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	rest := parts[len(parts)-1]
	return "/" + strings.TrimPrefix(strings.TrimPrefix(rest, "prometheus"), "/")
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path, err := s.trimmed(r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.URL.Path = path
	switch {
	case path == "/health":
		s.health(w)
	case path == "/metrics" && !s.allowed(w, r, "metricsAuthKey"):
	case path == "/metrics":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, s.metrics())
	case strings.HasPrefix(path, s.dataPrefix()) && s.allowed(w, r, ""):
		s.pass(w, r)
	case !strings.HasPrefix(path, s.dataPrefix()):
		http.Error(w, fmt.Sprintf("stand-in for %s: unsupported path %q", s.role.name, path), http.StatusNotFound)
	}
}

func (s *Server) health(w http.ResponseWriter) {
	if s.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, "OK")
}

// dataPrefix returns the path under which the real program takes or gives data.
func (s *Server) dataPrefix() string {
	return map[string]string{"vminsert": "/insert/", "vmselect": "/select/", "vmstorage": "/snapshot/"}[s.role.name]
}

func (s *Server) pass(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.backend != nil:
		s.backend.ServeHTTP(w, r)
	case s.role.name == "vmstorage":
		http.Error(w, "stand-in for vmstorage: makes no snapshots", http.StatusServiceUnavailable)
	default:
		s.passToNodes(w, r)
	}
}

// trimmed returns the path without -http.pathPrefix.
func (s *Server) trimmed(path string) (string, error) {
	prefix := strings.Trim(s.flags.Text("http.pathPrefix", ""), "/")
	if prefix == "" {
		return path, nil
	}
	rest, found := strings.CutPrefix(path, "/"+prefix+"/")
	if !found {
		return "", fmt.Errorf("missing -http.pathPrefix=%q in the path %q", "/"+prefix+"/", path)
	}
	return "/" + rest, nil
}

// allowed checks the flag's key if it is set, else -httpAuth.username; it answers itself if the caller may not.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request, keyFlag string) bool {
	if key := secret(s.flags.Text(keyFlag, "")); key != "" {
		if r.FormValue("authKey") == key {
			return true
		}
		http.Error(w, "the authKey does not match -"+keyFlag, http.StatusUnauthorized)
		return false
	}
	wanted := s.flags.Text("httpAuth.username", "")
	user, password, _ := r.BasicAuth()
	if wanted == "" || user == wanted && password == secret(s.flags.Text("httpAuth.password", "")) {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="stand-in"`)
	http.Error(w, "", http.StatusUnauthorized)
	return false
}

// secret reads file:///path, and returns any other text as it is.
func secret(text string) string {
	path, found := strings.CutPrefix(text, "file://")
	if !found {
		return text
	}
	content, err := os.ReadFile(path)
	if err != nil {
		log.Printf("cannot read a secret: %s", err)
	}
	return strings.TrimRight(string(content), " \r\n\t")
}

// metrics returns what Prometheus reads: version, flags that are set, storage nodes.
func (s *Server) metrics() string {
	var b strings.Builder
	fmt.Fprintf(&b, "vm_app_version{version=%q} 1\n", version(s.role))
	for _, name := range s.flags.Names() {
		v := s.flags.known[name]
		if v.items == nil {
			continue
		}
		text := v.String()
		for _, word := range []string{"pass", "key", "secret", "token"} {
			if strings.Contains(strings.ToLower(name), word) {
				text = "secret"
			}
		}
		fmt.Fprintf(&b, "flag{name=%q, value=%q, is_set=\"true\"} 1\n", name, text)
	}
	if s.engine != nil {
		fmt.Fprintln(&b, "standin_keeps_data 1")
	}
	for _, node := range s.nodes {
		up := 0
		if node.up.Load() {
			up = 1
		}
		fmt.Fprintf(&b, "standin_storage_node_up{addr=%q} %d\n", node.addr, up)
	}
	return b.String()
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sort"
	"sync"
	"time"
)

const (
	dataWithin   = 60 * time.Second
	longestBody  = 64 << 20
	dataGreeting = "data"
)

var errNoData = errors.New("keeps no data")

// dialData opens a connection of its own to the node's port, which leads to the engine behind it.
func (n *Node) dialData(ctx context.Context, network, hello string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: answerWithin}
	conn, err := dialer.DialContext(ctx, network, n.addr)
	if err != nil {
		return nil, err
	}
	reader := bufio.NewReader(conn)
	for _, line := range []string{hello, dataGreeting} {
		if err = ask(conn, reader, line); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// ask sends a line and wants "ok"; the node may have to start its engine first.
func ask(conn net.Conn, reader *bufio.Reader, line string) error {
	conn.SetDeadline(time.Now().Add(engineWithin))
	defer conn.SetDeadline(time.Time{})
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return err
	}
	switch answer, err := reader.ReadString('\n'); {
	case err != nil:
		return err
	case answer == errNoData.Error()+"\n":
		return errNoData
	case answer != "ok\n":
		return fmt.Errorf("it answered %q", answer)
	}
	return nil
}

// answer is what one node said to one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (a answer) isGood() bool { return a.err == nil && a.status < 300 }

// send passes a request on to one node, with the path of a single-node victoria-metrics.
func (s *Server) send(node *Node, in *http.Request, body []byte) answer {
	target := url.URL{Scheme: "http", Host: node.addr, Path: backendPath(in.URL.Path), RawQuery: in.URL.RawQuery}
	out, err := http.NewRequestWithContext(in.Context(), in.Method, target.String(), bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	out.Header = in.Header.Clone()
	transport := &http.Transport{
		DisableKeepAlives:  true,
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return node.dialData(ctx, network(s.flags), s.role.name)
		},
	}
	client := http.Client{Transport: transport, Timeout: dataWithin}
	got, err := client.Do(out)
	if err != nil {
		return answer{err: err}
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	return answer{status: got.StatusCode, header: got.Header, body: content, err: err}
}

// store sends a write to every node that is up; one that takes it is enough.
func (s *Server) store(in *http.Request, body []byte) answer {
	nodes := s.reachable()
	answers := make([]answer, len(nodes))
	var all sync.WaitGroup
	for i, node := range nodes {
		all.Add(1)
		go func() {
			defer all.Done()
			answers[i] = s.send(node, in, body)
		}()
	}
	all.Wait()
	sort.SliceStable(answers, func(i, j int) bool { return answers[i].isGood() && !answers[j].isGood() })
	return append(answers, answer{err: errors.New("there is none")})[0]
}

// fetch asks the nodes one after the other, first the one that has been connected for longest: it missed the least.
func (s *Server) fetch(in *http.Request, body []byte) answer {
	last := answer{err: errors.New("there is none")}
	for _, node := range s.reachable() {
		if last = s.send(node, in, body); last.err == nil {
			break
		}
	}
	return last
}

// reachable returns the nodes that are up, the longest connected first; all of them if none is, for one may have just returned.
func (s *Server) reachable() (nodes []*Node) {
	for _, node := range s.nodes {
		if node.up.Load() {
			nodes = append(nodes, node)
		}
	}
	if len(nodes) == 0 {
		return s.nodes
	}
	sort.SliceStable(nodes, func(i, j int) bool { return nodes[i].since.Load() < nodes[j].since.Load() })
	return nodes
}

// passToNodes answers a request for data from the storage nodes.
func (s *Server) passToNodes(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ways := map[string]func(*http.Request, []byte) answer{"vminsert": s.store, "vmselect": s.fetch}
	got := ways[s.role.name](r, body)
	switch {
	case errors.Is(got.err, errNoData):
		http.Error(w, fmt.Sprintf("stand-in for %s: keeps no data (no vmstorage has a victoria-metrics, and STANDIN_BACKEND names none)",
			s.role.name), http.StatusServiceUnavailable)
	case got.err != nil:
		http.Error(w, fmt.Sprintf("stand-in for %s: no storage node can be reached: %s", s.role.name, got.err),
			http.StatusServiceUnavailable)
	default:
		for name, values := range got.header {
			w.Header()[name] = values
		}
		w.WriteHeader(got.status)
		w.Write(got.body)
	}
}

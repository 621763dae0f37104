package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	firstRetry   = 200 * time.Millisecond
	longestRetry = 2 * time.Second
	pingEvery    = 2 * time.Second
	answerWithin = 3 * time.Second
)

// Node is one -storageNode, and whether we are connected to it.
type Node struct {
	addr string
	up   atomic.Bool
	// since is when the connection was made, in nanoseconds since 1970.
	since atomic.Int64
}

// openNodes keeps a connection to every -storageNode; vmstorage has none.
func openNodes(role Role, flags *Flags, server *Server) (closer, error) {
	if role.name == "vmstorage" {
		return func() {}, nil
	}
	addrs, err := nodeAddrs(flags.List("storageNode"), role.storagePort)
	if err != nil {
		return nil, err
	}
	if wanted, _ := strconv.Atoi(flags.Text("replicationFactor", "1")); wanted > len(addrs) {
		log.Printf("warning: -replicationFactor=%d, but there are %d -storageNode; the real program then makes %d copies",
			wanted, len(addrs), len(addrs))
	}
	dialTimeout, err := time.ParseDuration(flags.Text("vmstorageDialTimeout", "3s"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	for _, addr := range addrs {
		node := &Node{addr: addr}
		server.nodes = append(server.nodes, node)
		go node.keep(ctx, network(flags), role.name, dialTimeout)
	}
	return closer(cancel), nil
}

// nodeAddrs returns the addresses with their ports, or why the real program would not start with them.
func nodeAddrs(given []string, port string) (addrs []string, err error) {
	if len(given) == 0 {
		return nil, errors.New("missing -storageNode arg")
	}
	seen := map[string]bool{}
	for _, addr := range given {
		if addr == "" {
			return nil, errors.New("found an empty address among the -storageNode args")
		}
		if seen[addr] {
			return nil, fmt.Errorf("found equal addresses of storage nodes in the -storageNode flag: %q", addr)
		}
		seen[addr] = true
		if _, _, err := net.SplitHostPort(addr); err != nil {
			addr = net.JoinHostPort(addr, port)
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

// keep connects, stays connected, and tries again with growing pauses until ctx ends.
func (n *Node) keep(ctx context.Context, network, hello string, dialTimeout time.Duration) {
	pause, last := firstRetry, ""
	for ctx.Err() == nil {
		err := n.stay(ctx, network, hello, dialTimeout)
		if n.up.Swap(false) {
			pause, last = firstRetry, ""
		}
		if ctx.Err() != nil {
			return
		}
		if err.Error() != last {
			log.Printf("storage node %s is down, trying again: %s", n.addr, err)
			last = err.Error()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestRetry)
	}
}

// stay returns why the connection could not be made or has ended.
func (n *Node) stay(ctx context.Context, network, hello string, dialTimeout time.Duration) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, network, n.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	reader := bufio.NewReader(conn)
	for {
		conn.SetDeadline(time.Now().Add(answerWithin))
		if _, err := fmt.Fprintln(conn, hello); err != nil {
			return err
		}
		line, err := reader.ReadString('\n')
		if err != nil {
			return err
		}
		if line != "ok\n" {
			return fmt.Errorf("it answered %q", line)
		}
		if !n.up.Load() {
			n.since.Store(time.Now().UnixNano())
			n.up.Store(true)
			log.Printf("storage node %s is up", n.addr)
		}
		if err := n.quiet(conn, reader); err != nil {
			return err
		}
	}
}

// quiet waits until the next ping is due; a connection that ends meanwhile is noticed at once.
func (n *Node) quiet(conn net.Conn, reader *bufio.Reader) error {
	conn.SetReadDeadline(time.Now().Add(pingEvery))
	_, err := reader.Peek(1)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	if err == nil {
		return errors.New("it spoke without being asked")
	}
	return err
}

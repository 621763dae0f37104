package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// openData takes the folder that the role writes to: -storageDataPath, or -cacheDataPath if it is set.
func openData(role Role, flags *Flags, _ *Server) (closer, error) {
	name, path := "cacheDataPath", flags.Text("cacheDataPath", "")
	if role.name == "vmstorage" {
		name, path = "storageDataPath", flags.Text("storageDataPath", "vmstorage-data")
		if err := checkRetentions(flags); err != nil {
			return nil, err
		}
	}
	if path == "" {
		return func() {}, nil
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, fmt.Errorf("cannot use -%s=%q: %w", name, path, err)
	}
	log.Printf("opened -%s=%q", name, path)
	return func() { lock.Close() }, nil
}

// lockFolder makes the folder, and a lock file inside that one process alone may hold.
func lockFolder(path string) (*os.File, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, "flock.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another process has it open: %w", err)
	}
	return lock, nil
}

func checkRetentions(flags *Flags) error {
	for name, least := range map[string]time.Duration{"retentionPeriod": day, "futureRetention": 2 * day} {
		if text := flags.Text(name, ""); text != "" {
			if got, _ := retention(text); got < least {
				return fmt.Errorf("-%s cannot be smaller than %s; got %q", name, least, text)
			}
		}
	}
	return nil
}

// openListeners opens every port that a flag names: for vmstorage those that its clients connect to.
func openListeners(role Role, flags *Flags, server *Server) (closer, error) {
	var open []net.Listener
	for _, name := range flags.Names() {
		addr := flags.Text(name, role.addrs[name])
		if !strings.HasSuffix(name, "Addr") || name == "httpListenAddr" || addr == "" {
			continue
		}
		listener, err := net.Listen(network(flags), addr)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on -%s=%q: %w", name, addr, err)
		}
		log.Printf("accepting connections at -%s=%q", name, listener.Addr())
		open = append(open, listener)
		go accept(listener, expectedHello(name), server.engine)
	}
	return func() {
		for _, listener := range open {
			listener.Close()
		}
	}, nil
}

// network leaves IPv6 out unless it is asked for, as the real programs do.
func network(flags *Flags) string {
	if flags.Bool("enableTCP6", 0) {
		return "tcp"
	}
	return "tcp4"
}

// expectedHello returns the greeting of the only client that a port is for; "" is a port that takes any text.
func expectedHello(name string) string {
	switch name {
	case "vminsertAddr", "vmselectAddr":
		return strings.TrimSuffix(name, "Addr")
	}
	return ""
}

func accept(listener net.Listener, hello string, engine *Engine) {
	var seen sync.Map
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go converse(conn, hello, &seen, engine)
	}
}

// converse answers each line, so that a client notices when we are gone; the line "data" leads to the engine.
func converse(conn net.Conn, hello string, seen *sync.Map, engine *Engine) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for first := true; ; first = false {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		text = strings.TrimSuffix(text, "\n")
		if first && hello != "" && text != hello {
			log.Printf("%s greeted as %q on the port for %s; closing", conn.RemoteAddr(), text, hello)
			fmt.Fprintf(conn, "this port is for %s\n", hello)
			return
		}
		if hello != "" && text == dataGreeting {
			engine.carry(conn, lines)
			return
		}
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		if _, known := seen.LoadOrStore(host, true); !known && hello != "" {
			log.Printf("%s connected from %s", hello, host)
		}
		if _, err := fmt.Fprintln(conn, "ok"); err != nil {
			return
		}
	}
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// engineWithin is how long a real single-node victoria-metrics may take to open its data.
	engineWithin = 60 * time.Second
	engineFolder = "single-node"
)

// Engine is the real single-node victoria-metrics that keeps the data of one vmstorage, in the folder of that vmstorage.
// It starts when data first comes or is asked for, so that clusters without data cost nothing.
type Engine struct {
	program string
	flags   *Flags

	lock    sync.Mutex
	running *exec.Cmd
	ended   chan struct{}
	addr    string
}

// newEngine returns nil where STANDIN_ENGINE names no program: nothing keeps data then.
func newEngine(role Role, flags *Flags) *Engine {
	program := os.Getenv("STANDIN_ENGINE")
	if program == "" || role.name != "vmstorage" {
		return nil
	}
	return &Engine{program: program, flags: flags}
}

// address returns where the engine answers, started first if it does not run.
func (e *Engine) address() (string, error) {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.running != nil {
		select {
		case <-e.ended:
			log.Printf("victoria-metrics has ended (%s); starting it again", e.running.ProcessState)
		default:
			return e.addr, nil
		}
	}
	if err := e.start(); err != nil {
		return "", err
	}
	return e.addr, e.await()
}

func (e *Engine) start() error {
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	args := []string{
		"-httpListenAddr=" + addr,
		"-storageDataPath=" + filepath.Join(e.flags.Text("storageDataPath", "vmstorage-data"), engineFolder),
		"-memory.allowedPercent=40",
	}
	for _, name := range []string{"retentionPeriod", "dedup.minScrapeInterval"} {
		if text := e.flags.Text(name, ""); text != "" {
			args = append(args, "-"+name+"="+text)
		}
	}
	command := exec.Command(e.program, args...)
	command.Stderr = os.Stderr
	// It must never outlive us: it would keep the data folder locked.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	e.running, e.addr, e.ended = command, addr, make(chan struct{})
	go func(ended chan struct{}) {
		command.Wait()
		close(ended)
	}(e.ended)
	return nil
}

// await returns once the engine answers.
func (e *Engine) await() error {
	client := http.Client{Timeout: time.Second}
	for deadline := time.Now().Add(engineWithin); time.Now().Before(deadline); {
		if answer, err := client.Get("http://" + e.addr + "/health"); err == nil {
			answer.Body.Close()
			return nil
		}
		select {
		case <-e.ended:
			return fmt.Errorf("victoria-metrics has ended: %s", e.running.ProcessState)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("victoria-metrics does not answer within %s", engineWithin)
}

// stop lets the engine write what it holds in memory.
func (e *Engine) stop() {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.running != nil {
		e.running.Process.Signal(syscall.SIGTERM)
		<-e.ended
	}
}

// carry joins a client that asked for data with the engine, until one of them ends.
func (e *Engine) carry(client net.Conn, buffered *bufio.Reader) {
	if e == nil {
		fmt.Fprintln(client, "keeps no data")
		return
	}
	addr, err := e.address()
	if err != nil {
		log.Printf("no data: %s", err)
		fmt.Fprintln(client, "no data: "+err.Error())
		return
	}
	engine, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(client, "no data: "+err.Error())
		return
	}
	defer engine.Close()
	fmt.Fprintln(client, "ok")
	go func() {
		io.Copy(engine, buffered)
		engine.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(client, engine)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// openEngine has the engine end after all that leads to it.
func openEngine(_ Role, _ *Flags, server *Server) (closer, error) {
	if server.engine == nil {
		return func() {}, nil
	}
	return server.engine.stop, nil
}

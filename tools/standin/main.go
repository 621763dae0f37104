// Command standin takes the place of vminsert, vmselect and vmstorage where the real programs cannot be had.
//
// The role comes from the name that it is started by. It takes exactly the flags of the real program, finds out whether
// the programs of a cluster reach each other, and leaves data to a real single-node victoria-metrics, if it is given one.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// The real programs end with 255 on a fatal error, and Go's flag package with 2 on a bad flag.
const (
	exitBadFlag = 2
	exitFatal   = 255
)

// closer ends one part of the program.
type closer func()

func main() {
	log.SetOutput(os.Stderr)
	log.SetFlags(log.LUTC | log.Ldate | log.Lmicroseconds)
	role, err := roleOf(os.Args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitBadFlag)
	}
	flags := newFlags(role, readFlagList(role))
	if done := parse(flags, os.Args[1:]); done {
		return
	}
	log.SetPrefix(role.name + " ")
	log.Printf("stand-in for %s: %s", role.name, dataWords(role))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	closers, err := start(role, flags)
	if err != nil {
		log.Printf("fatal: %s", err)
		os.Exit(exitFatal)
	}
	log.Printf("received %s, stopping", <-signals)
	for _, close := range closers {
		close()
	}
	log.Printf("stopped")
}

// parse reads the command line, and reports whether there is nothing left to do (-help, -version).
func parse(flags *Flags, args []string) bool {
	err := flags.Parse(args, os.LookupEnv)
	switch {
	case err == errHelp:
		fmt.Print(flags.Help())
		return true
	case err != nil:
		fmt.Fprintf(os.Stderr, "stand-in for %s: %s\n", flags.role.name, err)
		os.Exit(exitBadFlag)
	case flags.Bool("version", 0):
		fmt.Println(version(flags.role))
		return true
	}
	return false
}

// start opens what the role needs, in the order of the real programs: data or storage nodes first, HTTP last.
func start(role Role, flags *Flags) (closers []closer, err error) {
	server := &Server{role: role, flags: flags, engine: newEngine(role, flags)}
	for _, open := range []func(Role, *Flags, *Server) (closer, error){
		openData, openNodes, openEngine, openListeners, serveHTTP,
	} {
		close, err := open(role, flags, server)
		if err != nil {
			return nil, err
		}
		// The HTTP server goes first at the end, so that /health fails before the rest is gone.
		closers = append([]closer{close}, closers...)
	}
	return closers, nil
}

// Role is what differs between the three programs.
type Role struct {
	name        string
	httpAddr    string
	storagePort string
	// addrs are the defaults of the other flags that name an address to listen on.
	addrs map[string]string
}

var roles = map[string]Role{
	"vminsert": {name: "vminsert", httpAddr: ":8480", storagePort: "8400"},
	"vmselect": {name: "vmselect", httpAddr: ":8481", storagePort: "8401"},
	"vmstorage": {name: "vmstorage", httpAddr: ":8482",
		addrs: map[string]string{"vminsertAddr": ":8400", "vmselectAddr": ":8401"}},
}

func roleOf(argv0 string) (Role, error) {
	name := strings.TrimSuffix(filepath.Base(argv0), "-prod")
	role, ok := roles[name]
	if !ok {
		return Role{}, fmt.Errorf("stand-in: started as %q; start it by the name vminsert, vmselect or vmstorage "+
			"(or with the ending -prod)", argv0)
	}
	return role, nil
}

func version(role Role) string {
	tag := os.Getenv("STANDIN_VERSION")
	if tag == "" {
		tag = "v1.150.0-cluster"
	}
	return "standin-" + tag + "-" + role.name
}

// dataWords tells what becomes of data, so that nobody takes a stand-in for the real program.
func dataWords(role Role) string {
	switch {
	case role.name != "vmstorage":
		return "passes data on, keeps none"
	case os.Getenv("STANDIN_ENGINE") == "":
		return "keeps no data"
	}
	return "data goes to a real single-node victoria-metrics in this pod, started when the first data comes"
}

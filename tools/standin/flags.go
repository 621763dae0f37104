package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
)

// The lists are kept once, in tests/flags; the build lays them over this folder.
//
//go:embed flaglists/*.txt
var flagLists embed.FS

var errHelp = errors.New("help asked for")

func readFlagList(role Role) string {
	text, err := flagLists.ReadFile("flaglists/" + role.name + ".txt")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Flags are the flags of one real program: their names, types and the values given.
type Flags struct {
	role  Role
	set   *flag.FlagSet
	known map[string]*value
}

func newFlags(role Role, list string) *Flags {
	f := &Flags{role: role, set: flag.NewFlagSet(role.name, flag.ContinueOnError), known: map[string]*value{}}
	f.set.SetOutput(io.Discard)
	for _, line := range strings.Split(strings.TrimSpace(list), "\n") {
		name, kind, _ := strings.Cut(line, " ")
		v := &value{kind: kindOf(name, kind, role)}
		f.known[name] = v
		f.set.Var(v, name, kind)
	}
	return f
}

// Parse reads args and, with -envflag.enable, the environment; the error names the flag.
func (f *Flags) Parse(args []string, lookup func(string) (string, bool)) error {
	err := f.set.Parse(expand(args, lookup))
	if errors.Is(err, flag.ErrHelp) {
		return errHelp
	}
	if err != nil {
		return err
	}
	if f.set.NArg() > 0 {
		return fmt.Errorf("arguments that belong to no flag: %q; a bool flag takes its value as -flag=value", f.set.Args())
	}
	if !f.Bool("envflag.enable", 0) {
		return nil
	}
	return f.parseEnvironment(lookup)
}

func (f *Flags) parseEnvironment(lookup func(string) (string, bool)) error {
	given := map[string]bool{}
	f.set.Visit(func(one *flag.Flag) { given[one.Name] = true })
	prefix := f.Text("envflag.prefix", "")
	for name, v := range f.known {
		key := prefix + strings.ReplaceAll(name, ".", "_")
		text, ok := lookup(key)
		if given[name] || !ok {
			continue
		}
		if err := v.Set(text); err != nil {
			return fmt.Errorf("invalid value %q for flag -%s from the environment variable %s: %w", text, name, key, err)
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`%\{[^}]+\}`)

// expand puts environment variables in the place of %{NAME}; one that is not set leaves the text as it is.
func expand(args []string, lookup func(string) (string, bool)) (expanded []string) {
	for _, arg := range args {
		text := placeholder.ReplaceAllStringFunc(arg, func(found string) string {
			if content, ok := lookup(found[2 : len(found)-1]); ok {
				return content
			}
			return found
		})
		if text != "" {
			expanded = append(expanded, text)
		}
	}
	return expanded
}

// List returns all values of an array flag.
func (f *Flags) List(name string) []string {
	if v, ok := f.known[name]; ok {
		return v.items
	}
	return nil
}

// Text returns the last value given, or otherwise if the flag is not set or empty.
func (f *Flags) Text(name, otherwise string) string {
	items := f.List(name)
	if len(items) == 0 || items[len(items)-1] == "" {
		return otherwise
	}
	return items[len(items)-1]
}

// At returns the item of an array flag that belongs to position index; a single item counts for all positions.
func (f *Flags) At(name string, index int) string {
	items := f.List(name)
	switch {
	case index < len(items):
		return items[index]
	case len(items) == 1:
		return items[0]
	}
	return ""
}

// Bool tells whether the item at index is true.
func (f *Flags) Bool(name string, index int) bool {
	truth, err := parseBool(f.At(name, index))
	return err == nil && truth
}

// Names returns the names of all flags, sorted.
func (f *Flags) Names() (names []string) {
	for name := range f.known {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Help returns one line per flag.
func (f *Flags) Help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stand-in for %s: takes its flags, keeps no data\n\n", f.role.name)
	for _, name := range f.Names() {
		fmt.Fprintf(&b, "  -%s %s\n", name, f.set.Lookup(name).Usage)
	}
	return b.String()
}

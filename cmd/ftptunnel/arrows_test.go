package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// listed is what go list says about a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string // direct
	Deps       []string // direct and indirect
}

const module = "ftptunnel"

// packages lists the packages of the module, without their tests.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Standard,Imports,Deps", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// arrow says what a package may know.
type arrow struct {
	own       []string // packages of ours, with all below them
	forbidden []string // what it must not reach, directly or not, with all below
	direct    []string // what it must not import itself
}

var arrows = map[string]arrow{
	"ftptunnel/ftpinspect": {
		forbidden: []string{"golang.org/x", "github.com", "net/http"},
		direct:    []string{"net", "os", "time", "log", "context", "sync", "bufio", "flag"},
	},
	"ftptunnel/tunnel": {
		own:       []string{"ftptunnel/ftpinspect"},
		forbidden: []string{"golang.org/x/crypto", "golang.org/x/term", "github.com", "flag"},
		direct:    []string{"log"},
	},
	"ftptunnel/sshconn": {
		forbidden: []string{"golang.org/x/term", "github.com/spf13", "flag"},
		direct:    []string{"log"},
	},
	"ftptunnel/testenv": {
		own:    []string{"ftptunnel/testenv"},
		direct: []string{"log"},
	},
	"ftptunnel/cmd/ftptunnel": {
		own: []string{"ftptunnel/tunnel", "ftptunnel/ftpinspect", "ftptunnel/sshconn", "ftptunnel/testenv"},
	},
}

// Each package knows what docs/design.md, section 3, lets it know.
func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		a, ok := arrowOf(p.ImportPath)
		if !ok {
			t.Errorf("%s: what it may import is not written down here", p.ImportPath)
			continue
		}
		for _, dep := range p.Deps {
			if within(dep, module) && dep != p.ImportPath && !slices.ContainsFunc(a.own, below(dep)) {
				t.Errorf("%s must not know %s", p.ImportPath, dep)
			}
			if slices.ContainsFunc(a.forbidden, below(dep)) {
				t.Errorf("%s must not reach %s", p.ImportPath, dep)
			}
		}
		for _, dep := range p.Imports {
			if slices.ContainsFunc(a.direct, func(d string) bool { return d == dep }) || within(dep, "log") && slices.Contains(a.direct, "log") {
				t.Errorf("%s must not import %s", p.ImportPath, dep)
			}
		}
	}
}

// Only tests, the launchers and the terminal for them, and the benchmarks import
// package testing: none of it is in the program.
func TestProgramHoldsNoTesting(t *testing.T) {
	for _, p := range packages(t) {
		testers := []string{"ftptunnel/testenv/daemons", "ftptunnel/testenv/bench", "ftptunnel/testenv/tty"}
		if slices.Contains(p.Imports, "testing") && !slices.ContainsFunc(testers, below(p.ImportPath)) {
			t.Errorf("%s imports testing", p.ImportPath)
		}
		if p.ImportPath == "ftptunnel/cmd/ftptunnel" && slices.Contains(p.Deps, "testing") {
			t.Errorf("the program reaches testing")
		}
	}
}

// arrowOf finds the rule for a package: its own, or that of a folder above.
func arrowOf(path string) (arrow, bool) {
	for ; strings.Contains(path, "/"); path = path[:strings.LastIndexByte(path, '/')] {
		if a, ok := arrows[path]; ok {
			return a, true
		}
	}
	return arrow{}, false
}

// within reports whether a package is another or below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func below(path string) func(folder string) bool {
	return func(folder string) bool { return within(path, folder) }
}

// command finds files of commands.
var command = regexp.MustCompile(`(?m)^package main$`)

// impure are calls that only a command may make: the packages print nothing,
// do not exit and do not read the environment.
var impure = regexp.MustCompile(`\bos\.(Exit|Getenv|LookupEnv|Environ|Stdin|Stdout|Stderr)\b|\bfmt\.Print|\blog\.(Print|Fatal)`)

// The packages leave printing, exiting and the environment to commands.
func TestPackagesArePure(t *testing.T) {
	eachFile(t, func(path, text string) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(path, "testenv/daemons/") || command.MatchString(text) {
			return
		}
		if call := impure.FindString(text); call != "" {
			t.Errorf("%s: %s", path, call)
		}
	})
}

// unwanted are words of unfinished work.
var unwanted = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// Code and docs hold no unwanted word.
func TestWords(t *testing.T) {
	eachFile(t, func(path, text string) {
		number := 0
		for line := range strings.Lines(text) {
			number++
			if word := unwanted.FindString(line); word != "" {
				t.Errorf("%s:%d: %q", path, number, strings.TrimSpace(word))
			}
		}
	})
}

// eachFile calls f with every file of the project, by its path from the top.
// Recordings are left out: they hold what others wrote.
func eachFile(t *testing.T, f func(path, text string)) {
	t.Helper()
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if name == ".git" && !entry.IsDir() {
			return nil // of a worktree
		}
		if entry.IsDir() {
			if name == ".git" || name == ".cache" || name == "bin" || name == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(top, path)
		if err == nil && !strings.Contains(string(text), "\x00") {
			f(filepath.ToSlash(relative), string(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

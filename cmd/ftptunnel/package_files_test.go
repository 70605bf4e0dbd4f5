package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// built are the files that a package is made of and that package.sh makes.
var built = regexp.MustCompile(`^dist/(\$\{ARCH\}/ftptunnel|ftptunnel\.1\.gz|completion/(bash|zsh|fish))$`)

// TestPackageFiles checks that what the packages are made of is there, and that
// they have all of the units and drawings.
func TestPackageFiles(t *testing.T) {
	text, err := os.ReadFile("../../packaging/nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	packed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)(?:src|postinstall|preremove|postremove): (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		names, err := filepath.Glob(filepath.Join("../..", m[1]))
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 && !built.MatchString(m[1]) {
			t.Errorf("there is no %s", m[1])
		}
		for _, name := range names {
			packed[strings.TrimPrefix(name, "../../")] = true
			if info, err := os.Stat(name); err != nil || info.IsDir() {
				t.Errorf("%s: nfpm would put a folder's files beside it (%v)", name, err)
			}
		}
	}
	units, err := filepath.Glob("../../packaging/systemd/*/*")
	if err != nil || len(units) < 6 {
		t.Fatalf("%d units, %v", len(units), err)
	}
	drawings, err := filepath.Glob("../../docs/img/*")
	plots, _ := filepath.Glob("../../docs/*.svg")
	if err != nil || len(drawings) == 0 || len(plots) == 0 {
		t.Fatalf("%d drawings, %d plots, %v", len(drawings), len(plots), err)
	}
	for _, name := range slices.Concat(units, drawings, plots) {
		if !packed[strings.TrimPrefix(name, "../../")] {
			t.Errorf("the packages lack %s", name)
		}
	}
}

// TestReleaseSystems checks that archives are made for every system that the
// program is built for.
func TestReleaseSystems(t *testing.T) {
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"goos: [linux, darwin, windows, freebsd]", "goarch: [amd64, arm64]"} {
		if !strings.Contains(string(text), line) {
			t.Errorf(".goreleaser.yaml has no %q", line)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^ +- (?:src: )?([A-Za-z]\S*(?:\.md|\.1|\.yaml|LICENSE|docs/\*))$`).FindAllStringSubmatch(string(text), -1) {
		if names, _ := filepath.Glob(filepath.Join("../..", m[1])); len(names) == 0 {
			t.Errorf("there is no %s", m[1])
		}
	}
}

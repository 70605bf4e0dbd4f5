package testenv

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tree is a file tree in memory. Files may also be synthetic or sinks, which
// cost no memory whatever their size. Its zero value is an empty tree.
// Paths are separated by slashes; missing directories are made.
type Tree struct {
	mu   sync.RWMutex
	root *node // nil until used; guarded by mu, as are all nodes
}

// node is a directory, or a file with one kind of content.
type node struct {
	mod  time.Time
	kids map[string]*node // a directory, even if empty
	sink *sink            // a directory: what its new files are; a file: its content
	data []byte
	made *synthetic
}

func (n *node) dir() bool { return n.kids != nil }

func (n *node) size() int64 {
	switch {
	case n.dir():
		return 4096
	case n.sink != nil:
		return n.sink.size
	case n.made != nil:
		return n.made.size
	}
	return int64(len(n.data))
}

// Put stores a file. The tree owns data from now on.
func (t *Tree) Put(name string, data []byte) { t.put(name, &node{data: data}) }

// Mkdir makes a directory and what is missing above it.
func (t *Tree) Mkdir(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach(clean(name))
}

// Get returns a copy of a file's bytes, and false if it is not there or keeps
// none.
func (t *Tree) Get(name string) ([]byte, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.find(clean(name))
	if err != nil || n.dir() || n.made != nil || n.sink != nil {
		return nil, false
	}
	return slices.Clone(n.data), true
}

// Remove forgets a file, if it is there.
func (t *Tree) Remove(name string) { _ = t.remove(clean(name), false) }

// Names lists the paths of all files, sorted.
func (t *Tree) Names() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var names []string
	var walk func(string, *node)
	walk = func(p string, n *node) {
		if n != nil && !n.dir() {
			names = append(names, p)
		} else if n != nil {
			for name, kid := range n.kids {
				walk(path.Join(p, name), kid)
			}
		}
	}
	walk("/", t.root)
	slices.Sort(names)
	return names
}

func clean(name string) string { return path.Clean("/" + name) }

func (t *Tree) put(name string, n *node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	dir, base := path.Split(clean(name))
	n.mod = time.Now()
	t.reach(dir).kids[base] = n
}

// reach returns the directory at p, making it. A file in its way is replaced.
func (t *Tree) reach(p string) *node {
	if t.root == nil {
		t.root = &node{kids: map[string]*node{}, mod: time.Now()}
	}
	n := t.root
	for name := range strings.SplitSeq(strings.Trim(p, "/"), "/") {
		if name == "" {
			continue
		}
		kid := n.kids[name]
		if kid == nil || !kid.dir() {
			kid = &node{kids: map[string]*node{}, sink: n.sink, mod: time.Now()}
			n.kids[name] = kid
		}
		n = kid
	}
	return n
}

func (t *Tree) find(p string) (*node, error) {
	n := t.root
	if n == nil {
		n = &node{kids: map[string]*node{}}
	}
	for name := range strings.SplitSeq(strings.Trim(p, "/"), "/") {
		if name == "" {
			continue
		}
		if n = n.kids[name]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

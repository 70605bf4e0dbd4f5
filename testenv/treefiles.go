package testenv

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

func (t *Tree) stat(p string) (entry, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.find(p)
	if err != nil {
		return entry{}, err
	}
	return entry{path.Base(p), n.dir(), n.size(), n.mod}, nil
}

func (t *Tree) list(p string) ([]entry, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.find(p)
	if err != nil {
		return nil, err
	}
	var all []entry
	for name, kid := range n.kids {
		all = append(all, entry{name, kid.dir(), kid.size(), kid.mod})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func (t *Tree) open(p string, offset int64) (io.ReadCloser, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.find(p)
	switch {
	case err != nil:
		return nil, err
	case n.dir(), n.sink != nil:
		return nil, fs.ErrInvalid
	case n.made != nil:
		return n.made.reader(offset), nil
	}
	// Bytes that were written are never changed in place: this slice is the
	// file as of now.
	return io.NopCloser(bytes.NewReader(n.data[min(offset, int64(len(n.data))):])), nil
}

func (t *Tree) create(p string, offset int64) (io.WriteCloser, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach("/")
	dir, base := path.Split(p)
	parent, err := t.find(dir)
	if err != nil {
		return nil, err
	}
	n := parent.kids[base]
	if !parent.dir() || base == "" || n != nil && n.dir() {
		return nil, fs.ErrInvalid
	}
	fresh := &node{mod: time.Now()}
	switch {
	case parent.sink != nil:
		fresh.sink = parent.sink.fresh()
	case n != nil && offset == atEnd:
		fresh.data = slices.Clone(n.data)
	case n != nil && offset > 0:
		fresh.data = slices.Clone(n.data[:min(offset, int64(len(n.data)))])
	}
	parent.kids[base] = fresh
	return &treeWriter{t, fresh}, nil
}

func (t *Tree) mkdir(p string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach("/")
	if _, err := t.find(p); err == nil {
		return fs.ErrExist
	}
	parent, err := t.find(path.Dir(p))
	if err != nil {
		return err
	}
	if !parent.dir() {
		return fs.ErrInvalid
	}
	parent.kids[path.Base(p)] = &node{kids: map[string]*node{}, sink: parent.sink, mod: time.Now()}
	return nil
}

func (t *Tree) remove(p string, dir bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find(p)
	if err != nil {
		return err
	}
	if n.dir() != dir || len(n.kids) > 0 || p == "/" {
		return fs.ErrInvalid
	}
	parent, err := t.find(path.Dir(p))
	if err != nil {
		return err
	}
	delete(parent.kids, path.Base(p))
	return nil
}

func (t *Tree) rename(from, to string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find(from)
	if err != nil {
		return err
	}
	parent, err := t.find(path.Dir(to))
	if err != nil {
		return err
	}
	if !parent.dir() || from == "/" || strings.HasPrefix(to+"/", from+"/") {
		return fs.ErrInvalid
	}
	old, err := t.find(path.Dir(from))
	if err != nil {
		return err
	}
	delete(old.kids, path.Base(from))
	parent.kids[path.Base(to)] = n
	return nil
}

func (t *Tree) chtime(p string, mod time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find(p)
	if err != nil {
		return err
	}
	n.mod = mod
	return nil
}

// treeWriter appends to a file; what was written is there at once.
type treeWriter struct {
	tree *Tree
	node *node
}

func (w *treeWriter) Write(p []byte) (int, error) {
	w.tree.mu.Lock()
	defer w.tree.mu.Unlock()
	if w.node.sink != nil {
		w.node.sink.take(p)
	} else {
		w.node.data = append(w.node.data, p...)
	}
	w.node.mod = time.Now()
	return len(p), nil
}

func (w *treeWriter) Close() error { return nil }

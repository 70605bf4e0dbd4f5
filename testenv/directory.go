package testenv

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// directory serves files below a directory, and nothing outside it, whatever
// symbolic links say.
type directory struct{ root *os.Root }

func local(p string) string {
	if p = strings.Trim(p, "/"); p != "" {
		return p
	}
	return "."
}

func newEntry(name string, i fs.FileInfo) entry {
	return entry{name, i.IsDir(), i.Size(), i.ModTime()}
}

func (d directory) stat(p string) (entry, error) {
	i, err := d.root.Stat(local(p))
	if err != nil {
		return entry{}, err
	}
	return newEntry(path.Base(p), i), nil
}

func (d directory) list(p string) ([]entry, error) {
	f, err := d.root.Open(local(p))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	infos, err := f.Readdir(-1)
	var all []entry
	for _, i := range infos {
		all = append(all, newEntry(i.Name(), i))
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all, err
}

func (d directory) open(p string, offset int64) (io.ReadCloser, error) {
	f, err := d.root.Open(local(p))
	if err != nil {
		return nil, err
	}
	if i, err := f.Stat(); err != nil || i.IsDir() {
		f.Close()
		return nil, fs.ErrInvalid
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (d directory) create(p string, offset int64) (io.WriteCloser, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if offset == atEnd {
		flags |= os.O_APPEND
	}
	f, err := d.root.OpenFile(local(p), flags, 0o644)
	if err != nil || offset == atEnd {
		return f, err
	}
	err = f.Truncate(offset)
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (d directory) mkdir(p string) error { return d.root.Mkdir(local(p), 0o755) }

func (d directory) remove(p string, dir bool) error {
	e, err := d.stat(p)
	if err != nil {
		return err
	}
	if e.dir != dir {
		return fs.ErrInvalid
	}
	return d.root.Remove(local(p))
}

func (d directory) rename(from, to string) error { return d.root.Rename(local(from), local(to)) }

func (d directory) chtime(p string, t time.Time) error { return d.root.Chtimes(local(p), t, t) }

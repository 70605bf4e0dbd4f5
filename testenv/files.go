package testenv

import (
	"io"
	"time"
)

// files is what an FTPServer serves: a Tree or a directory. Paths are
// absolute, cleaned and separated by slashes. Errors are those of io/fs.
type files interface {
	stat(path string) (entry, error)
	list(path string) ([]entry, error) // sorted by name
	open(path string, offset int64) (io.ReadCloser, error)
	// create writes a file from offset on and cuts it there; atEnd appends.
	create(path string, offset int64) (io.WriteCloser, error)
	mkdir(path string) error
	remove(path string, dir bool) error
	rename(from, to string) error
	chtime(path string, t time.Time) error
}

// atEnd is the offset of a write that appends.
const atEnd = -1

type entry struct {
	name string
	dir  bool
	size int64
	mod  time.Time
}

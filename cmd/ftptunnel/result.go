package main

import (
	"errors"
	"io"
	"syscall"
)

// resultWriter is standard output as the program itself writes to it. It keeps the
// first error: whoever reads that file later must not have been told that all is
// well. A reader that has left wants no more, which is no error.
type resultWriter struct {
	w   io.Writer
	err error
}

func (r *resultWriter) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if r.err == nil && !errors.Is(err, syscall.EPIPE) {
		r.err = err
	}
	return n, err
}

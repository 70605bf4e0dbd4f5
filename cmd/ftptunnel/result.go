package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// resultWriter is standard output as the program itself writes to it. It keeps
// the error of a full disk: whoever reads that file later must not have been told
// that all is well. Any other error says that there is no reader (any more), as
// does a closed pipe or a terminal that is gone.
type resultWriter struct {
	w    io.Writer
	full error
}

func (r *resultWriter) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if r.full == nil && isDiskFull(err) {
		r.full = err
	}
	return n, err
}

// told returns the exit code of a run that ends with status, after what it had to
// say of its result being incomplete.
func (p *program) told(status int) int {
	err := p.result.full
	if err == nil {
		return status
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	p.fail("output", fmt.Errorf("standard output: %w", err))
	if status == exitOK {
		return exitTunnel
	}
	return status
}

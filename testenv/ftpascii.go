package testenv

import (
	"bufio"
	"bytes"
	"context"
	"io"
)

// source is what a download sends: in TYPE A, lines that end in CRLF.
func (t *transfer) source() io.Reader {
	if !t.ascii {
		return t.from
	}
	return &toCRLF{r: bufio.NewReader(t.from)}
}

// receive takes an upload: in TYPE A, lines that end in CRLF become such that
// end in LF.
func (t *transfer) receive(ctx context.Context, data io.Reader) error {
	if !t.ascii {
		return t.copy(ctx, t.to, data)
	}
	w := &fromCRLF{w: t.to}
	if err := t.copy(ctx, w, data); err != nil {
		return err
	}
	return w.flush()
}

// toCRLF puts a CR before each LF that lacks one.
type toCRLF struct {
	r    *bufio.Reader
	last byte
	lf   bool // a LF is due
}

func (c *toCRLF) Read(p []byte) (int, error) {
	for n := range p {
		if c.lf {
			p[n], c.last, c.lf = '\n', '\n', false
			continue
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return n, err
		}
		if c.lf = b == '\n' && c.last != '\r'; c.lf {
			b = '\r'
		}
		p[n], c.last = b, b
	}
	return len(p), nil
}

// fromCRLF removes the CR of each CRLF within what is written at once, and
// across writes.
type fromCRLF struct {
	w  io.Writer
	cr bool // the last write ended in a CR, which is still due
}

func (c *fromCRLF) Write(p []byte) (int, error) {
	out := p
	if c.cr {
		out = append([]byte{'\r'}, p...)
	}
	if c.cr = bytes.HasSuffix(out, []byte{'\r'}); c.cr {
		out = out[:len(out)-1]
	}
	if _, err := c.w.Write(bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes the CR that ended the last write.
func (c *fromCRLF) flush() error {
	if !c.cr {
		return nil
	}
	_, err := c.w.Write([]byte{'\r'})
	return err
}

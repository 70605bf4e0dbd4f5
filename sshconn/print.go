package sshconn

import (
	"bufio"
	"fmt"
	"io"
)

// WriteG prints the configuration as `ssh -G` does: one directive a line, lower
// case, first value first.
func (cfg *Config) WriteG(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, key := range cfg.settings.order {
		for _, v := range cfg.settings.values[key] {
			fmt.Fprintf(b, "%s %s\n", key, v)
		}
	}
	return b.Flush()
}

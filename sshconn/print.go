package sshconn

import (
	"bufio"
	"fmt"
	"io"
	"slices"
)

// WriteG prints the configuration as `ssh -G` does: one directive a line, in
// lower case, in ssh's words, with the directives that have an effect here.
func (cfg *Config) WriteG(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, key := range honoured() {
		for _, v := range cfg.settings.values[key] {
			fmt.Fprintf(b, "%s %s\n", key, v)
		}
	}
	return b.Flush()
}

// honoured lists the directives that have an effect here, in ssh -G's order.
func honoured() []string {
	keys := []string{"host", "user", "hostname", "port"}
	for _, d := range ordinary {
		if !slices.Contains(notHonoured, d[0]) && d[0] != "securitykeyprovider" {
			keys = append(keys, d[0])
		}
	}
	return keys
}

package sshconn

import (
	"io"
	"net"
	"strings"
	"testing"
)

// TestIdentification: lines may stand before SSH's identification, and it may
// come in parts.
func TestIdentification(t *testing.T) {
	for _, c := range []struct {
		name       string
		parts      []string
		identified bool
	}{
		{"at once", []string{"SSH-2.0-x\r\n"}, true},
		{"in parts", []string{"SS", "H-2.0-x\r\n"}, true},
		{"after a line", []string{"welcome\r\nSSH-2.0-x\r\n"}, true},
		{"after much, in parts", []string{strings.Repeat("welcome\r\n", 300), "SS", "H-", "2.0-x\r\n"}, true},
		{"FTP", []string{"220-SSH-2.0 is elsewhere\r\n", "220 ready\r\n"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				for _, p := range c.parts {
					io.WriteString(theirs, p)
				}
				theirs.Close()
			}()
			tr := newTransport(ours)
			strange := 0
			tr.foreign = func() { strange++ }
			if _, err := io.Copy(io.Discard, tr); err != nil {
				t.Fatal(err)
			}
			tr.Close()
			if tr.identified.Load() != c.identified {
				t.Errorf("identified: %v", tr.identified.Load())
			}
			if strange > 1 || strange == 0 && c.name != "at once" && c.name != "after a line" {
				t.Errorf("called %d times for what is not SSH", strange)
			}
		})
	}
}

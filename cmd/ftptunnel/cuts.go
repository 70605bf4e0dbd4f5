package main

import "fmt"

// tellCuts names the transfers that the command took for complete and that
// were not. It reports whether there were any.
func (p *program) tellCuts(services []*service) bool {
	found := false
	for _, s := range services {
		for _, c := range s.tunnel.Cut() {
			found = true
			text := fmt.Sprintf("the command succeeded, but the %s of %q was cut after %s: %v",
				direction(c.Direction), c.Path, byteCount(c.Bytes), c.Err)
			p.log.fail("cut", text, "transfer it again: what arrived is not the whole file",
				"path", c.Path, "direction", direction(c.Direction), "bytes", c.Bytes)
		}
	}
	return found
}

package main

import "fmt"

// tellCuts names the transfers that the command took for complete and that
// were not. It reports whether there were any.
func (p *program) tellCuts(services []*service) bool {
	found := false
	for _, s := range services {
		for _, c := range s.tunnel.Cut() {
			found = true
			where := ""
			if s.kind == proxyForward {
				where = " at " + c.Target
			}
			text := fmt.Sprintf("the command succeeded, but the %s of %q%s was cut after %s: %s",
				direction(c.Direction), c.Path, where, byteCount(c.Bytes), cutCause(c.Err, c.Reply))
			p.log.fail("cut", text, "transfer it again: what arrived is not the whole file",
				"target", c.Target, "path", c.Path, "direction", direction(c.Direction), "bytes", c.Bytes)
		}
	}
	return found
}

// cutCause words what cut a transfer: an error of ours, or else what the server
// said.
func cutCause(err error, reply string) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("the server answers %q", reply)
}

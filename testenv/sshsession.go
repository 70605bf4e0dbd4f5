package testenv

import "golang.org/x/crypto/ssh"

// serveSession serves a session channel: whatever is executed exits 0 at once.
func (p *peer) serveSession(ch ssh.NewChannel) {
	s := p.server
	s.counts.add(func(c *SSHCounts) { c.Sessions++ })
	if s.refuseExec.Load() {
		_ = ch.Reject(ssh.Prohibited, "open failed")
		return
	}
	channel, requests, err := ch.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for r := range requests {
		switch r.Type {
		case "exec", "shell":
			p.execute(channel, r)
		case "env", "pty-req", "window-change", "signal":
			_ = r.Reply(true, nil)
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func (p *peer) execute(channel ssh.Channel, r *ssh.Request) {
	var m struct{ Command string }
	_ = ssh.Unmarshal(r.Payload, &m) // a shell has none
	p.server.counts.add(func(c *SSHCounts) { keep(&c.Executed, m.Command) })
	_ = p.tcp.SetNoDelay(true)
	_ = r.Reply(true, nil)
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
	channel.Close()
}

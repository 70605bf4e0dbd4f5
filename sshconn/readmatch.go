package sshconn

import (
	"net"
	"net/netip"
	"os/exec"
	"strings"
)

// matchBlock reads Match: readconf.c, match_cfg_line.
func matchBlock(r *reader, d *directive) error {
	if d.file == "" {
		return d.errorf("Match is not for the command line")
	}
	result, err := r.match(d)
	r.active = result && !r.never
	d.args = nil
	return err
}

// match evaluates the criteria of a Match line; all must hold.
func (r *reader) match(d *directive) (bool, error) {
	result, count := true, 0
	for rest := d.rest; ; count++ {
		word, after, ok := cutWord(rest)
		if !ok {
			return false, d.errorf("Match: unbalanced quotes")
		}
		if word == "" || word[0] == '#' {
			break
		}
		rest = after
		name, negated := strings.CutPrefix(word, "!")
		name = strings.ToLower(name)
		if name == "all" {
			next, _, _ := cutWord(rest)
			if count > 1 || next != "" && next[0] != '#' {
				return false, d.errorf("Match: all cannot be combined with other criteria")
			}
			return result && !negated, nil
		}
		var arg string
		if name != "canonical" && name != "final" {
			if arg, rest, ok = cutWord(rest); !ok || arg == "" || arg[0] == '#' {
				return false, d.errorf("Match: %s has no argument", name)
			}
		}
		hit, err := r.criterion(d, name, arg, result)
		if err != nil {
			return false, err
		}
		result = result && hit != negated
	}
	if count == 0 {
		return false, d.errorf("Match: no criteria")
	}
	return result, nil
}

// criterion evaluates one criterion.
func (r *reader) criterion(d *directive, name, arg string, sofar bool) (bool, error) {
	switch name {
	case "canonical":
		return r.final, nil
	case "final":
		r.wantFinal = r.wantFinal || !r.final
		return r.final, nil
	case "host":
		return matchList(strings.ToLower(r.target()), arg, true) == 1, nil
	case "originalhost":
		return matchList(strings.ToLower(r.original), arg, true) == 1, nil
	case "user":
		return matchList(r.remoteUser(), arg, false) == 1, nil
	case "localuser":
		return matchList(r.o.User, arg, false) == 1, nil
	case "tagged":
		return matchList(r.values["tag"], arg, false) == 1, nil
	case "localnetwork":
		return r.localNetwork(d, arg)
	case "exec":
		return r.exec(d, arg, sofar && !r.never)
	}
	return false, d.errorf("Match: criterion %s needs an ssh binary", name)
}

// target is the host as far as it is known on a line.
func (r *reader) target() string {
	name, set := r.values["hostname"]
	if !set {
		return r.host
	}
	if r.final {
		return name
	}
	if full, err := (tokens{'h': r.host}).percent(name); err == nil {
		return full
	}
	return name
}

func (r *reader) remoteUser() string {
	if u, ok := r.values["user"]; ok {
		return u
	}
	return r.o.User
}

// exec runs a command of Match exec by the user's shell; exit status 0 matches.
func (r *reader) exec(d *directive, command string, really bool) (bool, error) {
	cfg := &Config{Alias: r.original, HostName: r.target(), User: r.remoteUser(), Port: 22, HostKeyAlias: r.values["hostkeyalias"]}
	if p, ok := r.values["port"]; ok {
		cfg.Port = atoi(p)
	}
	t := newTokens(cfg, r.o)
	t['n'], t['k'] = r.original, cfg.HostName
	if cfg.HostKeyAlias != "" {
		t['k'] = cfg.HostKeyAlias
	}
	delete(t, 'j')
	command, err := t.percent(command)
	if err != nil {
		return false, d.errorf("%s", err)
	}
	if !really {
		return false, nil
	}
	cmd := matchCommand(r.ctx, r.o.env("SHELL"), command)
	err = cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		return false, d.errorf("Match exec: %s", err)
	}
	return err == nil, nil
}

// localNetwork tells whether an address of this machine is in one of the
// networks of a list.
func (r *reader) localNetwork(d *directive, list string) (bool, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false, d.errorf("%s", err)
	}
	for _, entry := range strings.Split(list, ",") {
		p, err := netip.ParsePrefix(entry)
		if err != nil {
			return false, d.errorf("Match: localnetwork wants networks as 10.0.0.0/8, not %s", entry)
		}
		for _, a := range addrs {
			n, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			if ip, ok := netip.AddrFromSlice(n.IP); ok && !ip.IsLoopback() && p.Contains(ip.Unmap()) {
				return true, nil
			}
		}
	}
	return false, nil
}

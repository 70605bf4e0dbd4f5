package sshconn

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// Resolve finds out what ssh would do with a destination: an alias,
// [user@]host, or ssh://[user@]host[:port]. Jump hosts are resolved as well.
//
// If the PATH of Options.Env has an ssh binary, that one is asked: ssh -G, which
// also runs Match exec. Without a binary, or if ssh refuses to run because the
// user database lacks the user, the files are read here. That gives the same
// result, or an error that names the line which only ssh reads right
// (ConfigError.NeedsSSH).
//
// Errors are [*ConfigError], or the cause of ctx.
func Resolve(ctx context.Context, destination string, o Options) (*Config, error) {
	o.complete()
	ssh := findSSH(o.env("PATH"))
	if ssh == "" {
		return resolveBy(ctx, fileResolver{}, destination, o)
	}
	cfg, err := resolveBy(ctx, binaryResolver{path: ssh}, destination, o)
	if refusesUser(err) {
		return resolveBy(ctx, fileResolver{}, destination, o)
	}
	return cfg, err
}

// resolver reads the configuration for one host, jumps aside.
type resolver interface {
	read(ctx context.Context, destination string, o *Options) (*settings, error)
}

// currentUser looks this process's user up. A test has it fail.
var currentUser = user.Current

// complete fills in the local user. One that the user database lacks, as in a
// container or under systemd's DynamicUser, is whom the environment names.
func (o *Options) complete() {
	if o.Home != "" && o.User != "" {
		return
	}
	u, err := currentUser()
	if err != nil {
		u = &user.User{Username: cmp.Or(o.env("USER"), strconv.Itoa(os.Getuid())), HomeDir: cmp.Or(o.env("HOME"), "/")}
	}
	o.Home = cmp.Or(o.Home, u.HomeDir)
	o.User = cmp.Or(o.User, u.Username)
}

// maxHops bounds the hosts on the way: a jump host that is reached through
// itself would never end.
const maxHops = 16

// resolveBy resolves a destination and the way to it.
func resolveBy(ctx context.Context, r resolver, destination string, o Options) (*Config, error) {
	cfg, err := resolveOne(ctx, r, destination, &o)
	if err != nil {
		return nil, err
	}
	hops, err := resolveJumps(ctx, r, cfg, &o, 0)
	if err != nil {
		return nil, err
	}
	cfg.Jumps, cfg.destination = hops, destination
	return cfg, nil
}

func resolveOne(ctx context.Context, r resolver, destination string, o *Options) (*Config, error) {
	s, err := r.read(ctx, destination, o)
	if err != nil {
		return nil, err
	}
	return build(s, o)
}

// resolveJumps returns the hosts on the way to cfg, first hop first. As in ssh,
// what the command line says is for the destination alone, each host of a list
// is reached through those before it, and only the first has a way of its own.
func resolveJumps(ctx context.Context, r resolver, cfg *Config, o *Options, depth int) ([]*Config, error) {
	list := cfg.settings.text("proxyjump")
	if list == "" {
		return nil, nil
	}
	var hops []*Config
	for i, spec := range strings.Split(list, ",") {
		if depth+i >= maxHops {
			return nil, &ConfigError{Text: "too many jump hosts on the way to " + cfg.Alias}
		}
		at, err := parseSpec(strings.TrimSpace(spec))
		if err != nil {
			return nil, &ConfigError{Text: "invalid ProxyJump " + spec}
		}
		h := Options{ConfigFile: o.ConfigFile, Batch: o.Batch, Home: o.Home, User: o.User, Env: o.Env, Wrap: o.Wrap,
			Login: at.user, Port: at.port}
		hop, err := resolveOne(ctx, r, at.host, &h)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			before, err := resolveJumps(ctx, r, hop, &h, depth+1)
			if err != nil {
				return nil, err
			}
			hops = before
		} else {
			hop.ProxyCommand = ""
		}
		hops = append(hops, hop)
	}
	return hops, nil
}

// findSSH looks for an ssh binary on a PATH.
func findSSH(path string) string {
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if p, err := exec.LookPath(filepath.Join(dir, "ssh")); err == nil {
			return p
		}
	}
	return ""
}

// userID returns the numeric id of the local user, for the token %i.
func userID() string { return itoa(os.Getuid()) }

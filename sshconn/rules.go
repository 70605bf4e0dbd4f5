package sshconn

import (
	"net"
	"strconv"
	"strings"
)

// same makes a table of values that are printed as they are written.
func same(values ...string) map[string]string {
	m := map[string]string{}
	for _, v := range values {
		m[v] = v
	}
	return m
}

// choice reads one of a set of words.
func choice(values map[string]string) rule {
	return func(r *reader, d *directive) error {
		a, err := d.next()
		if err != nil {
			return err
		}
		v, ok := values[strings.ToLower(a)]
		if !ok {
			return d.errorf("%s: unsupported value %q", d.key, a)
		}
		r.store(d.key, v)
		return nil
	}
}

// text reads one word.
func text(r *reader, d *directive) error {
	a, err := d.next()
	if err == nil {
		r.store(d.key, a)
	}
	return err
}

func ignoreUnknown(r *reader, d *directive) error {
	a, err := d.next()
	if err == nil && r.active && r.ignored == "" {
		r.ignored = a
	}
	return err
}

// restOfLine takes the line as it is written.
func restOfLine(r *reader, d *directive) error {
	r.store(d.key, d.rest)
	d.args = nil
	return nil
}

// proxyJump loses against a ProxyCommand that came first, and keeps later ones
// out unless it is none. Every host of the list must be well formed.
func proxyJump(r *reader, d *directive) error {
	d.args = nil
	value, err := jumpList(d.rest, d.file == "")
	if err != nil {
		return d.errorf("invalid ProxyJump %q", d.rest)
	}
	if _, set := r.values["proxycommand"]; set {
		return nil
	}
	if _, set := r.values["proxyjump"]; !set && value != "none" {
		r.store("proxycommand", "none")
	}
	r.store("proxyjump", value)
	return nil
}

// several reads a word and adds it to those that came before.
func several(limit int) rule {
	return func(r *reader, d *directive) error {
		a, err := d.next()
		if err != nil || !r.active {
			return err
		}
		if len(r.lists[d.key]) >= limit {
			return d.errorf("%s: too many", d.key)
		}
		for _, have := range r.lists[d.key] {
			if have == a {
				return nil
			}
		}
		r.lists[d.key] = append(r.lists[d.key], a)
		return nil
	}
}

// wordList reads all words of a line; the first line wins.
func wordList(r *reader, d *directive) error {
	for i, a := range d.args {
		if strings.EqualFold(a, "none") && (i > 0 || len(d.args) > 1) {
			return d.errorf("%s: none must stand alone", d.key)
		}
	}
	if _, set := r.words[d.key]; r.active && !set && len(d.args) > 0 {
		r.words[d.key] = d.args
	}
	d.args = nil
	return nil
}

// seconds reads a time.
func seconds(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	if a == "none" {
		r.storeTime(d.key, "none")
		return nil
	}
	_, v, ok := parseTime(a)
	if !ok {
		return d.errorf("%s: invalid time %q", d.key, a)
	}
	r.storeTime(d.key, v)
	return nil
}

// storeTime: none leaves the default in place, and other values may follow it.
func (r *reader) storeTime(key, v string) {
	if v != "none" {
		r.store(key, v)
	}
}

// number reads an integer.
func number(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(a, 10, 32)
	if err != nil {
		return d.errorf("%s: invalid number %q", d.key, a)
	}
	r.store(d.key, strconv.FormatInt(n, 10))
	return nil
}

// port reads a port, by number or by name.
func port(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	n, ok := parsePort(a)
	if !ok {
		return d.errorf("bad port %q", a)
	}
	r.store(d.key, itoa(n))
	return nil
}

func parsePort(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	if err != nil {
		n, err = net.LookupPort("tcp", s)
	}
	return n, err == nil && n > 0 && n < 65536
}

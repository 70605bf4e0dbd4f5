package sshconn

import (
	"fmt"
	"strings"
)

// rekeyLimit reads an amount and, perhaps, a time.
func rekeyLimit(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	bytes := int64(0)
	if a != "default" {
		var ok bool
		if bytes, ok = parseAmount(a); !ok || bytes != 0 && bytes < 16 {
			return d.errorf("RekeyLimit: bad amount %q", a)
		}
	}
	every := "0"
	if len(d.args) > 0 && d.args[0] == "none" {
		d.args = d.args[1:]
	} else if len(d.args) > 0 {
		t, err := d.next()
		if err != nil {
			return err
		}
		var ok bool
		if _, every, ok = parseTime(t); !ok {
			return d.errorf("RekeyLimit: invalid time %q", t)
		}
	}
	r.store(d.key, fmt.Sprintf("%d %s", bytes, every))
	return nil
}

// ipQoS reads one or two types of service.
func ipQoS(r *reader, d *directive) error {
	var names []string
	for len(names) < 2 {
		a, err := d.next()
		if err != nil {
			if len(names) == 1 && len(d.args) == 0 {
				names = append(names, names[0])
				break
			}
			return err
		}
		v, ok := qosName(a)
		if !ok {
			return d.errorf("bad IPQoS value %q", a)
		}
		names = append(names, v)
	}
	r.store(d.key, strings.Join(names, " "))
	return nil
}

// addKeysToAgent reads yes, no, ask, confirm [time], or a time.
func addKeysToAgent(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	v, word := map[string]string{"yes": "true", "true": "true", "no": "false", "false": "false",
		"ask": "ask", "confirm": "confirm"}[strings.ToLower(a)]
	switch {
	case !word && len(d.args) == 0:
		n, t, ok := parseTime(a)
		if !ok {
			return d.errorf("AddKeysToAgent: unsupported value %q", a)
		}
		if v = t; n == 0 {
			v = "true"
		}
	case v == "confirm" && len(d.args) > 0:
		t, err := d.next()
		if err != nil {
			return err
		}
		n, life, ok := parseTime(t)
		if !ok {
			return d.errorf("AddKeysToAgent: invalid time %q", t)
		}
		if n > 0 {
			v += " " + life
		}
	case !word || len(d.args) > 0:
		return d.errorf("AddKeysToAgent: unsupported value %q", a)
	}
	r.store(d.key, v)
	return nil
}

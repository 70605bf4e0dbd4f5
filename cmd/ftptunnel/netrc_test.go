package main

import (
	"maps"
	"testing"
)

func TestNetrc(t *testing.T) {
	for _, c := range []struct {
		text string
		want map[string]ftpLogin
	}{
		{"", map[string]ftpLogin{}},
		{"machine a login u password p", map[string]ftpLogin{"a": {"u", "p"}}},
		{"machine a\r\n\tpassword p\r\n\tlogin u\r\n", map[string]ftpLogin{"a": {"u", "p"}}},
		{"machine a login u password p account x\nmachine b login v\ndefault login d password e",
			map[string]ftpLogin{"a": {"u", "p"}, "b": {"v", ""}, "": {"d", "e"}}},
		{"machine a login first\nmachine a login second", map[string]ftpLogin{"a": {"first", ""}}},
		{"# machine x\nmachine a # its user\nlogin u password #1", map[string]ftpLogin{"a": {"u", "#1"}}},
		{`machine a login "u v" password "p\"\\q"`, map[string]ftpLogin{"a": {"u v", `p"\q`}}},
		{"machine a login u\nmacdef init\nmachine evil\nlogin x\n\nmachine b login v",
			map[string]ftpLogin{"a": {"u", ""}, "b": {"v", ""}}},
		{"machine a login machine password default", map[string]ftpLogin{"a": {"machine", "default"}}},
		{"machine a login \"u", map[string]ftpLogin{"a": {"u", ""}}},
		{"login u machine", map[string]ftpLogin{"": {"", ""}}},
	} {
		if got := parseNetrc(c.text); !maps.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

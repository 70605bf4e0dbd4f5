package main

import (
	"strings"
	"testing"
	"time"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain – ünïcode", "plain – ünïcode"},
		{"a\r\nb\tc", `a\r\nb\tc`},
		{"\x1b[31mred\x07", `\x1b[31mred\x07`},
		{"latin\xe9", `latin\xe9`},
		{"\u0085\u202e", `\u0085\u202e`},
	} {
		if got := escape(c.in); got != c.want {
			t.Errorf("escape(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 9_999: "9999 bytes",
		10_000: "10.0 kB", 5_000_000: "5.0 MB", 12_345_678: "12.3 MB", 20_000_000_000: "20.0 GB"} {
		if got := byteCount(n); got != want {
			t.Errorf("byteCount(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{20 * time.Microsecond: "under 1 ms", 1500 * time.Microsecond: "1 ms",
		2500 * time.Millisecond: "2.5 s", 90 * time.Second: "1m30s"} {
		if got := shortDuration(d); got != want {
			t.Errorf("shortDuration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestAskpassChoice(t *testing.T) {
	for _, c := range []struct {
		env  string
		want askpassWay
	}{
		{"", askpassNever},
		{"DISPLAY=:0", askpassLast},
		{"WAYLAND_DISPLAY=w", askpassLast},
		{"SSH_ASKPASS_REQUIRE=force", askpassFirst},
		{"SSH_ASKPASS_REQUIRE=prefer", askpassNever},
		{"SSH_ASKPASS_REQUIRE=prefer DISPLAY=:0", askpassFirst},
		{"SSH_ASKPASS_REQUIRE=NEVER DISPLAY=:0", askpassNever},
	} {
		env := map[string]string{}
		for _, kv := range strings.Fields(c.env) {
			k, v, _ := strings.Cut(kv, "=")
			env[k] = v
		}
		if got := chooseAskpass(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%q: %v, want %v", c.env, got, c.want)
		}
	}
}

func TestReadLineLeavesTheRest(t *testing.T) {
	r := strings.NewReader("yes\r\nmore")
	if s, err := readLine(r); s != "yes" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	if s, err := readLine(r); s != "more" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := readLine(r); err != errPromptClosed {
		t.Errorf("at the end: %v", err)
	}
}

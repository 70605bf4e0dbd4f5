package tty

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScreen(t *testing.T) {
	for _, c := range []struct {
		written, seen, all string
		wrapped            int
	}{
		{"a\r\nb", "a|b", "a|b", 0},
		{"1\r\n2\r\n3\r\n4\r\n5", "3|4|5", "1|2|3|4|5", 0},
		{"abc\rx", "xbc", "xbc", 0},
		{"log\r\nlive\r\n\x1b[1A\x1b[Jmore\r\nlive\r\n", "more|live", "log|more|live", 0},
		{"1\r\n2\r\n3\r\n4\r\n\x1b[9Atop\x1b[J", "top", "1|2|top", 0},
		{"12345", "12345", "12345", 0},
		{"123456", "12345|6", "12345|6", 1},
		{"é\x1b[J–", "é–", "é–", 0},
	} {
		for size := range 3 {
			s := screen{columns: 5, lines: 3}
			for _, part := range cut(c.written, size) {
				s.write([]byte(part))
			}
			seen, all := strings.Join(s.visible(), "|"), strings.Join(s.all(), "|")
			if seen != c.seen || all != c.all || s.wrapped != c.wrapped {
				t.Errorf("%q in parts of %d: %s, %s, %d wrapped", c.written, size, seen, all, s.wrapped)
			}
		}
	}
}

// cut cuts a text into parts of a size, 0 for the whole.
func cut(text string, size int) []string {
	if size == 0 {
		return []string{text}
	}
	var parts []string
	for part := range slices.Chunk([]byte(text), size) {
		parts = append(parts, string(part))
	}
	return parts
}

func TestTerminal(t *testing.T) {
	x := New(t, 20, 5)
	if _, err := x.Slave.WriteString("one\ntwo\n"); err != nil {
		t.Fatal(err)
	}
	x.Await("two lines", func(s []string) bool { return slices.Equal(s, []string{"one", "two"}) })
	if raw := x.Raw(); raw != "one\r\ntwo\r\n" {
		t.Errorf("%q", raw)
	}
}

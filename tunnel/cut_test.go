package tunnel

import "testing"

// What makes a cut transfer good is one of the same file.
func TestCutElsewhere(t *testing.T) {
	for _, c := range []struct {
		directory, path string
		good            bool
	}{
		{"/a", "f", true},
		{"/b", "f", false},
		{"/a", "g", false},
		{"/", "a/f", true},
		{"/b", "/a/f", true},
		{"", "f", true}, // cannot be told
		{"b", "f", true},
		{"b", "g", false},
	} {
		var l cutList
		l.note(TransferEnded{Directory: "/a", Path: "f", Verb: "RETR", Code: 426})
		l.note(TransferEnded{Directory: c.directory, Path: c.path, Verb: "RETR", Code: 226})
		if good := len(l.list()) == 0; good != c.good {
			t.Errorf("%+v: made good: %v", c, good)
		}
	}
}

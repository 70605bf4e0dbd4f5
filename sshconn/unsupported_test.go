package sshconn

import (
	"slices"
	"testing"
)

func TestUnsupportedIsNamed(t *testing.T) {
	for line, want := range map[string][]string{
		"Compression=yes":          {"compression"},
		"Compression=no":           nil,
		"PKCS11Provider=/lib/x.so": {"pkcs11provider"},
		"RekeyLimit=1G":            nil,
		"RekeyLimit=1G none":       nil,
		"RekeyLimit=1G 1h":         {"rekeylimit's time"},
	} {
		cfg, err := resolveBy(t.Context(), fileResolver{}, "box", Options{ConfigFile: "none", Home: t.TempDir(), User: "local", Set: []string{line}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(cfg.Unsupported, want) {
			t.Errorf("%s: %q, want %q", line, cfg.Unsupported, want)
		}
	}
}

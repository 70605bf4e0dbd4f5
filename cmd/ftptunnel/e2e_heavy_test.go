//go:build unix

package main_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// memoryLimit is what the program may hold while it moves a file of any size.
const memoryLimit = 64 << 20

// The program holds little memory however long a transfer is, in both
// directions and both ways to make a data connection.
func TestHeavyTransfersHoldLittleMemory(t *testing.T) {
	size := int64(128 << 20)
	if os.Getenv("FTPTUNNEL_HEAVY") == "1" {
		size = 1 << 30
	}
	path := buildProgram(t, false) // the race detector holds memory of its own
	p, ftp := leg{ssh: "sshd", ftp: "vsftpd", serverMode: "auto"}.start(t, path)
	want := writeRandom(t, filepath.Join(ftp.Root, "long.bin"), size)
	curl, site := clients.Curl{}, p.site(t, ftp)
	for _, mode := range []clients.Mode{clients.EPSV, clients.EPRT} {
		if got := hashOutput(t, curl.Get(site, mode, "/long.bin", "-")); got != want {
			t.Errorf("%s: the download's SHA-256 differs", mode)
		}
		up := filepath.Join(ftp.Root, ftp.Upload, "long.bin")
		hashOutput(t, curl.Put(site, mode, filepath.Join(ftp.Root, "long.bin"), "/"+ftp.Upload+"/long.bin"))
		if got, err := hashFile(up); err != nil || got != want {
			t.Errorf("%s: the upload's SHA-256 differs: %v", mode, err)
		}
		if peak := p.peakMemory(t); peak > memoryLimit {
			t.Errorf("%s: it held %d MiB, the limit is %d", mode, peak>>20, memoryLimit>>20)
		} else {
			t.Logf("%s: %d MiB both ways, at most %d MiB held", mode, size>>20, peak>>20)
		}
	}
}

// writeRandom writes a file and returns its SHA-256.
func writeRandom(t *testing.T, path string, size int64) string {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hash := sha256.New()
	source := rand.NewChaCha8([32]byte([]byte("the same bytes in every test run")))
	if _, err := io.CopyN(io.MultiWriter(file, hash), source, size); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// hashFile returns the SHA-256 of a file.
func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// hashOutput runs a client and returns the SHA-256 of what it prints.
func hashOutput(t *testing.T, c clients.Command) string {
	t.Helper()
	cmd := exec.Command(daemons.Find(t, c.Program, c.Program), c.Args...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	_, copyErr := io.Copy(hash, out)
	if err := errors.Join(copyErr, cmd.Wait()); err != nil {
		t.Fatalf("%s: %v: %s", c.Program, err, complaints.String())
	}
	return hex.EncodeToString(hash.Sum(nil))
}

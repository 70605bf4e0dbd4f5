package sshconn

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// marker is the role of a key in a known_hosts file: sshd(8), SSH_KNOWN_HOSTS
// FILE FORMAT.
type marker int

const (
	plainKey marker = iota
	certAuthority
	revoked
)

// knownKey is a line of a known_hosts file that concerns a host.
type knownKey struct {
	marker  marker
	key     ssh.PublicKey
	file    string
	line    int
	global  bool // of a system file: never written to
	command bool // of KnownHostsCommand
}

// knownHosts is what all known_hosts files say about one name.
type knownHosts []knownKey

// loadKnownHosts reads the files in order; one that does not exist is empty.
func loadKnownHosts(name string, user, global []string) knownHosts {
	var k knownHosts
	for _, file := range user {
		k = append(k, readKnownHosts(file, name)...)
	}
	for _, file := range global {
		keys := readKnownHosts(file, name)
		for i := range keys {
			keys[i].global = true
		}
		k = append(k, keys...)
	}
	return k
}

func readKnownHosts(file, name string) knownHosts {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return parseKnownHosts(data, file, name)
}

// parseKnownHosts returns the keys on lines that match name. Lines that cannot
// be read are passed over, as ssh does: one bad line must not lock a user out
// of every other host.
func parseKnownHosts(data []byte, file, name string) knownHosts {
	var k knownHosts
	eachKnownHost(data, func(hosts string, e knownKey) {
		if matchKnownHost(name, hosts) {
			e.file = file
			k = append(k, e)
		}
	})
	return k
}

// eachKnownHost calls f for every line that holds a key.
func eachKnownHost(data []byte, f func(hosts string, e knownKey)) {
	for i, line := range bytes.Split(data, []byte("\n")) {
		hosts, m, rest, ok := splitKnownHost(string(line))
		if !ok {
			continue
		}
		if key, ok := parseKnownKey(rest); ok {
			f(hosts, knownKey{marker: m, key: key, line: i + 1})
		}
	}
}

// splitKnownHost splits a line into its host field, its marker and the key.
func splitKnownHost(line string) (hosts string, m marker, rest string, ok bool) {
	line = strings.TrimLeft(line, " \t")
	if line == "" || line[0] == '#' {
		return
	}
	if line[0] == '@' {
		word, after := cutBlank(line)
		switch word {
		case "@cert-authority":
			m = certAuthority
		case "@revoked":
			m = revoked
		default:
			return
		}
		if line = after; line == "" || line[0] == '@' {
			return
		}
	}
	hosts, rest = cutBlank(line)
	return hosts, m, rest, hosts != "" && rest != "" && rest[0] != '#'
}

// cutBlank splits s after its first word.
func cutBlank(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// parseKnownKey reads "type base64 comment". A type that this package does not
// know fails, as does a key that is not of the type that its line names.
func parseKnownKey(s string) (ssh.PublicKey, bool) {
	kind, rest := cutBlank(s)
	blob, _ := cutBlank(strings.TrimRight(rest, "\r"))
	raw, err := base64.StdEncoding.DecodeString(blob)
	if err != nil {
		return nil, false
	}
	key, err := ssh.ParsePublicKey(raw)
	return key, err == nil && key.Type() == kind
}

// matchKnownHost reports whether the host field of a line names the host.
func matchKnownHost(name, hosts string) bool {
	if strings.HasPrefix(hosts, "|") {
		return matchHashed(name, hosts)
	}
	return matchList(name, hosts, true) == 1
}

// matchHashed compares a name with |1|salt|HMAC-SHA1(salt, name).
func matchHashed(name, field string) bool {
	parts := strings.Split(field, "|")
	if len(parts) != 4 || parts[1] != "1" {
		return false
	}
	salt, err1 := base64.StdEncoding.DecodeString(parts[2])
	want, err2 := base64.StdEncoding.DecodeString(parts[3])
	return err1 == nil && err2 == nil && len(salt) == sha1.Size &&
		hmac.Equal(hashHost(name, salt), want)
}

func hashHost(name string, salt []byte) []byte {
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return mac.Sum(nil)
}

// hashedField is the host field of a new line with HashKnownHosts.
func hashedField(name string) string {
	salt := make([]byte, sha1.Size)
	rand.Read(salt)
	return "|1|" + base64.StdEncoding.EncodeToString(salt) +
		"|" + base64.StdEncoding.EncodeToString(hashHost(name, salt))
}

// hostName returns the name that a host is known by: h on port 22, else [h]:p.
func hostName(host string, port int) string {
	host = strings.ToLower(host)
	if port == 22 || port == 0 {
		return host
	}
	return "[" + host + "]:" + itoa(port)
}

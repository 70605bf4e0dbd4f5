package sshconn

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/cpu"
)

const certSuffix = "-cert-v01@openssh.com"

func itoa(n int) string { return strconv.Itoa(n) }

func isCertAlgorithm(alg string) bool { return strings.HasSuffix(alg, certSuffix) }

// plainType returns the type of the plain key behind a host-key algorithm.
func plainType(alg string) string {
	alg = strings.TrimSuffix(alg, certSuffix)
	switch alg {
	case ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512:
		return ssh.KeyAlgoRSA
	case "sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256":
		return alg + "@openssh.com"
	}
	return alg
}

// hardwareAES reports whether the processor has instructions for AES-GCM.
func hardwareAES() bool {
	return cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ ||
		cpu.ARM64.HasAES && cpu.ARM64.HasPMULL ||
		cpu.S390X.HasAES && cpu.S390X.HasAESGCM
}

// fastCiphers is the order of ciphers unless the user set one: with AES
// instructions AES-128-GCM is about twice as fast as ChaCha20-Poly1305, which
// OpenSSH puts first, and without them it is the slowest.
func fastCiphers() []string {
	aes := []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM, ssh.CipherAES128CTR}
	rest := []string{ssh.CipherAES192CTR, ssh.CipherAES256CTR}
	if hardwareAES() {
		return slices.Concat(aes, []string{ssh.CipherChaCha20Poly1305}, rest)
	}
	return slices.Concat([]string{ssh.CipherChaCha20Poly1305}, aes, rest)
}

// supported keeps the names of list that x/crypto implements.
func supported(list []string, good, insecure []string) []string {
	var out []string
	for _, name := range list {
		if slices.Contains(good, name) || slices.Contains(insecure, name) {
			out = append(out, name)
		}
	}
	return out
}

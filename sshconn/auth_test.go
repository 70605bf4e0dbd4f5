package sshconn

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ftptunnel/testenv"
)

func TestPasswordThreeTries(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "right", OnlyKeys: true}})
	cfg.KbdInteractive = false
	p := &script{answers: []string{"wrong", "worse", "right"}}
	c := client(t, cfg, p)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if len(p.asked) != 3 || p.asked[0] != "test@127.0.0.1's password: " {
		t.Errorf("asked %q", p.asked)
	}
	s.Drop()
	if _, err := reconnect(t, c); err != nil {
		t.Fatalf("the typed password was not kept: %v", err)
	}
	if len(p.asked) != 3 {
		t.Errorf("asked again: %q", p.asked)
	}
}

// reconnect dials until the client has noticed that its connection is gone.
func reconnect(t *testing.T, c *Client) (string, error) {
	t.Helper()
	for {
		_, err := c.DialContext(short(t), "tcp", "127.0.0.1:1")
		var lost *LostError
		if errors.As(err, &lost) {
			continue
		}
		var refused *ForwardError
		if errors.As(err, &refused) {
			return refused.Addr, nil
		}
		return "", err
	}
}

func TestLostWhileLoggingInIsNoRefusal(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "right", OnlyKeys: true}})
	cfg.KbdInteractive = false
	asked := 0
	c := client(t, cfg, promptFunc(func() (string, error) {
		if asked++; asked == 1 {
			s.Drop()
		}
		return "right", nil
	}))
	if err := c.Connect(short(t)); err == nil {
		t.Fatal("the connection outlived its loss")
	} else if final(err) {
		t.Errorf("no further attempt after: %v", err)
	}
	if err := c.Connect(short(t)); err != nil {
		t.Errorf("not tried again: %v", err)
	}
}

func TestPasswordRefused(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "right", OnlyKeys: true}})
	p := &script{answers: []string{"a-secret", "a-secret", "a-secret", "a-secret", "a-secret", "a-secret", "a-secret"}}
	c := client(t, cfg, p)
	err := c.Connect(short(t))
	var refused *AuthError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "a-secret") {
		t.Errorf("the error tells the password: %v", err)
	}
	if len(p.asked) > 2*cfg.NumberOfPasswordPrompts {
		t.Errorf("asked %d times", len(p.asked))
	}
	asked := len(p.asked)
	if again := c.Connect(short(t)); !errors.Is(again, err) || len(p.asked) != asked {
		t.Errorf("tried again after a refusal: %v", again)
	}
}

func TestKeyThenKeyboardInteractive(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{
		Methods:   []string{"publickey,keyboard-interactive"},
		Questions: []testenv.Question{{Prompt: "Code: ", Answer: "123"}, {Prompt: "Name: ", Answer: "n", Echo: true}},
	}})
	p := &script{answers: []string{"bad", "n", "123", "n"}}
	c := client(t, cfg, p)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err, s.Counts().Methods)
	}
	if want := "(test@127.0.0.1) Code: "; p.asked[0] != want {
		t.Errorf("asked %q", p.asked)
	}
}

func TestKeyThenPassword(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{
		Password: "right", Methods: []string{"publickey,password"},
	}})
	p := &script{answers: []string{"wrong", "right"}}
	if err := client(t, cfg, p).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyToAsk(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no prompter": func(*Config) {},
		"batch mode":  func(c *Config) { c.BatchMode = true },
	} {
		_, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "right", OnlyKeys: true}})
		change(cfg)
		var p Prompter
		if cfg.BatchMode {
			p = &script{answers: []string{"right"}}
		}
		err := client(t, cfg, p).Connect(short(t))
		var refused *AuthError
		if !errors.As(err, &refused) || !slices.Contains(refused.Allowed, "password") {
			t.Errorf("%s: %v", name, err)
		}
		if !cfg.BatchMode && !refused.NoPrompt {
			t.Errorf("%s: does not say that nobody could be asked", name)
		}
	}
}

// embeddedKey makes a server that lets one key in, which lies encrypted in a
// file.
func embeddedKey(t *testing.T, passphrase string) (*testenv.SSHServer, *Config, string) {
	t.Helper()
	file := makeKey(t, t.TempDir(), "id", "ed25519", passphrase)
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(file + ".pub")
	s, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Keys: []sshKey{public}, OnlyKeys: true}})
	cfg.IdentityFiles = []string{file}
	return s, cfg, file
}

func TestEncryptedKeyIsAskedForOnce(t *testing.T) {
	s, cfg, file := embeddedKey(t, "phrase")
	p := &script{answers: []string{"wrong", "phrase"}}
	c := client(t, cfg, p)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if want := "Enter passphrase for key '" + file + "': "; len(p.asked) != 2 || p.asked[0] != want {
		t.Errorf("asked %q", p.asked)
	}
	s.Drop()
	if _, err := reconnect(t, c); err != nil || len(p.asked) != 2 {
		t.Errorf("%v, asked %q", err, p.asked)
	}
}

// The passphrase of a key that the server does not want is nobody's business.
func TestEncryptedKeyIsNotAskedForInVain(t *testing.T) {
	_, cfg, _ := embeddedKey(t, "phrase")
	unwanted := makeKey(t, t.TempDir(), "unwanted", "ed25519", "other")
	os.Remove(unwanted + ".pub")
	cfg.IdentityFiles = append([]string{unwanted}, cfg.IdentityFiles...)
	p := &script{answers: []string{"phrase"}}
	if err := client(t, cfg, p).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if len(p.asked) != 1 {
		t.Errorf("asked %q", p.asked)
	}
}

func TestReadableKeyIsNotUsed(t *testing.T) {
	_, cfg, file := embeddedKey(t, "")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	err := client(t, cfg, nil).Connect(short(t))
	var refused *AuthError
	if !errors.As(err, &refused) || !strings.Contains(strings.Join(refused.Passed, "\n"), errOpenKey.Error()) {
		t.Errorf("got %v, passed over %q", err, refused)
	}
}

func TestUnknownHostIsAskedFor(t *testing.T) {
	for answers, want := range map[string]bool{
		"yes": true, "YES": true, "no": false, "": false, "what?|yes": true, "fingerprint": true, "SHA256:wrong|no": false,
		strings.Repeat("a-password|", maxConfirmations) + "yes": false, // a program, which would answer so for ever
	} {
		s, cfg := embedded(t, testenv.SSHOptions{})
		cfg.StrictHostKeyChecking = "ask"
		answers = strings.ReplaceAll(answers, "fingerprint", fingerprint(cfg, s.HostKey()))
		p := &script{answers: strings.Split(answers, "|")}
		err := client(t, cfg, p).Connect(short(t))
		var refused *HostKeyError
		if want && err != nil || !want && (!errors.As(err, &refused) || refused.Kind != Unknown) {
			t.Errorf("%q: %v", answers, err)
		}
		if !strings.Contains(p.asked[0], "ED25519 key fingerprint is SHA256:") {
			t.Errorf("asked %q", p.asked)
		}
		recorded, _ := os.ReadFile(cfg.UserKnownHosts[0])
		if want != (len(recorded) > 0) {
			t.Errorf("%q: recorded %q", answers, recorded)
		}
	}
}

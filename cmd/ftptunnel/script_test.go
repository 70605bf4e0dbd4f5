package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain lets the scripts run the program, and a few small ones beside it,
// as processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){
		"ftptunnel": func() {
			e := processEnv()
			e.home = os.Getenv("HOME")
			os.Exit(run(context.Background(), e))
		},
		"ftpget":    func() { os.Exit(ftpGet(os.Args[1:])) },
		"portthief": func() { os.Exit(portThief()) },
		"askpass":   func() { fmt.Println(os.Getenv("ANSWER")) },
	})
}

// leakChecked fails the tests if they leave goroutines behind.
type leakChecked struct{ *testing.M }

func (l leakChecked) Run() int {
	code := l.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// ftpGet prints a file: ftpget addr mode name. With -lenient a failure is no
// reason for an exit code, as with some real clients.
func ftpGet(args []string) int {
	lenient := args[0] == "-lenient"
	if lenient {
		args = args[1:]
	}
	content, err := download(args[0], args[1], args[2])
	os.Stdout.Write(content)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ftpget:", err)
		if !lenient {
			return 9
		}
	}
	return 0
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each process lasts a second more
			e.Values[networkKey{}] = newNetwork()
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Getuid() == 0, nil // whom no permission keeps from a file
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sshd":   startSSHD,
			"ftpd":   startFTPD,
			"taken":  takePort,
			"tunnel": startTunnel,
			"finish": finishTunnel,
			"status": checkStatus,
			"get":    getFile,
			"put":    putFile,
			"break":  breakTransfer,
			"freeze": freeze,
			"json":   checkJSON,
			"ftpsay": sayFTP,
			"drop":   dropConnections,

			"lockout": lockOut,
			"logpipe": openLogPipe,
			"left":    findBehind,
			"told":    awaitTold,
			"end":     endBehind,
		},
	})
}

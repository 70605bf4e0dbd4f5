package main

import (
	"io"
	"os"
)

// env is all that the program takes from the process it runs in.
type env struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	result         *resultWriter // what the program itself writes to stdout
	getenv         func(string) string
	environ        func() []string
	home           string // what ~ stands for; "" is, as in ssh(1), by the user database
}

// processEnv returns the environment of this process.
func processEnv() env {
	return env{
		args:    os.Args[1:],
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		getenv:  os.Getenv,
		environ: func() []string { return withoutNotify(os.Environ()) },
	}
}

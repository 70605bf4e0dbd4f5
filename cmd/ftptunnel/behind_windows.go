package main

import "errors"

// canDetach says that a process can leave its console only as it starts, and
// then could ask for no password.
const canDetach = false

func thisBehind() *behind { return nil }

func (p *program) leaveBehind() int { return exitUsage }

func (b *behind) detach() error { return errors.ErrUnsupported }

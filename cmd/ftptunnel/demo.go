package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"ftptunnel/testenv"
)

// demoModes are the four ways to announce a data connection.
var demoModes = []string{"PASV", "EPSV", "PORT", "EPRT"}

// demoFile is what the demonstration downloads.
const (
	demoFile  = "picture.raw"
	demoBytes = 256 << 10
)

// demonstrate runs a tunnel between an SSH server and an FTP server of its
// own, and through it a small client or the user's command.
func (p *program) demonstrate(ctx context.Context) int {
	sigs, stop := notifySignals(len(p.command) > 0)
	defer stop()
	d, err := p.openDemo(ctx, sigs)
	if interrupted, ok := errors.AsType[signalError](err); ok {
		return interrupted.exitStatus()
	}
	if err != nil {
		p.fail("demo", err)
		return exitFailed
	}
	defer d.close()
	if len(p.command) > 0 {
		return d.wrap(ctx, sigs)
	}
	ctx, stop = untilSignal(ctx, sigs)
	defer stop()
	return d.show(ctx)
}

// show runs the demonstration's client in every mode and tells what happens.
func (d *demo) show(ctx context.Context) int {
	s := d.up.start(ctx)
	d.tellScene()
	failed := 0
	for _, mode := range demoModes {
		if ctx.Err() != nil {
			break
		}
		if err := d.tryMode(ctx, mode); err != nil {
			failed++
			fmt.Fprintf(d.result, "      failed: %s\n", escape(err.Error()))
		}
	}
	s.stop()
	if interrupted, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		return interrupted.exitStatus()
	}
	if failed > 0 {
		fmt.Fprintf(d.result, "\nFAIL: %d of %d modes failed\n", failed, len(demoModes))
		return exitFailed
	}
	fmt.Fprintf(d.result, "\nPASS: every mode works, and every data connection went over SSH\n")
	return exitOK
}

// tellScene says who takes part.
func (d *demo) tellScene() {
	fmt.Fprintf(d.result, `An FTP client, an SSH server, an FTP server that thinks it is %s, and between:

    FTP client --- %s --- ftptunnel === SSH %s === FTP server %s

FTP opens another connection for every listing and every file, and names its
address in the dialogue. ftptunnel reads it and leads that connection over SSH:

`, demoAddress, d.up.services[0].at().url(), d.ssh.Addr(), d.ftp.Addr())
}

// tryMode lists, downloads and uploads, each over a data connection announced
// by the mode, compares what arrived, and tells of it.
func (d *demo) tryMode(ctx context.Context, mode string) error {
	carried, made, started := overSSH(d.ssh.Counts()), d.ftp.Counts().Data, time.Now()
	sent, name := make([]byte, demoBytes), "upload-"+mode
	rand.Read(sent)
	listing, got, err := d.exchange(ctx, mode, name, sent)
	if err != nil {
		return err
	}
	d.tellRewriting(mode)
	if err := d.compare(listing, got, name, sent); err != nil {
		return err
	}
	carried, made = overSSH(d.ssh.Counts())-carried, d.ftp.Counts().Data-made
	if carried < made+1 {
		return fmt.Errorf("%d of %d connections went over SSH", carried, made+1)
	}
	fmt.Fprintf(d.result, "      list, get and put %d KiB: SHA-256 equal, %d data connections over SSH, %s\n",
		demoBytes>>10, made, shortDuration(time.Since(started)))
	return nil
}

// exchange is one session of the client.
func (d *demo) exchange(ctx context.Context, mode, name string, sent []byte) (listing, got []byte, err error) {
	c, err := dialFTP(ctx, d.up.services[0].at().addr)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	if listing, err = c.download(mode, "LIST"); err != nil {
		return nil, nil, err
	}
	if got, err = c.download(mode, "RETR "+demoFile); err != nil {
		return nil, nil, err
	}
	if err = c.upload(mode, name, sent); err != nil {
		return nil, nil, err
	}
	return listing, got, c.quit()
}

// compare holds what the client got and the server has against what was sent.
func (d *demo) compare(listing, got []byte, name string, sent []byte) error {
	if !bytes.Contains(listing, []byte(demoFile)) {
		return fmt.Errorf("the listing lacks %s: %q", demoFile, listing)
	}
	if sha256.Sum256(got) != sha256.Sum256(d.content) {
		return fmt.Errorf("%s arrived with %d bytes and another SHA-256", demoFile, len(got))
	}
	stored, ok := d.ftp.Tree().Get(name)
	if !ok || sha256.Sum256(stored) != sha256.Sum256(sent) {
		return fmt.Errorf("%s was stored with %d bytes and another SHA-256", name, len(stored))
	}
	return nil
}

// overSSH returns how many connections the SSH server has carried either way.
func overSSH(c testenv.SSHCounts) int { return c.Direct + c.Forwarded }

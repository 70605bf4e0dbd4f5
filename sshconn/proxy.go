package sshconn

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

// proxyConn is a connection through the standard input and output of a
// ProxyCommand.
type proxyConn struct {
	io.ReadCloser
	in   io.WriteCloser
	text io.Closer // stderr
	cmd  *exec.Cmd
	addr Addr
	wait sync.WaitGroup // the reader of stderr
	once sync.Once
	err  error
}

// startProxy runs the ProxyCommand of a host by the user's shell. What it
// writes to its standard error is reported line by line.
func startProxy(cfg *Config, notify func(Event)) (net.Conn, error) {
	cmd := shellCommand(cfg.options.env("SHELL"), cfg.ProxyCommand)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	text, err3 := cmd.StderrPipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proxyConn{ReadCloser: out, in: in, text: text, cmd: cmd, addr: Addr("proxy")}
	p.wait.Go(func() { reportLines(text, cfg.Alias, notify) })
	return p, nil
}

// reportLines reports what a proxy writes to its standard error.
func reportLines(r io.Reader, host string, notify func(Event)) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		notify(Event{Kind: ProxyOutput, Host: host, Text: lines.Text()})
	}
	io.Copy(io.Discard, r)
}

func (p *proxyConn) Write(b []byte) (int, error) { return p.in.Write(b) }

// Close ends the command and waits for it: closing its input is what most
// proxies end on, and those that do not are killed. What a proxy has left running
// may keep its standard error open for ever.
func (p *proxyConn) Close() error {
	p.once.Do(func() {
		p.in.Close()
		kill := time.AfterFunc(time.Second, func() {
			p.cmd.Process.Kill()
			p.text.Close()
		})
		p.ReadCloser.Close()
		p.wait.Wait()
		p.err = p.cmd.Wait()
		kill.Stop()
	})
	return nil
}

// proxyEnd returns how a ProxyCommand failed that has closed its output, or err
// if it did not.
func proxyEnd(c net.Conn, err error) error {
	p, ok := c.(*proxyConn)
	if !ok {
		return err
	}
	p.Close()
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok && exit.Exited() {
		return exit
	}
	return err
}

func (p *proxyConn) LocalAddr() net.Addr              { return p.addr }
func (p *proxyConn) RemoteAddr() net.Addr             { return p.addr }
func (p *proxyConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (p *proxyConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (p *proxyConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

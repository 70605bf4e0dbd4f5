package tty

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo-terminal that is watched. Its methods are safe for
// concurrent use. It ends with its test.
type Terminal struct {
	Slave *os.File // the program's side

	t      testing.TB
	master *os.File
	ended  chan struct{} // closed when nothing will be read any more

	mu      sync.Mutex // guards what follows
	screen  screen
	raw     []byte        // all that was written to it
	changed chan struct{} // closed at the next change
}

// New opens a terminal of so many columns and lines.
func New(t testing.TB, columns, lines int) *Terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	var number int
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &Terminal{Slave: slave, t: t, master: master, ended: make(chan struct{}), changed: make(chan struct{})}
	x.Resize(columns, lines)
	go x.read()
	t.Cleanup(x.close)
	return x
}

// close ends the reading: the master fails when the last slave is closed.
func (x *Terminal) close() {
	x.Slave.Close()
	<-x.ended
	x.master.Close()
}

func (x *Terminal) read() {
	defer close(x.ended)
	buf := make([]byte, 4096)
	for {
		n, err := x.master.Read(buf)
		x.mu.Lock()
		x.raw = append(x.raw, buf[:n]...)
		x.screen.write(buf[:n])
		close(x.changed)
		x.changed = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Resize gives the terminal another size, as a user does with a window. What
// stands there already is not laid out again.
func (x *Terminal) Resize(columns, lines int) {
	x.t.Helper()
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(lines)}
	if err := unix.IoctlSetWinsize(int(x.Slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		x.t.Fatal(err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.screen.columns, x.screen.lines = columns, lines
}

// Control makes this the terminal that controls a command, which then is in its
// foreground, with all three standard streams.
func (x *Terminal) Control(c *exec.Cmd) {
	c.Stdin, c.Stdout, c.Stderr = x.Slave, x.Slave, x.Slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
}

// Type sends what a user types.
func (x *Terminal) Type(text string) {
	x.t.Helper()
	if _, err := x.master.WriteString(text); err != nil {
		x.t.Fatal(err)
	}
}

// Screen returns the lines that are seen, and History all that ever scrolled
// off as well. Blanks at their ends are left out.
func (x *Terminal) Screen() []string  { return x.seen((*screen).visible) }
func (x *Terminal) History() []string { return x.seen((*screen).all) }

func (x *Terminal) seen(which func(*screen) []string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return which(&x.screen)
}

// Raw returns all that was written to the terminal.
func (x *Terminal) Raw() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.raw)
}

// awaitTimeout bounds a wait, on a machine with much else to do.
const awaitTimeout = time.Minute

// Await waits until the screen is as it should be, and returns it.
func (x *Terminal) Await(what string, fits func(screen []string) bool) []string {
	x.t.Helper()
	deadline := time.After(awaitTimeout)
	for {
		x.mu.Lock()
		now, changed := x.screen.visible(), x.changed
		x.mu.Unlock()
		if fits(now) {
			return now
		}
		select {
		case <-changed:
		case <-deadline:
			x.t.Fatalf("not after %v: %s; the screen is\n%q", awaitTimeout, what, now)
		}
	}
}

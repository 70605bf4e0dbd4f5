package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Host is a network namespace: a machine of its own as far as the network
// goes. Its loopback is up, and it forwards no packets. It is safe for
// concurrent use.
type Host struct {
	name string
	ns   *os.File

	mu    sync.Mutex
	wires int // guarded by mu
}

// Available returns why hosts cannot be made here, or nil.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("network namespaces need ip(8), package iproute2: %w", err)
	}
	h, err := NewHost("trial")
	if err != nil {
		return err
	}
	return h.Close()
}

// NewHost makes a host. The name is for error messages. The caller closes it.
func NewHost(name string) (*Host, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, fmt.Errorf("host %s: network namespace: %w", name, err)
	}
	h := &Host{name: name, ns: ns}
	if err := h.setUp(); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Host) setUp() error {
	if err := h.ip("link", "set", "lo", "up"); err != nil {
		return err
	}
	return h.Do(tune)
}

// Name is the name that the host was given.
func (h *Host) Name() string { return h.name }

// Close lets go of the host. It vanishes when the last program in it ends.
func (h *Host) Close() error { return h.ns.Close() }

// Do runs f on the host: the sockets that f opens in this goroutine are the
// host's, and so are the programs that it starts. Other goroutines, those that
// f starts included, stay where they were. The error is f's.
func (h *Host) Do(f func() error) error {
	return away(func() error {
		if err := enter(h.ns); err != nil {
			return fmt.Errorf("host %s: %w", h.name, err)
		}
		return f()
	})
}

// ip runs ip(8) on the host.
func (h *Host) ip(args ...string) error {
	return h.Do(func() error {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("host %s: ip %s: %w: %s", h.name, strings.Join(args, " "), err, out)
		}
		return nil
	})
}

// path names the namespace to other processes while this one lives.
func (h *Host) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), h.ns.Fd()) }

// threadNamespace is the network namespace of the thread that looks.
const threadNamespace = "/proc/thread-self/ns/net"

// newNamespace makes a network namespace and returns a handle on it.
func newNamespace() (ns *os.File, err error) {
	err = away(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		ns, err = os.Open(threadNamespace)
		return err
	})
	return ns, err
}

// away runs f on a thread of its own, which f may take to another network
// namespace, and takes the thread back.
//
// Letting the thread end instead would end the programs that it has started,
// where they are to die with their parent: to the kernel that is the thread.
func away(f func() error) (err error) {
	runtime.LockOSThread()
	home, err := os.Open(threadNamespace)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() {
		defer home.Close()
		// Without a way back the thread stays locked: it then ends with the
		// goroutine, and nothing else ever runs on it.
		if back := enter(home); back != nil {
			err = errors.Join(err, fmt.Errorf("way back: %w", back))
			return
		}
		runtime.UnlockOSThread()
	}()
	return f()
}

func enter(ns *os.File) error {
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	return nil
}

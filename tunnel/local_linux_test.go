package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"

	"ftptunnel/testenv/netlab"
)

// onFewPorts runs f where the system gives out ten ports.
func onFewPorts(t *testing.T, f func() error) {
	t.Helper()
	if err := netlab.Available(); err != nil {
		if os.Getenv("FTPTUNNEL_REAL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	h, err := netlab.NewHost("few-ports")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	err = h.Do(func() error {
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40009"), 0); err != nil {
			return err
		}
		return f()
	})
	if err != nil {
		t.Error(err)
	}
}

// manyFiles are more than there are ports: each leaves one in TIME_WAIT.
const manyFiles = 30

func TestListenWithoutFreePort(t *testing.T) {
	onFewPorts(t, func() error {
		for i := range manyFiles {
			l, err := Local{}.Listen(context.Background(), "tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			if err := serveOne(l, 30000+i); err != nil {
				return err
			}
		}
		if l, err := net.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, errInUse) {
			t.Errorf("the system has a port left: %v, %v", l, err)
		}
		return nil
	})
}

func TestDialWithoutFreePort(t *testing.T) {
	onFewPorts(t, func() error {
		for i := range manyFiles {
			l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 30000+i))
			if err != nil {
				return err
			}
			defer l.Close()
			c, err := Local{}.DialFrom(context.Background(), netip.MustParseAddr("127.0.0.1"), "tcp", l.Addr().String())
			if err != nil {
				return fmt.Errorf("file %d: %w", i, err)
			}
			far, err := l.Accept()
			if err != nil {
				return err
			}
			if err := errors.Join(c.Close(), far.Close()); err != nil {
				return err
			}
		}
		return nil
	})
}

// serveOne has a listener serve one connection, from the given port, and end it
// first.
func serveOne(l net.Listener, from int) error {
	defer l.Close()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: from}}
	near, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer near.Close()
	far, err := l.Accept()
	if err != nil {
		return err
	}
	if err := far.Close(); err != nil {
		return err
	}
	if n, err := near.Read(make([]byte, 1)); n != 0 || err == nil {
		return errors.New("the end of file does not come")
	}
	return nil
}

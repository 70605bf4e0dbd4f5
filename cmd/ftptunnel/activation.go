package main

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// handedError says that listeners which systemd has opened cannot be used.
type handedError struct{ text, hint string }

func (e *handedError) Error() string { return e.text }

// handedOver returns the listeners that systemd has opened for this process,
// one slice for each forward, nil for those that are to open their own. It
// takes them over, and with them the variables that tell of them: no process
// that is run later finds these (sd_listen_fds(3)).
//
// The one forward whose clients arrive here gets them all, whatever their port.
// Among several each gets those on its port.
func handedOver(forwards []forward) ([][]net.Listener, error) {
	handed, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	byForward, err := shareOut(handed, forwards)
	if err != nil {
		for _, l := range handed {
			if l != nil {
				l.Close()
			}
		}
	}
	return byForward, err
}

// shareOut gives each forward its listeners.
func shareOut(handed []net.Listener, forwards []forward) ([][]net.Listener, error) {
	byForward := make([][]net.Listener, len(forwards))
	for n, l := range handed {
		t, ok := l.(*net.TCPListener)
		if !ok {
			return nil, &handedError{
				text: fmt.Sprintf("systemd hands over a socket (number %d) that is not a TCP listener", n+1),
				hint: "in the .socket unit: ListenStream=127.0.0.1:2121, and no Accept=yes",
			}
		}
		i, err := whose(t.Addr().(*net.TCPAddr), forwards)
		if err != nil {
			return nil, err
		}
		byForward[i] = append(byForward[i], l)
	}
	return byForward, nil
}

// whose returns the index of the forward that gets a listener.
func whose(at *net.TCPAddr, forwards []forward) (int, error) {
	var here []int
	for i, f := range forwards {
		if f.kind != remoteForward {
			here = append(here, i)
		}
	}
	if len(here) == 1 {
		return here[0], nil
	}
	for _, i := range here {
		if forwards[i].port == at.Port {
			return i, nil
		}
	}
	return 0, &handedError{
		text: fmt.Sprintf("systemd hands over a listener on %v, which belongs to no forward", at),
		hint: fmt.Sprintf("among several the port says whose it is: -L %d:host:hostport", at.Port),
	}
}

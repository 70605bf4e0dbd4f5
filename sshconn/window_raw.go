//go:build !ftptunnel_nowindow

package sshconn

import (
	"reflect"
	"unsafe"

	"golang.org/x/crypto/ssh"
)

// x/crypto (v0.58.0) has no API for a channel's window: its Read gives back
// what it has read, at once, and the window never changes. The two functions
// that its Read is made of allow for both. They are reached by their linker
// names, here and nowhere else; the build tag ftptunnel_nowindow leaves them
// out, and TestRawChannel fails when x/crypto changes them.

// rawChannel reads an x/crypto channel without giving its window back.
type rawChannel struct {
	ssh.Channel
	channel unsafe.Pointer // *ssh.channel
	pending unsafe.Pointer // *ssh.buffer, what was received and not read
}

func newRawChannel(ch ssh.Channel) *rawChannel {
	raw := &rawChannel{Channel: ch}
	v := reflect.ValueOf(ch)
	if v.Kind() != reflect.Pointer || v.Type().String() != "*ssh.channel" {
		return raw
	}
	pending := v.Elem().FieldByName("pending")
	if !pending.IsValid() || pending.Type().String() != "*ssh.buffer" {
		return raw
	}
	raw.channel, raw.pending = v.UnsafePointer(), pending.UnsafePointer()
	return raw
}

// controls reports whether adjust has to be called for what was read.
func (r *rawChannel) controls() bool { return r.pending != nil }

func (r *rawChannel) read(p []byte) (int, error) {
	if !r.controls() {
		return r.Channel.Read(p)
	}
	return bufferRead(r.pending, p)
}

// adjust grants the sender n bytes more.
func (r *rawChannel) adjust(n int) error { return adjustWindow(r.channel, uint32(n)) }

//go:linkname bufferRead golang.org/x/crypto/ssh.(*buffer).Read
func bufferRead(b unsafe.Pointer, p []byte) (int, error)

//go:linkname adjustWindow golang.org/x/crypto/ssh.(*channel).adjustWindow
func adjustWindow(ch unsafe.Pointer, n uint32) error

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"ftptunnel/tunnel"
)

// transferLog appends an object for each transfer to a file, each by one
// write: a crash loses at most the one that is being written. Several processes
// may share the file. It is safe for concurrent use.
type transferLog struct {
	path string // absolute, so that messages name it fully

	mu     sync.Mutex // guards what follows
	f      *os.File
	locked bool // by somebody who keeps it so
}

// openTransferLog opens the file, or makes it. The caller closes it.
func openTransferLog(name string) (*transferLog, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	l := &transferLog{path: path}
	return l, l.reopen()
}

// reopen opens the file by its name again, which may have become another's.
// If that fails the log goes on with the one it has.
func (l *transferLog) reopen() error {
	f, err := openToAppend(l.path)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		l.f.Close()
	}
	l.f = f
	return nil
}

// openToAppend opens a file to append to it, and to look at its end if we may.
func openToAppend(path string) (*os.File, error) {
	const flags = os.O_APPEND | os.O_CREATE
	f, err := os.OpenFile(path, flags|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return os.OpenFile(path, flags|os.O_WRONLY, 0o600)
	}
	return f, err
}

// fileEnd returns the size of a file, and whether it ends within a line, as one
// does whose writer has crashed or whose disk was full.
func fileEnd(f *os.File) (size int64, torn bool) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return 0, false
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return info.Size(), err == nil && last[0] != '\n' // an error: we may write it, and not read it
}

// lockPatience is how long a line waits for others to write theirs, which takes
// them no time. Who keeps the lock for longer is not one of us, or was stopped,
// and must not hold transfers up.
const lockPatience = time.Second

// lock takes the lock if it can be had, and returns what gives it back; nil
// without it. It keeps a line that another process has half written from being
// taken for a torn one; without it there may be an empty line. The caller holds mu.
func (l *transferLog) lock() (unlock func()) {
	began := time.Now()
	err := tryLock(l.f)
	for errors.Is(err, errLocked) && !l.locked && time.Since(began) < lockPatience {
		time.Sleep(time.Millisecond) // neither system tells when it is free
		err = tryLock(l.f)
	}
	l.locked = errors.Is(err, errLocked)
	if err != nil {
		return nil
	}
	return func() { _ = unlockFile(l.f) }
}

// write appends one object.
func (l *transferLog) write(r transferRecord) error {
	var line bytes.Buffer
	line.WriteByte('\n')
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	unlock := l.lock()
	if unlock != nil {
		defer unlock()
	}
	text := line.Bytes()
	size, torn := fileEnd(l.f)
	if !torn {
		text = text[1:]
	}
	n, err := l.f.Write(text)
	if err != nil && n > 0 && unlock != nil {
		takeBack(l.f, size, n)
	}
	return err
}

// takeBack removes the n bytes of a line that a full disk has no room for from
// behind what a file had before, unless others have written meanwhile without the
// lock. Where it cannot (Windows: to append is not to write) the next line ends
// that one.
func takeBack(f *os.File, size int64, n int) {
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() == size+int64(n) {
		_ = f.Truncate(size)
	}
}

func (l *transferLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}

// openTransfers opens the transfer log, if one is asked for, and returns what
// closes it.
func (p *program) openTransfers() (closeLog func(), err error) {
	if p.transferLog == "" {
		return func() {}, nil
	}
	l, err := openTransferLog(p.transferLog)
	if err != nil {
		return nil, fmt.Errorf("--transfer-log: %w", err)
	}
	p.transfers = l
	return func() {
		if err := l.close(); err != nil {
			p.transferLogFailed(err)
		}
	}, nil
}

// recordTransfer writes a transfer into the log, if there is one.
func (p *program) recordTransfer(e tunnel.TransferEnded) {
	if p.transfers == nil {
		return
	}
	if err := p.transfers.write(newTransferRecord(p.destination, e)); err != nil {
		p.transferLogFailed(err)
	}
}

// transferLogFailed says aloud that the transfer log is not complete.
func (p *program) transferLogFailed(err error) {
	p.log.fail("transfer_log", fmt.Sprintf("--transfer-log: %v", err), "transfers go on, and are missing from that file")
}

package tunnel

import (
	"path"

	"ftptunnel/ftpinspect"
)

// Cut is a transfer that was cut, and not by the client itself.
type Cut struct {
	Target    string // the FTP server, host:port
	Directory string // as ftpinspect.Transfer has it
	Path      string // the command's argument, raw
	Verb      string
	Direction ftpinspect.Direction
	Bytes     int64 // passed on
	Err       error // what cut it; nil if only the server's last reply says so
	Reply     string
}

// cutList keeps the transfers that were cut, until one of the same path and
// direction completes.
type cutList struct{ cuts []Cut }

// mostCuts bounds the list; the first ones are as good as any to show that
// something is missing.
const mostCuts = 1000

// note takes a transfer's end into account.
func (l *cutList) note(e TransferEnded) {
	switch {
	case e.Err == nil && 200 <= e.Code && e.Code < 300:
		l.forget(e)
	case e.Aborted:
	case e.Err != nil || e.Code == 426 || e.Code == 451:
		l.forget(e)
		if len(l.cuts) < mostCuts {
			l.cuts = append(l.cuts, Cut{
				Target: e.Target, Directory: e.Directory,
				Path: e.Path, Verb: e.Verb, Direction: e.Direction, Bytes: e.Bytes, Err: e.Err, Reply: e.Reply,
			})
		}
	}
}

// forget drops what another attempt has superseded. A path means the same to
// every command of a direction, but for listings, which are of one name.
func (l *cutList) forget(e TransferEnded) {
	rest := l.cuts[:0]
	for _, c := range l.cuts {
		if c.Target != e.Target || elsewhere(c, e) || c.Direction != e.Direction || listing(c.Verb) != listing(e.Verb) {
			rest = append(rest, c)
		}
	}
	l.cuts = rest
}

// elsewhere reports whether an attempt was for another file: of another name
// or, as far as can be told, in another folder. From where a login begins no
// path is known to one that is absolute.
func elsewhere(c Cut, e TransferEnded) bool {
	a, b := inDirectory(c.Directory, c.Path), inDirectory(e.Directory, e.Path)
	if path.IsAbs(a) != path.IsAbs(b) {
		return c.Path != e.Path
	}
	return a != b
}

func inDirectory(directory, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(directory, name)
}

// listing reports whether a command transfers a directory and no file.
func listing(verb string) bool { return verb == "LIST" || verb == "NLST" || verb == "MLSD" }

func (l *cutList) list() []Cut { return append([]Cut(nil), l.cuts...) }

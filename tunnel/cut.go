package tunnel

import (
	"path"
	"slices"

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

// forget drops the cuts that a later attempt replaces.
func (l *cutList) forget(e TransferEnded) {
	l.cuts = slices.DeleteFunc(l.cuts, func(c Cut) bool { return c.repeatedBy(e) })
}

// repeatedBy reports whether a transfer was another attempt at the one that was
// cut. A path means the same file to every command of a direction, and to the
// commands that list another thing than a file.
func (c Cut) repeatedBy(e TransferEnded) bool {
	return c.Target == e.Target && c.Direction == e.Direction &&
		ftpinspect.IsListing(c.Verb) == ftpinspect.IsListing(e.Verb) && !elsewhere(c, e)
}

// elsewhere reports whether an attempt was for another file: of another name
// or, as far as can be told, in another folder. Where a login begins is not
// known, so that for a relative and an absolute path only the words count.
func elsewhere(c Cut, e TransferEnded) bool {
	a, b := ftpinspect.InDirectory(c.Directory, c.Path), ftpinspect.InDirectory(e.Directory, e.Path)
	if path.IsAbs(a) != path.IsAbs(b) {
		return c.Path != e.Path
	}
	return a != b
}

func (l *cutList) list() []Cut { return append([]Cut(nil), l.cuts...) }

package ftpinspect

import (
	"bytes"
	"slices"
)

// lingering are the words in the greetings of servers that close a data
// connection slowly: they wait until the peer has acknowledged everything
// (vsftpd 3.0.3 sets SO_LINGER, and the peer's kernel takes 40 ms to
// acknowledge) or has closed its end, too (ProFTPD 1.3.8, a round trip through
// SSH), and call the transfer complete only then. A peer that has sent its end
// of file before costs them no time.
var lingering = [][]byte{[]byte("vsFTPd"), []byte("ProFTPD")}

// noteGreeting looks who greets, line by line.
func (s *Session) noteGreeting(line []byte) {
	says := func(word []byte) bool { return bytes.Contains(line, word) }
	s.lingers = s.lingers || slices.ContainsFunc(lingering, says)
	s.ordered = s.ordered || slices.ContainsFunc(inOrder, says)
	s.ahead.inTurn = s.ahead.inTurn || slices.ContainsFunc(inTurn, says)
}

// hasten has the client's end of file sent ahead of a download, in which the
// client sends nothing. Only for servers that are known to go on sending after
// it: others may take it for an abort. An upload that has not ended has the
// connection for itself.
func (s *Session) hasten(t *transfer) {
	e := s.current
	switch {
	case !s.lingers, t.Direction != Download, s.asking(), s.opening():
		return
	case e == nil, e.over, e.request.server.active(), s.uploading():
		return
	}
	e.shut = true
	s.do(Shut{e.id})
}

// uploading reports whether an upload is unanswered, or has data under way.
func (s *Session) uploading() bool {
	for _, c := range s.pending {
		if c.transfer != nil && c.own == nil && c.transfer.Direction == Upload {
			return true
		}
	}
	return s.current.inUse() && s.current.latest.transfer.Direction == Upload
}

// shutFor reports whether a transfer cannot use the data connection that was
// announced last because an end of file was sent on it, for a download that the
// server has then refused.
func (s *Session) shutFor(t *transfer) bool {
	return t.Direction == Upload && s.current != nil && s.current.shut
}

package main

import (
	"encoding/hex"
	"time"
	"unicode/utf8"

	"ftptunnel/tunnel"
)

// transferLogVersion is the version of the transfer log's objects. It grows
// when a field changes its meaning or goes; a new field leaves it as it is.
const transferLogVersion = 1

// transferRecord is one object of the transfer log; docs/events.md has its
// fields.
type transferRecord struct {
	Version     int         `json:"version"`
	Time        time.Time   `json:"time"`
	Destination string      `json:"destination"`
	Target      string      `json:"target"`
	Session     uint64      `json:"session"`
	Verb        string      `json:"verb"`
	Directory   string      `json:"directory"`
	Path        string      `json:"path"`
	PathBytes   []byte      `json:"path_base64,omitempty"`
	Direction   string      `json:"direction"`
	Bytes       int64       `json:"bytes"`
	Seconds     float64     `json:"seconds"`
	ClientMode  tunnel.Mode `json:"client_mode"`
	ServerMode  tunnel.Mode `json:"server_mode"`
	Code        int         `json:"code"`
	Reply       string      `json:"reply"`
	Result      string      `json:"result"`
	Error       string      `json:"error,omitempty"`
	SHA256      string      `json:"sha256"`
}

// newTransferRecord returns the object for a transfer that has just ended.
func newTransferRecord(destination string, e tunnel.TransferEnded) transferRecord {
	r := transferRecord{
		Version: transferLogVersion, Time: time.Now(),
		Destination: destination, Target: e.Target, Session: e.Session,
		Verb: e.Verb, Directory: e.Directory, Path: e.Path, Direction: direction(e.Direction),
		Bytes: e.Bytes, Seconds: e.Elapsed.Seconds(),
		ClientMode: e.ClientMode, ServerMode: e.ServerMode,
		Code: e.Code, Reply: e.Reply, Result: result(e), SHA256: hex.EncodeToString(e.Digest),
	}
	if !utf8.ValidString(e.Path) {
		r.PathBytes = []byte(e.Path)
	}
	if r.Result == resultCut {
		r.Error = cutCause(e.Err, e.Reply)
	}
	return r
}

// What has become of a transfer.
const (
	resultComplete = "complete"
	resultAborted  = "aborted" // by the client
	resultCut      = "cut"
	resultFailed   = "failed" // the server says so
)

// result judges how a transfer has ended.
func result(e tunnel.TransferEnded) string {
	switch {
	case e.Aborted:
		return resultAborted
	case wasCut(e):
		return resultCut
	case 200 <= e.Code && e.Code < 300:
		return resultComplete
	}
	return resultFailed
}

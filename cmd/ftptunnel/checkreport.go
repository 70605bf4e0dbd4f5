package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// checkVersion is the version of the json form of --check's report. It grows
// when a field changes its meaning or goes.
const checkVersion = 1

// Results of a hop.
const (
	hopOK        = "ok"
	hopFailed    = "fail"
	hopNotTested = "not tested"
)

// hop is what was found out about one hop, and a line of the report. Texts are
// as they came from the wire; json and the text form both make them safe.
type hop struct {
	Version int    `json:"version"`
	Hop     string `json:"hop"`
	Host    string `json:"host,omitempty"` // the SSH host, where there are several
	Result  string `json:"result"`
	Detail  string `json:"detail"`

	// Remedy are lines that can be typed here or sent to the administrator of
	// the server that they name.
	Remedy []string `json:"remedy,omitempty"`

	Seconds  float64  `json:"seconds,omitempty"`
	Address  string   `json:"address,omitempty"`
	Files    []string `json:"files,omitempty"` // file or file:line
	Key      string   `json:"key,omitempty"`
	Greeting string   `json:"greeting,omitempty"`
	Features []string `json:"features,omitempty"`
	TLS      string   `json:"tls,omitempty"`     // offered or required
	Server   string   `json:"server,omitempty"`  // the command that the FTP server got
	Bridged  bool     `json:"bridged,omitempty"` // client and server used different modes
}

// passed and its siblings make a hop with its result and detail.
func passed(format string, args ...any) hop {
	return hop{Result: hopOK, Detail: fmt.Sprintf(format, args...)}
}

func failed(detail string, remedy ...string) hop {
	return hop{Result: hopFailed, Detail: detail, Remedy: remedy}
}

func notTested(format string, args ...any) hop {
	return hop{Result: hopNotTested, Detail: fmt.Sprintf(format, args...)}
}

// checkReport writes hops as they are tested, and counts.
type checkReport struct {
	w     io.Writer
	json  bool
	count map[string]int
}

// write writes one hop: a line, and one for each remedy.
func (r *checkReport) write(h hop) {
	r.count[h.Result]++
	if r.json {
		h.Version = checkVersion
		line, err := json.Marshal(h)
		if err == nil {
			fmt.Fprintf(r.w, "%s\n", line)
		}
		return
	}
	detail := h.Detail
	if h.Host != "" {
		detail = h.Host + ": " + detail
	}
	fmt.Fprintf(r.w, "%-10s  %-14s  %s\n", h.Result, h.Hop, escape(detail))
	for _, line := range h.Remedy {
		fmt.Fprintf(r.w, "%-10s  %-14s  %s\n", "", "  remedy:", escape(line))
	}
}

// end writes the sum and returns the exit code.
func (r *checkReport) end() int {
	if !r.json {
		var parts []string
		for _, result := range []string{hopOK, hopFailed, hopNotTested} {
			if n := r.count[result]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, result))
			}
		}
		verdict := "PASS"
		if r.count[hopFailed] > 0 {
			verdict = "FAIL"
		}
		fmt.Fprintf(r.w, "\n%s: %s\n", verdict, strings.Join(parts, ", "))
	}
	if r.count[hopFailed] > 0 {
		return exitFailed
	}
	return exitOK
}

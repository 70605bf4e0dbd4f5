package main

import "ftptunnel/tunnel"

// dialogue shows a line of the control connection. People see it as it came,
// > from the client and < from the server, and where something else went on in
// its place, that, too: => to the server and <= to the client. Secrets are masked
// already.
func (t *teller) dialogue(d tunnel.Dialogue) {
	came, went := "> ", "=> "
	if d.From == tunnel.Server {
		came, went = "< ", "<= "
	}
	var lines []string
	if d.Before != "" || d.After == "" { // peers send empty lines, too
		lines = append(lines, came+d.Before)
	}
	if d.After != "" && d.After != d.Before {
		lines = append(lines, went+d.After)
	}
	if t.logFormat == "json" {
		lines = lines[:1] // it holds both
	}
	for _, line := range lines {
		t.say(levelDialogue, "dialogue", d.Session, line, "from", d.From.String(), "before", d.Before, "after", d.After)
	}
}

package main

import "ftptunnel/tunnel"

// dialogue shows a line of the control connection. People see it as it came,
// > from the client and < from the server, and where something else went on in
// its place, that, too: => to the server and <= to the client.
func (t *teller) dialogue(d tunnel.Dialogue) {
	came, went := "> ", "=> "
	if d.From == tunnel.Server {
		came, went = "< ", "<= "
	}
	before, after := d.Before, d.After
	if d.From == tunnel.Client {
		before, after = maskSecret(before), maskSecret(after)
	}
	var lines []string
	if before != "" {
		lines = append(lines, came+before)
	}
	if after != "" && after != before {
		lines = append(lines, went+after)
	}
	if t.logFormat == "json" {
		lines = lines[:1]
	}
	for _, line := range lines {
		t.say(levelDialogue, "dialogue", d.Session, line, "from", d.From.String(), "before", before, "after", after)
	}
}

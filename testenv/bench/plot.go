//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// The measures of the plot, in pixels.
const (
	plotWidth  = 860
	panelTop   = 60
	panelHigh  = 240
	panelSpace = 110
	panelLeft  = 70
	panelRight = 20
	dotSpace   = 16
)

// colours of the peers, for every kind of eye (Okabe and Ito, 2008).
var colours = []struct{ peer, colour string }{
	{direct, "#000000"}, {ftptunnel, "#d55e00"}, {prefetch, "#cc79a7"}, {sshL, "#0072b2"}, {sshD, "#009e73"},
}

// panel is one diagram: a place on the axis for each group, a dot in it for
// each peer, with a line from the minimum to the maximum.
type panel struct {
	title  string
	groups []group
}

type group struct {
	label string
	dots  map[string]spread // by peer
}

// drawPlot draws the rates as SVG. The same results give the same bytes.
func drawPlot(r *results) []byte {
	panels := []panel{byLink(r, "get", "One download, MB/s"), byLink(r, "put", "One upload, MB/s"), bySmall(r)}
	var b bytes.Buffer
	height := len(panels)*(panelHigh+panelSpace) + panelTop
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", plotWidth, height)
	drawLegend(&b)
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", panelTop+i*(panelHigh+panelSpace))
		p.draw(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// byLink collects a case's series, a group for each link.
func byLink(r *results, name, title string) panel {
	p := panel{title: title}
	for _, s := range r.all {
		if s.name == name {
			p.put(s.link, s)
		}
	}
	return p
}

// bySmall collects the small files, a group for each client and mode.
func bySmall(r *results) panel {
	p := panel{title: "Small files over a link of 100 ms, files/s"}
	for _, s := range r.all {
		if client, ok := strings.CutPrefix(s.name, "small files, "); ok && s.link == "100ms" {
			p.put(client, s)
		}
	}
	return p
}

func (p *panel) put(label string, s *series) {
	if n := len(p.groups); n == 0 || p.groups[n-1].label != label {
		p.groups = append(p.groups, group{label, map[string]spread{}})
	}
	p.groups[len(p.groups)-1].dots[s.peer] = spreadOf(s.values())
}

func drawLegend(b *bytes.Buffer) {
	x := panelLeft
	for _, c := range colours {
		fmt.Fprintf(b, `<circle cx="%d" cy="20" r="5" fill="%s"/><text x="%d" y="24">%s</text>`+"\n", x, c.colour, x+10, c.peer)
		x += 30 + 8*len(c.peer)
	}
}

// draw draws the panel with a logarithmic axis.
func (p panel) draw(b *bytes.Buffer) {
	fmt.Fprintf(b, `<text x="%d" y="-10" font-weight="bold">%s</text>`+"\n", panelLeft, p.title)
	low, high := p.decades()
	y := func(v float64) float64 {
		return panelHigh * (1 - (math.Log10(v)-low)/(high-low))
	}
	for d := low; d <= high; d++ {
		v := math.Pow(10, d)
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#cccccc"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n",
			panelLeft, y(v), plotWidth-panelRight, y(v), panelLeft-8, y(v)+4, v)
	}
	for i, g := range p.groups {
		middle := panelLeft + (float64(i)+0.5)*float64(plotWidth-panelLeft-panelRight)/float64(len(p.groups))
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", middle, panelHigh+22, g.label)
		for j, c := range colours {
			d, ok := g.dots[c.peer]
			if !ok || d.min <= 0 {
				continue
			}
			x := middle + float64(j-len(colours)/2)*dotSpace
			fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="2"/>`, x, y(d.min), x, y(d.max), c.colour)
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s"><title>%s: %s</title></circle>`+"\n", x, y(d.median), c.colour, c.peer, d)
		}
	}
}

// decades are the powers of ten between which everything lies.
func (p panel) decades() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, g := range p.groups {
		for _, d := range g.dots {
			if d.min > 0 {
				low, high = min(low, math.Floor(math.Log10(d.min))), max(high, math.Ceil(math.Log10(d.max)))
			}
		}
	}
	if low >= high {
		return 0, 1
	}
	return low, high
}

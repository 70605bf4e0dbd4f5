package main_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// drawing is what matters of an SVG file of ours.
type drawing struct {
	Width  float64 `xml:"width,attr"`
	Height float64 `xml:"height,attr"`
	Title  string  `xml:"title"`
	Desc   string  `xml:"desc"`
	Texts  []struct {
		X      float64 `xml:"x,attr"`
		Y      float64 `xml:"y,attr"`
		Anchor string  `xml:"text-anchor,attr"`
		Text   string  `xml:",chardata"`
	} `xml:"text"`
	Style string `xml:"style"`
}

// wideLetter is the width of a letter in the widest font that a drawing may
// get, in its 14 pixels: more than DejaVu Sans takes on average.
const wideLetter = 8.7

// TestDrawings checks that each drawing is shown on a page, is told in words,
// knows dark screens, and that no text leaves it.
func TestDrawings(t *testing.T) {
	names, err := filepath.Glob("../../docs/img/*.svg")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	pages := ""
	for _, p := range readPages(t) {
		pages += p.text
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var d drawing
		if err := xml.Unmarshal(text, &d); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(pages, "](img/"+filepath.Base(name)+")") {
			t.Errorf("%s is shown on no page", name)
		}
		if d.Title == "" || d.Desc == "" || !strings.Contains(d.Style, "prefers-color-scheme: dark") {
			t.Errorf("%s: no title, no description, or not for dark screens", name)
		}
		for _, l := range d.Texts {
			width := wideLetter * float64(utf8.RuneCountInString(l.Text))
			left := l.X - map[string]float64{"middle": width / 2, "end": width}[l.Anchor]
			if left < 5 || left+width > d.Width-5 || l.Y < 15 || l.Y > d.Height-5 {
				t.Errorf("%s: %s leaves the drawing at %s", name, strconv.Quote(l.Text), strconv.FormatFloat(left, 'f', 0, 64))
			}
		}
	}
}

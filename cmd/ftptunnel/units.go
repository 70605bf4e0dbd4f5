package main

import (
	"fmt"
	"time"
)

// shortDuration words a time in the precision that a person wants.
func shortDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// amount words a number of bytes in at most eight columns.
func amount(n int64) string {
	units := [...]string{"kB", "MB", "GB", "TB", "PB"}
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1e3, 0
	for f >= 999.95 && i < len(units)-1 {
		f, i = f/1e3, i+1
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// byteCount words a number of bytes, which is exact in the json field.
func byteCount(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

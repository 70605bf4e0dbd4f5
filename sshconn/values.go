package sshconn

import (
	"strconv"
	"strings"
)

// parseTime reads a time of sshd_config(5), TIME FORMATS: 90, 1m30s, 2h. It
// returns seconds and the canonical text.
func parseTime(s string) (seconds int, text string, ok bool) {
	total, digits := 0, ""
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' {
			digits += string(c)
			continue
		}
		unit := map[byte]int{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}[c|0x20]
		n, err := strconv.Atoi(digits)
		if unit == 0 || err != nil || n > (1<<31-1-total)/unit {
			return 0, "", false
		}
		total, digits = total+n*unit, ""
	}
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n > 1<<31-1-total {
			return 0, "", false
		}
		total += n
	} else if s == "" {
		return 0, "", false
	}
	return total, itoa(total), true
}

// qosNames are the types of service that have a name: ssh_config(5), IPQoS.
var qosNames = map[string]int{
	"af11": 0x28, "af12": 0x30, "af13": 0x38, "af21": 0x48, "af22": 0x50, "af23": 0x58,
	"af31": 0x68, "af32": 0x70, "af33": 0x78, "af41": 0x88, "af42": 0x90, "af43": 0x98,
	"cs0": 0x00, "cs1": 0x20, "cs2": 0x40, "cs3": 0x60, "cs4": 0x80, "cs5": 0xa0,
	"cs6": 0xc0, "cs7": 0xe0, "ef": 0xb8, "le": 0x04,
	"lowdelay": 0x10, "throughput": 0x08, "reliability": 0x04,
}

// qos returns the TOS byte of an IPQoS value, -1 for none.
func qos(v string) int {
	if n, ok := qosNames[strings.ToLower(v)]; ok {
		return n
	}
	if n, err := strconv.ParseInt(v, 0, 16); err == nil && n >= 0 && n <= 255 {
		return int(n)
	}
	return -1
}

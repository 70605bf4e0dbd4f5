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

// qosName returns an IPQoS value as ssh -G prints it: by name if it has one.
func qosName(v string) (string, bool) {
	if strings.EqualFold(v, "none") {
		return "none", true
	}
	n := qos(v)
	if n < 0 {
		return "", false
	}
	for _, name := range []string{"af11", "af12", "af13", "af21", "af22", "af23", "af31", "af32", "af33",
		"af41", "af42", "af43", "cs0", "cs1", "cs2", "cs3", "cs4", "cs5", "cs6", "cs7", "ef", "le",
		"lowdelay", "throughput"} {
		if qosNames[name] == n {
			return name, true
		}
	}
	return "0x" + hexByte(n), true
}

func hexByte(n int) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[n>>4&15], digits[n&15]})
}

// parseAmount reads a number of bytes: 1G, 512M, 100K, 4096.
func parseAmount(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	shift := 0
	if i := strings.IndexByte("BKMGTPE", s[len(s)-1]&^0x20); i >= 0 {
		shift, s = 10*i, s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<62>>shift {
		return 0, false
	}
	return n << shift, true
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

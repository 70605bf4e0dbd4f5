package ftpinspect

import "net/netip"

// dialect is a way to announce a data connection to the server.
type dialect int

const (
	viaPASV  dialect = iota
	viaEPSV          // RFC 2428, section 3
	viaPORT          // with an IPv4 address
	viaEPRT4         // RFC 2428, section 2, network protocol 1
	viaEPRT6         // network protocol 2
)

const (
	passiveDialects dialects = 1<<viaPASV | 1<<viaEPSV
	activeDialects  dialects = 1<<viaPORT | 1<<viaEPRT4 | 1<<viaEPRT6
)

func (d dialect) active() bool { return d >= viaPORT }

func (d dialect) verb() string {
	return [...]string{"PASV", "EPSV", "PORT", "EPRT", "EPRT"}[d]
}

func (s dialects) has(d dialect) bool { return s&(1<<d) != 0 }

func (s dialects) with(d dialect) dialects { return s | 1<<d }

// plan lists the ways to try for a client's request. The first is the mirror of
// what it asked for, unless the server is far. What was refused while another way
// worked is left out.
func (s *Session) plan(verb string) []dialect {
	passive, active := s.passivePlan(verb), s.activePlan(verb)
	clientPassive := verb == "PASV" || verb == "EPSV"
	var all []dialect
	switch {
	case s.cfg.Mode == ModePassive, s.cfg.Mode == ModeClient && clientPassive:
		all = passive
	case s.cfg.Mode == ModeActive, s.cfg.Mode == ModeClient:
		all = active
	case clientPassive, s.cfg.Far:
		all = append(passive, active...)
	default:
		all = append(active, passive...)
	}
	return s.withoutRefused(all)
}

func (s *Session) withoutRefused(all []dialect) []dialect {
	var left []dialect
	for _, d := range all {
		if !s.know.refused.has(d) {
			left = append(left, d)
		}
	}
	if len(left) == 0 {
		return all
	}
	return left
}

func (s *Session) passivePlan(verb string) []dialect {
	switch {
	case s.epsvAll:
		return []dialect{viaEPSV}
	case verb == "PASV" || verb == "PORT":
		return []dialect{viaPASV, viaEPSV}
	}
	return []dialect{viaEPSV, viaPASV}
}

// activePlan offers PORT and EPRT for each address that the server side can
// listen at, in their order.
func (s *Session) activePlan(verb string) []dialect {
	if s.epsvAll {
		return nil
	}
	var plan []dialect
	for _, a := range s.cfg.ActiveAddrs {
		switch {
		case a.Unmap().Is6():
			plan = append(plan, viaEPRT6)
		case verb == "EPRT" || verb == "EPSV":
			plan = append(plan, viaEPRT4, viaPORT)
		default:
			plan = append(plan, viaPORT)
		}
	}
	return plan
}

// activeAddr is the address that dialect d has the server dial.
func (s *Session) activeAddr(d dialect) netip.Addr {
	for _, a := range s.cfg.ActiveAddrs {
		if a.Unmap().Is6() == (d == viaEPRT6) {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

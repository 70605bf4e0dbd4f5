package tunnel

// close closes the listeners: nobody may come any more, and err is why.
func (d *dataConn) close(err error) {
	if d.closed {
		return
	}
	d.closed = true
	for _, t := range d.waiting {
		if t.completed {
			d.s.dataEnded(t)
		} else {
			t.err = err
		}
	}
	d.s.alarms.cancel(d.unused)
	for i := range d.ends {
		d.s.closeListener(&d.ends[i])
	}
	d.s.todo = append(d.s.todo, d.s.lookAround) // nobody will come
}

// over reports whether no connection can come of the expectation any more.
func (d *dataConn) over() bool { return d.closed && !d.comes() }

// comes reports whether the server's end is being dialled for a transfer that the
// server has begun and whose client is there, or is to be dialled. A client that
// asks for the next data connection behind its transfer command has this one
// forgotten before it is known that the dial has succeeded.
func (d *dataConn) comes() bool {
	if n := &d.ends[Server]; n.Listen || n.yielded {
		return false
	}
	for _, p := range d.pairs {
		if !p.ended && p.transfer != nil && p.conns[Client] != nil && p.conns[Server] == nil {
			return true
		}
	}
	return len(d.waiting) > 0 && !d.ends[Client].Listen
}

// forget ends the expectation, but for connections that a transfer uses.
func (d *dataConn) forget() {
	d.close(errUnused)
	client := &d.ends[Client]
	for _, p := range d.pairs {
		switch {
		case p.transfer == nil:
			p.drop(errUnused)
		case p.conns[Client] == nil && client.Listen:
			p.breakOff(errUnused) // its client cannot come any more
		}
	}
	d.tidy()
}

// dropHalves resets what has one end only, for the other will not come, and has no
// transfer wait for a connection any more.
func (d *dataConn) dropHalves(err error) {
	d.waiting = nil
	for _, p := range d.pairs {
		if !p.joined {
			p.drop(err)
		}
	}
	d.tidy()
}

// stop ends the expectation and all that has come of it.
func (d *dataConn) stop() {
	d.close(errStopped)
	d.cancel()
	d.waiting = nil
	for _, p := range d.pairs {
		p.drop(errStopped)
	}
}

// trim closes what lingers: connections whose data was delivered, and whose
// peers keep their half open. They would add up in a long session.
func (s *session) trim() {
	const most = 8
	if len(s.data) < most {
		return
	}
	for _, d := range s.data {
		if !d.over() || d.live() {
			continue
		}
		for _, p := range d.pairs {
			p.closeBoth()
		}
	}
}

// tidy forgets pairs that are over, and d itself once nothing of it is left.
func (d *dataConn) tidy() {
	rest := d.pairs[:0]
	for _, p := range d.pairs {
		if !p.released || p.transfer == nil && !d.closed {
			rest = append(rest, p)
		}
	}
	clear(d.pairs[len(rest):])
	d.pairs = rest
	if d.over() && len(rest) == 0 && d.s.data[d.want.ID] == d {
		d.cancel()
		delete(d.s.data, d.want.ID)
		d.s.t.leaveData(1)
	}
}

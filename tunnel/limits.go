package tunnel

import "time"

// Limits bounds what a client or a server can make a tunnel do. A zero field
// means its default.
type Limits struct {
	// Sessions is how many may be served at once (1,000).
	Sessions int
	// PerPeer is how many of them may come from one address (as Sessions).
	PerPeer int
	// Rate is how many may begin a second (1,000), once as many as Burst
	// (1,000) have begun at once.
	Rate, Burst int
	// DataConns is how many data connections may be announced or open at once
	// (twice Sessions).
	DataConns int

	// Login is the time from the client's connection to the server's 230
	// (120 s).
	Login time.Duration
	// Expectation is how long a data listener waits for its first
	// connection (60 s).
	Expectation time.Duration
	// Connect limits the dial of a control connection, which may first have
	// to bring a lost transport back (30 s).
	Connect time.Duration
	// Dial limits the dial of a data connection (10 s).
	Dial time.Duration
	// Silence is how long a server's data connection may be silent once the
	// server has called the transfer complete (60 s).
	Silence time.Duration
	// CutUpload is how long the server's end of an upload stays open for a
	// reply once the client has reset its own (1 s).
	CutUpload time.Duration
	// Abort is how long a download goes on after its client's ABOR while the
	// server does not answer (1 s).
	Abort time.Duration
	// Data, Reply and Idle are the times of ftpinspect's TimerData (10 s),
	// TimerReply (5 s) and TimerIdle (10 s).
	Data, Reply, Idle time.Duration
	// Grace is how long transfers may go on after Drain (30 s).
	Grace time.Duration
	// Greeting is how long Probe waits for a greeting (30 s), and Goodbye how
	// long it waits for the answer to its QUIT (2 s).
	Greeting, Goodbye time.Duration
	// Linger is how long a session that is over waits for the client to
	// take its last reply (1 s), and Abandoned how long the server of a
	// client that is gone may stay, idle (60 s).
	Linger, Abandoned time.Duration
}

// filled returns the limits with defaults in place of zeros.
func (l Limits) filled() Limits {
	set := func(d *time.Duration, seconds int) {
		if *d == 0 {
			*d = time.Duration(seconds) * time.Second
		}
	}
	set(&l.Login, 120)
	set(&l.Expectation, 60)
	set(&l.Connect, 30)
	set(&l.Dial, 10)
	set(&l.Silence, 60)
	set(&l.CutUpload, 1)
	set(&l.Abort, 1)
	set(&l.Data, 10)
	set(&l.Reply, 5)
	set(&l.Idle, 10)
	set(&l.Grace, 30)
	set(&l.Greeting, 30)
	set(&l.Goodbye, 2)
	set(&l.Linger, 1)
	set(&l.Abandoned, 60)
	if l.Sessions == 0 {
		l.Sessions = 1000
	}
	if l.PerPeer == 0 {
		l.PerPeer = l.Sessions
	}
	if l.Rate == 0 {
		l.Rate = 1000
	}
	if l.Burst == 0 {
		l.Burst = 1000
	}
	if l.DataConns == 0 {
		l.DataConns = 2 * l.Sessions
	}
	return l
}

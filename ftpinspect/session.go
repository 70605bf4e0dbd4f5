package ftpinspect

// Session is the state of one control connection. It is owned by one goroutine.
//
//	New(Config) *Session
//	ClientLine(Line) []Effect       a line from the client
//	ServerLine(Line) []Effect       a line from the server
//	Met(ID, Listeners) []Effect     an expectation's listeners are open (and its dial has succeeded, with DialFirst)
//	Unmet(ID, Side, error) []Effect an expectation cannot be met, and which side refused
//	DialFailed(ID, error) []Effect  the dial beside the reply has failed
//	Joined(ID) []Effect             both ends of the data connection are connected
//	Ended(ID, Outcome) []Effect     the data connection is over
//	Expired(Timer) []Effect
//	ServerGone(error) []Effect      the server's control connection has ended: nil for a FIN
//	ClientGone() []Effect           the client's control connection has ended
//	WantsClient() bool              whether ClientLine may be called now
//	WantsServer() bool              whether ServerLine may be called now
//	Idle() bool                     no command unanswered, no transfer
type Session struct{}

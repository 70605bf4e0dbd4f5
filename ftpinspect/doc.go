// Package ftpinspect understands the dialogue of an FTP control connection.
//
// It is the part of a tunnel that decides what a PORT, a 227 or a 226 means
// and what to write in its stead. It performs no I/O: complete lines go in,
// from the client and from the server, and effects come out, in the order in
// which the caller must carry them out: a line for the client, a line for the
// server, or an [Expect], a data connection that the dialogue has announced
// and that the caller must make ready before there is any line. It knows no
// socket, no clock, no log and no goroutine. One goroutine owns a [Session].
//
// What a caller may rely on, whatever bytes go in (the fuzz targets of this
// package assert each):
//
//   - No listener, no line. A 227 or 229 for the client, and a PORT or EPRT for
//     the server, is only ever formed from the address of a listener that the
//     caller has reported with [Session.Met].
//   - Fail closed. No address that was not rewritten passes: not a 227, 228 or
//     229 outside the inner lines of a multi-line reply, and not a PORT, EPRT,
//     LPRT, LPSV, CPSV or SPSV towards the server.
//   - Order is kept. Lines that are not rewritten leave in the order in which
//     they came and unchanged, but for their line ending (exactly CRLF), NUL
//     and bare CR (dropped), and Telnet sequences before the first byte.
//   - An answer of our own takes its place among the replies, if the server
//     answers in order.
//   - What was promised is there. A PORT or EPRT may get its 200 before the
//     server has said where it listens; the transfer that it is for goes to the
//     server when that is known, or is answered 425 and never goes.
//   - A restart point is for one transfer: if that was answered here, the next
//     one goes to the server after REST 0 was accepted, or after another REST
//     of the client.
//   - Memory is bounded: when a Session cannot take more it says so
//     ([Session.WantsClient], [Session.WantsServer]) and the caller stops
//     reading from that peer.
//
// How it fits together:
//
//   - A line of the client goes through session.go, where it may have to wait. A
//     request for a data connection (PASV, EPSV, PORT, EPRT) gets a plan of the
//     ways to ask the server (dialect.go) and goes through request.go and
//     outcome.go, a transfer command through transfer.go.
//   - A line of the server goes through pairing.go, which makes replies of lines
//     and finds the command that each answers (match.go); answer.go acts on it.
//   - expectation.go holds what was announced and what has come of it, out.go the
//     replies that the client may not have yet.
//   - Six files save time and change nothing else: ahead.go, adopt.go and
//     dialahead.go ([Config].Prefetch), promise.go, linger.go, and facts.go, which
//     asks about the files of a listing (listing.go) before the client does.
//
// What it does not do: it does not judge which user may connect, it does not
// time anything out (it asks for timers with [StartTimer] and is told with
// [Session.Expired]), and after an accepted AUTH it understands nothing more.
//
// The rules come from RFC 959, RFC 1123 section 4.1, RFC 2428, RFC 2577 and
// from recordings of real servers and clients, which stand under testdata.
package ftpinspect

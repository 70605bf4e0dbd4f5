// Package tty is a terminal for tests: a pseudo-terminal, and what somebody who
// sits at it would see.
//
// It understands as much as programs here write: lines, the cursor upwards, and
// erasing from there to the end. Anything else is shown as it is. On other
// systems than Linux the package is empty.
package tty

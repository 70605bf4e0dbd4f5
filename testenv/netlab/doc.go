// Package netlab builds small networks on one machine: hosts that are network
// namespaces of Linux, wires between them, and links that delay packets.
//
// A forwarding that works on one host may fail between three, and a proxy that
// delays bytes hides what handshakes cost. Here a host has its own loopback,
// ports and routes, and a [Link] delays whole packets.
//
// The namespaces have no names: nothing else can collide with them, and the
// kernel removes them, with all that is in them, when this process and the
// programs that it started there have ended, however they end.
//
// It needs root, ip(8) and, for links, /dev/net/tun; [Available] and
// [LinkAvailable] say what is missing. On other systems the package is empty.
package netlab

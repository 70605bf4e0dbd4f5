#!/bin/sh
# Makes a Debian for copies of it to be taken, unless it is there:
#
#   CACHE/debian-minimal   of what is essential
#   CACHE/debian-services  beside that, systemd, an SSH server and an FTP server
#
# Needs root and debootstrap. Usage: debian.sh CACHE minimal|services
set -eu
root=${1:?usage: debian.sh CACHE minimal|services}/debian-$2
PATH=$PATH:/usr/sbin:/sbin
export PATH

fail() {
	echo "debian.sh: $*" >&2
	exit 1
}

packages=
[ "$2" = minimal ] || packages=systemd,dbus,dbus-user-session,libpam-systemd,openssh-server,vsftpd,lftp,curl
[ "$(id -u)" = 0 ] || fail "a fresh Debian needs root"
[ ! -e "$root.complete" ] || exit 0
command -v debootstrap >/dev/null || fail "debootstrap is not installed: apt-get install debootstrap"
echo "debian.sh: making $root, which takes a minute or two"
rm -rf "$root"
mkdir -p "$(dirname "$root")"
debootstrap --variant=minbase ${packages:+--include=$packages} bookworm "$root" >"$root.log" 2>&1 || fail "see $root.log"
touch "$root.complete"

#!/bin/sh
# Installs what a target of make needs beside Go, as Debian packages; without
# root it lists what is missing. Usage: setup.sh package|image
set -eu

# program:package, of what is more than Debian's essentials
case ${1:-} in
package) needed='debootstrap:debootstrap rpm:rpm mandoc:mandoc ssh-keygen:openssh-client ip:iproute2' ;;
image) needed='buildah:buildah lftp:lftp podman:podman crun:crun catatonit:catatonit debootstrap:debootstrap ssh-keygen:openssh-client ip:iproute2' ;;
*)
	echo "usage: setup.sh package|image" >&2
	exit 2
	;;
esac

PATH=$PATH:/usr/sbin:/sbin
export PATH

# missing prints the packages of the programs that are not in PATH.
missing() {
	for pair in $needed; do
		command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
	done
}

packages=$(missing | sort -u | xargs)
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "setup.sh: missing are these Debian packages: $packages" >&2
	exit 1
fi
apt-get update -qq >&2 || echo "setup.sh: apt-get update failed; going on with the package lists that are there" >&2
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2

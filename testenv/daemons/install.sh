#!/bin/sh
# Installs the real programs that the tests start: SSH servers, FTP servers, FTP
# clients and shells, as Debian packages.
#
# The FTP servers conflict with one another as packages, so only vsftpd is
# installed; the others, and fish, which brings much along as a package, are
# unpacked, with the libraries that they lack, into the folder given as the first
# argument, and run from there. Without root
# nothing is installed, and what is missing is listed. Tests whose program is
# missing are skipped by name, or fail when FTPTUNNEL_REAL=1.
set -eu

cache=${1:?usage: install.sh CACHE}

# program:package
installed='
sshd:openssh-server
ssh:openssh-client
dropbear:dropbear-bin
vsftpd:vsftpd
lftp:lftp
ncftpget:ncftp
tnftp:tnftp
curl:curl
wget:wget
ps:procps
ss:iproute2
nc:netcat-openbsd
tmux:tmux
python3:python3
rclone:rclone
jq:jq
bash:bash
zsh:zsh
unshare:util-linux
gcc:gcc
mandoc:mandoc
systemd-analyze:systemd
'
unpacked='
usr/sbin/proftpd:proftpd-core
usr/sbin/pure-ftpd:pure-ftpd
usr/bin/pure-pw:pure-ftpd-common
usr/sbin/ftpd:inetutils-ftpd
usr/bin/inetutils-ftp:inetutils-ftp
usr/bin/fish:fish
usr/share/fish/functions:fish-common
'

PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { echo "install.sh: $*" >&2; }

pyftpdlib() { /usr/bin/python3 -c 'import pyftpdlib' 2>/dev/null; }

# to_install prints the packages of the programs that are not in PATH.
to_install() {
	for pair in $installed; do
		command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
	done
	pyftpdlib || echo python3-pyftpdlib
	[ -e /usr/include/stdio.h ] || echo libc6-dev # the race detector is built with cgo
}

# to_unpack prints the packages of the programs that are not in the cache.
to_unpack() {
	for pair in $unpacked; do
		[ -x "$cache/${pair%%:*}" ] || echo "${pair##*:}"
	done
}

# with_libraries adds to the named packages the libraries that apt would
# install along with them. It only simulates.
with_libraries() {
	for package in "$@"; do
		echo "$package"
		apt-get -s -qq install --no-install-recommends "$package" |
			awk '$1 == "Inst" && $2 ~ /^lib/ { print $2 }'
	done | sort -u
}

install_packages() {
	# A package's daemon must not start and stay behind.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap 'rm -f '$policy EXIT
		trap 'exit 130' INT TERM
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	fi
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

unpack_packages() {
	mkdir -p "$cache/deb"
	packages=$(with_libraries "$@")
	# shellcheck disable=SC2086 # a list of names
	(cd "$cache/deb" && apt-get download -qq -o APT::Sandbox::User=root $packages >&2)
	for deb in "$cache"/deb/*.deb; do
		dpkg -x "$deb" "$cache"
	done
	rm -rf "$cache/deb"
}

# install brings here what is missing, as far as this user and machine can.
install() {
	command -v apt-get >/dev/null || return 0
	root=
	[ "$(id -u)" != 0 ] || root=1
	if [ -n "$root" ] && [ -n "$(to_install)$(to_unpack)" ]; then
		apt-get update -qq >&2 || say "apt-get update failed; going on with the package lists that are there"
	fi
	if [ -n "$root" ] && [ -n "$(to_install)" ]; then
		# shellcheck disable=SC2046 # a list of names
		install_packages $(to_install) || say "not all packages could be installed"
	fi
	if [ -n "$(to_unpack)" ]; then
		# shellcheck disable=SC2046
		unpack_packages $(to_unpack) || say "not all packages could be unpacked"
	fi
}

install
missing=$(echo $(to_install) $(to_unpack))
if [ -n "$missing" ]; then
	say "missing, so that their tests are skipped, are these Debian packages: $missing"
	[ "$(id -u)" = 0 ] || say "run as root, this installs them"
	[ "${FTPTUNNEL_REAL:-}" != 1 ] || exit 1
fi

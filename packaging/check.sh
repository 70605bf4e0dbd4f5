#!/bin/sh
# Installs the deb of dist/ into a Debian that has nothing else, runs it there,
# removes it, and looks for what has stayed behind; then lists the rpm and the
# apk. Needs root, debootstrap, rpm and mandoc. Usage: check.sh CACHE
set -eu
cache=${1:?usage: check.sh CACHE}
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { echo "check.sh: $*"; }
fail() {
	echo "check.sh: $*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || fail "a fresh Debian needs root"
for program in debootstrap rpm mandoc; do
	command -v $program >/dev/null || fail "$program is not installed: apt-get install $program"
done

# The fresh Debian is kept for the next time.
root=$cache/fresh-debian
if [ ! -e "$root.complete" ]; then
	say "making a fresh Debian, which takes a minute"
	rm -rf "$root"
	mkdir -p "$cache"
	debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 || fail "see $root.log"
	touch "$root.complete"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -a "$root" "$work/root"
arch=$(dpkg --print-architecture)
cp dist/ftptunnel_*_"$arch".deb "$work/root/tmp/ftptunnel.deb"

# files lists what there is; dpkg's own notes and logs change with every package.
files() {
	(cd "$work/root" && find . -xdev ! -path './var/lib/dpkg/*' ! -path './var/log/*' ! -path './var/cache/*' \
		! -type d -printf '%p %l %s %T@\n' -o -type d -print) | sort
}
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$work/root" "$@"; }

files >"$work/before"
inside dpkg -i /tmp/ftptunnel.deb >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be installed"; }
inside ftptunnel -V
inside ftptunnel --demo >"$work/demo" 2>&1 || { cat "$work/demo"; fail "the demonstration has failed"; }
say "the demonstration has passed"
mandoc -Tlint -W warning "$work/root/usr/share/man/man1/ftptunnel.1.gz" || fail "the man page has mistakes"
inside bash -n /usr/share/bash-completion/completions/ftptunnel
inside dpkg --verify ftptunnel
inside dpkg --purge ftptunnel >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be removed"; }
files >"$work/after"
diff "$work/before" "$work/after" || fail "that has stayed behind"
inside dpkg -s ftptunnel >/dev/null 2>&1 && fail "dpkg still knows it"
say "removed without a trace"

for file in /usr/bin/ftptunnel /usr/share/man/man1/ftptunnel.1.gz /usr/share/zsh/site-functions/_ftptunnel; do
	for rpm in dist/*.rpm; do
		rpm -qlp "$rpm" | grep -qx "$file" || fail "$rpm lacks $file"
	done
	for apk in dist/*.apk; do
		tar -tzf "$apk" 2>/dev/null | grep -qx "${file#/}" || fail "$apk lacks $file"
	done
done
say "the rpm and the apk have what they should"
ls -l dist/*.deb dist/*.rpm dist/*.apk

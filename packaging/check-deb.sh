#!/bin/sh
# Installs the deb of dist/ into a Debian that has nothing else, runs it there,
# removes it, and looks for what has stayed behind. Needs root, debootstrap and
# mandoc. Usage: check-deb.sh CACHE
set -eu
cache=${1:?usage: check-deb.sh CACHE}
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { echo "check-deb.sh: $*"; }
fail() {
	echo "check-deb.sh: $*" >&2
	exit 1
}

packaging/debian.sh "$cache" minimal
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -a "$cache/debian-minimal" "$work/root"
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
# But for the source's own, the pages find what they link to.
(
	cd "$work/root/usr/share/doc/ftptunnel"
	for page in README.md docs/*.md; do
		grep -oE '\]\([^)#: ]+' "$page" | sed 's/^..//' | sort -u | while read -r link; do
			[ "$link" = ARCHITECTURE.md ] || [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
		done
	done
) >"$work/links"
[ ! -s "$work/links" ] || { cat "$work/links"; fail "pages lack what they link to"; }
inside dpkg --purge ftptunnel >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be removed"; }
files >"$work/after"
diff "$work/before" "$work/after" || fail "that has stayed behind"
inside dpkg -s ftptunnel >/dev/null 2>&1 && fail "dpkg still knows it"
say "removed without a trace"

#!/bin/sh
# Looks whether the apk of dist/ is one: that what it says of itself is right
# and that its checksum is that of its files. They are unpacked and run; where
# there is Alpine's apk, which Debian does not have, it installs and removes
# them. Usage: check-apk.sh
set -eu
cd "$(dirname "$0")/.."

say() { echo "check-apk.sh: $*"; }
fail() {
	echo "check-apk.sh: $*" >&2
	exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
arch=$(uname -m)
package=$PWD/$(ls dist/ftptunnel_*_"$arch".apk)
root=$work/root

# demonstrate runs what stands in the root, and needs nothing of it.
demonstrate() {
	mkdir -p "$root/tmp"
	env -i PATH=/usr/bin HOME=/ "$root/usr/bin/ftptunnel" --demo >"$work/demo" 2>&1 ||
		{ cat "$work/demo"; fail "the demonstration has failed"; }
}

mkdir "$root"
tar --warning=no-unknown-keyword -xzf "$package" -C "$root"
version=$("$root/usr/bin/ftptunnel" -V | cut -d' ' -f2)
for line in 'pkgname = ftptunnel' "pkgver = $version" "arch = $arch" 'license = MIT'; do
	grep -qx "$line" "$root/.PKGINFO" || fail ".PKGINFO lacks: $line"
done
rm "$root/.PKGINFO"
for file in usr/bin/ftptunnel usr/share/man/man1/ftptunnel.1.gz usr/share/zsh/site-functions/_ftptunnel; do
	[ -s "$root/$file" ] || fail "$file is missing"
done
odd=$(find "$root" -mindepth 1 ! \( -type d -perm 755 \) ! \( -type f -perm 644 ! -path "$root/usr/bin/*" \) \
	! \( -type f -perm 755 -path "$root/usr/bin/ftptunnel" \) -o -mindepth 1 ! -uid 0)
[ "$(id -u)" != 0 ] || [ -z "$odd" ] || fail "odd modes or owners: $odd"

# Its files are a gzip stream of their own, the last of the package, and .PKGINFO
# has its checksum.
want=$(tar --warning=no-unknown-keyword -xzOf "$package" .PKGINFO | sed -n 's/^datahash = //p')
for at in $(LC_ALL=C grep -obUaP '\x1f\x8b\x08' "$package" | cut -d: -f1); do
	tail -c "+$((at + 1))" "$package" | sha256sum
done | grep -qx "$want  -" || fail "its files do not have the checksum $want"
demonstrate
say "unpacked, and the demonstration has passed"

if [ "$(id -u)" = 0 ] && command -v apk >/dev/null; then
	rm -rf "$root"
	alpine() { apk --root "$root" --arch "$arch" --no-network "$@" >>"$work/log" 2>&1 || { cat "$work/log"; fail "apk $1 has failed"; }; }
	mkdir "$root"
	alpine add --initdb --allow-untrusted "$package"
	demonstrate
	alpine del ftptunnel
	left=$(cd "$root" && find . ! -type d -path './usr/*')
	[ -z "$left" ] || fail "that has stayed behind: $left"
	say "apk has installed and removed it"
fi

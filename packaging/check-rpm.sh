#!/bin/sh
# Installs the rpm of dist/ by rpm into a folder that rpm takes for a system: a
# fresh Debian, for its scripts have to find a shell. Runs it there, removes it,
# and looks for what has stayed behind. Needs root, debootstrap and rpm.
# Usage: check-rpm.sh CACHE
set -eu
cache=${1:?usage: check-rpm.sh CACHE}
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { echo "check-rpm.sh: $*"; }
fail() {
	echo "check-rpm.sh: $*" >&2
	exit 1
}

packaging/debian.sh "$cache" minimal
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root=$work/root
cp -a "$cache/debian-minimal" "$root"
package=$(ls dist/ftptunnel-*."$(uname -m)".rpm)

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$root" "$@"; }
# Debian's rpm wants to hear that an rpm is meant: --force-debian.
in_root() { rpm --root "$root" --dbpath /var/lib/rpm "$@"; }
files() {
	(cd "$root" && find . -xdev ! -path './var/lib/rpm*' ! -type d -printf '%p %l %s %T@\n' -o ! -path './var/lib/rpm*' -type d -print) | sort
}
# enable does what systemctl would, which is not there.
wants=$root/etc/systemd/system/multi-user.target.wants
enable() {
	mkdir -p "$wants"
	ln -sf /usr/lib/systemd/system/ftptunnel@.service "$wants/ftptunnel@files.service"
}

mkdir -p "$wants"
files >"$work/before"
in_root --nodeps --force-debian -i "$package" >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be installed"; }
in_root -V --nodeps ftptunnel || fail "that is not as it was packed"
inside ftptunnel -V
inside ftptunnel --demo >"$work/demo" 2>&1 || { cat "$work/demo"; fail "the demonstration has failed"; }
say "installed, and the demonstration has passed"

[ "$(in_root -qc ftptunnel)" = /etc/ftptunnel/ssh_config ] || fail "the configuration is not marked as such"
odd=$(in_root -q --qf '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]' ftptunnel |
	grep -Ev '^(-rw-r--r-- root root /(etc|usr)/|drwxr-xr-x root root /(etc|usr)/|-rwxr-xr-x root root /usr/bin/ftptunnel$)' || true)
[ -z "$odd" ] || fail "odd modes or owners: $odd"

# What an administrator has written outlives the next version, and a removal.
enable
echo '# mine' >>"$root/etc/ftptunnel/ssh_config"
in_root --nodeps --force-debian --replacepkgs -U "$package" >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be installed over itself"; }
grep -q '^# mine' "$root/etc/ftptunnel/ssh_config" || fail "an upgrade has overwritten the configuration"
[ -L "$wants/ftptunnel@files.service" ] || fail "an upgrade has disabled a service"
in_root --nodeps --force-debian -e ftptunnel >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be removed"; }
grep -q '^# mine' "$root/etc/ftptunnel/ssh_config.rpmsave" || fail "a removal has lost the configuration"
rm "$root/etc/ftptunnel/ssh_config.rpmsave"
rmdir "$root/etc/ftptunnel"
files >"$work/after"
diff "$work/before" "$work/after" || fail "that has stayed behind"
say "removed without a trace, but for a configuration that was changed"

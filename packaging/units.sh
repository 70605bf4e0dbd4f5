#!/bin/sh
# Runs the units of the deb in dist/ under a systemd of their own: a fresh
# Debian with an SSH server, an FTP server and lftp is booted in namespaces; the
# tunnel is started as a service and by its socket, by the machine's systemd and
# by a user's; a mirror is made, by its timer, well and with a wrong password;
# and the deb is removed from under it all. Needs root, debootstrap and Linux's
# namespaces.
# Usage: units.sh CACHE
set -eu
cache=${1:?usage: units.sh CACHE}
cd "$(dirname "$0")/.."

fail() {
	echo "units.sh: $*" >&2
	exit 1
}

packaging/debian.sh "$cache" services
work=$(mktemp -d)
root=$work/root
stop() {
	[ ! -s "$work/pid" ] || kill -KILL "$(cat "$work/pid")" 2>/dev/null || true
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
cp -a "$cache/debian-services" "$root"
cp dist/ftptunnel_*_"$(dpkg --print-architecture)".deb "$root/tmp/ftptunnel.deb"
chroot "$root" dpkg -i /tmp/ftptunnel.deb >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be installed"; }

# The machine's own SSH server and FTP server are those that it reaches.
etc=$root/etc/ftptunnel
ssh-keygen -q -t ed25519 -N '' -f "$etc/files.key"
install -d -m 700 "$root/root/.ssh"
cp "$etc/files.key.pub" "$root/root/.ssh/authorized_keys"
printf 'Host files\n    HostName 127.0.0.1\n    User root\n' >"$etc/hosts"
cat "$root/etc/ftptunnel/ssh_config" >>"$etc/hosts"
mv "$etc/hosts" "$etc/ssh_config"
chroot "$root" useradd -m -s /bin/bash me
echo me:secret | chroot "$root" chpasswd
echo 'a list' >"$root/home/me/list.txt"
(umask 077 && echo 'machine 127.0.0.1 login me password secret' >"$etc/files.netrc")

unshare --fork --pid --kill-child --mount --uts --ipc --cgroup --net packaging/init.sh "$root" >"$work/boot" 2>&1 &
echo $! >"$work/pid"

# on runs a command in there. Its root has to be named where this is a chroot.
on() {
	first=$(cat "/proc/$(cat "$work/pid")/task/$(cat "$work/pid")/children")
	nsenter -t "${first%% *}" -a -r -w timeout 60 "$@"
}
# await tries a command for a minute.
await() {
	tries=0
	until "$@" >"$work/awaited" 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 60 ] || { cat "$work/boot" "$root/var/log/boot" "$work/awaited"; fail "not within a minute: $*"; }
		sleep 1
	done
}
booted() { on systemctl is-system-running 2>/dev/null | grep -Eq 'running|degraded'; }
await booted
on sh -c 'ssh-keyscan 127.0.0.1 >>/etc/ftptunnel/known_hosts' 2>"$work/log" || { cat "$work/log"; fail "no host key"; }

get() { on curl -sS "ftp://me:secret@$1:${2:-2121}/list.txt" | grep -qx 'a list' || fail "no listing by $1"; }
# drop_in changes a unit as systemctl edit does.
drop_in() {
	mkdir -p "$root/etc/systemd/system/$1.d"
	# shellcheck disable=SC2059 # a text with its ends of lines
	printf "$2" >"$root/etc/systemd/system/$1.d/override.conf"
}
status() { on systemctl status --no-pager "$1" || true; }

on systemctl start ftptunnel@files || { status ftptunnel@files; fail "the service does not start"; }
status ftptunnel@files | grep -q 'Status: "ftp://127.0.0.1:2121 is localhost:21"' || fail "the service has another status"
get 127.0.0.1
on systemctl stop ftptunnel@files
on systemctl is-failed -q ftptunnel@files && fail "the service fails as it stops"
printf 'OPTIONS=--listen 2122 -v\nTARGET=127.0.0.1:21\n' >"$etc/files.env"
on systemctl start ftptunnel@files
get 127.0.0.1 2122
status ftptunnel@files | grep -q 'Status: "ftp://127.0.0.1:2122 is 127.0.0.1:21"' || fail "the service has not read its environment"
on systemctl stop ftptunnel@files
rm "$etc/files.env"
echo "units.sh: the service starts, serves and stops"

on systemctl start ftptunnel@files.socket
get 127.0.0.1
get '[::1]'
on systemctl stop ftptunnel@files.socket ftptunnel@files
echo "units.sh: its first client starts it"

on systemctl start ftptunnel-mirror@files || { status ftptunnel-mirror@files; fail "the mirror has failed"; }
cmp "$root/home/me/list.txt" "$root/var/lib/private/ftptunnel-mirror/files/list.txt" || fail "the mirror is not one"
grep -q '"path":"list.txt".*"result":"complete"' "$root/var/log/private/ftptunnel-mirror/files.json" || fail "no record of the transfer"
rm "$root/var/lib/private/ftptunnel-mirror/files/list.txt"
echo 'machine 127.0.0.1 login me password wrong' >"$etc/files.netrc"
drop_in ftptunnel-mirror@files.service '[Unit]\nOnFailure=tell-me@%%n.service\n'
printf '[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/%%i\n' >"$root/etc/systemd/system/tell-me@.service"
on systemctl daemon-reload
on systemctl start ftptunnel-mirror@files 2>/dev/null && fail "a mirror without a login does not fail"
await on test -e /run/ftptunnel-mirror@files.service
echo "units.sh: the mirror is made, and fails where it should"

# An anonymous one of a folder, by the timer of a machine that was off when it was
# time; nobody waits for its random delay.
: >"$etc/files.netrc"
echo SOURCE=pub >"$etc/files-mirror.env"
echo anonymous_enable=YES >>"$root/etc/vsftpd.conf"
on systemctl restart vsftpd
install -d "$root/srv/ftp/pub"
echo 'for all' >"$root/srv/ftp/pub/all.txt"
mkdir -p "$root/var/lib/systemd/timers"
touch -d '2 days ago' "$root/var/lib/systemd/timers/stamp-ftptunnel-mirror@files.timer"
drop_in ftptunnel-mirror@files.timer '[Timer]\nRandomizedDelaySec=0\n'
on systemctl daemon-reload
on systemctl enable -q --now ftptunnel-mirror@files.timer
await cmp "$root/srv/ftp/pub/all.txt" "$root/var/lib/private/ftptunnel-mirror/files/all.txt"
echo "units.sh: its timer makes it"

# A user's own systemd, which runs without a login.
on runuser -l me -c 'mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N "" -f .ssh/id_ed25519 &&
	cp .ssh/id_ed25519.pub .ssh/authorized_keys && printf "Host files\n    HostName 127.0.0.1\n" >.ssh/config'
cp "$etc/known_hosts" "$root/home/me/.ssh/"
on loginctl enable-linger me
id=$(on id -u me)
as_me() { on runuser -u me -- env HOME=/home/me "XDG_RUNTIME_DIR=/run/user/$id" "$@"; }
own() { as_me systemctl --user "$@"; }
await own is-active default.target
own enable -q --now ftptunnel@files || { own status --no-pager ftptunnel@files; fail "the user's service does not start"; }
own status --no-pager ftptunnel@files | grep -q 'Status: "ftp://127.0.0.1:2121 is localhost:21"' || fail "the user's service has another status"
get 127.0.0.1
own disable -q --now ftptunnel@files
own is-failed -q ftptunnel@files && fail "the user's service fails as it stops"
own start ftptunnel@files.socket
get 127.0.0.1
get '[::1]'
own stop ftptunnel@files.socket ftptunnel@files
as_me sh -c 'ssh-agent -a ~/agent && SSH_AUTH_SOCK=~/agent ssh-add -q ~/.ssh/id_ed25519 && rm ~/.ssh/id_ed25519' >"$work/log" 2>&1 ||
	{ cat "$work/log"; fail "no agent"; }
own set-environment SSH_AUTH_SOCK=/home/me/agent
as_me sh -c 'mkdir -p ~/.config/ftptunnel && echo "OPTIONS=--listen 2122 -v" >~/.config/ftptunnel/files.env'
own start ftptunnel@files
get 127.0.0.1 2122
own stop ftptunnel@files
echo "units.sh: a user's services do as well"

on systemctl enable -q --now ftptunnel@files
on dpkg --purge ftptunnel >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be removed"; }
on systemctl is-active -q ftptunnel@files ftptunnel-mirror@files.timer && fail "what is removed still runs"
left=$(find "$root/etc/systemd" "$root/usr/lib/systemd" -name 'ftptunnel*' ! -name '*.d')
[ -z "$left" ] || fail "that has stayed behind: $left"
echo "units.sh: removed, it runs no more and nothing is enabled"

#!/bin/sh
# Runs the units of the deb in dist/ under a systemd of their own: a fresh
# Debian with an SSH server, an FTP server and lftp is booted in namespaces, the
# tunnel is started as a service and by its socket, and a mirror is made, well
# and with a wrong password. Needs root, debootstrap and Linux's namespaces.
# Usage: units.sh CACHE
set -eu
cache=${1:?usage: units.sh CACHE}
cd "$(dirname "$0")/.."

fail() {
	echo "units.sh: $*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || fail "a fresh Debian needs root"
PATH=$PATH:/usr/sbin:/sbin
export PATH
command -v debootstrap >/dev/null || fail "debootstrap is not installed: apt-get install debootstrap"

debian=$cache/systemd-debian
if [ ! -e "$debian.complete" ]; then
	echo "units.sh: making a Debian with systemd, which takes two minutes"
	rm -rf "$debian"
	mkdir -p "$cache"
	debootstrap --variant=minbase --include=systemd,openssh-server,vsftpd,lftp,curl \
		bookworm "$debian" >"$debian.log" 2>&1 || fail "see $debian.log"
	touch "$debian.complete"
fi

work=$(mktemp -d)
root=$work/root
stop() {
	[ ! -s "$work/pid" ] || kill -KILL "$(cat "$work/pid")" 2>/dev/null || true
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
cp -a "$debian" "$root"
cp dist/ftptunnel_*_"$(dpkg --print-architecture)".deb "$root/tmp/ftptunnel.deb"
chroot "$root" dpkg -i /tmp/ftptunnel.deb >"$work/log" 2>&1 || { cat "$work/log"; fail "it cannot be installed"; }

# The machine's own SSH server and FTP server are those that it reaches.
etc=$root/etc/ftptunnel
ssh-keygen -q -t ed25519 -N '' -f "$etc/files.key"
install -d -m 700 "$root/root/.ssh"
cp "$etc/files.key.pub" "$root/root/.ssh/authorized_keys"
printf '127.0.0.1 %s\n' "$(cut -d' ' -f1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub")" >"$etc/known_hosts"
printf 'Host files\n    HostName 127.0.0.1\n    User root\n' >"$etc/hosts"
cat "$root/etc/ftptunnel/ssh_config" >>"$etc/hosts"
mv "$etc/hosts" "$etc/ssh_config"
chroot "$root" useradd -m -s /bin/bash me
echo me:secret | chroot "$root" chpasswd
echo 'a list' >"$root/home/me/list.txt"
(umask 077 && echo 'machine 127.0.0.1 login me password secret' >"$etc/files.netrc")

# init is what becomes process 1, in namespaces of its own.
cat >"$work/init" <<'INIT'
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
	mkdir "$root/sys/fs/cgroup/systemd"
	mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
	: >"$root/dev/$node"
	mount --bind /dev/$node "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ip link set lo up
cd "$root"
mkdir old
pivot_root . old
umount -l /old
mount --make-rshared / # systemd hands keys over through it
export container=lxc
exec /lib/systemd/systemd --system --log-target=console --show-status=0 multi-user.target >/var/log/boot 2>&1
INIT
unshare --fork --pid --kill-child --mount --uts --ipc --cgroup --net sh "$work/init" "$root" >"$work/boot" 2>&1 &
echo $! >"$work/pid"

# on runs a command in there.
on() {
	first=$(cat "/proc/$(cat "$work/pid")/task/$(cat "$work/pid")/children")
	nsenter -t "${first%% *}" -a timeout 60 "$@"
}
tries=0
until on systemctl is-system-running 2>/dev/null | grep -Eq 'running|degraded'; do
	tries=$((tries + 1))
	[ $tries -lt 60 ] || { cat "$work/boot" "$root/var/log/boot"; fail "systemd does not start"; }
	sleep 1
done

get() { on curl -sS "ftp://me:secret@$1:2121/list.txt" | grep -qx 'a list' || fail "no listing by $1"; }
status() { on systemctl status --no-pager "$1" || true; }

on systemctl start ftptunnel@files || { status ftptunnel@files; fail "the service does not start"; }
status ftptunnel@files | grep -q 'Status: "ftp://127.0.0.1:2121 is localhost:21"' || fail "the service has another status"
get 127.0.0.1
on systemctl stop ftptunnel@files
on systemctl is-failed -q ftptunnel@files && fail "the service fails as it stops"
echo "units.sh: the service starts, serves and stops"

on systemctl start ftptunnel@files.socket
get 127.0.0.1
get '[::1]'
on systemctl stop ftptunnel@files.socket ftptunnel@files
echo "units.sh: its first client starts it"

on systemctl start ftptunnel-mirror@files || { status ftptunnel-mirror@files; fail "the mirror has failed"; }
cmp "$root/home/me/list.txt" "$root/var/lib/private/ftptunnel-mirror/files/list.txt" || fail "the mirror is not one"
grep -q '"path":"list.txt".*"result":"complete"' "$root/var/log/private/ftptunnel-mirror/files.json" || fail "no record of the transfer"
echo 'machine 127.0.0.1 login me password wrong' >"$etc/files.netrc"
on systemctl start ftptunnel-mirror@files 2>/dev/null && fail "a mirror without a login does not fail"
echo "units.sh: the mirror is made, and fails where it should"

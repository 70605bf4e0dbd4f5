#!/bin/sh
# Becomes the systemd of a Debian in a folder, as process 1 of namespaces of its
# own: unshare --fork --pid --mount --uts --ipc --cgroup --net init.sh DIR
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

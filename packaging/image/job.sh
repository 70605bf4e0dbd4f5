#!/bin/sh
# Runs the pod that packaging/kubernetes/mirror.yaml describes, by podman and in
# the image of dist/, against an SSH server and an FTP server of a fresh Debian:
# well, with a wrong host key and with a wrong password. Namespaces of their own
# have all of it. Needs root, podman, debootstrap and what build.sh has made.
# Usage: job.sh CACHE
set -eu
cache=${1:?usage: job.sh CACHE}
cd "$(dirname "$0")/../.."

say() { echo "job.sh: $*"; }
fail() {
	echo "job.sh: $*" >&2
	exit 1
}

if [ -z "${2:-}" ]; then
	[ "$(id -u)" = 0 ] || fail "namespaces need root"
	packaging/debian.sh "$cache" services
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	status=0
	unshare --fork --pid --kill-child --mount --mount-proc --net "packaging/image/$(basename "$0")" "$cache" "$work" || status=$?
	# podman leaves control groups behind, which go unless another podman has some in them.
	find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
	exit $status
fi

work=$2
root=$work/root
manifest=packaging/kubernetes/mirror.yaml
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
# crun takes either hierarchy of control groups, but not both.
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
ip link set lo up
cp /etc/hosts "$work/hosts"
echo '127.0.0.1 files.example.com' >>"$work/hosts"
mount --bind "$work/hosts" /etc/hosts

# The host that the manifest names.
cp -a "$cache/debian-services" "$root"
chroot "$root" useradd -m mirror
chroot "$root" useradd -m me
echo me:secret | chroot "$root" chpasswd
mkdir "$root/home/me/pub"
echo 'a list' >"$root/home/me/pub/list.txt"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
install -d -m 755 "$root/home/mirror/.ssh" "$root/run/sshd" "$root/run/vsftpd/empty"
install -m 644 "$work/key.pub" "$root/home/mirror/.ssh/authorized_keys"
chroot "$root" /usr/sbin/sshd
chroot "$root" /usr/sbin/vsftpd -obackground=YES
host_key=$(cut -d' ' -f1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub")

# No more than this process may have, which podman would ask for.
cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
export CONTAINERS_CONF="$work/containers.conf"
podman() { command podman --root "$work/storage" --runroot /run/containers --storage-driver vfs "$@"; }
image=$(sed -n 's/^ *image: //p' "$manifest")
loaded=$(podman load -q -i dist/ftptunnel-mirror.tar)
podman tag "${loaded#Loaded image: }" "$image"
# The claimed volume and the secret are what a kubelet makes of them, by fsGroup
# and defaultMode: Debian's podman does not decode secrets.
install -d -o 0 -g 65532 -m 2775 "$work/files"
install -d "$work/secret/..1"
mode=$(sed -n 's/^ *defaultMode: //p' "$manifest")
as_kubelet() { install -o 0 -g 65532 -m "$mode" "$1" "$work/secret/..1/$2" && ln -s "..data/$2" "$work/secret/$2"; }
ln -s ..1 "$work/secret/..data"
as_kubelet "$work/key" key
echo 'machine 127.0.0.1 login me password secret' >"$work/netrc"
as_kubelet "$work/netrc" .netrc

# run has the job's pod run with a known host key, and prints its exit status;
# what it says is in said.
run() {
	sed "s#^\( *files.example.com\) ssh-ed25519 .*#\1 $1#; /^kind: PersistentVolumeClaim/,\$d" "$manifest" >"$work/job.yaml"
	printf 'kind: Pod\nmetadata:\n  name: job\n' >>"$work/job.yaml"
	sed "1,/^      template:\$/d; s/^        //; /defaultMode:/d
		s#secret:\$#hostPath:#; s#secretName: .*#path: $work/secret#
		s#persistentVolumeClaim:#hostPath:#; s#claimName: .*#path: $work/files#" "$manifest" >>"$work/job.yaml"
	podman kube play --network host "$work/job.yaml" >"$work/played" 2>&1 || { cat "$work/played" >&2; fail "podman does not take the pod"; }
	podman wait job-mirror
	podman logs job-mirror >"$work/said" 2>&1
	podman pod rm -f job >/dev/null
}

status=$(run "$host_key")
[ "$status" = 0 ] || { cat "$work/said"; fail "the job ends with $status"; }
cmp "$root/home/me/pub/list.txt" "$work/files/pub/list.txt" || fail "the mirror is not one"
grep -q '"path":"[^"]*list.txt".*"result":"complete"' "$work/files/transfers.json" || fail "no record of the transfer"
say "the job has made the mirror, and a record of it"

status=$(run "$(cut -d' ' -f1,2 "$work/key.pub")")
[ "$status" = 255 ] || { cat "$work/said"; fail "with a wrong host key the job ends with $status"; }
cat "$work/said"
echo 'machine 127.0.0.1 login me password wrong' >"$work/secret/..1/.netrc"
status=$(run "$host_key")
[ "$status" != 0 ] || { cat "$work/said"; fail "a job that cannot log in has not failed"; }
cat "$work/said"
say "it fails where it should"

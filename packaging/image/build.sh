#!/bin/sh
# Builds two container images from nothing, without a registry, and puts them
# into dist/ as OCI archives:
#
#   ftptunnel         the program, static, and nothing else
#   ftptunnel-mirror  beside it lftp, with the libraries that it loads: so a job
#                     can run it as ftptunnel's command, whose exit status says
#                     what lftp's does not, that a file was cut
#
# Needs buildah and lftp, Debian packages both. VERSION is as in package.sh.
set -eu
cd "$(dirname "$0")/../.."

for program in buildah lftp; do
	command -v $program >/dev/null || {
		echo "build.sh: $program is not installed: apt-get install $program" >&2
		exit 1
	}
done
tagged=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || echo v0.0.0)
VERSION=${VERSION:-${tagged#v}}
# Files are only copied and chroot is all that is run, so this works in a
# container, too.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# base makes what both have: the program, and a user that is not root.
base() {
	mkdir -p "$1/etc" "$1/usr/bin" "$1/usr/share/doc/ftptunnel"
	install -d -m 1777 "$1/tmp"
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o "$1/usr/bin/ftptunnel" ./cmd/ftptunnel
	cp LICENSE "$1/usr/share/doc/ftptunnel/copyright"
	echo 'ftptunnel:x:65532:65532::/tmp:/nonexistent' >"$1/etc/passwd"
	echo 'ftptunnel:x:65532:' >"$1/etc/group"
}

# with_libraries copies files, what they are linked with, and the terms of the
# packages that they are from.
with_libraries() {
	root=$1
	shift
	for file in "$@" $(ldd "$@" | grep -o '/[^ :]*' | sort -u); do
		mkdir -p "$root$(dirname "$file")"
		cp -Ln "$file" "$root$file"
		for path in "$file" "/usr$file" "${file#/usr}"; do
			dpkg -S "$path" 2>/dev/null || true
		done | cut -d: -f1 >>"$work/packages"
	done
	sort -u "$work/packages" | while read -r package; do
		mkdir -p "$root/usr/share/doc/$package"
		cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
	done
}

# commit makes an image of a folder, tries it, and writes it to dist/.
commit() {
	name=$1
	container=$(buildah from scratch)
	buildah copy -q "$container" "$work/$name" / >/dev/null
	buildah config --user 65532:65532 --env HOME=/tmp --env USER=ftptunnel --env PATH=/usr/bin \
		--workingdir /tmp --entrypoint '["/usr/bin/ftptunnel"]' --cmd '' \
		--label "org.opencontainers.image.version=$VERSION" \
		--label org.opencontainers.image.licenses=MIT "$container"
	buildah commit -q --rm "$container" "$name" >/dev/null
	shift
	container=$(buildah from --pull-never "$name")
	buildah run "$container" -- /usr/bin/ftptunnel "$@"
	buildah rm "$container" >/dev/null
	rm -f "dist/$name.tar"
	buildah push -q "$name" "oci-archive:dist/$name.tar:$name:$VERSION"
	echo "build.sh: dist/$name.tar"
}

mkdir -p dist
base "$work/ftptunnel"
cp -a "$work/ftptunnel" "$work/ftptunnel-mirror"
commit ftptunnel --demo

with_libraries "$work/ftptunnel-mirror" /usr/bin/lftp
commit ftptunnel-mirror --demo -- lftp -c 'open {url}; mirror . /tmp/demo'

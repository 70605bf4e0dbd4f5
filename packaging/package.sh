#!/bin/sh
# Builds the packages for Linux in dist/: deb, rpm and apk, for amd64 and arm64.
# VERSION is theirs, by default that of the last tag.
set -eu
cd "$(dirname "$0")/.."

# The newest whose dependencies the Go module proxy has.
nfpm='go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2'

tagged=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || echo v0.0.0)
VERSION=${VERSION:-${tagged#v}}
# The same sources make the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export VERSION SOURCE_DATE_EPOCH

rm -rf dist/amd64 dist/arm64 dist/completion dist/*.deb dist/*.rpm dist/*.apk
mkdir -p dist/completion
gzip -9nc packaging/ftptunnel.1 >dist/ftptunnel.1.gz
for shell in bash zsh fish; do
	go run ./cmd/ftptunnel --completion $shell >dist/completion/$shell
done
for arch in amd64 arm64; do
	CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath \
		-ldflags "-s -w -X main.version=$VERSION" -o dist/$arch/ftptunnel ./cmd/ftptunnel
	for format in deb rpm apk; do
		ARCH=$arch $nfpm package --config packaging/nfpm.yaml --packager $format --target dist/
	done
done
(cd dist && sha256sum ./*.deb ./*.rpm ./*.apk >SHA256SUMS)

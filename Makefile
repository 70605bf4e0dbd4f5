# Everything that a developer runs. `make test` is the one to know.

GO          ?= go
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
DAEMONS     := $(CURDIR)/.cache/daemons

# The race detector is cgo's.
RACE = $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null && echo -race)

# Further arguments for go test, as in: make test ARGS='-run TestScript -v'.
ARGS ?=

export FTPTUNNEL_DAEMONS := $(DAEMONS)

.PHONY: all build test replay matrix heavy bench bench-quick faults attacks soak errors screens masters fuzz lint cross package release image setup clean

all: build

build:
	$(GO) build -o bin/ftptunnel ./cmd/ftptunnel

# Every test, with the race detector, against the real SSH servers, FTP
# servers and FTP clients that setup could bring here. One package at a time:
# what they start needs the processors.
test: setup
	$(GO) test $(RACE) -p=1 -shuffle=on -timeout=40m $(ARGS) ./...

# Every dialogue of a real server or client that is recorded under
# ftpinspect/testdata, as a list. docs/weird-servers.md tells how to add one.
replay:
	@out=$$($(GO) test ./ftpinspect -count=1 -run 'Dialogues|Variants' -v $(ARGS) 2>&1) || { echo "$$out"; exit 1; }; \
	list=$$(echo "$$out" | sed -n 's,^ *--- PASS: Test\([A-Za-z0-9]*/[^ ]*\).*,ok  \1,p' | sort); \
	echo "$$list"; echo "$$(echo "$$list" | wc -l) dialogues and variants replayed"

# Every client in every mode through every SSH server to every FTP server, as
# one table; then those servers that lack a mode, and mirrors of 2,000 files.
matrix: setup
	FTPTUNNEL_MATRIX=1 $(GO) test -count=1 -timeout=60m -run='^Test(Matrix|ServersOfOneMode|MirrorsInMixedModes)$$' -v $(ARGS) ./cmd/ftptunnel

# What takes gigabytes: memory held during long transfers, many parallel
# mirrors.
heavy: setup
	FTPTUNNEL_HEAVY=1 $(GO) test -count=1 -timeout=60m -run='^TestHeavy' -v $(ARGS) ./cmd/ftptunnel

# ftptunnel beside ssh and direct FTP, in some fifteen minutes on a machine that
# has nothing else to do (Linux, as root); bench-quick is a look, in two. To
# write the tables and the plot of the docs: make bench ARGS='-docs
# docs/performance.md -benchfmt bench.txt'.
bench:
	$(GO) run ./testenv/bench $(ARGS)

bench-quick:
	$(GO) run ./testenv/bench -quick $(ARGS)

# Writes docs/errors.md: what ssh and ftptunnel say of the same failures.
errors: setup
	FTPTUNNEL_ERRORS=1 $(GO) test -count=1 -run='^TestErrors$$' $(ARGS) ./cmd/ftptunnel

# Writes the screens of docs/session.md and docs/progress.md as the program shows
# them now. The tests hold the pages against it.
screens: setup
	FTPTUNNEL_REAL=1 $(GO) test -count=1 -run='^TestSession$$|^TestProgress$$' $(ARGS) ./cmd/ftptunnel -update

# A user's OpenSSH master under a thousand data connections.
masters: setup
	FTPTUNNEL_MASTER=1000 $(GO) test $(RACE) -count=1 -timeout=30m -run='^TestMasters$$' $(ARGS) -v ./cmd/ftptunnel

# Every fault against every action of a client in every mode, as tables: with
# embedded servers, then with sshd, vsftpd and curl.
faults: setup
	FTPTUNNEL_FAULTS=1 $(GO) test $(RACE) -count=1 -timeout=30m -run='^TestFaults|^TestCut' $(ARGS) -v ./cmd/ftptunnel

# Every known attack, as a table.
attacks: setup
	FTPTUNNEL_ATTACKS=1 $(GO) test $(RACE) -count=1 -timeout=30m -run='^TestAttacks$$' $(ARGS) -v ./cmd/ftptunnel

# Transfers in mixed modes with faults among them for as long as SOAK says, and
# what the process holds at the end.
SOAK ?= 30m
soak: setup
	FTPTUNNEL_SOAK=$(SOAK) $(GO) test -count=1 -timeout=0 -run='^TestSoak' $(ARGS) -v ./cmd/ftptunnel

# Every fuzz target, for FUZZTIME each: a duration or, as 20000x, a number of
# runs. What they have found stands under testdata/fuzz. Before Go 1.27 the end of
# a time may be reported as a failure, of no input (golang/go#75804).
FUZZTIME ?= 60s
fuzz:
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z]*' ftpinspect sshconn tunnel cmd | \
	sed 's,/[^/]*_test.go:func , ,' | sort -u | while read -r dir target; do \
		echo "$$dir $$target"; \
		out=$$($(GO) test "./$$dir" -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $(ARGS) 2>&1); status=$$?; \
		echo "$$out"; \
		case $$status,$$out in 0,*) ;; *"Failing input"*) exit 1 ;; *"context deadline exceeded"*) ;; *) exit 1 ;; esac; \
	done

lint:
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt has not been run on:" $$unformatted; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...

# The program has to build for systems that its tests do not run on, and without
# what reaches into x/crypto.
cross:
	GOOS=darwin $(GO) build ./...
	GOOS=windows $(GO) build ./...
	GOOS=freebsd $(GO) build ./...
	$(GO) vet -tags ftptunnel_nowindow ./sshconn ./cmd/ftptunnel

# deb, rpm and apk in dist/, with a look at what they do to a fresh Debian, and
# at their units under a systemd of their own (as root; what that needs beside Go
# is installed, or listed). VERSION is theirs.
package:
	packaging/package.sh
	packaging/setup.sh package
	packaging/check-deb.sh $(CURDIR)/.cache
	packaging/check-rpm.sh $(CURDIR)/.cache
	packaging/check-apk.sh
	packaging/units.sh $(CURDIR)/.cache

# The archives of a release for every system, with their lists of parts and
# checksums, in dist/release. Building the tool takes some minutes once. It is
# the newest whose dependencies the Go module proxy has.
GORELEASER := $(GO) run github.com/goreleaser/goreleaser/v2@v2.15.1
release:
	$(GORELEASER) check
	$(GORELEASER) release --snapshot --clean

# Container images in dist/, made of nothing else than what is here, and the job
# that uses them: its manifest is read as Kubernetes does, its pod is run by
# podman (as root, with a setup as package's).
image:
	packaging/setup.sh image
	packaging/image/build.sh
	$(GO) -C packaging/kubernetes/check run . ../mirror.yaml
	packaging/image/job.sh $(CURDIR)/.cache

# Installs what the tests start (Debian, as root), or says what is missing.
setup:
	@sh testenv/daemons/install.sh $(DAEMONS)

clean:
	rm -rf bin dist .cache

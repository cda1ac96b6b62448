# The two commands: `make demo` and `make test`. Both set up what they need.

# Compiled dependencies live outside of the clone, so that a second clone compiles only our own code.
CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/punctual
export CARGO_TARGET_DIR ?= $(CACHE)/target
CARGO ?= cargo
SERVICES := $(shell mktemp -u -d "$${TMPDIR:-/tmp}/punctual-services-XXXXXX")

.PHONY: build demo test claim check bench reference packages clean

## build: compile, and leave the program at bin/punctual
build: claim
	$(CARGO) build --locked -p punctual -p prebuild
	mkdir -p bin
	ln -sf "$(CARGO_TARGET_DIR)/debug/punctual" bin/punctual.new
	cp -L --remove-destination bin/punctual.new bin/punctual.tmp
	mv -f bin/punctual.tmp bin/punctual
	rm -f bin/punctual.new

## demo: make the example's data, run its report for twelve clients, deliver to demo/outbox
demo: build
	bin/punctual demo --dir demo --no-serve

## test: install what is missing, start throw-away servers, run everything, stop them
test: packages claim
	scripts/test.sh "$(SERVICES)"

claim:
	scripts/claim-target.sh

packages:
	scripts/install-packages.sh

## check: format, lints, licences and advisories where cargo-deny is installed
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

## bench: figures for the README, beside psql on the same machine
bench: build
	scripts/bench.sh

## reference: write the reference pages that are made from the code
reference: build
	bin/punctual reference definitions > docs/reference/definitions.md
	bin/punctual reference commands > docs/reference/commands.md

clean:
	rm -rf bin demo

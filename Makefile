# Everything that a developer or CI runs. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help play web types flows test test-rust test-abort random test-page test-clients test-example test-browser lint try-dockerfile loom fuzz bench clean

FIXTURE := target/debug/greenroom-fixture
LOBBY := target/debug/example-game
EXAMPLE := examples/rock-paper-scissors

help: ## Lists the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

play: web ## Sets everything up and runs the lobby at http://localhost:7000.
	cargo run --locked -p example-game

web: client-demo/web/dist/index.html ## Builds the page.

types: ## Writes the page's types from example-game/src/contract.rs.
	WRITE_TYPES=1 cargo test --locked -p example-game the_page_has_the_types

flows: ## Writes down which messages the flows of tests/delivery are made of.
	WRITE_FLOWS=1 cargo test --locked -p greenroom-tests --test delivery flows

client-demo/web/dist/index.html: client-demo/web/package-lock.json $(shell find client-demo/web/src client-demo/web/index.html -type f 2>/dev/null)
	cd client-demo/web && npm ci --no-audit --no-fund && npm run build

test: test-rust test-abort test-page test-clients test-example test-browser ## Sets everything up and runs every test.

test-rust: ## Unit, property, order, conformance and fault tests, and the documentation's examples.
	cargo test --locked --workspace --all-features

test-abort: ## A program with panic = "abort" is told so, instead of starting.
	cargo run --locked --quiet --manifest-path tests/panic-abort/Cargo.toml

random: ## RANDOM_STEPS (default a million) random inputs into each game of the lobby; all replay. Minutes.
	RANDOM_STEPS=$(or $(RANDOM_STEPS),1000000) cargo test --locked --release -p example-game --bin example-game rooms::random -- --nocapture

test-page: ## What the page knows without network and document: the state of rooms, the game's step.
	cd client-demo/web && npm ci --no-audit --no-fund && npm test

test-clients: ## Stock clients from npm and PyPI against the fixture server, also behind nginx and HAProxy (by apt-get if missing).
	cargo build --locked -p greenroom-tests --bins
	FIXTURE_BIN=$(CURDIR)/$(FIXTURE) tests/interop/run.sh
	cargo build --locked -p example-game
	LOBBY_BIN=$(CURDIR)/$(LOBBY) tests/interop/run.sh --match

# The workspace's target folder, profile and versions (its lock file, of which cargo keeps what is needed), so that
# nothing which both need is built twice.
test-example: export CARGO_TARGET_DIR = $(CURDIR)/target
test-example: export CARGO_PROFILE_DEV_DEBUG = line-tables-only
test-example: ## The crate of a user: its own tests, and a match by its clients in JavaScript and Python.
	cargo fmt --check --manifest-path $(EXAMPLE)/Cargo.toml
	cp Cargo.lock $(EXAMPLE)/Cargo.lock
	cargo test --manifest-path $(EXAMPLE)/Cargo.toml
	EXAMPLE_BIN=$(CURDIR)/target/debug/rock-paper-scissors tests/interop/run.sh --example

test-browser: web ## The page in headless Chromium (installed by apt-get if it is missing).
	cargo build --locked -p example-game
	tests/setup-browser.sh
	cd tests/browser && npm ci --no-audit --no-fund && LOBBY_BIN=$(CURDIR)/$(LOBBY) npm test

lint: ## Format, Clippy and documentation, with warnings denied.
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --all-features --no-deps
	cd client-demo/web && npm ci --no-audit --no-fund && npm run typecheck

try-dockerfile: ## Runs the Dockerfile's steps in a clean folder, without Docker, and tries what they made. Minutes.
	deploy/try_dockerfile.py

loom: ## Every interleaving of the lane's atomics.
	framework/proto/loom.sh

fuzz: ## Fuzzes every decoder and the session machine, SECONDS_EACH (default 60).
	framework/proto/fuzz/run.sh $(or $(SECONDS_EACH),60)

bench: ## Our server beside its peers: CPU per unit of work. Takes about an hour.
	tests/load/bench.sh

clean: ## Removes what was built.
	cargo clean
	rm -rf client-demo/web/dist client-demo/web/node_modules tests/browser/node_modules tests/interop/node_modules tests/interop/python/.venv

#!/bin/sh
# Runs every interleaving of the lane's atomics (src/socket/lane/loom_tests.rs) with loom. In a
# target folder of its own, because `--cfg loom` rebuilds the dependencies. Takes about a minute,
# most of it compiling.
set -eu
cd "$(dirname "$0")"
export RUSTFLAGS="--cfg loom ${RUSTFLAGS:-}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-../../target}/loom"
exec cargo test --release --jobs 2 --lib -- lane::loom_tests "$@"

#!/bin/sh
# Runs the fuzz targets: run.sh [seconds for each target] [target ...]
#
# Prints for each target how many inputs were run and how much of the code they reached. What a run
# finds new stays under target/, so that the small corpus in version control grows only by intent:
# run.sh --keep [target ...] makes a new one of all that is there. A finding leaves its input in
# artifacts/ and ends the run.
#
# Installs cargo-fuzz if it is missing. Needs a C++ compiler for libFuzzer. The stable
# toolchain serves: without a sanitizer no unstable flag is needed, and a crate without unsafe code
# has nothing for one to find. Debug assertions and overflow checks are on.
set -eu
cd "$(dirname "$0")"

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing: installing it"
    cargo install --locked cargo-fuzz
fi

keep=no
seconds=60
if [ "${1-}" = --keep ]; then
    keep=yes
    shift
elif [ $# -gt 0 ]; then
    seconds=$1
    shift
fi
[ $# -gt 0 ] || set -- $(cargo fuzz list)

log=target/fuzz.log
for target in "$@"; do
    found=target/corpus/$target
    mkdir -p "$found" "corpus/$target"
    cargo fuzz build -s none "$target"
    if [ $keep = yes ]; then
        kept=target/kept/$target
        rm -rf "$kept" && mkdir -p "$kept"
        # The fewest inputs that reach every edge; how often each reaches it does not count.
        cargo fuzz run -s none "$target" "$kept" "corpus/$target" "$found" -- \
            -set_cover_merge=1 -use_counters=0 >"$log" 2>&1
        rm -r "corpus/$target" && mv "$kept" "corpus/$target"
        echo "$target: $(ls "corpus/$target" | wc -l) inputs kept"
        continue
    fi
    if ! cargo fuzz run -s none "$target" "$found" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=2048 -print_final_stats=1 >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.*INFO: Loaded .*(\([0-9]*\) inline 8-bit counters).*/\1/p' "$log" | head -n 1)
    reached=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    echo "$target: $runs executions in $seconds s, $reached of $edges edges reached, no finding"
done

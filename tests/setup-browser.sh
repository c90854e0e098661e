#!/bin/sh
# Makes sure that the browser tests have a browser: Debian's chromium package.
#
# Does nothing when /usr/bin/chromium is already there (or when CHROMIUM names
# another executable). Otherwise it asks apt-get for it, with sudo when the
# caller is not root, and says so before it does. Fonts come with it, because a
# page without a font has neither widths nor screenshots worth testing.
#
# Exit status: 0 when a browser is there, 1 when it could not be installed.
set -eu

browser="${CHROMIUM:-/usr/bin/chromium}"
packages="chromium fonts-dejavu-core"

say() { printf 'setup-browser: %s\n' "$*"; }

if [ -x "$browser" ]; then
    say "$browser is there ($("$browser" --version 2>/dev/null || echo 'version unknown')); nothing to do."
    exit 0
fi

if [ -n "${CHROMIUM:-}" ]; then
    say "CHROMIUM is $CHROMIUM, and that is no executable." >&2
    exit 1
fi

if ! command -v apt-get >/dev/null 2>&1; then
    say "no apt-get here. Install Chromium yourself and name it in CHROMIUM." >&2
    exit 1
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        say "neither root nor sudo. Run as root: apt-get install $packages" >&2
        exit 1
    fi
    as_root="sudo"
fi

say "installing with apt-get: $packages"
install_packages() {
    # shellcheck disable=SC2086 # the list is meant to be split
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends $packages
}
if ! install_packages; then
    say "that failed; fetching fresh package lists and trying once more"
    $as_root apt-get update --quiet
    install_packages
fi

say "installed $("$browser" --version 2>/dev/null)"

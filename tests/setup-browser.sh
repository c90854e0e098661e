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
. "$(dirname "$0")/apt.sh"

browser="${CHROMIUM:-/usr/bin/chromium}"
packages="chromium fonts-dejavu-core"

if [ -x "$browser" ]; then
    say "$browser is there ($("$browser" --version 2>/dev/null || echo 'version unknown')); nothing to do."
    exit 0
fi

if [ -n "${CHROMIUM:-}" ]; then
    say "CHROMIUM is $CHROMIUM, and that is no executable." >&2
    exit 1
fi

install

say "installed $("$browser" --version 2>/dev/null)"

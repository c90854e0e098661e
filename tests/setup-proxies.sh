#!/bin/sh
# Makes sure that the tests of deploy/ have their proxies: Debian's nginx-light and haproxy packages, and openssl
# for a certificate.
#
# Does nothing if all are there. Otherwise it asks apt-get for them, with sudo when the caller is not root, and says
# so before it does. Debian starts what it installs; where a service manager runs, that is told not to be.
#
# Exit status: 0 when they are there, 1 when they could not be installed.
set -eu
. "$(dirname "$0")/apt.sh"

packages="nginx-light haproxy openssl"

# Daemons often lie where the search path of a user does not lead.
PATH=$PATH:/usr/sbin:/sbin

if command -v nginx >/dev/null && command -v haproxy >/dev/null && command -v openssl >/dev/null; then
    say "nginx, haproxy and openssl are there; nothing to do."
    exit 0
fi

install

say "installed"

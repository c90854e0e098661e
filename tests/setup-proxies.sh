#!/bin/sh
# Makes sure that the tests of deploy/ have their proxies: Debian's nginx-light and haproxy packages, and openssl
# for a certificate.
#
# Does nothing if all are there. Otherwise it asks apt-get for them, with sudo when the caller is not root, and says
# so before it does. Debian starts what it installs; where a service manager runs, that is told not to be.
#
# Exit status: 0 when they are there, 1 when they could not be installed.
set -eu

packages="nginx-light haproxy openssl"

say() { printf 'setup-proxies: %s\n' "$*"; }

# Daemons often lie where the search path of a user does not lead.
PATH=$PATH:/usr/sbin:/sbin

if command -v nginx >/dev/null && command -v haproxy >/dev/null && command -v openssl >/dev/null; then
    say "nginx, haproxy and openssl are there; nothing to do."
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
    say "no apt-get here. Install nginx, haproxy and openssl yourself." >&2
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
    # RUNLEVEL=1: invoke-rc.d starts no service that way.
    # shellcheck disable=SC2086 # the list is meant to be split
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install --yes --quiet --no-install-recommends $packages
}
if ! install_packages; then
    say "that failed; fetching fresh package lists and trying once more"
    $as_root apt-get update --quiet
    install_packages
fi

say "installed"

# For the scripts beside this one, which source it: says things, and installs Debian's packages.
#
# Set `packages` before `install`, which asks apt-get for them, with sudo when the caller is not root, and says so
# before it does. It ends the script with 1 where that is not possible. Debian starts what it installs; where a
# service manager runs, that is told not to be.

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*"; }

install() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "no apt-get here. Install these yourself: $packages" >&2
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
    if ! install_packages; then
        say "that failed; fetching fresh package lists and trying once more"
        $as_root apt-get update --quiet
        install_packages
    fi
}

install_packages() {
    # RUNLEVEL=1: invoke-rc.d starts no service that way.
    # shellcheck disable=SC2086 # the list is meant to be split
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install --yes --quiet --no-install-recommends $packages
}

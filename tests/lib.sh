# shellcheck shell=bash
#
# What the lanes share: saying what is done, and getting what is missing. Sourced, with the repository's root
# as working directory.

set -euo pipefail

# Downloaded and built tools outlive a clone here.
# shellcheck disable=SC2034  # for the lanes
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mtd-agent

# Runs a command after showing it.
step() {
    printf '\n--> %s\n' "$*"
    "$@"
}

say() {
    printf '\n--- %s\n' "$*"
}

# Ends the lane as one that could not run here (tests/run: COULD_NOT_RUN).
could_not_run() {
    printf '\n!!! %s\n' "$*" >&2
    exit 77
}

# Sees to it that PROGRAM is there, from the Debian package PACKAGE if need be.
need() {
    local program=$1 package=$2
    command -v "$program" >/dev/null || install_package "$program" "$package"
}

install_package() {
    local wanted=$1 package=$2
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        could_not_run "$wanted is missing: install it (Debian package $package) and run again"
    fi
    say "installing $package, for $wanted"
    if ! apt-get update -qq ||
        ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"; then
        could_not_run "$wanted is missing, and apt-get could not install $package"
    fi
}

# The Rust toolchain and the C compiler that ring and SQLite are built with.
need_rust() {
    command -v cargo >/dev/null || could_not_run "cargo is missing: install Rust with rustup"
    need cc build-essential
}

# Whether STAMP was left by `stamp` for FILES as they are now.
is_fresh() {
    local stamp=$1
    shift
    [[ -f $stamp ]] && cat "$@" | sha256sum | cmp -s - "$stamp"
}

stamp() {
    local stamp=$1
    shift
    cat "$@" | sha256sum >"$stamp"
}

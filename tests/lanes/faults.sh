#!/usr/bin/env bash
# lane: 1,000 kills, failing system calls, torn files, hostile proxies, lost connectors: no report is lost, none comes twice
# cases: experiments of docs/faults.md
#
# FAULT_SEED repeats the choices of a run; FAULT_KILLS (1000) and FAULT_CALLS (400) are how much is done.

source tests/lib.sh

# Where the faults program looks for it.
readonly PROXY_ENV=${CARGO_TARGET_DIR:-target}/faults/venv
readonly REQUIREMENTS=tests/faults/requirements.txt

main() {
    need_rust
    need_proxy
    # Not optimised: as the Rust lane has it, with overflow checks and debug assertions, and fast enough.
    step cargo build --locked -p desktop-harness -p faults --bin mtd --bin faults
    step "${CARGO_TARGET_DIR:-target}/debug/faults" --kills "${FAULT_KILLS:-1000}" --calls "${FAULT_CALLS:-400}" \
        ${FAULT_SEED:+--seed "$FAULT_SEED"} "$@"
}

# mitmproxy, in a virtual environment.
need_proxy() {
    need python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || install_package "Python's venv" python3-venv
    is_fresh "$PROXY_ENV/stamp" $REQUIREMENTS && return
    say "installing mitmproxy into $PROXY_ENV"
    rm -rf "$PROXY_ENV"
    python3 -m venv "$PROXY_ENV"
    "$PROXY_ENV/bin/pip" install --quiet --disable-pip-version-check -r $REQUIREMENTS ||
        could_not_run "the Python packages of $REQUIREMENTS could not be installed"
    stamp "$PROXY_ENV/stamp" $REQUIREMENTS
}

main "$@"

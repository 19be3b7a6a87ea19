#!/usr/bin/env bash
# lane: 1,000 kills, failing system calls, torn files, hostile proxies, lost connectors: no report is lost, none comes twice
# cases: experiments of docs/faults.md
#
# FAULT_SEED repeats the choices of a run, FAULT_KILLS (1000) and FAULT_CALLS (400) are how much is done.

source tests/lib.sh

main() {
    need_rust
    # Not optimised: as the Rust lane has it, with overflow checks and debug assertions.
    step cargo build --locked -p desktop-harness -p faults --bin mtd --bin faults
    local faults=${CARGO_TARGET_DIR:-target}/debug/faults
    step "$faults" --kills "${FAULT_KILLS:-1000}" --calls "${FAULT_CALLS:-400}" ${FAULT_SEED:+--seed "$FAULT_SEED"} "$@"
}

main "$@"

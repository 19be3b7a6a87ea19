#!/usr/bin/env bash
# lane: 40 networks, honest and hostile, built of namespaces: the agent finds exactly what is wrong in each
# cases: rows of NETWORK.md's table of scenarios

source tests/lib.sh

main() {
    need_rust
    need python3 python3
    python3 -c 'import tomllib' 2>/dev/null || could_not_run "python3 is older than 3.11, the first with tomllib"
    [[ $EUID -eq 0 ]] || could_not_run "network namespaces need root: sudo tests/run netlab"
    step cargo build --release --locked -p desktop-harness --bin mtd
    step tests/netlab/netlab run --jobs 2 "$@"
}

main "$@"

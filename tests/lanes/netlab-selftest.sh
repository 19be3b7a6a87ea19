#!/usr/bin/env bash
# lane: each attack of the lab takes effect and ends, by curl, dig, openssl and ip instead of the agent
# cases: rows of NETWORK.md's table of scenarios

source tests/lib.sh

main() {
    need python3 python3
    python3 -c 'import tomllib' 2>/dev/null || could_not_run "python3 is older than 3.11, the first with tomllib"
    [[ $EUID -eq 0 ]] || could_not_run "network namespaces need root: sudo tests/run netlab-selftest"
    step tests/netlab/netlab selftest "$@"
}

main "$@"

#!/usr/bin/env bash
# lane: format, lints, documentation, dependencies, and every Rust test

source tests/lib.sh

readonly CARGO_DENY_VERSION=0.20.2
readonly CARGO_DENY=$CACHE/cargo-deny-$CARGO_DENY_VERSION/bin/cargo-deny

main() {
    need_rust
    step cargo fmt --all --check
    step cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" step cargo doc --workspace --no-deps --locked
    need_cargo_deny
    step "$CARGO_DENY" --locked check --hide-inclusion-graph bans licenses sources
    check_advisories
    step cargo test --workspace --locked
}

need_cargo_deny() {
    [[ -x $CARGO_DENY ]] && return
    say "building cargo-deny $CARGO_DENY_VERSION, once: about 4 minutes on two cores"
    cargo install --locked --quiet --version "$CARGO_DENY_VERSION" --root "$CACHE/cargo-deny-$CARGO_DENY_VERSION" \
        cargo-deny || could_not_run "cargo-deny $CARGO_DENY_VERSION could not be built"
}

# Known vulnerabilities. Without a network the question stays open, which is said and is no failure.
check_advisories() {
    if "$CARGO_DENY" fetch db; then
        step "$CARGO_DENY" --locked check --disable-fetch --hide-inclusion-graph advisories
    else
        say "advisories: NOT CHECKED, the advisory database could not be fetched (see above)"
    fi
}

main

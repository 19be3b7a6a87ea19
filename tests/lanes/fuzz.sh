#!/usr/bin/env bash
# lane: every parser of what peers send, fed with mutated messages: no panic, no hang, no growth
#
# FUZZ_SECONDS, 60 by default, is how long each target runs; what it learns is kept for the next time.
# How to reproduce a finding: tests/fuzz/README.md.

source tests/lib.sh

readonly CARGO_FUZZ_VERSION=0.13.1
readonly CARGO_FUZZ=$CACHE/cargo-fuzz-$CARGO_FUZZ_VERSION/bin/cargo-fuzz
readonly SOURCES=tests/fuzz
readonly WORK=${CARGO_TARGET_DIR:-target}/fuzz
readonly SECONDS_EACH=${FUZZ_SECONDS:-60}

# More would only slow each other down, and a developer's machine with them.
readonly MOST_AT_ONCE=2

# Per input, in seconds and MB: far above what the limits of the parsers allow.
readonly TIMEOUT=5 MEMORY=1024

# Longest inputs, in bytes, where not the usual ones: beyond what the parser reads, nothing is to be found.
readonly USUAL_LENGTH=16384
declare -rA LENGTHS=([dns_message]=4200 [dns_over_https]=5000 [canary_reply]=2200 [certificate_chain]=66000 [inventory]=65536
    [android_attestation]=24000)

main() {
    [[ $SECONDS_EACH =~ ^[1-9][0-9]*$ ]] || could_not_run "FUZZ_SECONDS must be a number of seconds, not \"$SECONDS_EACH\""
    need_rust
    need c++ g++
    need_cargo_fuzz
    step cargo fmt --manifest-path $SOURCES/Cargo.toml --check
    step cargo fetch --quiet --locked --manifest-path $SOURCES/Cargo.toml
    # The sanitizers need a nightly compiler, and our own code forbids unsafe: coverage is what is wanted.
    step "$CARGO_FUZZ" build --fuzz-dir $SOURCES --sanitizer none --target-dir "$WORK"
    rm -rf "$WORK/seeds" "$WORK/failed"
    step cargo run --quiet --locked --manifest-path $SOURCES/Cargo.toml --target-dir "$WORK" --example seeds -- "$WORK/seeds"

    say "fuzzing each target for $SECONDS_EACH s"
    local file
    for file in $SOURCES/fuzz_targets/*.rs; do
        while (($(jobs -rp | wc -l) >= MOST_AT_ONCE)); do wait -n || true; done
        fuzz "$(basename "$file" .rs)" &
    done
    wait
    [[ ! -e $WORK/failed ]] || { say "inputs were found that should not be: see above" && return 1; }
}

need_cargo_fuzz() {
    [[ -x $CARGO_FUZZ ]] && return
    say "building cargo-fuzz $CARGO_FUZZ_VERSION, once: about a minute on two cores"
    cargo install --locked --quiet --version "$CARGO_FUZZ_VERSION" --root "$CACHE/cargo-fuzz-$CARGO_FUZZ_VERSION" \
        cargo-fuzz || could_not_run "cargo-fuzz $CARGO_FUZZ_VERSION could not be built"
}

# Runs one target and tells in a line how it went.
fuzz() {
    local target=$1 log=$WORK/$1.log binary dictionary=() result=ok
    binary=$(echo "$WORK"/*/release/"$target")
    local found=$WORK/artifacts/$target corpus=$WORK/corpus/$target
    mkdir -p "$corpus" "$found"
    [[ ! -e $SOURCES/dictionaries/$target.dict ]] || dictionary=("-dict=$SOURCES/dictionaries/$target.dict")
    "$binary" "$corpus" "$WORK/seeds/$target" "${dictionary[@]}" -artifact_prefix="$found/" \
        -max_total_time="$SECONDS_EACH" -max_len="${LENGTHS[$target]:-$USUAL_LENGTH}" \
        -timeout=$TIMEOUT -rss_limit_mb=$MEMORY -print_final_stats=1 >"$log" 2>&1 || result=FAILED

    printf '%-18s %-6s %10s runs %7s/s  coverage %6s  %5s MB\n' "$target" $result \
        "$(figure "$log" number_of_executed_units)" "$(figure "$log" average_exec_per_sec)" \
        "$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)" "$(figure "$log" peak_rss_mb)"
    [[ $result == ok ]] || tell_finding "$target" "$log" "$binary"
}

figure() {
    sed -n "s/^stat::$2: *//p" "$1"
}

tell_finding() {
    local target=$1 log=$2 binary=$3 input
    touch "$WORK/failed"
    input=$(sed -n 's/.*Test unit written to //p' "$log")
    echo "    input:     ${input:-none was written}"
    echo "    log:       $log"
    echo "    again:     $binary ${input:-FILE}"
    grep -m1 -A3 'panicked at\|ERROR: libFuzzer' "$log" | sed 's/^/    /'
}

main

#!/usr/bin/env bash
# lane: the Swift package: the story of docs/stage.md, hostile hosts, process death, memory; its Apple files type-checked
#
# Runs on Linux, against the library as it is built here and the Swift sources that are generated from that very file.
# On a Mac: ios-harness/scripts/make-xcframework.sh, then `swift test` in ios-harness.

source tests/lib.sh
source tests/chroot.sh
source tests/swift/toolchain.sh

readonly TARGET=${CARGO_TARGET_DIR:-target}
readonly BUILD=$TARGET/ios
readonly LIBRARY=$TARGET/debug/libmtd_agent.so

# Longest time for the tests, in seconds: some three times what they take on two busy cores.
readonly TIME_LIMIT=900

main() {
    need_rust
    need_swift
    # One after the other: built together, the library would have the features of the others.
    step cargo build --locked -p bindings
    step cargo build --locked -p desktop-harness --bin mtd
    step cargo build --locked -p bindgen
    install -D "$LIBRARY" "$BUILD/lib/libmtd_agent.so"
    install -D "$TARGET/debug/mtd" "$BUILD/bin/mtd"
    generate

    say "swift test"
    local log=$BUILD/test.log status=0
    swift_test | tee "$log" | grep --line-buffered -vE "^\[[0-9]+/[0-9]+\]|^Test (Case|Suite) .* (started|passed)" || true
    status=$(<"$BUILD/status")
    count "$log"
    [[ $status -eq 0 ]] || return 1
    step bash tests/swift/typecheck-apple.sh "$TARGET/swift-apple"
}

swift_test() {
    local status=0
    timeout "$TIME_LIMIT" bash -c 'source tests/lib.sh && source tests/chroot.sh && source tests/swift/toolchain.sh && in_swift "$@"' in_swift \
        ios-harness "$BUILD" env MTD_BINARY=/build/bin/mtd \
        swift test --scratch-path /build/swift --disable-sandbox -Xlinker -L/build/lib -Xlinker -rpath=/build/lib \
        2>&1 || status=$?
    echo "$status" >"$BUILD/status"
}

# The Swift source and the C header of the library that was built, to where the package looks for them. Files that are as
# they were keep their time, so that nothing is compiled again.
generate() {
    local made=$BUILD/generated place=ios-harness/Generated
    rm -rf "$made"
    step "$TARGET/debug/uniffi-bindgen" generate --no-format --language swift --out-dir "$made" "$LIBRARY"
    put "$made/MTDAgentCore.swift" "$place/MTDAgentCore/MTDAgentCore.swift"
    put "$made/MTDAgentFFI.h" "$place/MTDAgentFFI/MTDAgentFFI.h"
    put "$made/MTDAgentFFI.modulemap" "$place/MTDAgentFFI/module.modulemap"
}

put() {
    cmp -s "$1" "$2" || install -D -m 644 "$1" "$2"
}

# How many tests ran, of both frameworks. None at all is a failure: the package has lost them.
count() {
    local log=$1 xctest testing skipped version
    xctest=$(grep -oE 'Executed [0-9]+ tests?' "$log" | grep -oE '[0-9]+' | sort -n | tail -n 1)
    testing=$(grep -oE 'Test run with [0-9]+ tests?' "$log" | grep -oE '[0-9]+' | tail -n 1)
    skipped=$(grep -cE "^Test Case .* skipped" "$log" || true)
    version=$(in_swift . "$BUILD" swift --version 2>&1 | grep -oE 'Swift version [0-9.]+')
    say "${xctest:-0} tests of XCTest and ${testing:-0} of Swift Testing ran, $skipped skipped, with $version on Linux"
    ((${xctest:-0} > 0 && ${testing:-0} > 0 && skipped == 0))
}

main "$@"

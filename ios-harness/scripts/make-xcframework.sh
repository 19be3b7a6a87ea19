#!/usr/bin/env bash
#
# Makes what ios-harness/Package.swift needs on a Mac, in ios-harness/Generated:
#
#   MTDAgentFFI.xcframework            the core, compiled for devices, for the simulator, and, for `swift test`, for this Mac
#   MTDAgentCore/MTDAgentCore.swift    its Swift interface, generated from the very library
#
# Needs Xcode 16 and Rust by rustup with the targets aarch64-apple-ios, aarch64-apple-ios-sim and x86_64-apple-ios.
set -euo pipefail

readonly DEVICE=aarch64-apple-ios
readonly SIMULATORS=(aarch64-apple-ios-sim x86_64-apple-ios)
readonly PROFILE=release-mobile
# Package.swift's `platforms`.
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=12.0

main() {
    case ${1:-} in
        "") ;;
        -h | --help) usage && return ;;
        *) fail "unknown argument $1: see --help" ;;
    esac
    check_tools
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    # Removed by the trap below, when the script's variables are still there.
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mac=$(rustc -vV | sed -n 's/^host: //p')
    for target in "$DEVICE" "${SIMULATORS[@]}" "$mac"; do
        say "building for $target"
        cargo rustc --locked --package bindings --lib --crate-type staticlib --profile "$PROFILE" --target "$target"
    done
    generate_swift "$work"
    package "$work" "$mac"
    move_into_place "$work"
    say "done: add the folder ios-harness to Xcode as a local package, or build it with: xcodebuild -scheme MTDAgent -destination generic/platform=iOS"
}

usage() {
    cat <<'END'
usage: ios-harness/scripts/make-xcframework.sh

Builds the agent's core for iOS devices and simulators, and for this Mac,
where the package's tests run; packages it as
ios-harness/Generated/MTDAgentFFI.xcframework, and generates its Swift
interface beside it. On a Mac with Xcode 16 and rustup:

  rustup target add aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios
END
}

check_tools() {
    [[ $(uname -s) == Darwin ]] ||
        fail "this runs on a Mac: Apple's linker and xcodebuild are for macOS only (on Linux, tests/run ios tests the package without an XCFramework)"
    command -v cargo >/dev/null || fail "cargo is missing: install Rust with rustup"
    command -v rustup >/dev/null || fail "rustup is missing: a Rust from elsewhere has no standard library for iOS"
    xcrun --sdk iphoneos --show-sdk-path >/dev/null 2>&1 ||
        fail "no SDK for iOS: install Xcode, open it once, and run: sudo xcode-select --switch /Applications/Xcode.app"
    local installed missing=()
    installed=$(rustup target list --installed)
    for target in "$DEVICE" "${SIMULATORS[@]}"; do
        grep -qx "$target" <<<"$installed" || missing+=("$target")
    done
    # `rustup target add` itself takes a list.
    ((${#missing[@]} == 0)) || fail "Rust cannot build for ${missing[*]} yet: run: rustup target add ${missing[*]}"
}

# The interface is read from a library for this Mac, whose symbols nobody has stripped. It carries checksums, and the app
# refuses a core that was built from other sources.
generate_swift() {
    local work=$1
    say "generating the Swift interface"
    cargo build --locked --package bindings --lib
    cargo run --locked --package bindgen -- generate --library "$(target_dir)/debug/libmtd_agent.dylib" \
        --language swift --no-format --out-dir "$work/swift"
    mkdir -p "$work/headers/MTDAgentFFI"
    cp "$work/swift/MTDAgentFFI.h" "$work/headers/MTDAgentFFI/"
    # Xcode looks for this name. In a folder of its own, because the headers of all XCFrameworks end up in one place.
    cp "$work/swift/MTDAgentFFI.modulemap" "$work/headers/MTDAgentFFI/module.modulemap"
}

package() {
    local work=$1 mac=$2 slices=()
    say "packaging"
    mkdir -p "$work/simulator"
    for target in "${SIMULATORS[@]}"; do
        slices+=("$(library "$target")")
    done
    lipo -create "${slices[@]}" -output "$work/simulator/libmtd_agent.a"
    xcodebuild -create-xcframework \
        -library "$(library "$DEVICE")" -headers "$work/headers" \
        -library "$work/simulator/libmtd_agent.a" -headers "$work/headers" \
        -library "$(library "$mac")" -headers "$work/headers" \
        -output "$work/MTDAgentFFI.xcframework"
}

# Only a whole result takes the place of the one before.
move_into_place() {
    local work=$1 generated=ios-harness/Generated
    mkdir -p "$generated/MTDAgentCore"
    rm -rf "$generated/MTDAgentFFI.xcframework"
    mv "$work/MTDAgentFFI.xcframework" "$generated/"
    mv "$work/swift/MTDAgentCore.swift" "$generated/MTDAgentCore/"
    du -sh "$generated"/MTDAgentFFI.xcframework/*/libmtd_agent.a
}

library() {
    echo "$(target_dir)/$1/$PROFILE/libmtd_agent.a"
}

target_dir() {
    echo "${CARGO_TARGET_DIR:-target}"
}

say() {
    printf '\n--> %s\n' "$*"
}

fail() {
    printf 'make-xcframework: %s\n' "$*" >&2
    exit 1
}

main "$@"

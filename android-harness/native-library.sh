#!/usr/bin/env bash
#
# Builds the native library for this machine and generates Kotlin from that very file, so that the two cannot drift:
# OUT/native/libmtd_agent.so and OUT/generated-sources/uniffi. Builds the command `mtd` too, whose stage the tests play on:
# OUT/native/mtd. Called by Maven.

set -euo pipefail

OUT=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case $(uname -s) in
Darwin) library=libmtd_agent.dylib ;;
*) library=libmtd_agent.so ;;
esac
target=${CARGO_TARGET_DIR:-$PWD/target}
built=$target/debug/$library

# One after the other: built together, the library would have the features of the others.
cargo build --quiet --locked -p bindings
cargo build --quiet --locked -p bindgen
cargo build --quiet --locked -p desktop-harness --bin mtd
mkdir -p "$OUT/native"
ln -sf "$target/debug/mtd" "$OUT/native/mtd"

# Files that stay as they are keep their times, and so need not be compiled again.
if ! cmp -s "$built" "$OUT/native/$library"; then
    cp "$built" "$OUT/native/$library"
    rm -rf "$OUT/generated-sources/uniffi"
    "$target/debug/uniffi-bindgen" generate --library "$OUT/native/$library" --language kotlin --no-format \
        --out-dir "$OUT/generated-sources/uniffi"
fi

#!/usr/bin/env bash
# lane: agent-core and bindings compile for Android and for iOS, without warnings
#
# rustup's compiler has no standard library for a phone until it has downloaded one. Here it is built from Debian's
# sources of Rust, so that nothing is needed but what Debian, Cargo and pip bring: no NDK and no Xcode. Therefore nothing is
# linked either; what the lane proves, and what it leaves open, it says at its end.

source tests/lib.sh
source tests/chroot.sh

readonly TARGETS=(aarch64-linux-android aarch64-apple-ios)
readonly PACKAGES=(agent-core bindings)

# Debian's unstable release: the only one whose Rust is as new as the workspace asks for.
readonly ROOT_NAME=rust-sid ROOT_SUITE=sid ROOT_PACKAGES=(rustc cargo rust-src gcc libc6-dev)
readonly RUST_LIBRARY=usr/lib/rustlib/src/rust/library

readonly SOURCES=tests/targets
readonly ZIG=$CACHE/zig
readonly WORK=${CARGO_TARGET_DIR:-target}/targets
readonly CARGO_FILES=${CARGO_HOME:-$HOME/.cargo}

# The headers of C that zig has and that come closest, in its folder lib/libc/include. Of Android's own C library it has
# none; musl's declares what ring and SQLite use in the same way. Apple's are those of macOS, which iOS shares.
declare -rA HEADERS=(
    [aarch64-linux-android]="aarch64-linux-musl generic-musl aarch64-linux-any any-linux-any"
    [aarch64-apple-ios]=any-darwin-any
)

# How an object file begins, in hexadecimal: ELF and EM_AARCH64; MH_MAGIC_64 and CPU_TYPE_ARM64.
declare -rA OBJECTS=([aarch64-linux-android]="7f454c46*b700" [aarch64-apple-ios]="cffaedfe0c000001*")
readonly OBJECT_START=20

main() {
    need_rust
    make_chroot $ROOT_NAME $ROOT_SUITE "${ROOT_PACKAGES[@]}"
    need_zig
    fetch_crates
    mkdir -p "$WORK"
    in_rust_root rustc --version

    local target
    for target in "${TARGETS[@]}"; do
        check "$target"
        check_objects "$target"
    done
    tell
}

need_zig() {
    need python3 python3
    is_fresh "$ZIG/stamp" $SOURCES/requirements.txt && return
    python3 -c 'import ensurepip' 2>/dev/null || install_package "Python's venv" python3-venv
    say "installing the clang of $SOURCES/requirements.txt into $ZIG, once: 100 MB to download"
    local new=$ZIG.new.$$
    # shellcheck disable=SC2064  # the folder of now, not of then
    trap "rm -rf '$new'" EXIT
    python3 -m venv "$new"
    "$new/bin/pip" install --quiet --disable-pip-version-check -r $SOURCES/requirements.txt ||
        could_not_run "the Python package of $SOURCES/requirements.txt could not be installed"
    rm -rf "$ZIG"
    mv "$new"/lib/python3*/site-packages/ziglang "$ZIG"
    stamp "$ZIG/stamp" $SOURCES/requirements.txt
}

# By this machine's cargo, whichever way it gets crates: cargo in the root folder finds them all there, and asks nobody.
fetch_crates() {
    step cargo fetch --quiet --locked
    RUSTC_BOOTSTRAP=1 step cargo fetch --quiet --locked --manifest-path "$(chroot_path $ROOT_NAME)/$RUST_LIBRARY/Cargo.toml" ||
        could_not_run "what Rust's standard library is made of could not be fetched"
}

check() {
    local target=$1 name=${1//-/_} packages=("${PACKAGES[@]/#/--package=}") start=$SECONDS
    # SDKROOT: where build scripts would otherwise ask Xcode. Of lints, only those of our own packages count as errors.
    step in_rust_root env "CC_$name=/zig/zig clang" "CFLAGS_$name=$(c_flags "$target")" "AR_$name=/zig/zig ar" \
        SDKROOT=/zig RUSTC_BOOTSTRAP=1 RUSTC_WRAPPER= CARGO_BUILD_WARNINGS=deny \
        cargo check --quiet --locked --offline -Zbuild-std=std,panic_unwind --target "$target" "${packages[@]}"
    say "$target: ${PACKAGES[*]} compile without warnings ($((SECONDS - start)) s)"
}

c_flags() {
    local flags="-nostdinc -isystem /zig/lib/include" folder
    for folder in ${HEADERS[$1]}; do flags+=" -isystem /zig/lib/libc/include/$folder"; done
    echo "$flags"
}

in_rust_root() {
    local config=()
    [[ ! -e $CARGO_FILES/config.toml ]] || config=(--bind-ro "$CARGO_FILES/config.toml:/cargo/config.toml")
    in_chroot $ROOT_NAME --bind-ro .:/src --bind "$WORK:/build" --bind-ro "$ZIG:/zig" \
        --bind "$CARGO_FILES/registry:/cargo/registry" "${config[@]}" --in /src -- \
        env CARGO_HOME=/cargo CARGO_TARGET_DIR=/build "$@"
}

# Sees to it that the C and the assembly of ring and of SQLite are there as machine code of TARGET.
check_objects() {
    local target=$1 library archive object start count objects=$WORK/objects
    for library in libring_core libsqlite3; do
        # Of several, the one built last: others are left from older versions.
        archive=$(find "$WORK/$target/debug/build" -name "$library*.a" ! -name '*_test.a' -printf '%T@ %p\n' |
            sort -rn | sed '1s/^[^ ]* //p;d')
        [[ -n $archive ]] || { say "$target: nothing was compiled for $library" && return 1; }
        rm -rf "$objects"
        mkdir -p "$objects"
        "$ZIG/zig" ar x --output "$objects" "$archive"
        count=0
        for object in "$objects"/*; do
            start=$(od -An -v -tx1 -N $OBJECT_START "$object" | tr -d ' \n')
            # shellcheck disable=SC2053  # a pattern
            [[ $start == ${OBJECTS[$target]} ]] || { say "$target: $object of $archive begins with $start" && return 1; }
            count=$((count + 1))
        done
        echo "$target: $library, $count objects of its machine code"
    done
}

tell() {
    cat <<'TEXT'

checked:      Rust's standard library, every dependency, agent-core and bindings pass the compiler for both targets, with
              their target's cfg; build scripts run; the C and assembly of ring and SQLite compile to machine code.
not checked:  Rust code is not compiled to machine code and nothing is linked or run, which takes an NDK or Xcode. The C
              headers are musl's for Android and those of macOS for iOS, not the ones of an NDK or of an iOS SDK.
TEXT
}

main

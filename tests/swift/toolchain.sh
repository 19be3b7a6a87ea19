# shellcheck shell=bash
#
# A Swift toolchain for Linux: Debian's own, in a root folder of its own. Sourced after tests/lib.sh and tests/chroot.sh.
#
#   need_swift                        sees to it that there is one; 3 GB and a few minutes the first time
#   in_swift FOLDER BUILD COMMAND...  runs COMMAND in FOLDER of the repository, which is seen as /src and read-only, with
#                                     BUILD seen as /build

readonly SWIFT_ROOT=swift-trixie SWIFT_SUITE=trixie
# Swift links with Debian's C library and, for Foundation, its C++ library; OpenSSL is for the tests' software key.
readonly SWIFT_PACKAGES=(swiftlang libc6-dev libstdc++-14-dev libssl-dev)

need_swift() {
    make_chroot $SWIFT_ROOT $SWIFT_SUITE "${SWIFT_PACKAGES[@]}"
}

in_swift() {
    local folder=$1 build=$2
    shift 2
    mkdir -p "$build"
    in_chroot $SWIFT_ROOT --bind-ro .:/src --bind "$build:/build" --in "/src/$folder" -- "$@"
}

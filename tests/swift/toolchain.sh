# shellcheck shell=bash
#
# A Swift toolchain for Linux: Debian's own, because the releases of Debian that people run may not have one. Sourced
# after tests/lib.sh.
#
#   need_swift                        sees to it that there is one; 3 GB and a few minutes the first time
#   in_swift FOLDER BUILD COMMAND...  runs COMMAND in FOLDER of the repository, which is seen as /src and read-only, with
#                                     BUILD seen as /build

source tests/chroot.sh

readonly SWIFT_RELEASE=trixie
readonly SWIFT_ROOT_NAME=swift-$SWIFT_RELEASE
# Swift links with Debian's C library and, for Foundation, its C++ library; OpenSSL is for the tests' software key.
readonly SWIFT_PACKAGES=(swiftlang libc6-dev libstdc++-14-dev libssl-dev)

need_swift() {
    make_chroot $SWIFT_ROOT_NAME $SWIFT_RELEASE "${SWIFT_PACKAGES[@]}"
}

in_swift() {
    local folder=$1 build=$2
    shift 2
    mkdir -p "$build"
    in_chroot $SWIFT_ROOT_NAME --bind-ro .:/src --bind "$build:/build" --in "/src/$folder" -- "$@"
}

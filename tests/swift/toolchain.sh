# shellcheck shell=bash
#
# A Swift toolchain for Linux: Debian's own, in a root folder of its own, because the releases of Debian that people
# run may not have one. Sourced after tests/lib.sh.
#
#   need_swift                        sees to it that there is one; 3 GB and a few minutes the first time
#   in_swift FOLDER BUILD COMMAND...  runs COMMAND in FOLDER of the repository, which is seen as /src and read-only, with
#                                     BUILD seen as /build
#
# Everything that in_swift mounts and starts is in namespaces of its own and ends with it, however it ends.

# Raised when what is below would make another toolchain of the same packages.
readonly SWIFT_RECIPE=1
readonly SWIFT_RELEASE=trixie
# Swift links with Debian's C library and, for Foundation, its C++ library; OpenSSL is for the tests' software key.
readonly SWIFT_PACKAGES=(swiftlang libc6-dev libstdc++-14-dev libssl-dev)
readonly SWIFT_ROOT=$CACHE/swift-$SWIFT_RELEASE

need_swift() {
    local wanted="$SWIFT_RECIPE $SWIFT_RELEASE ${SWIFT_PACKAGES[*]}"
    swift_is_there "$wanted" && return
    [[ $EUID -eq 0 ]] || could_not_run "the Swift toolchain is a Debian root folder, which only root can make and enter: sudo tests/run ios"
    mkdir -p "$CACHE"
    # Two runs at once: the second waits, and finds what the first has made.
    exec 8>"$SWIFT_ROOT.lock"
    flock 8
    swift_is_there "$wanted" || make_swift_root "$wanted"
    exec 8>&-
}

in_swift() {
    local folder=$1 build=$2
    shift 2
    mkdir -p "$build"
    # --kill-child: what COMMAND leaves running ends with it.
    unshare --mount --pid --fork --kill-child \
        bash -euc "$SWIFT_MOUNTS" in_swift "$SWIFT_ROOT" "$PWD" "$(realpath "$build")" "$folder" "$@"
}

# shellcheck disable=SC2016  # expanded by the shell in the namespaces
readonly SWIFT_MOUNTS='
    root=$1 source=$2 build=$3 folder=$4
    shift 4
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --bind "$source" "$root/src"
    mount -o remount,bind,ro "$root/src"
    mount --bind "$build" "$root/build"
    exec env -i HOME=/tmp LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin TERM="${TERM:-dumb}" chroot "$root" \
        sh -euc "cd \"/src/\$1\" && shift && exec \"\$@\"" sh "$folder" "$@"
'

swift_is_there() {
    [[ $EUID -eq 0 && $(cat "$SWIFT_ROOT/stamp" 2>/dev/null) == "$1" ]]
}

# Makes the root folder beside its place and moves it there when it is whole.
make_swift_root() {
    local wanted=$1 mirror new=$SWIFT_ROOT.new
    need debootstrap debootstrap
    mirror=$(debian_mirror)
    say "making a Debian $SWIFT_RELEASE with Swift in $SWIFT_ROOT, once: 3 GB, a few minutes"
    rm -rf "$new"
    # A mount namespace, so that what debootstrap and the packages mount does not stay mounted.
    unshare --mount bash -euc "$SWIFT_RECIPE_STEPS" make_swift_root "$new" "$mirror" "$SWIFT_RELEASE" \
        "${SWIFT_PACKAGES[@]}" >"$SWIFT_ROOT.log" 2>&1 ||
        could_not_run "the Swift toolchain could not be made from $mirror: $(tail -n 3 "$SWIFT_ROOT.log") (all of it: $SWIFT_ROOT.log)"
    echo "$wanted" >"$new/stamp"
    rm -rf "$SWIFT_ROOT"
    mv "$new" "$SWIFT_ROOT"
}

# shellcheck disable=SC2016  # expanded by the shell in the namespace
readonly SWIFT_RECIPE_STEPS='
    root=$1 mirror=$2 release=$3
    shift 3
    debootstrap --variant=minbase --include=ca-certificates "$release" "$root" "$mirror"
    # The way to the mirror (a proxy, what this machine does not check) is the machine'"'"'s own.
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90machine"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    chroot "$root" apt-get update -qq
    chroot "$root" apt-get install -y -qq --no-install-recommends "$@"
    chroot "$root" apt-get clean
    rm -rf "$root"/var/lib/apt/lists/*
    mkdir -p "$root/src" "$root/build"
'

# Where this machine gets Debian from; DEBIAN_MIRROR says otherwise.
debian_mirror() {
    local mirror=${DEBIAN_MIRROR:-}
    [[ -n $mirror ]] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 'Created-By: Packages' | head -n 1)
    [[ -n $mirror ]] || mirror=$(grep -rhoE '^(deb|URIs:) .*' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
        grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1)
    [[ -n $mirror ]] || could_not_run "no Debian mirror is set up on this machine: name one in DEBIAN_MIRROR"
    echo "$mirror"
}

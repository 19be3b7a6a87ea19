# shellcheck shell=bash
#
# Tools from another release of Debian than the machine's, in a root folder of their own. Sourced after tests/lib.sh.
#
#   make_chroot NAME SUITE PACKAGE...            sees to it that the root folder $CACHE/NAME holds these packages of SUITE
#   in_chroot NAME [OPTION]... -- COMMAND...     runs COMMAND in it, as root, with an empty environment
#     --bind FOLDER:INSIDE      shows the machine's FOLDER, or file, at the absolute path INSIDE, which is made
#     --bind-ro FOLDER:INSIDE   the same, read-only
#     --in INSIDE               runs COMMAND in this folder
#   chroot_path NAME                             where the root folder is
#
#   make_chroot swift-trixie trixie swiftlang libc6-dev
#   in_chroot swift-trixie --bind-ro ios-harness:/src --bind target/ios:/build --in /src -- swift --version
#
# What in_chroot mounts and starts is in namespaces of its own and ends with it, however it ends.

# Raised when what is below would make another root folder of the same packages.
readonly CHROOT_RECIPE=1

make_chroot() {
    local name=$1 suite=$2
    shift 2
    local wanted="$CHROOT_RECIPE $suite $*"
    [[ $EUID -eq 0 ]] ||
        could_not_run "tools from Debian $suite are needed, in a root folder that only root can make and enter: run as root"
    unshare --mount true ||
        could_not_run "tools from Debian $suite are needed, in namespaces that may not be made here (see above)"
    chroot_is "$name" "$wanted" && return
    mkdir -p "$CACHE"
    # Two runs at once: the second waits, and finds what the first has made. Only this subshell holds the lock, and
    # nothing that it starts in the end.
    (
        flock 8
        chroot_is "$name" "$wanted" || build_chroot "$name" "$suite" "$@"
    ) 8>"$CACHE/$name.lock"
}

in_chroot() {
    local root binds=() folder=/
    root=$(chroot_path "$1")
    shift
    while [[ $1 != -- ]]; do
        case $1 in
        --bind) binds+=(rw "$(realpath "${2%:*}")" "$root${2##*:}") ;;
        --bind-ro) binds+=(ro "$(realpath "${2%:*}")" "$root${2##*:}") ;;
        --in) folder=$2 ;;
        *) could_not_run "in_chroot does not know $1" ;;
        esac
        shift 2
    done
    shift
    # --kill-child: what COMMAND leaves running ends with it.
    unshare --mount --pid --fork --kill-child \
        bash -euc "$CHROOT_ENTER" in_chroot "$root" "$folder" "${#binds[@]}" "${binds[@]}" "$@"
}

chroot_path() {
    echo "$CACHE/$1"
}

# shellcheck disable=SC2016  # expanded by the shell in the namespaces
readonly CHROOT_ENTER='
    root=$1 folder=$2 binds=$3
    shift 3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    for ((; binds > 0; binds -= 3)); do
        if [[ -d $2 ]]; then mkdir -p "$3"; else mkdir -p "${3%/*}" && touch "$3"; fi
        mount --bind "$2" "$3"
        [[ $1 == rw ]] || mount -o remount,bind,ro "$3"
        shift 3
    done
    exec env -i HOME=/tmp LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin TERM="${TERM:-dumb}" chroot "$root" \
        sh -euc "cd \"\$1\" && shift && exec \"\$@\"" sh "$folder" "$@"
'

# Whether the root folder is there, as WANTED.
chroot_is() {
    local name=$1 wanted=$2
    [[ $(cat "$(chroot_path "$name")/stamp" 2>/dev/null) == "$wanted" ]]
}

# Makes the root folder beside its place and moves it there when it is whole.
build_chroot() {
    local name=$1 suite=$2 root mirror start=$SECONDS
    shift 2
    root=$(chroot_path "$name")
    need debootstrap debootstrap
    mirror=$(debian_mirror)
    say "making a Debian $suite with $* in $root, once: a few minutes"
    rm -rf "$root.new"
    # A mount namespace, so that what debootstrap and the packages mount does not stay mounted.
    unshare --mount bash -euc "$CHROOT_BUILD" build_chroot "$root.new" "$mirror" "$suite" "$@" >"$root.log" 2>&1 8>&- ||
        could_not_run "no Debian $suite could be made from $mirror: $(tail -n 3 "$root.log") (all of it: $root.log)"
    echo "$CHROOT_RECIPE $suite $*" >"$root.new/stamp"
    rm -rf "$root"
    mv "$root.new" "$root"
    say "made in $((SECONDS - start)) s, $(du -sh "$root" | cut -f 1)B"
}

# shellcheck disable=SC2016  # expanded by the shell in the namespace
readonly CHROOT_BUILD='
    root=$1 mirror=$2 suite=$3
    shift 3
    debootstrap --variant=minbase "$suite" "$root" "$mirror"
    # The way to the mirror (a proxy, what this machine does not check) is the machine'"'"'s own.
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90machine"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    chroot "$root" apt-get update -qq
    chroot "$root" apt-get install -y -qq --no-install-recommends "$@"
    chroot "$root" apt-get clean
    rm -rf "$root"/var/lib/apt/lists/*
'

# Where this machine gets Debian from; DEBIAN_MIRROR says otherwise.
debian_mirror() {
    local mirror=${DEBIAN_MIRROR:-}
    # shellcheck disable=SC2016  # expanded by apt-get
    [[ -n $mirror ]] ||
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 'Created-By: Packages' | head -n 1)
    [[ -n $mirror ]] || mirror=$(grep -rhoE '^(deb|URIs:) .*' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
        grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1)
    [[ -n $mirror ]] || could_not_run "no Debian mirror is set up on this machine: name one in DEBIAN_MIRROR"
    echo "$mirror"
}

#!/usr/bin/env bash
#
# Type-checks the Apple files of the Swift package, its sample, and the Swift of README.md and docs/ios.md, on Linux
# against stand-ins for Apple's frameworks: ios-harness/Tests/AppleStubs/README.md says what that proves and what not. Needs the generated core in
# ios-harness/Generated, which `tests/run ios` makes.
#
#   tests/swift/typecheck-apple.sh [BUILD]     BUILD keeps the compiled stand-ins; target/swift-apple by default
cd "$(dirname "$0")/../.."
. tests/lib.sh
. tests/chroot.sh
. tests/swift/toolchain.sh

main() {
    local build=${1:-target/swift-apple}
    [[ -s ios-harness/Generated/MTDAgentCore/MTDAgentCore.swift ]] ||
        could_not_run "ios-harness/Generated has no generated core: run tests/run ios, which makes it"
    every_import_has_a_module
    readme_lines "$build/readme"
    guide_files "$build/guide"
    need_swift
    in_swift ios-harness "$build" sh -euc "$CHECK"
}

# The Swift lines of README.md, exactly, as a program; what they take for granted is declared beside them.
readme_lines() {
    mkdir -p "$1"
    sed -n '/^```swift$/,/^```$/{/^```/!p}' README.md >"$1/main.swift"
    [[ -s $1/main.swift ]] || { echo "README.md has no lines of Swift" >&2 && return 1; }
    echo 'let codeFromTheOrganisation = "mtd-enrol:"' >"$1/given.swift"
}

# Each piece of Swift in the guide is a whole file, as an engineer would paste it.
guide_files() {
    rm -rf "$1"
    mkdir -p "$1"
    awk -v folder="$1" '
        /^```swift$/ { file = sprintf("%s/piece%d.swift", folder, ++pieces); next }
        /^```$/ { file = "" }
        file { print >file }
        END { exit !pieces }
    ' docs/ios.md || { echo "docs/ios.md has no Swift" >&2 && return 1; }
}

# A file whose canImport names a module that is nowhere would be skipped, and pass.
every_import_has_a_module() {
    local module
    while read -r module; do
        [[ -f ios-harness/Tests/AppleStubs/$module.swift || $module == FoundationNetworking ]] || {
            echo "no stand-in for $module, so that what is behind its canImport would not be looked at: add ios-harness/Tests/AppleStubs/$module.swift" >&2
            return 1
        }
    done < <(grep -rhoE 'canImport\([A-Za-z_]+\)' ios-harness/Sources/MTDAgent ios-harness/Sample 2>/dev/null | sed 's/canImport(\(.*\))/\1/' | sort -u)
}

# shellcheck disable=SC2016  # expanded by the shell beside the compiler
readonly CHECK='
    common="-swift-version 6 -I /build -I Sources/CResolver/include -Xcc -fmodule-map-file=/build/CResolver.modulemap"
    module() {
        name=$1
        shift
        echo "  $name"
        swiftc -emit-module -parse-as-library -module-name "$name" -o "/build/$name.swiftmodule" "$@"
    }
    echo "module CResolver { header \"$PWD/Sources/CResolver/include/CResolver.h\" export * }" >/build/CResolver.modulemap
    echo "module MTDAgentFFI { header \"$PWD/Generated/MTDAgentFFI/MTDAgentFFI.h\" export * }" >/build/MTDAgentFFI.modulemap

    sum=$(cat Generated/MTDAgentCore/MTDAgentCore.swift Generated/MTDAgentFFI/MTDAgentFFI.h | sha256sum)
    if [ "$(cat /build/core.sum 2>/dev/null)" != "$sum" ]; then
        module MTDAgentCore -swift-version 5 -Xcc -fmodule-map-file=/build/MTDAgentFFI.modulemap Generated/MTDAgentCore/MTDAgentCore.swift
        echo "$sum" >/build/core.sum
    fi
    stubs=0
    for stub in Tests/AppleStubs/[!_]*.swift; do
        module "$(basename "$stub" .swift)" $common "$stub"
        stubs=$((stubs + 1))
    done
    sources=$(find Sources/MTDAgent -name "*.swift")
    apple=$(find Sources/MTDAgent/Apple -name "*.swift" | wc -l)
    ffi="-Xcc -fmodule-map-file=/build/MTDAgentFFI.modulemap"
    swiftc -typecheck -parse-as-library -module-name MTDAgent $common $ffi $sources Tests/AppleStubs/_Foundation.swift
    module MTDAgent $common $ffi $sources Tests/AppleStubs/_Foundation.swift
    sample=0
    if [ -d Sample ]; then
        sample=$(find Sample -name "*.swift" | wc -l)
        swiftc -typecheck -parse-as-library -module-name Sample $common $ffi $(find Sample -name "*.swift")
    fi
    swiftc -typecheck -module-name Readme $common $ffi /build/readme/*.swift
    pieces=0
    for piece in /build/guide/*.swift; do
        swiftc -typecheck -parse-as-library -module-name Guide $common $ffi "$piece"
        pieces=$((pieces + 1))
    done
    echo "type-checked README.md, $pieces pieces of docs/ios.md, $apple Apple files and $sample of the sample against $stubs stand-ins, $(swiftc --version 2>&1 | sed -n "s/.*Swift version \([0-9.]*\).*/Swift \1/p")"
'

main "$@"

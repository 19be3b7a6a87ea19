#!/usr/bin/env bash
# lane: the library for Android, on Robolectric's Androids 9, 12, 14 and 15: the story, hostile hosts, process death, the AAR

source tests/lib.sh

readonly SOURCES=android-harness
readonly REPORTS=$SOURCES/mtd-agent/target

main() {
    need_rust
    need javac default-jdk-headless
    need mvn maven
    need readelf binutils
    need_frameworks
    rm -rf $REPORTS/surefire-reports $REPORTS/failsafe-reports
    local status=0
    step mvn -f $SOURCES/pom.xml --batch-mode --quiet verify || status=$?
    tell_tests
    ((status == 0)) || return "$status"
    check_alignment $SOURCES/mtd-agent/target/native/libmtd_agent.so
}

# About 900 MB once, most of it five builds of Android's framework.
need_frameworks() {
    step mvn -f $SOURCES/pom.xml --batch-mode --quiet --projects testing package ||
        could_not_run "what the build needs is not to be had from Maven's repositories (see above)"
}

# How many tests ran on which Android version, by the ends of their names: "name[34]".
tell_tests() {
    local reports=($REPORTS/surefire-reports/TEST-*.xml $REPORTS/failsafe-reports/TEST-*.xml) version count
    say "tests by Android version (API level)"
    sed -n 's/.*<testcase name="[^"]*\[\([0-9]*\)\]".*/\1/p' "${reports[@]}" 2>/dev/null | sort -n | uniq -c |
        while read -r count version; do echo "API level $version: $count tests"; done
    count=$(sed -n '/<testcase name="[^"]*"/p' "${reports[@]}" 2>/dev/null | grep -vc '<testcase name="[^"]*\[[0-9]*\]"' || true)
    echo "of no version: $count tests"
}

# Android 15's devices with pages of 16 KB load no library that is aligned to less.
check_alignment() {
    local library=$1 alignments
    alignments=$(readelf --program-headers --wide "$library" | awk '$1 == "LOAD" { print $NF }' | sort -u)
    say "segments of $library are aligned to" $alignments
    local alignment
    [[ -n $alignments ]] || return 1
    for alignment in $alignments; do ((alignment >= 0x4000)) || return 1; done
}

main

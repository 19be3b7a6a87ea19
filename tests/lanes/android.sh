#!/usr/bin/env bash
# lane: the library for Android, on Robolectric's Androids 9, 12, 14 and 15: the story, hostile hosts, process death, the AAR

source tests/lib.sh

readonly SOURCES=android-harness
readonly AGENT=$SOURCES/mtd-agent/target

main() {
    need_rust
    need javac default-jdk-headless
    need mvn maven
    need readelf binutils
    need_frameworks
    rm -rf $SOURCES/*/target/*-reports
    local status=0
    step mvn -f $SOURCES/pom.xml --batch-mode --quiet verify || status=$?
    tell_figures
    tell_tests
    ((status == 0)) || return "$status"
    check_alignment $AGENT/native/libmtd_agent.so
}

# About 900 MB once, most of it five builds of Android's framework.
need_frameworks() {
    step mvn -f $SOURCES/pom.xml --batch-mode --quiet --projects testing package ||
        could_not_run "what the build needs is not to be had from Maven's repositories (see above)"
}

tell_figures() {
    say "figures"
    sed -n 's/^figure: //p' $SOURCES/*/target/*-reports/*-output.txt
}

# How many tests ran on which Android version, by the ends of their names: "name[34]".
tell_tests() {
    local names all count version
    names=$(grep -ho '<testcase name="[^"]*"' $SOURCES/*/target/*-reports/TEST-*.xml) || return 0
    all=$(wc -l <<<"$names")
    say "tests by Android version"
    sed -n 's/.*\[\([0-9]*\)\]"$/\1/p' <<<"$names" | sort -n | uniq -c |
        while read -r count version; do echo "API level $version: $count tests"; done
    echo "of no version: $(grep -vc '\[[0-9]*\]"$' <<<"$names") tests"
    echo "in all: $all tests, on Robolectric $(sed -n 's/.*<robolectric.version>\(.*\)<.*/\1/p' $SOURCES/pom.xml)"
}

# Android 15's devices with pages of 16 KB load no library that is aligned to less.
check_alignment() {
    local library=$1 alignments alignment
    alignments=$(readelf --program-headers --wide "$library" | awk '$1 == "LOAD" { print $NF }' | sort -u)
    [[ -n $alignments ]] || { say "$library has no segments to load" && return 1; }
    for alignment in $alignments; do
        say "segments of $library are aligned to $alignment"
        ((alignment >= 0x4000)) || return 1
    done
}

main

//! Help.

use crate::device::{Device, run};

const SUBCOMMANDS: [&str; 18] = [
    "demo",
    "scan",
    "analyze",
    "enroll",
    "rotate-key",
    "start-over",
    "deliver",
    "status",
    "explain",
    "preview",
    "verify",
    "attestation",
    "connector",
    "canary",
    "check-url",
    "intel",
    "policy",
    "stage",
];

#[test]
fn every_subcommand_has_help_with_an_example() {
    let device = Device::new();
    let others = [
        "",
        "attestation show",
        "connector serve",
        "connector token",
        "connector devices",
        "connector revoke",
        "connector settings",
        "connector attestation",
        "connector policy",
        "connector pins",
        "connector rotate-key",
        "connector intel",
        "intel build",
        "intel inspect",
        "intel check",
        "policy show",
        "policy diff",
        "policy simulate",
        "policy lint",
        "policy sign",
        "intel install",
    ];
    for subcommand in SUBCOMMANDS.into_iter().chain(others) {
        let line = format!("{subcommand} --help");
        let help = run(device.command(&line), &line, "").ends_with(0);
        let (_, examples) =
            help.stdout.split_once("Example").unwrap_or_else(|| panic!("no example: {help:?}"));
        let shown = format!("mtd {subcommand}");
        assert!(examples.contains(shown.trim()), "no example of \"{shown}\": {help:?}");
    }
}

#[test]
fn help_lists_every_subcommand_that_is_tested() {
    let help = run(Device::new().command("--help"), "--help", "").ends_with(0);
    let commands = help.stdout.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<_> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, [&SUBCOMMANDS[..], &["help"]].concat());
}

#[test]
fn version_is_told() {
    let version = run(Device::new().command("--version"), "--version", "").ends_with(0);
    assert_eq!(version.stdout, format!("mtd {}\n", env!("CARGO_PKG_VERSION")));
}

//! The day on which this machine's packages were last brought up to date.
//!
//! Debian keeps no security patch level, so the fact is what its own records show, in this order:
//!
//! 1. the newest `upgrade` in dpkg's log and its first rotation (about two months);
//! 2. else the newest day on which a package of the base system was unpacked, by the modification time of its
//!    file list: an upgrade sets it, and so does the installation of the system itself.
//!
//! Installing one more package counts as neither: it leaves the rest as old as it was.

use std::time::{SystemTime, UNIX_EPOCH};

use agent_core::model::{Date, Fact, Timestamp};

use super::files::{Files, unreadable};

/// dpkg's log and what logrotate leaves uncompressed.
const LOGS: &[&str] = &["/var/log/dpkg.log", "/var/log/dpkg.log.1"];

/// How much of a log's end is read, in bytes. A distribution upgrade of 3,000 packages writes about 3 MB.
const MAX_LOG: u64 = 8 * 1024 * 1024;

/// dpkg's file lists, one a package.
const LISTS: &str = "/var/lib/dpkg/info";

/// Packages that every Debian system has and that its security updates reach most often.
const BASE_PACKAGES: &[&str] = &[
    "base-files",
    "bash",
    "coreutils",
    "dpkg",
    "libc6",
    "libc-bin",
    "login",
    "perl-base",
    "tar",
    "util-linux",
];

/// The day of the newest package upgrade.
pub fn security_patch(files: &Files) -> Fact<Date> {
    if let Some(day) = newest_logged_upgrade(files) {
        return Fact::known(day);
    }
    match files.names(LISTS) {
        Ok(names) => newest_base_package(files, &names).map_or_else(
            || Fact::not_available("dpkg's records show no upgrade and no base package"),
            Fact::known,
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Fact::not_available("this system does not use dpkg, whose records tell the day of an upgrade")
        }
        Err(error) => unreadable(LISTS, &error),
    }
}

fn newest_logged_upgrade(files: &Files) -> Option<Date> {
    let logs = LOGS.iter().filter_map(|path| files.last_lines(path, MAX_LOG).ok());
    logs.filter_map(|log| log.lines().filter_map(upgrade_day).max()).max()
}

/// The day of a line such as `2026-11-22 21:55:57 upgrade libc6:amd64 2.36-9 2.36-10`.
fn upgrade_day(line: &str) -> Option<Date> {
    let mut words = line.split_ascii_whitespace();
    let day = words.next()?;
    (words.nth(1)? == "upgrade").then(|| day.parse().ok())?
}

fn newest_base_package(files: &Files, names: &[String]) -> Option<Date> {
    let is_base = |name: &&String| {
        let package = name.strip_suffix(".list").map(|stem| stem.split(':').next().unwrap_or(stem));
        package.is_some_and(|package| BASE_PACKAGES.contains(&package))
    };
    let modified = |name: &String| {
        let path = files.locate(LISTS).join(name);
        day_of(std::fs::metadata(path).ok()?.modified().ok()?)
    };
    names.iter().filter(is_base).filter_map(modified).max()
}

fn day_of(moment: SystemTime) -> Option<Date> {
    let seconds = moment.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_unix(i64::try_from(seconds).ok()?).date()
}

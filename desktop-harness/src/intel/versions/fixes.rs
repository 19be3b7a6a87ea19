//! What closes a vulnerability: tables of `cve,os,fixed_in`, those that come with the compiler and the user's own.

use std::collections::{BTreeMap, BTreeSet};

use agent_core::model::{Fix, OsFamily};

use super::VersionReport;
use super::catalogue::is_cve;
use crate::intel::collect::Reject;

/// What the catalogue does not state, kept up with this project.
const BUILT_IN: [(&str, &str); 2] = [
    ("apple-fixes.csv", include_str!("../../../data/apple-fixes.csv")),
    ("android-fixes.csv", include_str!("../../../data/android-fixes.csv")),
];

/// Most rows of a table: twenty times those that are built in.
const MAX_ROWS: usize = 10_000;

const HEADER: [&str; 3] = ["cve", "os", "fixed_in"];

type Table = BTreeMap<(String, OsFamily), BTreeSet<Fix>>;

/// All fixes.
pub(super) struct Fixes {
    table: Table,
    replaced: BTreeSet<(String, OsFamily)>,
}

impl Fixes {
    /// Those that come with the compiler.
    pub(super) fn built_in() -> Result<Self, String> {
        let mut all = Self { table: Table::new(), replaced: BTreeSet::new() };
        for (name, text) in BUILT_IN {
            let (table, rejects) = read(text).map_err(|why| format!("{name}: {why}"))?;
            if let Some(Reject { place, why }) = rejects.first() {
                return Err(format!("{name}: {place}: {why}"));
            }
            all.table.extend(table);
        }
        Ok(all)
    }

    /// Takes the user's table: what it says of a vulnerability on a system is all that counts.
    pub(super) fn replace(&mut self, name: &str, text: &str) -> Result<VersionReport, String> {
        let (table, rejects) = read(text)?;
        let mut report = VersionReport { rejects, ..VersionReport::of(name, "fixes") };
        for ((cve, os), fixes) in table {
            *report.taken.entry(os).or_insert(0) += fixes.len() as u64;
            if !self.replaced.insert((cve.clone(), os)) {
                return Err(format!("another table of fixes tells of {cve} of {os}: put them into one"));
            }
            self.table.insert((cve, os), fixes);
        }
        Ok(report)
    }

    /// What closes `cve` on `os`.
    pub(super) fn of(&self, cve: &str, os: OsFamily) -> Option<Vec<Fix>> {
        self.table.get(&(cve.to_owned(), os)).map(|fixes| fixes.iter().cloned().collect())
    }

    /// What the user's tables tell of.
    pub(super) fn replaced(&self) -> impl Iterator<Item = &(String, OsFamily)> {
        self.replaced.iter()
    }
}

/// Reads rows of three fields without quotes, which none of them needs. What begins with `#` is a comment.
fn read(text: &str) -> Result<(Table, Vec<Reject>), String> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let mut rows = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (number, line.split(',').map(str::trim).collect::<Vec<_>>()));
    if rows.next().is_none_or(|(_, header)| header != HEADER) {
        return Err(format!("not a table of fixes: its first row has to be {}", HEADER.join(",")));
    }
    let (mut table, mut rejects) = (Table::new(), Vec::new());
    for (at, (number, row)) in rows.enumerate() {
        if at >= MAX_ROWS {
            return Err(format!("more than {MAX_ROWS} rows"));
        }
        match fix(&row) {
            Ok((key, fix)) => {
                table.entry(key).or_default().insert(fix);
            }
            Err(why) => rejects.push(Reject { place: format!("line {number}"), why }),
        }
    }
    Ok((table, rejects))
}

fn fix(row: &[&str]) -> Result<((String, OsFamily), Fix), String> {
    let [cve, os, fixed_in] = row else { return Err(format!("{} fields where 3 belong", row.len())) };
    if !is_cve(cve) {
        return Err(format!("\"{cve}\" is no CVE identifier: CVE-2025-43300"));
    }
    let fix = match (fixed_in.parse(), fixed_in.parse()) {
        (Ok(day), _) => Fix::Patch(day),
        (_, Ok(version)) => Fix::Version(version),
        _ => {
            return Err(format!(
                "\"{fixed_in}\" is neither a version, 18.6.2, nor a patch level, 2024-11-01"
            ));
        }
    };
    Ok((((*cve).to_owned(), os.parse()?), fix))
}

//! The compiler of version tables: release cycles, vulnerabilities that are known to be exploited, and what closes them.
//!
//! Inputs, told apart by what they are:
//!
//! - the pages of endoflife.date, Markdown with YAML front matter, of the systems that the agent knows;
//! - CISA's catalogue of known exploited vulnerabilities, JSON;
//! - a table of fixes, CSV (`cve,os,fixed_in`), for what the catalogue does not state. Its rows replace those that come
//!   with this compiler.

mod catalogue;
mod fixes;
mod releases;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use agent_core::model::{Date, ExploitedVulnerability, OsFamily, OsTables};
use serde::Serialize;

use super::collect::Reject;
use catalogue::Catalogue;
use fixes::Fixes;

/// Largest input, in bytes. The catalogue is 1.3 MB and grows by a quarter a year.
pub(crate) const MAX_FILE: u64 = 32 * 1024 * 1024;

/// A file of version data.
pub(crate) struct VersionFile {
    /// Its name.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
}

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct VersionReport {
    /// Its name.
    pub(crate) name: String,
    /// `releases`, `catalogue`, `fixes`; empty for a file that is none of them.
    pub(crate) kind: &'static str,
    /// What is in the tables of it: cycles, vulnerabilities or fixes, by system.
    pub(crate) taken: BTreeMap<OsFamily, u64>,
    /// Vulnerabilities of which no fix is known, by system.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) without_fix: BTreeMap<OsFamily, u64>,
    /// The day of the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) catalogue: Option<Date>,
    /// What was left out on purpose, by the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) left_out: BTreeMap<&'static str, u64>,
    /// What could not be used.
    pub(crate) rejects: Vec<Reject>,
}

impl VersionReport {
    fn of(name: &str, kind: &'static str) -> Self {
        Self { name: name.to_owned(), kind, ..Self::default() }
    }

    fn reject(&mut self, place: impl Into<String>, why: impl Into<String>) {
        self.rejects.push(Reject { place: place.into(), why: why.into() });
    }
}

/// Compiles `files`. Fails where a file is broken, where two tell of the same, or where none tells anything.
pub(crate) fn compile(files: &[VersionFile]) -> Result<(OsTables, Vec<VersionReport>), String> {
    let named = |file: &VersionFile, why: String| format!("{}: {why}", file.name);
    let (mut tables, mut reports) = (OsTables::default(), Vec::new());
    let (mut catalogue, mut fixes): (Option<Catalogue>, _) = (None, Fixes::built_in()?);
    for file in files {
        let text =
            String::from_utf8_lossy(file.content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.content));
        let report = match kind(file, &text) {
            Kind::Releases => releases::read(&file.name, &text, &mut tables.releases),
            Kind::Catalogue if catalogue.is_some() => Err("there is another catalogue: give one".to_owned()),
            Kind::Catalogue => catalogue::read(&text).map(|read| {
                catalogue = Some(read);
                VersionReport::of(&file.name, "catalogue")
            }),
            Kind::Fixes => fixes.replace(&file.name, &text),
            Kind::Other => {
                let mut report = VersionReport::of(&file.name, "");
                report.reject(
                    "file",
                    "neither a page of endoflife.date, nor a catalogue, nor a table of fixes",
                );
                Ok(report)
            }
        };
        reports.push(report.map_err(|why| named(file, why))?);
    }
    if let Some(catalogue) = catalogue {
        let place = reports.iter_mut().find(|report| report.kind == "catalogue");
        let (exploited, released) =
            place.map_or_else(Default::default, |report| catalogue.take(&fixes, report));
        (tables.exploited, tables.catalogue) = (exploited, released);
    }
    for report in reports.iter_mut().filter(|report| report.kind == "fixes") {
        tell_unused(&fixes, &tables.exploited, report);
    }
    if tables.is_empty() {
        return Err("no file tells of a version of Android, iOS, iPadOS or Debian".to_owned());
    }
    Ok((tables, reports))
}

enum Kind {
    Releases,
    Catalogue,
    Fixes,
    Other,
}

fn kind(file: &VersionFile, text: &str) -> Kind {
    match file.name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("md") if text.starts_with("---") => Kind::Releases,
        Some("json") => Kind::Catalogue,
        Some("csv") => Kind::Fixes,
        _ => Kind::Other,
    }
}

/// A fix for what the catalogue does not have does nothing, which its author may not know.
fn tell_unused(fixes: &Fixes, exploited: &[ExploitedVulnerability], report: &mut VersionReport) {
    for (cve, os) in fixes.replaced() {
        if !exploited.iter().any(|entry| entry.cve == *cve && entry.os == *os) {
            report.reject(format!("{cve} of {os}"), "the catalogue has no such entry: it does nothing");
        }
    }
}

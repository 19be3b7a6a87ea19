//! Version tables of `mtd intel build --versions` and `mtd intel inspect`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use agent_core::model::{Date, EndOfLife, OsFamily, OsRelease, OsTables};
use serde::Serialize;

use crate::CliError;
use crate::intel::versions::{MAX_FILE, VersionFile, VersionReport, compile};
use crate::ui::{Ui, clean, plural};

/// Most files of a folder that are read: endoflife.date has 450 pages.
const MAX_FILES: usize = 2_000;

/// Rejects of a file that are shown to a person; --json has them all.
const SHOWN: usize = 5;

/// Reads and compiles what `paths` name.
pub(super) fn read(paths: &[PathBuf]) -> Result<(OsTables, Vec<VersionReport>), CliError> {
    if paths.is_empty() {
        return Ok(Default::default());
    }
    let mut files = Vec::new();
    for path in paths {
        for path in files_of(path)? {
            files.push(read_file(&path)?);
        }
    }
    let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    Ok(compile(&files).map_err(|why| format!("{names}: {why}"))?)
}

/// `path` itself, or the files of the folder that it is.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    if !std::fs::metadata(path).map_err(|error| named(&error))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| named(&error))? {
        let path = entry.map_err(|error| named(&error))?.path();
        if path.is_file() {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return Err(named(&format_args!("more than {MAX_FILES} files: name those that are meant")));
        }
    }
    files.sort();
    if files.is_empty() { Err(named(&"the folder has no files")) } else { Ok(files) }
}

fn read_file(path: &Path) -> Result<VersionFile, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let name =
        path.file_name().ok_or_else(|| named(&"not the name of a file"))?.to_string_lossy().into_owned();
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| named(&error))?;
    file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(|error| named(&error))?;
    if content.len() as u64 > MAX_FILE {
        return Err(named(&format_args!("larger than the {MAX_FILE} bytes that are read")));
    }
    Ok(VersionFile { name, content })
}

/// What became of each file, for a person.
pub(super) fn show(reports: &[VersionReport], ui: &Ui) {
    for report in reports {
        ui.line(clean(&format!("{}: {}", report.name, taken(report))));
        for (why, count) in &report.left_out {
            ui.line(format!("    {count} left out: {why}"));
        }
        for reject in report.rejects.iter().take(SHOWN) {
            ui.line(clean(&format!("    {}: {}", reject.place, reject.why)));
        }
        if let Some(more @ 1..) = report.rejects.len().checked_sub(SHOWN) {
            ui.line(format!("    and {more} more: see --json"));
        }
    }
}

fn taken(report: &VersionReport) -> String {
    let noun = match report.kind {
        "releases" => "cycle",
        "catalogue" => "vulnerability",
        "fixes" => "fix",
        _ => return "not used".to_owned(),
    };
    let counted = |(os, count): (&OsFamily, &u64)| format!("{} of {os}", counted(*count, noun));
    let mut parts: Vec<_> = report.taken.iter().map(counted).collect();
    if parts.is_empty() {
        parts.push("nothing".to_owned());
    }
    if let Some(day) = report.catalogue {
        parts.insert(0, format!("catalogue of {day}"));
    }
    if report.kind == "catalogue" {
        let without: u64 = report.without_fix.values().sum();
        parts.push(format!("{without} without a known fix"));
    }
    parts.join(", ")
}

fn counted(count: u64, noun: &str) -> String {
    let plural = match noun {
        _ if count == 1 => noun,
        "vulnerability" => "vulnerabilities",
        "fix" => "fixes",
        _ => "cycles",
    };
    format!("{count} {plural}")
}

/// What a bundle has of operating systems.
#[derive(Serialize)]
pub(super) struct Summary {
    catalogue: Option<Date>,
    systems: BTreeMap<OsFamily, System>,
}

#[derive(Default, Serialize)]
struct System {
    cycles: u64,
    supported: u64,
    exploited: u64,
    exploited_without_fix: u64,
}

impl Summary {
    /// Of `tables`.
    pub(super) fn of(tables: &OsTables) -> Self {
        let mut systems: BTreeMap<OsFamily, System> = BTreeMap::new();
        for (os, releases) in &tables.releases {
            let system = systems.entry(*os).or_default();
            system.cycles = releases.len() as u64;
            let is_supported = |it: &&OsRelease| it.end_of_life == EndOfLife::Supported;
            system.supported = releases.iter().filter(is_supported).count() as u64;
        }
        for vulnerability in &tables.exploited {
            let system = systems.entry(vulnerability.os).or_default();
            system.exploited += 1;
            system.exploited_without_fix += u64::from(vulnerability.fixes.is_empty());
        }
        Self { catalogue: tables.catalogue, systems }
    }

    /// For a person.
    pub(super) fn show(&self, ui: &Ui) {
        if self.systems.is_empty() {
            return ui.line("Versions of operating systems: none");
        }
        let day = self.catalogue.map_or_else(String::new, |day| format!(", catalogue of {day}"));
        ui.line(format!("Versions of {}{day}:", plural(self.systems.len(), "operating system")));
        for (os, system) in &self.systems {
            ui.line(format!(
                "  {os}: {}, {} without an end; {} being exploited, {} of them without a known fix",
                counted(system.cycles, "cycle"),
                system.supported,
                counted(system.exploited, "vulnerability"),
                system.exploited_without_fix
            ));
        }
    }
}

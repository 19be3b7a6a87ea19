//! Scans on record: files, this machine's own, what the devices of a connector reported.

use std::path::{Path, PathBuf};

use agent_core::model::{Finding, Level, Timestamp};
use agent_core::policy::{self, Assessment, Recorded};
use agent_core::report::{DeviceReport, Event, SetClaims, jws};
use serde::Deserialize;
use serde_json::Value;

use super::folder::open_agent;
use super::policy::connector;
use super::policy_simulate::{Records, named};
use super::{Global, files};
use crate::CliError;
use crate::connector::Connector;

/// What a simulation needs of a `ScanResult`, so that results of other versions can be replayed.
#[derive(Deserialize)]
struct StoredScan {
    started_at: Timestamp,
    assessment: Assessment,
    findings: Vec<Finding>,
}

impl From<StoredScan> for Recorded {
    fn from(scan: StoredScan) -> Self {
        let StoredScan { started_at, assessment, findings } = scan;
        Self { at: started_at, level: assessment.level, findings, gaps: assessment.gaps }
    }
}

/// The results in files, and in every `.json` file of folders.
pub(super) fn of_files(paths: &[PathBuf]) -> Result<Records, CliError> {
    let mut scans = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = json_files(path)?;
            if found.is_empty() {
                return Err(format!("{}: no .json file in it", path.display()).into());
            }
            for file in found {
                scans.extend(of_file(&file)?);
            }
        } else {
            scans.extend(of_file(path)?);
        }
    }
    Ok(Records { scans, overrides: Vec::new() })
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(named)?.collect();
    let paths = entries.map_err(named)?.into_iter().map(|entry| entry.path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort();
    Ok(paths)
}

/// One result, or a list of them.
fn of_file(path: &Path) -> Result<Vec<(String, Recorded)>, CliError> {
    let documents = match files::read_json(path)? {
        Value::Array(documents) => documents,
        document => vec![document],
    };
    let count = documents.len();
    let read = |(index, document)| {
        let name = named(path, index + 1, count);
        let scan = StoredScan::deserialize(&document)
            .map_err(|error| format!("{name}: not a result of `mtd scan --json`: {error}"))?;
        Ok((name, scan.into()))
    };
    documents.into_iter().enumerate().map(read).collect()
}

/// The last scan in the data folder.
pub(super) fn of_this_machine(global: &Global) -> Result<Records, CliError> {
    let agent = open_agent(global)?;
    let last = agent.recorded()?.ok_or("there is nothing to replay yet: run `mtd scan`, or name files")?;
    Ok(Records { scans: vec![("last scan".to_owned(), last)], overrides: agent.policy_overrides()? })
}

/// What each device of a connector last reported.
pub(super) fn of_connector(folder: Option<&PathBuf>, global: &Global) -> Result<Records, CliError> {
    let connector = connector(folder, global)?;
    let mut scans = Vec::new();
    for device in connector.devices()? {
        if let Some(recorded) = last_report(&connector, &device.id)? {
            scans.push((device.id, recorded));
        }
    }
    Ok(Records { scans, overrides: connector.settings()?.device.policy_overrides })
}

/// The newest report of a device, of as many parts as it has; `None` where it has not reported.
fn last_report(connector: &Connector, device: &str) -> Result<Option<Recorded>, CliError> {
    let required = connector.settings()?.device.required_checks;
    let mut newest: Option<(String, Timestamp, Level, Vec<Finding>, Vec<_>)> = None;
    for token in connector.tokens(device)?.iter().rev() {
        let claims: SetClaims = serde_json::from_slice(&jws::payload_of(token)?)?;
        let (txn, at) = (claims.txn, claims.iat);
        let Event::DeviceReport(report) = claims.events else { continue };
        let DeviceReport { level, findings, coverage, .. } = *report;
        match &mut newest {
            None => newest = Some((txn, at, level, findings, coverage)),
            Some((same, _, _, all, lines)) if *same == txn => {
                all.extend(findings);
                lines.extend(coverage);
            }
            Some(_) => break,
        }
    }
    Ok(newest.map(|(_, at, level, findings, coverage)| {
        let gaps = policy::assess(&[], &coverage, &required).gaps;
        Recorded { at, level, findings, gaps }
    }))
}

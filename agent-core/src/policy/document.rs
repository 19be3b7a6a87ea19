//! Reads a policy file. `default.toml` says what its fields mean.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::PolicyError;
use super::rows::{DetectionRow, Parameters, ResolvingEvent};
use super::total::Total;
use crate::model::{Detection, Severity};

/// The format that is read.
const FORMAT: i64 = 1;

/// Largest policy file, in bytes. The default one has under 6,000.
pub(super) const MAX_FILE: usize = 256 * 1024;

/// What a policy file says, checked.
pub(super) struct Document {
    pub(super) version: u32,
    pub(super) parameters: Parameters,
    pub(super) rows: Total<Detection, DetectionRow>,
}

/// Reads and checks a policy file.
pub(super) fn parse(text: &str) -> Result<Document, PolicyError> {
    if text.len() > MAX_FILE {
        return Err(PolicyError::TooLarge { bytes: text.len(), limit: MAX_FILE });
    }
    // The format first: a later one may have fields that this agent does not know.
    let header: Header = toml::from_str(text).map_err(|error| malformed(text, &error))?;
    if header.format != FORMAT {
        return Err(PolicyError::Format { found: header.format, expected: FORMAT });
    }
    let file: File = toml::from_str(text).map_err(|error| malformed(text, &error))?;

    check_parameters(&file.parameters)?;
    let rows = Total::from_map(read_rows(text, file.detection)?).map_err(PolicyError::MissingRow)?;
    Ok(Document { version: file.version, parameters: file.parameters, rows })
}

#[derive(Deserialize)]
struct Header {
    format: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: i64,
    version: u32,
    parameters: Parameters,
    // Read one by one, so that an error can name the row.
    #[serde(default)]
    detection: Vec<Spanned<toml::Table>>,
}

fn check_parameters(parameters: &Parameters) -> Result<(), PolicyError> {
    if parameters.patch_overdue_days < parameters.patch_max_age_days {
        return Err(PolicyError::Parameter {
            name: "patch_overdue_days",
            message: format!(
                "{} is below patch_max_age_days, {}: raise it",
                parameters.patch_overdue_days, parameters.patch_max_age_days
            ),
        });
    }
    Ok(())
}

fn read_rows(
    text: &str,
    tables: Vec<Spanned<toml::Table>>,
) -> Result<BTreeMap<Detection, DetectionRow>, PolicyError> {
    let mut rows = BTreeMap::new();
    for (index, table) in tables.into_iter().enumerate() {
        let line = line_at(text, table.span().start);
        let table = table.into_inner();
        let name = match table.get("id").and_then(toml::Value::as_str) {
            Some(id) => format!("{id:?}"),
            None => format!("{} of the file", index + 1),
        };
        let error = |message: String| PolicyError::Row { line, row: name.clone(), message };

        let row = read_row(table).map_err(error)?;
        if rows.contains_key(&row.id) {
            return Err(error("a second row of this id: keep one".to_owned()));
        }
        rows.insert(row.id, row);
    }
    Ok(rows)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    id: Detection,
    severity: RawSeverity,
    source: String,
    attack: Option<String>,
    resolved_by: Vec<ResolvingEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSeverity {
    confirmed: Severity,
    suspicious: Severity,
}

fn read_row(table: toml::Table) -> Result<DetectionRow, String> {
    let raw = RawRow::deserialize(table).map_err(|error| one_line(&error))?;
    if raw.severity.suspicious > raw.severity.confirmed {
        return Err("severity: suspicious is graver than confirmed: lower it".to_owned());
    }
    if raw.source.trim().is_empty() {
        return Err("source is empty: say where the severities come from".to_owned());
    }
    if raw.attack.as_deref().is_some_and(|id| !is_technique(id)) {
        return Err("attack is not a technique of MITRE ATT&CK: expected T1234 or T1234.001".to_owned());
    }
    if raw.resolved_by.is_empty() {
        return Err("resolved_by is empty: name at least \"rescan\"".to_owned());
    }
    Ok(DetectionRow {
        id: raw.id,
        confirmed: raw.severity.confirmed,
        suspicious: raw.severity.suspicious,
        source: raw.source,
        attack: raw.attack,
        resolved_by: raw.resolved_by,
    })
}

fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|c| c.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}

fn malformed(text: &str, error: &toml::de::Error) -> PolicyError {
    let place = match error.span() {
        Some(span) => format!("line {}: ", line_at(text, span.start)),
        None => String::new(),
    };
    PolicyError::Malformed { place, message: error.message().to_owned() }
}

/// The parser's words with the path of the field, on one line.
fn one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

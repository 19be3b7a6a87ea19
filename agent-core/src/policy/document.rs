//! Reads a policy file. `default.toml` says what its fields mean.
//!
//! A file of the organisation may be older or newer than the agent. Within one format they understand each other: rows,
//! parameters and composites that the agent does not know are left out, and those that the file lacks are the
//! embedded ones. A change that an older agent must not overlook raises the format.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::composite::{self, Composite};
use super::error::PolicyError;
use super::rows::{DetectionRow, Parameters, ResolvingEvent};
use super::total::Total;
use crate::model::{CheckId, Detection, Severity};

/// The format that is read.
const FORMAT: i64 = 1;

/// Largest policy file, in bytes. The default one has under 20,000.
pub(super) const MAX_FILE: usize = 256 * 1024;

/// What a policy file says, checked.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) version: u32,
    pub(super) parameters: Parameters,
    pub(super) rows: Total<Detection, DetectionRow>,
    /// One for each detection that is made of others.
    pub(super) composites: Vec<Composite>,
}

/// Reads and checks a policy file. The error is the first of [`problems`].
pub(super) fn parse(text: &str) -> Result<Document, PolicyError> {
    let read = Read::of(text)?;
    match read.problems.first() {
        Some(problem) => Err(problem.clone()),
        None => read.whole(None),
    }
}

/// Everything that is wrong with a policy file, in the order of the file; what is missing comes last.
pub(super) fn problems(text: &str) -> Vec<PolicyError> {
    match Read::of(text) {
        Ok(read) => read.problems,
        Err(error) => vec![error],
    }
}

/// Reads a policy file of another version over `base`, and says what was left out or taken from there.
pub(super) fn parse_over(text: &str, base: &Document) -> Result<(Document, Vec<PolicyError>), PolicyError> {
    let read = Read::of(text)?;
    if let Some(problem) = read.problems.iter().find(|problem| !problem.is_of_another_version()) {
        return Err(problem.clone());
    }
    let notes = read.problems.clone();
    Ok((read.whole(Some(base))?, notes))
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
    parameters: toml::Table,
    // Read one by one, so that an error can name the row.
    #[serde(default)]
    detection: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    composite: Vec<Spanned<toml::Table>>,
}

/// What of a file could be read, and what is wrong with the rest.
struct Read {
    version: u32,
    parameters: toml::Table,
    rows: BTreeMap<Detection, DetectionRow>,
    composites: Vec<Composite>,
    problems: Vec<PolicyError>,
}

impl Read {
    /// The error is that the file has no shape that could be read further.
    fn of(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_FILE {
            return Err(PolicyError::TooLarge { bytes: text.len(), limit: MAX_FILE });
        }
        // The format first: a later one may have fields that this agent does not know.
        let header: Header = toml::from_str(text).map_err(|error| malformed(text, &error))?;
        if header.format != FORMAT {
            return Err(PolicyError::Format { found: header.format, expected: FORMAT });
        }
        let file: File = toml::from_str(text).map_err(|error| malformed(text, &error))?;
        let mut read = Self {
            version: file.version,
            parameters: file.parameters,
            rows: BTreeMap::new(),
            composites: Vec::new(),
            problems: Vec::new(),
        };
        read.check_parameters();
        read.read_composites(text, file.composite);
        read.read_rows(text, file.detection);
        read.name_what_is_missing();
        Ok(read)
    }

    fn check_parameters(&mut self) {
        let unknown = self.parameters.keys().filter(|name| !Parameters::NAMES.contains(&name.as_str()));
        let unknown: Vec<_> = unknown.cloned().collect();
        for name in &unknown {
            self.parameters.remove(name);
        }
        self.problems.extend(unknown.into_iter().map(PolicyError::UnknownParameter));
        let known = self.parameters.clone();
        for (name, value) in known {
            if let Err(error) = u32::deserialize(value) {
                self.problems.push(PolicyError::Parameter { name, message: one_line(&error) });
            }
        }
        if let Ok(parameters) = Parameters::deserialize(self.parameters.clone()) {
            self.problems.extend(check_values(&parameters));
        }
    }

    fn read_composites(&mut self, text: &str, tables: Vec<Spanned<toml::Table>>) {
        for (index, table) in tables.into_iter().enumerate() {
            let line = line_at(text, table.span().start);
            let table = table.into_inner();
            let row = named(&table, "makes", index);
            let composite = match composite::read(table) {
                Ok(composite) => composite,
                Err(composite::Fault::Unknown(id)) => {
                    let row = format!("composite {row}");
                    self.problems.push(PolicyError::UnknownDetection { line, row, id });
                    continue;
                }
                Err(composite::Fault::Other(message)) => {
                    self.problems.push(PolicyError::Composite { line, row, message });
                    continue;
                }
            };
            if self.composites.iter().any(|other| other.makes == composite.makes) {
                let message = "a second row that makes this: keep one".to_owned();
                self.problems.push(PolicyError::Composite { line, row, message });
                continue;
            }
            self.composites.push(composite);
        }
    }

    fn read_rows(&mut self, text: &str, tables: Vec<Spanned<toml::Table>>) {
        for (index, table) in tables.into_iter().enumerate() {
            let line = line_at(text, table.span().start);
            let table = table.into_inner();
            if let Some(id) = table.get("id").and_then(toml::Value::as_str)
                && id.parse::<Detection>().is_err()
            {
                let (row, id) = ("detection".to_owned(), id.to_owned());
                self.problems.push(PolicyError::UnknownDetection { line, row, id });
                continue;
            }
            let row = named(&table, "id", index);
            match read_row(table) {
                Ok(read) if !self.rows.contains_key(&read.id) => _ = self.rows.insert(read.id, read),
                Ok(_) => {
                    let message = "a second row of this id: keep one".to_owned();
                    self.problems.push(PolicyError::Row { line, row, message });
                }
                Err(message) => self.problems.push(PolicyError::Row { line, row, message }),
            }
        }
    }

    /// A row that cannot be used is told as such, and not as missing besides.
    fn name_what_is_missing(&mut self) {
        let parameters = Parameters::NAMES.iter().filter(|name| !self.parameters.contains_key(**name));
        let parameters: Vec<_> = parameters.map(|name| PolicyError::MissingParameter(name)).collect();
        self.problems.extend(parameters);

        let is_wrong = |id: &Detection| {
            let id = format!("{id:?}", id = id.as_str());
            self.problems.iter().any(|problem| match problem {
                PolicyError::Row { row, .. } | PolicyError::Composite { row, .. } => *row == id,
                PolicyError::UnknownDetection { row, .. } => *row == format!("composite {id}"),
                _ => false,
            })
        };
        let rows = Detection::ALL.iter().filter(|id| !self.rows.contains_key(id) && !is_wrong(id));
        let made = |id: &Detection| self.composites.iter().any(|composite| composite.makes == *id);
        let composite = Detection::ALL.iter().filter(|id| id.check() == CheckId::Composite);
        let composite = composite.filter(|id| !made(id) && !is_wrong(id));
        let missing: Vec<_> = rows
            .map(|id| PolicyError::MissingRow(*id))
            .chain(composite.map(|id| PolicyError::MissingComposite(*id)))
            .collect();
        self.problems.extend(missing);
    }

    /// The document, with what is missing as in `base`.
    fn whole(self, base: Option<&Document>) -> Result<Document, PolicyError> {
        let Some(base) = base else {
            let parameters = Parameters::deserialize(self.parameters);
            let parameters = parameters.map_err(|error| PolicyError::Malformed {
                place: "[parameters]: ".to_owned(),
                message: one_line(&error),
            })?;
            let rows = Total::from_map(self.rows).map_err(PolicyError::MissingRow)?;
            return Ok(Document { version: self.version, parameters, rows, composites: self.composites });
        };
        let parameters = base.parameters.overlaid(&self.parameters);
        if let Some(problem) = check_values(&parameters).next() {
            return Err(problem);
        }
        let mut composites = self.composites;
        let made: Vec<_> = composites.iter().map(|composite| composite.makes).collect();
        composites.extend(base.composites.iter().filter(|other| !made.contains(&other.makes)).cloned());
        let rows = base.rows.overlaid(self.rows);
        Ok(Document { version: self.version, parameters, rows, composites })
    }
}

fn check_values(parameters: &Parameters) -> impl Iterator<Item = PolicyError> + use<> {
    let Parameters { patch_max_age_days, patch_overdue_days, stale_after_hours, .. } = *parameters;
    let overdue = (patch_overdue_days < patch_max_age_days).then(|| PolicyError::Parameter {
        name: "patch_overdue_days".to_owned(),
        message: format!("{patch_overdue_days} is below patch_max_age_days, {patch_max_age_days}: raise it"),
    });
    let stale = (stale_after_hours == 0).then(|| PolicyError::Parameter {
        name: "stale_after_hours".to_owned(),
        message: "0 makes every scan stale at once: raise it".to_owned(),
    });
    overdue.into_iter().chain(stale)
}

/// The id of a row in quotes, or its number where it has none.
fn named(table: &toml::Table, key: &str, index: usize) -> String {
    match table.get(key).and_then(toml::Value::as_str) {
        Some(id) => format!("{id:?}"),
        None => format!("{} of the file", index + 1),
    }
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

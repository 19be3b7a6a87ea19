//! `mtd policy show` and `mtd policy diff`.

use std::path::PathBuf;

use agent_core::model::{PolicyOverride, Severity};
use agent_core::policy::{Change, Composite, DetectionRow, Language, Parameters, Policy, diff as changes};
use serde::Serialize;
use serde_json::Value;

use super::policy::{Document, now, usable_overrides};
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::{Ui, clean, folded, plural};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd policy show --lang ko
  mtd policy show ours.toml --overrides changes.json
  mtd policy show --json | jq '.rows[] | select(.confirmed == \"high\") | .id'")]
pub(super) struct ShowArgs {
    /// The policy, TOML or signed [default: that of the agent]
    #[arg(value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Overrides that hold (JSON: a list, or settings)
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
    /// Print the file itself
    #[arg(long, conflicts_with = "overrides")]
    toml: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd policy diff default ours.toml
  mtd policy diff default ours.toml --json | jq 'length'")]
pub(super) struct DiffArgs {
    /// The first policy; `default` is that of the agent
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The second policy
    #[arg(value_name = "B")]
    after: PathBuf,
}

#[derive(Serialize)]
struct Shown<'a> {
    version: u32,
    parameters: &'a Parameters,
    composites: &'a [Composite],
    rows: Vec<ShownRow<'a>>,
}

#[derive(Serialize)]
struct ShownRow<'a> {
    #[serde(flatten)]
    row: &'a DetectionRow,
    title: &'a str,
    meaning: &'a str,
    /// The organisation's changes of the row, of all of it and of single subjects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<&'a PolicyOverride>,
}

pub(super) fn show(args: &ShowArgs, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let document = Document::open(args.policy.as_deref())?;
    if args.toml {
        ui.line(document.text.trim_end());
        return Ok(Outcome::Done);
    }
    let policy = document.policy()?;
    let overrides = args.overrides.as_deref().map(usable_overrides).transpose()?.unwrap_or_default();
    let holding: Vec<_> = overrides.iter().filter(|it| it.expires.is_none_or(|end| now() < end)).collect();
    let language = Language::from(global.lang);
    let rows = policy.rows().map(|row| ShownRow {
        row,
        title: policy.title(row.id, language),
        meaning: policy.meaning(row.id, language),
        overrides: holding.iter().copied().filter(|change| change.detection == row.id).collect(),
    });
    let shown = Shown {
        version: policy.version(),
        parameters: policy.parameters(),
        composites: policy.composites(),
        rows: rows.collect(),
    };
    if ui.json {
        ui.json(&shown)?;
    } else {
        table(ui, &document, &shown)?;
    }
    Ok(Outcome::Done)
}

fn table(ui: &Ui, document: &Document, shown: &Shown<'_>) -> Result<(), CliError> {
    let signed = if document.is_signed { ", signed (devices check the signature)" } else { "" };
    let count = plural(shown.rows.len(), "detection");
    ui.line(format!("Policy {} version {}{signed}: {count}", clean(&document.name), shown.version));
    ui.line(format!("  {}", parameters(shown.parameters)?));
    for Composite { makes, all, any } in shown.composites {
        let names = |ids: &[agent_core::model::Detection], word: &str| {
            ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(word)
        };
        let one = if any.is_empty() { String::new() } else { format!(" and one of {}", names(any, ", ")) };
        ui.line(format!("  {}", folded(&format!("{makes} = {}{one}", names(all, " and ")), 4)));
    }
    ui.line("");
    let head = format!(
        "{:<32} {:<9} {:<10} {:<9} title and source",
        "detection", "confirmed", "suspicious", "ATT&CK"
    );
    ui.line(ui.paint.bold(head));
    for ShownRow { row, title, overrides, .. } in &shown.rows {
        let attack = row.attack.as_deref().unwrap_or("–");
        ui.line(format!(
            "{:<32} {} {} {attack:<9} {}",
            row.id,
            ui.paint.severity(row.confirmed, format!("{:<9}", word(row.confirmed))),
            ui.paint.severity(row.suspicious, format!("{:<10}", word(row.suspicious))),
            clean(title)
        ));
        ui.line(ui.paint.dim(format!("    {}", folded(&row.source, 4))));
        for change in overrides {
            ui.line(ui.paint.warning(format!("    {}", folded(&in_words(change), 4))));
        }
    }
    Ok(())
}

fn parameters(parameters: &Parameters) -> Result<String, CliError> {
    let Value::Object(fields) = serde_json::to_value(parameters)? else { return Ok(String::new()) };
    Ok(fields.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(" · "))
}

/// `changed for com.example: ignored, until 2027-01-01T00:00:00Z: our own app`.
fn in_words(change: &PolicyOverride) -> String {
    let subject = change.subject.as_ref().map_or_else(String::new, |subject| format!(" for {subject}"));
    let what = [
        change.severity.map(word).map(str::to_owned),
        change.ignore.then(|| "ignored".to_owned()),
        change.grace_hours.map(|hours| format!("counts after {}", plural(hours as usize, "hour"))),
        change.expires.map(|end| format!("until {end}")),
    ];
    let what: Vec<_> = what.into_iter().flatten().collect();
    format!("changed{subject}: {}: {}", what.join(", "), change.reason)
}

/// The word of the file.
pub(super) const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::None => "none",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}

#[derive(Serialize)]
struct Difference {
    from_version: u32,
    to_version: u32,
    changes: Vec<Change>,
}

pub(super) fn diff(args: &DiffArgs, ui: &Ui) -> Result<Outcome, CliError> {
    let policy = |path: &PathBuf| -> Result<Policy, CliError> { Document::open(Some(path))?.policy() };
    let (before, after) = (policy(&args.before)?, policy(&args.after)?);
    let difference = Difference {
        from_version: before.version(),
        to_version: after.version(),
        changes: changes(&before, &after),
    };
    if ui.json {
        ui.json(&difference)?;
        return Ok(Outcome::Done);
    }
    let Difference { from_version, to_version, changes } = &difference;
    ui.line(format!("Version {from_version} → {to_version}: {}", plural(changes.len(), "change")));
    let mut place = "";
    for change in changes {
        if place != change.place {
            place = &change.place;
            ui.line(ui.paint.bold(place));
        }
        let Change { field, from, to, .. } = change;
        ui.line(format!("  {}", folded(&format!("{field}: {} → {}", told(from), told(to)), 4)));
    }
    Ok(Outcome::Done)
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(items) if items.is_empty() => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

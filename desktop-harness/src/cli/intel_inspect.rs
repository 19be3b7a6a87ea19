//! `mtd intel inspect` and `mtd intel check`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agent_core::intel::bundle::{Bundle, SourceSummary};
use agent_core::intel::lookup::{IntelHit, LookupError};
use agent_core::intel::value::{HostName, ValueKind, digest, host};
use agent_core::model::Timestamp;
use serde::Serialize;

use super::intel::{now, verifying_key};
use super::{Global, Outcome, files, intel_versions};
use crate::CliError;
use crate::ui::{Ui, clean};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd intel inspect intel.mtdi
  mtd intel inspect intel.mtdi --key ed25519/7M0k… --json")]
pub(super) struct InspectArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Public key as `mtd intel build` prints it, or the file of the signing key [default: that of the data folder]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd intel check intel.mtdi https://login.example.com/a 203.0.113.7
  mtd intel check intel.mtdi --kind certificate 31A6ECECD97CF39BC4126B8745CD94A7C30BF81C
  mtd intel check intel.mtdi --kind domain --from hosts.txt --json
  cut -f1 urls.tsv | mtd intel check intel.mtdi --kind url --from -

Exit status 3 if a value matches.")]
pub(super) struct CheckArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// URLs, host names, addresses, app identifiers, digests, paths, …
    #[arg(required_unless_present = "from", value_name = "VALUE")]
    values: Vec<String>,
    /// More values from a file, one a line; empty lines do not count; - reads standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// What the values are [default: everything that each can be]
    #[arg(long, value_name = "KIND")]
    kind: Option<ValueKind>,
    /// Public key as `mtd intel build` prints it, or the file of the signing key [default: that of the data folder]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Serialize)]
struct Inspected<'a> {
    version: u64,
    built_at: Timestamp,
    bytes: u64,
    /// Pairs of a value and what is said of it.
    entries: BTreeMap<ValueKind, u64>,
    sources: &'a [SourceSummary],
    /// What is known of operating systems.
    versions: intel_versions::Summary,
}

pub(super) fn inspect(args: &InspectArgs, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let bundle = open(&args.bundle, args.key.as_deref(), global)?;
    bundle.verify_all().map_err(|error| named(&args.bundle, &error))?;
    let inspected = Inspected {
        version: bundle.version(),
        built_at: bundle.built_at(),
        bytes: bundle.size(),
        entries: bundle.counts(),
        sources: bundle.sources(),
        versions: intel_versions::Summary::of(bundle.os_tables()),
    };
    if ui.json {
        ui.json(&inspected)?;
        return Ok(Outcome::Done);
    }
    ui.line(format!(
        "Version {}, built {}, {} bytes, signature and every page verified",
        inspected.version, inspected.built_at, inspected.bytes
    ));
    for source in inspected.sources {
        let kinds: Vec<_> = source.values.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        ui.line(clean(&format!("  {} ({}): {}", source.name, source.format, kinds.join(", "))));
    }
    let all: Vec<_> = inspected.entries.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    ui.line(format!("Entries: {}", if all.is_empty() { "none".to_owned() } else { all.join(", ") }));
    inspected.versions.show(ui);
    Ok(Outcome::Done)
}

#[derive(Serialize)]
struct Checked<'a> {
    value: &'a str,
    hits: Vec<IntelHit>,
}

pub(super) fn check(args: &CheckArgs, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let bundle = open(&args.bundle, args.key.as_deref(), global)?;
    let now = now();
    let listed = args.from.as_deref().map(files::read_text).transpose()?;
    let mut checked = Vec::new();
    for (place, value) in observations(args, listed.as_deref())? {
        let hits =
            look_up(&bundle, value, args.kind, now).map_err(|error| format!("{place}{value}: {error}"))?;
        checked.push(Checked { value, hits });
    }
    if ui.json {
        ui.json(&checked)?;
    } else {
        checked.iter().for_each(|checked| show(checked, ui));
    }
    let any = checked.iter().any(|checked| !checked.hits.is_empty());
    Ok(if any { Outcome::SaysNo } else { Outcome::Done })
}

/// The values to look up, each after its place in a file, for messages.
fn observations<'a>(
    args: &'a CheckArgs,
    listed: Option<&'a str>,
) -> Result<Vec<(String, &'a str)>, CliError> {
    let named = args.values.iter().map(|value| (String::new(), value.as_str()));
    let file = args.from.as_deref().unwrap_or(Path::new("")).display();
    let text = listed.map(|text| text.strip_prefix('\u{feff}').unwrap_or(text)).unwrap_or_default();
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    let listed = lines.map(|(number, line)| (format!("{file}: line {number}: "), line));
    let all: Vec<_> = named.chain(listed).collect();
    if all.is_empty() {
        return Err(format!("{file}: no values in it; expected one a line").into());
    }
    Ok(all)
}

fn look_up(
    bundle: &Bundle,
    value: &str,
    kind: Option<ValueKind>,
    now: Timestamp,
) -> Result<Vec<IntelHit>, LookupError> {
    if let Some(kind) = kind {
        return bundle.check(kind, value, now);
    }
    let mut hits = Vec::new();
    for kind in plausible(value) {
        hits.extend(bundle.check(kind, value, now)?);
    }
    Ok(hits)
}

/// What `value` may be by its looks.
fn plausible(value: &str) -> Vec<ValueKind> {
    if digest(value).is_ok() {
        return match digest(value) {
            Ok(agent_core::intel::value::Digest::Md5(_)) => vec![ValueKind::FileHash],
            _ => vec![ValueKind::FileHash, ValueKind::Certificate],
        };
    }
    if value.starts_with('/') {
        return vec![ValueKind::FilePath, ValueKind::Process];
    }
    if value.contains("://") {
        return vec![ValueKind::Url];
    }
    if value.contains('@') && !value.contains('/') {
        return vec![ValueKind::Email];
    }
    let mut kinds = match host(value) {
        Ok(HostName::Address(_)) => return vec![ValueKind::Domain],
        Ok(HostName::Name(_)) => vec![ValueKind::Url],
        Err(_) if value.contains(['/', ':']) => return vec![ValueKind::Url],
        Err(_) => vec![],
    };
    kinds.extend([
        ValueKind::AppId,
        ValueKind::Process,
        ValueKind::FileName,
        ValueKind::Profile,
        ValueKind::Property,
    ]);
    kinds
}

fn show(checked: &Checked<'_>, ui: &Ui) {
    if checked.hits.is_empty() {
        return ui.line(clean(&format!("{}: not known", checked.value)));
    }
    for hit in &checked.hits {
        let IntelHit { kind, indicator, weak, attribution } = hit;
        let mut line = format!(
            "{}: {} ({}) by {}, severity {}; {kind} {indicator}",
            checked.value,
            attribution.category,
            attribution.family,
            attribution.source,
            agent_core::model::RiskLevel::from(attribution.severity)
        );
        if *weak {
            line += ", differs in upper and lower case";
        }
        if let Some(confidence) = attribution.confidence {
            line += &format!("; confidence {confidence} of 100");
        }
        if let Some(reference) = &attribution.reference {
            line += &format!("; {reference}");
        }
        ui.line(clean(&line));
    }
}

fn open(path: &Path, key: Option<&str>, global: &Global) -> Result<Bundle, CliError> {
    let key = verifying_key(key, global)?;
    Ok(Bundle::open(path, &key).map_err(|error| named(path, &error))?)
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

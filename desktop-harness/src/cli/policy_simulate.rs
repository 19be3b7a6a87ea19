//! `mtd policy simulate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agent_core::model::{Level, PolicyOverride, Severity};
use agent_core::policy::{Policy, Recorded, Shift, Simulation, simulate};
use serde::Serialize;

use super::policy::{Document, usable_overrides};
use super::policy_show::word;
use super::{Global, Outcome, policy_records};
use crate::CliError;
use crate::ui::{Ui, clean, folded, plural};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd scan --json > scans/laptop.json
  mtd policy simulate --policy ours.toml scans/ phone.json
  mtd policy simulate --overrides changes.json               the last scan of this machine
  mtd policy simulate --policy ours.toml --connector         what the devices of a connector last reported
  mtd policy simulate --policy ours.toml --connector --json | jq .totals

Findings are weighed anew, and composite findings made anew; what a check judged by a parameter stays as it was.")]
pub(super) struct Args {
    /// Results of `mtd scan --json`, or folders of them [default: the last scan in the data folder]
    #[arg(value_name = "FILE")]
    scans: Vec<PathBuf>,
    /// The policy, TOML or signed [default: that of the agent]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Overrides that hold (JSON: a list, or settings) [default: those in force; with files, none]
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
    /// Take what the devices of a connector last reported
    #[arg(long, conflicts_with = "scans")]
    connector: bool,
    /// Folder of that connector [default: connector in --data]
    #[arg(long, value_name = "DIR", requires = "connector")]
    connector_data: Option<PathBuf>,
}

/// Scans on record, and the overrides that were in force.
pub(super) struct Records {
    pub(super) scans: Vec<(String, Recorded)>,
    pub(super) overrides: Vec<PolicyOverride>,
}

#[derive(Serialize)]
struct Told<'a> {
    policy_version: u32,
    scans: Vec<ToldScan<'a>>,
    totals: Totals,
}

#[derive(Serialize)]
struct ToldScan<'a> {
    scan: &'a str,
    changes: bool,
    #[serde(flatten)]
    simulation: Simulation,
}

#[derive(Serialize)]
struct Totals {
    scans: usize,
    changed: usize,
    /// How many went from one level to another: `medium → high`.
    moves: BTreeMap<String, usize>,
}

pub(super) fn run(args: &Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let policy = Document::open(args.policy.as_deref())?.policy()?;
    let records = if args.connector {
        policy_records::of_connector(args.connector_data.as_ref(), global)?
    } else if args.scans.is_empty() {
        policy_records::of_this_machine(global)?
    } else {
        policy_records::of_files(&args.scans)?
    };
    let overrides = match &args.overrides {
        Some(path) => usable_overrides(path)?,
        None => records.overrides.clone(),
    };
    let told = replayed(&policy, &overrides, &records);
    match ui.json {
        true => ui.json(&told)?,
        false => table(ui, &told),
    }
    Ok(Outcome::Done)
}

fn replayed<'a>(policy: &Policy, overrides: &[PolicyOverride], records: &'a Records) -> Told<'a> {
    let replay = |(name, recorded): &'a (String, Recorded)| {
        let simulation = simulate(recorded, &policy.with_overrides(overrides, recorded.at));
        ToldScan { scan: name, changes: simulation.before != simulation.after, simulation }
    };
    let scans: Vec<_> = records.scans.iter().map(replay).collect();
    let mut moves = BTreeMap::new();
    for scan in scans.iter().filter(|scan| scan.changes) {
        *moves.entry(moved(&scan.simulation)).or_default() += 1;
    }
    let totals = Totals { scans: scans.len(), changed: moves.values().sum(), moves };
    Told { policy_version: policy.version(), scans, totals }
}

fn moved(simulation: &Simulation) -> String {
    format!("{} → {}", simulation.before, simulation.after)
}

fn table(ui: &Ui, told: &Told<'_>) {
    let names = told.scans.iter().map(|scan| scan.scan.chars().count());
    let width = names.max().unwrap_or(0).clamp(4, 40);
    ui.line(ui.paint.bold(format!("{:<width$}  {:<13} {:<13} because", "scan", "level", "would be")));
    for ToldScan { scan, changes, simulation } in &told.scans {
        let Simulation { before, after, shifts } = simulation;
        let after = if *changes { padded(ui, *after) } else { ui.paint.dim(format!("{:<13}", "the same")) };
        let mut reasons = shifts.iter().map(because);
        let first = reasons.next().unwrap_or_default();
        let indent = width + 30;
        ui.line(format!(
            "{:<width$}  {} {after} {}",
            clean(scan),
            padded(ui, *before),
            folded(&first, indent)
        ));
        for reason in reasons {
            ui.line(format!("{:indent$}{}", "", folded(&reason, indent)));
        }
    }
    let Totals { scans, changed, moves } = &told.totals;
    ui.line("");
    ui.line(format!("{} of {} would change level.", changed, plural(*scans, "scan")));
    for (from_to, count) in moves {
        ui.line(format!("  {from_to}: {count}"));
    }
}

fn padded(ui: &Ui, level: Level) -> String {
    ui.paint.by_level(level, format!("{:<13}", level.to_string()))
}

/// `app.sideloaded (com.a): medium → high; our own rule`.
fn because(shift: &Shift) -> String {
    let subject = match shift.subject.as_str() {
        "" => String::new(),
        subject => format!(" ({subject})"),
    };
    let counted = |severity: Option<Severity>| severity.map_or("not there", word);
    let (before, after) = (counted(shift.before), counted(shift.after));
    format!("{}{subject}: {before} → {after}; {}", shift.detection, shift.because)
}

/// The scans in the named files and folders; the name of each, beside what it says.
pub(super) fn named(path: &Path, number: usize, of: usize) -> String {
    match of {
        1 => path.display().to_string(),
        _ => format!("{}[{number}]", path.display()),
    }
}

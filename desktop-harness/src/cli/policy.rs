//! `mtd policy`: what counts and how much, for who may change it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_core::connector::wire::PolicyClaims;
use agent_core::model::{PolicyOverride, Timestamp};
use agent_core::platform::Clock as _;
use agent_core::policy::{EMBEDDED, Policy, lint_overrides, overrides_in};
use agent_core::report::jws;
use clap::Subcommand;
use serde::Deserialize as _;
use serde_json::Value;

use super::folder::data_dir;
use super::{Global, Outcome, files, policy_lint, policy_show, policy_simulate};
use crate::CliError;
use crate::connector::{Config, Connector};
use crate::host::SystemClock;
use crate::ui::Ui;

/// The name of the policy that is part of the agent, where a file is asked for.
const DEFAULT: &str = "default";

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd policy show                                  every detection: severity, source, ATT&CK, title
  mtd policy show --toml > ours.toml               a file to change
  mtd policy lint ours.toml --overrides changes.json
  mtd policy diff default ours.toml
  mtd policy simulate --policy ours.toml scans/    who would change level, and why
  mtd policy sign ours.toml | mtd connector policy -")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every detection with severity, source, ATT&CK technique and title
    Show(policy_show::ShowArgs),
    /// What one policy says otherwise than another
    Diff(policy_show::DiffArgs),
    /// Replay recorded scans under another policy: who would change level, and why
    Simulate(policy_simulate::Args),
    /// Everything that is wrong with a policy file and a list of overrides
    Lint(policy_lint::LintArgs),
    /// Sign a policy file for the devices of a connector
    Sign(policy_lint::SignArgs),
}

pub(crate) fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    match args.command {
        Command::Show(args) => policy_show::show(&args, global, ui),
        Command::Diff(args) => policy_show::diff(&args, ui),
        Command::Simulate(args) => policy_simulate::run(&args, global, ui),
        Command::Lint(args) => policy_lint::lint(&args, ui),
        Command::Sign(args) => policy_lint::sign(&args, global, ui),
    }
}

/// A policy file, as somebody named it.
pub(super) struct Document {
    /// The file's name, or that of the embedded policy.
    pub(super) name: String,
    /// TOML.
    pub(super) text: String,
    /// Whether it came out of a signed document, whose signature nobody has checked here.
    pub(super) is_signed: bool,
}

impl Document {
    /// The policy in `path`, TOML or signed; without it, or under the name `default`, the embedded one.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path.filter(|path| path.to_str() != Some(DEFAULT)) else {
            return Ok(Self { name: DEFAULT.to_owned(), text: EMBEDDED.to_owned(), is_signed: false });
        };
        let (name, text) = (path.display().to_string(), files::read_text(path)?);
        // What JSON begins with, in base64url: no TOML does.
        if !text.starts_with("eyJ") {
            return Ok(Self { name, text, is_signed: false });
        }
        let named = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let payload = jws::payload_of(text.trim()).map_err(|error| named(&error))?;
        let claims: PolicyClaims = serde_json::from_slice(&payload).map_err(|error| named(&error))?;
        Ok(Self { name, text: claims.document, is_signed: true })
    }

    /// The policy, which must be without fault.
    pub(super) fn policy(&self) -> Result<Policy, CliError> {
        Policy::parse(&self.text).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

/// The overrides in `path`: a list, or settings that have one.
pub(super) fn read_overrides(path: &Path) -> Result<Vec<Value>, CliError> {
    let document: Value = files::read_json(path)?;
    let list = overrides_in(&document).ok_or_else(|| {
        format!("{}: no list of overrides, and no settings with policy_overrides", path.display())
    })?;
    Ok(list.clone())
}

/// The overrides in `path`, each of which must be usable.
pub(super) fn usable_overrides(path: &Path) -> Result<Vec<PolicyOverride>, CliError> {
    let list = read_overrides(path)?;
    let read = |(index, value): (usize, &Value)| {
        PolicyOverride::deserialize(value).map_err(|error| {
            let told = lint_overrides(&list, now()).into_iter().find(|problem| problem.number == index + 1);
            let told = told.map_or_else(|| error.to_string(), |problem| problem.to_string());
            format!("{}: {told}", path.display()).into()
        })
    };
    list.iter().enumerate().map(read).collect()
}

/// The connector in `folder`, else the one in the data folder.
pub(super) fn connector(folder: Option<&PathBuf>, global: &Global) -> Result<Connector, CliError> {
    let folder = match folder {
        Some(folder) => folder.clone(),
        None => data_dir(global)?.join("connector"),
    };
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(format!("{folder}: no connector there: name its folder with --connector-data").into());
    }
    Ok(Connector::open(Config::new(folder, Arc::new(SystemClock)))?)
}

/// The moment, for what has expired.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

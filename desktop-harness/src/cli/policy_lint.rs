//! `mtd policy lint` and `mtd policy sign`.

use std::path::{Path, PathBuf};

use agent_core::policy::{self, OverrideProblem, PolicyError};
use serde::Serialize;

use super::policy::{Document, connector, now, read_overrides};
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::{Ui, clean, plural};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd policy lint ours.toml
  mtd policy lint ours.toml --overrides settings.json --json

Exit status 3 if anything is wrong.")]
pub(super) struct LintArgs {
    /// The policy, TOML or signed [default: that of the agent]
    #[arg(value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Overrides (JSON: a list, or settings with policy_overrides)
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd policy sign ours.toml -o ours.jws
  mtd policy sign ours.toml | mtd connector policy -

The version in the file has to grow with every change: a connector and a device refuse an older one.")]
pub(super) struct SignArgs {
    /// The policy, TOML
    #[arg(value_name = "FILE")]
    policy: PathBuf,
    /// Where the signed document goes [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folder of the connector whose key signs [default: connector in --data]
    #[arg(long, value_name = "DIR")]
    connector_data: Option<PathBuf>,
}

#[derive(Serialize)]
struct Problem {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The place of an override in its list, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<usize>,
    message: String,
}

pub(super) fn lint(args: &LintArgs, ui: &Ui) -> Result<Outcome, CliError> {
    let document = Document::open(args.policy.as_deref())?;
    let of_policy = policy::lint(&document.text);
    let mut problems: Vec<_> = of_policy.iter().map(|error| in_policy(&document.name, error)).collect();
    if let Some(path) = &args.overrides {
        let list = read_overrides(path)?;
        problems
            .extend(policy::lint_overrides(&list, now()).iter().map(|problem| in_overrides(path, problem)));
    }
    if ui.json {
        ui.json(&problems)?;
    } else {
        for Problem { file, message, .. } in &problems {
            ui.line(clean(&format!("{file}: {message}")));
        }
        ui.line(match problems.len() {
            0 => ui.paint.good("Nothing is wrong."),
            count => ui.paint.error(plural(count, "problem")),
        });
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::SaysNo })
}

fn in_policy(file: &str, error: &PolicyError) -> Problem {
    Problem { file: file.to_owned(), line: error.line(), number: None, message: error.to_string() }
}

fn in_overrides(path: &Path, problem: &OverrideProblem) -> Problem {
    Problem {
        file: path.display().to_string(),
        line: None,
        number: Some(problem.number),
        message: problem.to_string(),
    }
}

#[derive(Serialize)]
struct Signed {
    version: u32,
    token: String,
}

pub(super) fn sign(args: &SignArgs, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let document = Document::open(Some(&args.policy))?;
    if document.is_signed {
        return Err(format!("{}: is signed already", document.name).into());
    }
    let connector = connector(args.connector_data.as_ref(), global)?;
    let token =
        connector.sign_policy(&document.text).map_err(|error| format!("{}: {error}", document.name))?;
    let version = document.policy()?.version();
    if let Some(path) = &args.output {
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::write(path, format!("{token}\n")).map_err(named)?;
    }
    match (ui.json, &args.output) {
        (true, _) => ui.json(&Signed { version, token })?,
        (false, None) => ui.line(token),
        (false, Some(path)) => {
            let (tenant, path) = (connector.tenant(), path.display());
            ui.line(format!(
                "Version {version} signed for organisation \"{tenant}\": mtd connector policy {path}"
            ));
        }
    }
    Ok(Outcome::Done)
}

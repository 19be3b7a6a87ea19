//! `mtd verify`.

use std::path::{Path, PathBuf};

use agent_core::report::jwk::{Jwk, PublicKey};
use agent_core::report::{ChainReport, Expected, TokenReport, verify_rotated_chain};

use super::folder::{data_dir, open_agent};
use super::{Global, Outcome, files};
use crate::CliError;
use crate::device::has_store;
use crate::ui::{Ui, plural};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd preview --json | jq -r '.[].token' | mtd verify -          this machine's own reports
  mtd verify --key device.jwk.json reports.jws

Exit status 3 if a report is refused or the chain has a hole, a fork or a way back.")]
pub(crate) struct Args {
    /// Reports, one compact JWS a line, in any order; - reads standard input
    #[arg(value_name = "FILE")]
    reports: PathBuf,
    /// The device's public key as JWK [default: all of this machine's own]; of a device that changed its key all, oldest first
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// The issuer that the reports must have
    #[arg(long, value_name = "URL")]
    iss: Option<String>,
    /// The audience that the reports must have
    #[arg(long, value_name = "URL")]
    aud: Option<String>,
}

pub(crate) fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let text = files::read_text(&args.reports)?;
    let tokens: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if tokens.is_empty() {
        return Err(no_tokens(&args.reports));
    }
    let mut keys = args.key.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        keys = own_keys(global)?;
    }
    let expected = Expected { iss: args.iss.as_deref(), aud: args.aud.as_deref() };
    let report = verify_rotated_chain(&tokens, &keys, expected);
    if ui.json {
        ui.json(&report)?;
    } else {
        show(ui, &report);
    }
    Ok(if report.is_sound() { Outcome::Done } else { Outcome::SaysNo })
}

fn read_key(path: &Path) -> Result<PublicKey, CliError> {
    let named = |why: String| format!("{}: {why}", path.display());
    PublicKey::from_jwk(&files::read_json::<Jwk>(path)?).map_err(|error| named(error.to_string()).into())
}

fn own_keys(global: &Global) -> Result<Vec<PublicKey>, CliError> {
    // Who only verifies gets no store by it.
    if has_store(&data_dir(global)?) {
        let agent = open_agent(global)?;
        if agent.status()?.enrolment.is_some() {
            return Ok(agent.public_keys()?);
        }
    }
    Err("this machine is not enrolled and has no key of its own; name one with --key".into())
}

fn no_tokens(path: &Path) -> CliError {
    format!("{}: no reports in it; expected one compact JWS a line", path.display()).into()
}

fn show(ui: &Ui, report: &ChainReport) {
    for (number, token) in (1..).zip(&report.tokens) {
        ui.line(match token {
            TokenReport::Verified(report) => {
                format!(
                    "{} {number}: {} {}, signed {}",
                    ui.paint.good("✓"),
                    report.kind,
                    report.seq,
                    report.iat
                )
            }
            TokenReport::Refused { rule, why } => {
                format!("{} {number}: {why} ({rule})", ui.paint.error("✗"))
            }
        });
    }
    for epoch in &report.epochs {
        for problem in &epoch.problems {
            let mark = if problem.fault { ui.paint.error("✗") } else { ui.paint.dim("–") };
            ui.line(format!("{mark} chain: {}", problem.why));
        }
    }
    ui.line(match report.is_sound() {
        true => ui.paint.good(format!("{} verified, chain unbroken", plural(report.tokens.len(), "report"))),
        false => ui.paint.error("not verified"),
    });
}

//! `mtd preview`.

use super::folder::open_agent;
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd scan && mtd preview                        read it before you send it
  mtd preview --json | jq -r '.[0].payload'      the exact bytes of the first report's payload

Reports are made by a scan and sent by a delivery: what stands between the two is shown here.")]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let agent = open_agent(global)?;
    let reports = agent.preview_report()?;
    if ui.json {
        ui.json(&reports)?;
        return Ok(Outcome::Done);
    }
    if reports.is_empty() {
        ui.line(match agent.status()?.enrolment {
            Some(_) => "Nothing is queued: the next scan makes the next report.",
            None => "This device is not enrolled: nothing is ever sent.",
        });
    }
    for report in &reports {
        let payload: serde_json::Value = serde_json::from_str(&report.payload)?;
        ui.line(ui.paint.bold(format!(
            "Report {}: {} bytes, will be sent as",
            report.seq,
            report.payload.len()
        )));
        ui.json(&payload)?;
    }
    Ok(Outcome::Done)
}

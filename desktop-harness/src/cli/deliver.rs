//! `mtd deliver`.

use std::time::Duration;

use agent_core::agent::{DeliveryHints, DeliverySummary, IntelDownload};
use agent_core::platform::FailureKind;

use super::folder::open_agent;
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::{Ui, plural};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mtd deliver --json | jq .decision.resources

Exit status 3 if the connector blocks a resource, 4 if it could not be asked.")]
pub(crate) struct Args {
    /// Stop after SECONDS; what is not delivered stays queued
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    deadline: u64,
    /// This network's traffic costs: what can wait does
    #[arg(long)]
    metered: bool,
    /// The battery is being spared: what can wait does
    #[arg(long)]
    low_power: bool,
    /// Abroad: what can wait does
    #[arg(long)]
    roaming: bool,
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let agent = open_agent(global)?;
    let summary = {
        let _progress = ui.progress("delivering");
        let hints = DeliveryHints { metered: args.metered, low_power: args.low_power, roaming: args.roaming };
        agent.deliver_with(Duration::from_secs(args.deadline), hints).await?
    };
    if ui.json {
        ui.json(&summary)?;
    } else {
        show(ui, &summary);
    }
    Ok(match &summary.decision {
        Some(decision) if decision.compliant => Outcome::Done,
        Some(_) => Outcome::SaysNo,
        None => Outcome::CannotTell,
    })
}

pub(crate) fn show(ui: &Ui, summary: &DeliverySummary) {
    ui.line(format!(
        "{} delivered with a signed receipt, {} queued.",
        plural(summary.delivered.len(), "report"),
        summary.still_queued
    ));
    for refused in &summary.quarantined {
        ui.line(ui.paint.warning(format!("Report {} was refused: {}", refused.seq, refused.why)));
    }
    for large in &summary.replaced {
        let by: Vec<_> = large.by.iter().map(u64::to_string).collect();
        ui.line(format!("Report {} was too large and is told again in {}.", large.seq, by.join(", ")));
    }
    if let Some(trouble) = &summary.key_trouble {
        let why = crate::ui::clean(&trouble.why);
        ui.line(ui.paint.warning(format!("The device key does not sign ({why}): {}.", trouble.advice())));
    }
    let key_is_gone = summary.key_trouble.as_ref().is_some_and(|trouble| trouble.kind == FailureKind::Gone);
    if let Some(lost) = summary.enrol_again.as_ref().filter(|_| !key_is_gone) {
        let why = crate::ui::clean(&lost.why);
        ui.line(
            ui.paint.warning(format!(
                "Enrol this device again: its connector does not know it any more ({why})."
            )),
        );
    }
    if let Some(why) = &summary.stopped {
        ui.line(ui.paint.warning(why));
    }
    if !summary.held.is_empty() {
        let waiting = plural(summary.held.len(), "report");
        ui.line(format!("{waiting} that only tell apps wait for a better moment, 6 hours at most."));
    }
    if summary.scan_due {
        ui.line(ui.paint.warning("Something answered in the connector's place: run `mtd scan`."));
    }
    if let Some(download) = &summary.intel {
        show_intel(ui, download);
    }
    if let Some(version) = summary.new_settings {
        ui.line(format!("New settings from your organisation: version {version}."));
    }
    if let Some(version) = summary.new_policy {
        ui.line(format!("New policy from your organisation: version {version}."));
    }
    for line in &summary.policy_notes {
        ui.line(ui.paint.warning(crate::ui::clean(line)));
    }
    if let Some(decision) = &summary.decision {
        crate::ui::access_view::show(ui, &decision.resources);
    }
}

fn show_intel(ui: &Ui, download: &IntelDownload) {
    match download {
        IntelDownload::Installed { version } => {
            ui.line(format!("Threat intelligence version {version} is in force."));
        }
        IntelDownload::Part { received, total } => ui.line(format!(
            "Threat intelligence: {received} of {total} bytes are here; the next delivery goes on."
        )),
        IntelDownload::Waiting { why } => {
            ui.line(format!("Threat intelligence waits for a better moment: {why}."));
        }
        IntelDownload::Refused { why } => {
            ui.line(ui.paint.warning(format!("Threat intelligence was refused: {why}")));
        }
        IntelDownload::Failed { why } => ui.line(ui.paint.warning(why)),
    }
}

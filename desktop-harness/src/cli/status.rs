//! `mtd status`.

use agent_core::agent::EnrolmentStatus;
use agent_core::model::Ownership;
use agent_core::platform::FailureKind;

use super::folder::open_agent;
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::{Ui, access_view, plural};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mtd status --json | jq .level")]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let status = open_agent(global)?.status()?;
    if ui.json {
        ui.json(&status)?;
        return Ok(Outcome::Done);
    }
    match (status.level, status.last_scan_at) {
        (Some(level), Some(at)) => {
            let stale = if status.is_stale { ", too long ago: run `mtd scan`" } else { "" };
            ui.line(format!("Risk      {} (scan of {at}{stale})", ui.paint.level(level)));
        }
        _ => ui.line("Risk      not scanned yet: run `mtd scan`"),
    }
    match &status.enrolment {
        Some(enrolment) => {
            ui.line(format!("Enrolled  {} at {}", enrolment.device_id, enrolment.connector_url));
            ui.line(format!("Key       {}, kept in {}", enrolment.kid, kept(&enrolment.key_protection)));
            ui.line(format!("Sharing   {}", sharing(enrolment)));
            ui.line(format!("Allowed   up to {}", enrolment.allowed_level));
        }
        None => ui.line("Enrolled  no: nothing is ever sent"),
    }
    let key_is_gone = status.key_trouble.as_ref().is_some_and(|trouble| trouble.kind == FailureKind::Gone);
    if let Some(lost) = status.enrol_again.as_ref().filter(|_| !key_is_gone) {
        let why = crate::ui::clean(&lost.why);
        ui.line(ui.paint.warning(format!(
            "          The connector does not know this device any more since {} ({why}): enrol again. Reports stay queued.",
            lost.since
        )));
    }
    if let Some(trouble) = &status.key_trouble {
        let why = crate::ui::clean(&trouble.why);
        ui.line(ui.paint.warning(format!(
            "          The key does not sign since {} ({why}): {}.",
            trouble.since,
            trouble.advice()
        )));
    }
    match &status.intel {
        Some(intel) => ui.line(format!("Intel     version {}, built {}", intel.version, intel.built_at)),
        None => ui.line("Intel     no bundle: see `mtd intel install`"),
    }
    if let Some(download) = status.intel_download {
        let percent = download.received.saturating_mul(100) / download.total.max(1);
        ui.line(format!("  fetching {percent} % of {} bytes are here", download.total));
    }
    let dropped = match status.dropped {
        0 => String::new(),
        count => format!(", {count} lost unsent: the queue was full, or an earlier enrolment ended"),
    };
    let unsigned = match status.unsigned {
        0 => String::new(),
        count => format!(", {count} more wait for the device key"),
    };
    ui.line(format!("Queue     {}{unsigned}{dropped}", plural(status.queued, "report")));
    if let Some(since) = status.behind_portal_since {
        ui.line(ui.paint.warning(format!("  waits for you to sign in to the network (since {since})")));
    }
    if let Some(decision) = &status.decision {
        access_view::show(ui, &decision.resources);
    }
    Ok(Outcome::Done)
}

/// Where a key is, in words.
fn kept(key_protection: &str) -> &str {
    match key_protection {
        "trusted_environment" => "the trusted environment",
        "strongbox" => "a secure element",
        "secure_enclave" => "the Secure Enclave",
        other => other,
    }
}

/// What of the app inventory leaves the device, in one sentence.
pub(crate) fn sharing(enrolment: &EnrolmentStatus) -> &'static str {
    match (enrolment.app_sync.enabled, enrolment.ownership, enrolment.app_sync.personal_full_inventory) {
        (false, _, _) => "App sync is off: no app leaves this device, not by name and not in a finding.",
        (true, Ownership::Corporate, _) => "App sync is on: all apps of this corporate device are reported.",
        (true, Ownership::Personal, false) => {
            "App sync is on: of this personal device only managed apps are reported."
        }
        (true, Ownership::Personal, true) => "App sync is on for personal devices: all apps are reported.",
    }
}

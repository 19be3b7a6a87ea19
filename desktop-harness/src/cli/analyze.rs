//! `mtd analyze`.

use std::path::PathBuf;

use agent_core::model::Settings;
use agent_core::network::{self, Judged, Recording};

use super::{Outcome, files, recording};
use crate::CliError;
use crate::ui::{Ui, scan_view};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd scan --record case-17 && mtd analyze case-17
  mtd analyze case-17 --json | jq '.outcomes[] | select(.judgements != [])'
  mtd analyze case-17 --settings settings.json          the same packets under other trust
  mtd analyze case-17 --without-baseline                as if this network had never been seen

Judges a recorded measurement again: no packet is sent, no clock is read, the store is not touched. The same
recording gives the same verdicts, so a case from the field can be doubted, explained and made a test.")]
pub(crate) struct Args {
    /// Folder that `mtd scan --record` wrote, or the recording itself
    #[arg(value_name = "DIR")]
    recording: PathBuf,
    /// Judge under the network settings in FILE (JSON as for `mtd scan --settings`) instead of the recorded ones
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Forget what was known of this network
    #[arg(long)]
    without_baseline: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<Outcome, CliError> {
    let mut recorded = recording::read(&args.recording)?;
    if let Some(path) = &args.settings {
        recorded.settings = files::read_json::<Settings>(path)?.network;
    }
    if args.without_baseline {
        recorded.baseline = None;
    }
    let judged = network::judge(&recorded);
    match ui.json {
        true => ui.json(&judged)?,
        false => show(&recorded, &judged, ui),
    }
    Ok(Outcome::Done)
}

fn show(recorded: &Recording, judged: &Judged, ui: &Ui) {
    let name = scan_view::known(&recorded.observations.network.name);
    scan_view::network(ui, &name, &judged.outcomes, &judged.exposure);
    ui.line("");
    let traffic = recorded.observations.traffic;
    ui.line(ui.paint.dim(format!(
        "Recorded {}; {} bytes sent, {} received.",
        recorded.now, traffic.sent, traffic.received
    )));
}

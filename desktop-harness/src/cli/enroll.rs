//! `mtd enroll`.

use std::path::Path;
use std::time::Duration;

use agent_core::connector::EnrolmentPayload;

use super::folder::open_agent;
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd enroll 'mtd-enrol:eyJ1cmwi…'
  mtd connector token | mtd enroll -")]
pub(crate) struct Args {
    /// The code (one line or JSON) that the connector printed; - reads it from standard input
    #[arg(value_name = "CODE")]
    code: String,
    /// Give up after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    deadline: u64,
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let payload: EnrolmentPayload = match args.code.as_str() {
        "-" => super::files::read_text(Path::new("-"))?.parse()?,
        code => code.parse()?,
    };
    let agent = open_agent(global)?;
    let enrolment = {
        let _progress = ui.progress("enrolling");
        agent.enroll(payload, Duration::from_secs(args.deadline)).await?
    };
    if ui.json {
        ui.json(&enrolment)?;
    } else {
        ui.line(format!("Enrolled as {} with {}.", enrolment.device_id, enrolment.connector_url));
        ui.line(super::status::sharing(&enrolment));
        ui.line("Next: `mtd scan`, then `mtd deliver`.");
    }
    Ok(Outcome::Done)
}

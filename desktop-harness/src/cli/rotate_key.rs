//! `mtd rotate-key`.

use std::time::Duration;

use super::folder::open_agent;
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mtd rotate-key

The old key authorises the new one, and is deleted once the connector has taken that. Call it again after a failure: it goes
on where it broke off.")]
pub(crate) struct Args {
    /// Give up after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    deadline: u64,
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let agent = open_agent(global)?;
    let (enrolment, kid) = {
        let _progress = ui.progress("changing the key");
        let enrolment = agent.rotate_key(Duration::from_secs(args.deadline)).await?;
        (enrolment, agent.public_key()?.thumbprint())
    };
    match ui.json {
        true => ui.json(&serde_json::json!({ "device_id": enrolment.device_id, "kid": kid }))?,
        false => ui.line(format!("{} signs with a new key from now on: {kid}.", enrolment.device_id)),
    }
    Ok(Outcome::Done)
}

//! `mtd start-over`.

use super::folder::data_dir;
use super::{Global, Outcome};
use crate::CliError;
use crate::device;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mtd start-over --erase && mtd connector token | mtd enroll -

For a store that is damaged or whose key is gone: nobody can read it again. Reports that were not delivered are lost with it,
and the machine is not enrolled any more.")]
pub(crate) struct Args {
    /// Erase the store, and the intelligence beside it
    #[arg(long, required = true)]
    erase: bool,
}

pub(crate) fn run(_args: &Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let data_dir = data_dir(global)?;
    device::start_over(data_dir.clone())?;
    match ui.json {
        true => ui.json(&serde_json::json!({ "erased": data_dir }))?,
        false => ui.line("Started over: this machine is not enrolled. Enrol it again: mtd enroll"),
    }
    Ok(Outcome::Done)
}

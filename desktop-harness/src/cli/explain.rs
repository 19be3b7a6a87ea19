//! `mtd explain`.

use super::folder::open_agent;
use super::{Global, Outcome};
use crate::CliError;
use crate::ui::{Ui, explanation_view};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd explain
  mtd explain --lang ko")]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let agent = open_agent(global)?;
    let explanation =
        agent.explain(global.lang.into())?.ok_or("there is nothing to explain yet: run `mtd scan`")?;
    if ui.json {
        ui.json(&explanation)?;
    } else {
        explanation_view::show(ui, &explanation);
    }
    Ok(Outcome::Done)
}

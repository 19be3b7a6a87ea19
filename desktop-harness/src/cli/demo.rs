//! `mtd demo`.

use std::path::PathBuf;

use super::{Global, Outcome};
use crate::CliError;
use crate::demo;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd demo
  mtd demo --lang ko
  mtd demo --keep /tmp/demo      keeps the reports, receipts and public keys, for other verifiers

Everything happens on loopback and in a temporary folder, which is removed. No internet is needed.")]
pub(crate) struct Args {
    /// Leave reports.jws, receipts.jws, device.jwk.json and connector.jwk.json in DIR
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    tokio::select! {
        told = demo::tell(ui, global.lang.into(), args.keep.as_deref()) => told?,
        _ = tokio::signal::ctrl_c() => return Err("interrupted; the demo's folder is removed".into()),
    }
    Ok(Outcome::Done)
}

//! `mtd stage`.

use std::net::{IpAddr, SocketAddr};

use super::signals::Interruption;
use super::{Global, Outcome};
use crate::CliError;
use crate::stage;
use crate::ui::Ui;
use crate::world::Place;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd stage                                      an app on this machine enrols with the code of the first line
  printf 'cafe\\ndevice\\nstop\\n' | mtd stage
  mtd stage --listen 127.0.0.1:8443 --reach 10.0.2.2    for an app in an Android emulator

For tests of an app in a simulator. Prints one line of JSON with a URL and an enrolment code, then answers each line
of standard input with one of JSON:
  token corporate|personal    another enrolment code
  home, cafe                  move the device behind a router that forwards, or one that forges certificates
  app-sync on|off             the administrator's switch
  device [ID]                 what the connector knows of the device that enrolled last, or of ID
  story [ID]                  what it delivered, normalised: docs/stage.md
  outage on|off               the connector is unreachable, and comes back
  stop                        as does the end of input")]
pub(crate) struct Args {
    /// Where the connector listens; all else listens at the same address, on ports that the system chooses
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The address at which the device reaches this machine, where that is another than it listens on
    #[arg(long, value_name = "IP")]
    reach: Option<IpAddr>,
}

pub(crate) async fn run(args: Args, _global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    if args.reach.is_none() && args.listen.ip().is_unspecified() {
        return Err(format!(
            "--listen {}: say with --reach at which address the device reaches this machine",
            args.listen
        )
        .into());
    }
    let place = Place { connector: args.listen, reach: args.reach };
    let interruption = Interruption::listen()?;
    tokio::select! {
        () = interruption.wait() => {}
        played = stage::play(ui, &place) => played?,
    }
    Ok(Outcome::Done)
}

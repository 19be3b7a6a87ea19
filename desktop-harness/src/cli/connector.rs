//! `mtd connector`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agent_core::model::Ownership;
use clap::{Subcommand, ValueEnum};

use super::connector_transport::{self, IntelArgs, PinsArgs, RotateArgs};
use super::folder::data_dir;
use super::signals::Interruption;
use super::{
    Global, Outcome, connector_attestation, connector_canary, connector_devices, connector_settings, files,
};
use crate::CliError;
use crate::connector::{Config, Connector};
use crate::host::SystemClock;
use crate::ui::{Ui, clean};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd connector serve --accept-software-keys     TLS 1.3 on 127.0.0.1:8443, its own CA made at first start
  mtd connector token | mtd enroll -             enrol this machine
  mtd connector settings --allowed-level low --app-sync on
  mtd connector devices --json

For development and tests. The commands work on the data folder, whether or not another process serves from it.")]
pub(crate) struct Args {
    /// Folder of the connector's keys and database [default: connector in --data]
    #[arg(long, global = true, value_name = "DIR")]
    connector_data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until interrupted
    #[command(after_help = "Example:
  mtd connector serve --listen 0.0.0.0:8443 --name mtd.example.org
  mtd connector serve --canary-tls 127.0.0.1:8444 --canary-http 127.0.0.1:8080")]
    Serve(ServeArgs),
    /// Print a one-time enrolment code
    #[command(after_help = "Example:
  mtd connector token --ownership personal | mtd enroll -")]
    Token {
        /// Whose device it is for
        #[arg(long, value_enum, default_value_t = OwnershipChoice::Corporate)]
        ownership: OwnershipChoice,
        /// Seconds until the code expires
        #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
        ttl: u64,
    },
    /// List the devices with level, chain and access
    #[command(after_help = "Example:
  mtd connector devices --json | jq '.[] | select(.compliant | not) | .id'")]
    Devices,
    /// Refuse a device from now on; it returns with a new code, as a new device
    #[command(after_help = "Example:
  mtd connector revoke 5bJ2kq0wYQk")]
    Revoke {
        /// The device, as `mtd connector devices` lists it
        #[arg(value_name = "DEVICE")]
        device: String,
    },
    /// Show the settings; change those that are given
    #[command(after_help = "Example:
  mtd connector settings --allowed-level low --app-sync on --from settings.json")]
    Settings(connector_settings::Args),
    /// Show what attestations of device keys are judged by; install a revocation list
    #[command(after_help = "Example:
  mtd connector attestation --revoked status.json")]
    Attestation(connector_attestation::Args),
    /// Show which policy devices fetch; put a signed one in force
    #[command(after_help = "Examples:
  mtd connector policy
  mtd policy sign ours.toml | mtd connector policy -")]
    Policy {
        /// A policy that `mtd policy sign` signed; - reads standard input
        #[arg(value_name = "FILE")]
        signed: Option<PathBuf>,
    },
    /// Show by which pins and origins devices know this connector; announce others
    #[command(after_help = "Examples:
  mtd connector pins
  mtd connector pins --add sha256/… --url https://mtd.example --url https://mtd2.example:8443")]
    Pins(PinsArgs),
    /// Prepare and announce a new signing key; then take it into use
    #[command(after_help = "Examples:
  mtd connector rotate-key          prepare and announce; again: how many devices have heard of it
  mtd connector rotate-key --use    sign with it, once all have")]
    RotateKey(RotateArgs),
    /// Show which threat intelligence devices fetch; serve another
    #[command(after_help = "Example:
  mtd connector intel feeds.mtdi --key \"$(cat intel-key.pub)\"")]
    Intel(IntelArgs),
}

#[derive(Debug, clap::Args)]
struct ServeArgs {
    /// Address for devices
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDR")]
    listen: SocketAddr,
    /// Address for captive portal probes in the clear (GET /generate_204)
    #[arg(long, value_name = "ADDR")]
    probe_listen: Option<SocketAddr>,
    /// Host name or address that the certificate is for; repeatable, devices are told the first
    #[arg(long, value_name = "HOST")]
    name: Vec<String>,
    /// From now on, take keys in software too: what desktops have
    #[arg(long)]
    accept_software_keys: bool,
    #[command(flatten)]
    canary: connector_canary::Args,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OwnershipChoice {
    Corporate,
    Personal,
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let folder = match args.connector_data {
        Some(folder) => folder,
        None => data_dir(global)?.join("connector"),
    };
    let mut config = Config::new(folder, Arc::new(SystemClock));
    match args.command {
        Command::Serve(serve) => {
            config.listen = serve.listen;
            config.clear_http = serve.probe_listen;
            if !serve.name.is_empty() {
                config.names = serve.name;
            }
            self::serve(config, serve.accept_software_keys, serve.canary, ui).await?;
        }
        Command::Token { ownership, ttl } => {
            let payload =
                Connector::open(config)?.create_token(ownership.into(), Duration::from_secs(ttl))?;
            match ui.json {
                true => ui.json(&payload)?,
                false => ui.line(payload.to_line()?),
            }
        }
        Command::Revoke { device } => {
            Connector::open(config)?.revoke(&device)?;
            match ui.json {
                true => ui.json(&serde_json::json!({ "revoked": device }))?,
                false => ui.line(format!("{} is refused from now on.", clean(&device))),
            }
        }
        Command::Devices => connector_devices::show(&Connector::open(config)?.devices()?, ui)?,
        Command::Attestation(args) => connector_attestation::run(&Connector::open(config)?, &args, ui)?,
        Command::Pins(args) => connector_transport::pins(&Connector::open(config)?, args, ui)?,
        Command::RotateKey(args) => connector_transport::rotate_key(&Connector::open(config)?, &args, ui)?,
        Command::Intel(args) => connector_transport::intel(&Connector::open(config)?, &args, ui)?,
        Command::Policy { signed } => policy(&Connector::open(config)?, signed.as_deref(), ui)?,
        Command::Settings(change) => connector_settings::run(&Connector::open(config)?, change, ui)?,
    }
    Ok(Outcome::Done)
}

async fn serve(
    config: Config,
    accept_software_keys: bool,
    canary: connector_canary::Args,
    ui: &Ui,
) -> Result<(), CliError> {
    let folder = config.data_dir.clone();
    let name = config.names.first().cloned().unwrap_or_default();
    let connector = Connector::open(config)?;
    if accept_software_keys {
        connector.update_settings(|settings| settings.keys.software = true)?;
    }
    let interruption = Interruption::listen()?;
    let canary = connector_canary::start(canary, &name, &folder, &connector).await?;
    let running = connector.start().await?;
    match ui.json {
        true => ui.json(&serde_json::json!({
            "url": connector.url()?,
            "clear_http": running.clear_addr,
            "canary": canary.as_ref().map(|canary| &canary.settings),
        }))?,
        false => {
            ui.line(format!(
                "Connector at {} for organisation \"{}\".",
                connector.url()?,
                connector.tenant()
            ));
            if let Some(canary) = &canary {
                ui.line(format!(
                    "Canary {} answers, and is in the settings of all devices.",
                    canary.settings.name
                ));
            }
            ui.line("Enrol a device: mtd connector token | mtd enroll -      Stop: Ctrl-C");
        }
    }
    interruption.wait().await;
    if let Some(canary) = canary {
        canary.stop().await;
    }
    running.stop().await;
    Ok(())
}

fn policy(connector: &Connector, signed: Option<&Path>, ui: &Ui) -> Result<(), CliError> {
    if let Some(path) = signed {
        connector
            .set_policy(files::read_text(path)?.trim())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let version = connector.policy()?.map(|policy| policy.version);
    if ui.json {
        return ui.json(&serde_json::json!({ "version": version }));
    }
    ui.line(match version {
        Some(version) => format!("Devices fetch policy version {version}."),
        None => "No policy of its own: devices go by the one of their agent.".to_owned(),
    });
    Ok(())
}

impl From<OwnershipChoice> for Ownership {
    fn from(choice: OwnershipChoice) -> Self {
        match choice {
            OwnershipChoice::Corporate => Self::Corporate,
            OwnershipChoice::Personal => Self::Personal,
        }
    }
}

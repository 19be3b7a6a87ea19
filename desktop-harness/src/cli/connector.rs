//! `mtd connector`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agent_core::model::{
    CheckId, Indicator, NetworkSettings, Ownership, PolicyOverride, RiskLevel, UnknownLevelAccess,
};
use clap::{Subcommand, ValueEnum};
use serde::Deserialize;

use super::connector_attestation;
use super::connector_canary;
use super::connector_transport::{self, IntelArgs, PinsArgs, RotateArgs};
use super::folder::data_dir;
use super::signals::Interruption;
use super::{Global, Outcome, files};
use crate::CliError;
use crate::connector::{ChainStatus, Config, Connector, DeviceRow, Resource, TenantSettings};
use crate::host::SystemClock;
use crate::ui::{Ui, access_view, clean, plural};

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
    Settings(SettingsArgs),
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

#[derive(Debug, clap::Args)]
struct SettingsArgs {
    /// Highest level that is let in
    #[arg(long, value_enum)]
    allowed_level: Option<LevelChoice>,
    /// Share the app inventory: all apps of corporate devices, managed apps of personal ones
    #[arg(long, value_enum)]
    app_sync: Option<Switch>,
    /// Share all apps of personal devices too
    #[arg(long, value_enum)]
    app_sync_personal: Option<Switch>,
    /// Let devices in whose level is unknown
    #[arg(long, value_enum)]
    allow_unknown: Option<Switch>,
    /// Days without a report after which a device is unresponsive, and blocked; 0: never
    #[arg(long, value_name = "DAYS")]
    unresponsive_after: Option<u32>,
    /// Let unresponsive devices in by their last level
    #[arg(long, value_enum)]
    allow_unresponsive: Option<Switch>,
    /// Largest report that is taken, in bytes: what is larger comes in parts
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(16 * 1024..=1024 * 1024))]
    max_report_bytes: Option<u32>,
    #[command(flatten)]
    keys: connector_attestation::KeyArgs,
    /// Replace what FILE names (JSON: network, indicators, policy_overrides, required_checks, resources)
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// The part of the settings that is too long for a command line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    network: Option<NetworkSettings>,
    indicators: Option<Vec<Indicator>>,
    policy_overrides: Option<Vec<PolicyOverride>>,
    required_checks: Option<Vec<CheckId>>,
    resources: Option<Vec<Resource>>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OwnershipChoice {
    Corporate,
    Personal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelChoice {
    Secured,
    Low,
    Medium,
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
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
        Command::Devices => show_devices(&Connector::open(config)?.devices()?, ui)?,
        Command::Attestation(args) => connector_attestation::run(&Connector::open(config)?, &args, ui)?,
        Command::Pins(args) => connector_transport::pins(&Connector::open(config)?, args, ui)?,
        Command::RotateKey(args) => connector_transport::rotate_key(&Connector::open(config)?, &args, ui)?,
        Command::Intel(args) => connector_transport::intel(&Connector::open(config)?, &args, ui)?,
        Command::Policy { signed } => policy(&Connector::open(config)?, signed.as_deref(), ui)?,
        Command::Settings(change) => show_settings(&apply(&Connector::open(config)?, change)?, ui)?,
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

fn apply(connector: &Connector, change: SettingsArgs) -> Result<TenantSettings, CliError> {
    let file: Option<SettingsFile> = change.from.as_deref().map(files::read_json).transpose()?;
    let keys = change.keys.change()?;
    let settings = connector.update_settings(|settings| {
        keys(&mut settings.keys);
        let device = &mut settings.device;
        set(&mut device.allowed_level, change.allowed_level.map(RiskLevel::from));
        set(&mut device.app_sync.enabled, change.app_sync.map(Switch::is_on));
        set(&mut device.app_sync.personal_full_inventory, change.app_sync_personal.map(Switch::is_on));
        set(&mut settings.unknown_level_access, change.allow_unknown.map(UnknownLevelAccess::from));
        if let Some(days) = change.unresponsive_after {
            settings.unresponsive_after_days = (days > 0).then_some(days);
        }
        set(&mut settings.unresponsive_access, change.allow_unresponsive.map(UnknownLevelAccess::from));
        set(&mut device.limits.max_token_bytes, change.max_report_bytes.map(|bytes| bytes as usize));
        if let Some(file) = file {
            set(&mut settings.resources, file.resources);
            set(&mut device.network, file.network);
            set(&mut device.indicators, file.indicators);
            set(&mut device.policy_overrides, file.policy_overrides);
            set(&mut device.required_checks, file.required_checks);
        }
    })?;
    Ok(settings)
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

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn show_settings(settings: &TenantSettings, ui: &Ui) -> Result<(), CliError> {
    if ui.json {
        return ui.json(settings);
    }
    let device = &settings.device;
    let switch = |on| if on { "on" } else { "off" };
    ui.line(format!("Settings version {}", device.version));
    ui.line(format!("Allowed level     {}", device.allowed_level));
    ui.line(format!("Unknown level     {}", settings.unknown_level_access));
    match settings.unresponsive_after_days {
        Some(days) => {
            ui.line(format!(
                "Unresponsive      {} after {}",
                settings.unresponsive_access,
                plural(days as usize, "day")
            ));
        }
        None => ui.line("Unresponsive      never"),
    }
    for resource in &settings.resources {
        let allowed = resource.allowed_level.unwrap_or(device.allowed_level);
        let grace = resource.grace_hours.map_or_else(String::new, |hours| {
            format!(", kept for {} above it", plural(hours as usize, "hour"))
        });
        ui.line(format!("Resource          {}: up to {allowed}{grace}", clean(&resource.name)));
    }
    connector_attestation::show_rules(&settings.keys, ui);
    ui.line(format!("App sync          {}", switch(device.app_sync.enabled)));
    ui.line(format!("  personal, full  {}", switch(device.app_sync.personal_full_inventory)));
    ui.line(format!("Largest report    {} bytes", device.limits.max_token_bytes));
    ui.line(format!("Endpoints         {}", device.network.endpoints.len()));
    ui.line(format!("Captive probes    {}", device.network.captive_probes.len()));
    ui.line(format!("Canaries          {}", device.network.canaries.len()));
    ui.line(format!("Indicators        {}", device.indicators.len()));
    ui.line(format!("Policy overrides  {}", device.policy_overrides.len()));
    let required: Vec<_> = device.required_checks.iter().map(|check| check.as_str()).collect();
    ui.line(format!("Required checks   {}", required.join(", ")));
    Ok(())
}

fn show_devices(devices: &[DeviceRow], ui: &Ui) -> Result<(), CliError> {
    if ui.json {
        return ui.json(&devices);
    }
    ui.line(plural(devices.len(), "device"));
    for device in devices {
        let level =
            device.level.map_or_else(|| ui.paint.dim("not reported yet"), |level| ui.paint.level(level));
        let chain = match device.chain.status {
            ChainStatus::Intact => "chain intact".to_owned(),
            ChainStatus::Gap => ui.paint.warning("chain has a gap"),
            ChainStatus::Compromised => ui.paint.error("cloned or set back"),
        };
        let revoked =
            device.revoked_at.map_or_else(String::new, |_| format!("  {}", ui.paint.error("revoked")));
        ui.line(format!(
            "{}  {}, {} key  {level}  {chain}  seen {}{revoked}",
            ui.paint.bold(&device.id),
            device.ownership,
            device.key_protection,
            device.last_seen
        ));
        if let Some(facts) = &device.attestation {
            ui.line(format!("  {}", clean(&facts.to_string())));
        }
        for problem in &device.problems {
            ui.line(format!("  {} {}", ui.paint.warning("!"), clean(problem)));
        }
        access_view::show(ui, &device.resources);
    }
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

impl From<LevelChoice> for RiskLevel {
    fn from(choice: LevelChoice) -> Self {
        match choice {
            LevelChoice::Secured => Self::Secured,
            LevelChoice::Low => Self::Low,
            LevelChoice::Medium => Self::Medium,
            LevelChoice::High => Self::High,
        }
    }
}

impl Switch {
    pub(super) fn is_on(self) -> bool {
        self == Self::On
    }
}

impl From<Switch> for UnknownLevelAccess {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::Allow,
            Switch::Off => Self::Block,
        }
    }
}

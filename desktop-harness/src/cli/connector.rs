//! `mtd connector`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use agent_core::model::{Ownership, ProbeEndpoint, RiskLevel, UnknownLevelAccess};
use clap::{Subcommand, ValueEnum};

use super::session::data_dir;
use super::{CliError, Global, Outcome};
use crate::connector::{Config, Connector};
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd connector serve                            TLS 1.3 on 127.0.0.1:8443, its own CA made at first start
  mtd connector token | mtd enroll -             enrol this machine
  mtd connector settings --allowed-level low --app-sync on
  mtd connector devices --json

For development and tests. Its data (default: the `connector` folder beside the agent's data) can be changed
by these commands while another process serves.")]
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
    Serve {
        /// Address for devices
        #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDR")]
        listen: SocketAddr,
        /// Address of the clear-HTTP connectivity check (/generate_204)
        #[arg(long, value_name = "ADDR")]
        probe_listen: Option<SocketAddr>,
        /// Host name or address that devices use [default: the listening address]
        #[arg(long, value_name = "HOST")]
        public_name: Option<String>,
    },
    /// Print a one-time enrolment code
    Token {
        /// Whose device it is for
        #[arg(long, value_enum, default_value_t = OwnershipChoice::Corporate)]
        ownership: OwnershipChoice,
        /// Seconds until the code expires
        #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
        ttl: u64,
    },
    /// List the devices, their level, chain and access
    Devices,
    /// Show the settings, or change those that are given
    Settings(SettingsArgs),
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
    /// Merge FILE (JSON: endpoints, captive_probes, indicators, policy_overrides, required_checks)
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
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
enum Switch {
    On,
    Off,
}

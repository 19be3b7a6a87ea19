//! The `mtd` command: one file a subcommand.

mod analyze;
mod attestation;
mod canary;
mod check_url;
mod connector;
mod connector_attestation;
mod connector_canary;
mod connector_devices;
mod connector_settings;
mod connector_transport;
pub(crate) mod deliver;
mod demo;
mod enroll;
mod explain;
mod files;
mod folder;
mod intel;
mod intel_build;
mod intel_inspect;
mod intel_versions;
mod policy;
mod policy_lint;
mod policy_records;
mod policy_show;
mod policy_simulate;
mod preview;
mod recording;
mod rotate_key;
mod scan;
mod signals;
mod stage;
mod start_over;
mod status;
mod switch;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::CliError;
use crate::ui::{ColorChoice, Ui};
use agent_core::policy::Language;

/// On-device mobile threat defense, on a desktop.
#[derive(Debug, Parser)]
#[command(
    name = "mtd",
    version,
    about,
    after_help = "Examples:\n  mtd demo                       the whole story on this machine, in a few seconds\n  mtd scan                       check this machine\n  mtd scan --json --fail-at medium   for scripts: exit status 3 at medium or above, 4 if unknown",
    max_term_width = 110
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every subcommand.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Folder of the agent's store and key [default: mtd-agent in the user's data folder]
    #[arg(long, global = true, env = "MTD_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Language of explanations
    #[arg(long, global = true, value_enum, default_value_t = LanguageChoice::En, value_name = "LANG")]
    pub(crate) lang: LanguageChoice,
    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageChoice {
    En,
    Ko,
}

impl From<LanguageChoice> for Language {
    fn from(choice: LanguageChoice) -> Self {
        match choice {
            LanguageChoice::En => Self::En,
            LanguageChoice::Ko => Self::Ko,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole story on this machine: enrol, scan, report, block, repair, allow
    Demo(demo::Args),
    /// Check this machine and queue a report if it is enrolled
    Scan(scan::Args),
    /// Judge a recorded network measurement again
    Analyze(analyze::Args),
    /// Enrol this machine with a code from a connector
    Enroll(enroll::Args),
    /// Sign reports with a new key from now on, which the old one authorises
    RotateKey(rotate_key::Args),
    /// Begin anew where the store cannot be opened any more
    StartOver(start_over::Args),
    /// Send the queued reports, fetch settings and the decision
    Deliver(deliver::Args),
    /// Level, access, queue and enrolment at a glance
    Status(status::Args),
    /// Why the level is what it is, and what would change it
    Explain(explain::Args),
    /// What would be sent, byte for byte
    Preview(preview::Args),
    /// Verify reports and their chain without a network
    Verify(verify::Args),
    /// What a platform says of a device key, and whether it holds
    Attestation(attestation::Args),
    /// A connector for development
    Connector(connector::Args),
    /// A canary: tells agents, signed, what of their requests arrived
    Canary(canary::Args),
    /// Judge a URL before going there
    CheckUrl(check_url::Args),
    /// Threat intelligence: compile feeds into a signed bundle, look into it, look values up
    Intel(intel::Args),
    /// The policy: show it, check it, compare it, replay scans under it, sign it
    Policy(policy::Args),
    /// Everything around a device, for tests of an app in a simulator
    Stage(stage::Args),
}

/// Exit status of a command that ran, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 0.
    Done,
    /// 3: the check that was asked for says no (`scan --fail-at`, `verify`, blocked access).
    SaysNo,
    /// 4: the check cannot tell (`scan --fail-at` on an unknown level).
    CannotTell,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::SaysNo => Self::from(3),
            Outcome::CannotTell => Self::from(4),
        }
    }
}

/// Runs one command line: 0 done, 1 an error, 2 wrong usage, 3 and 4 as `Outcome` says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = Ui::new(cli.global.color, cli.global.json);
    crate::ui::start_log(cli.global.verbose);
    match run(cli, &ui) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            ui.error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, ui: &Ui) -> Result<Outcome, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let global = cli.global;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args, &global, ui).await,
            Command::Scan(args) => scan::run(args, &global, ui).await,
            Command::Analyze(args) => analyze::run(&args, ui),
            Command::Enroll(args) => enroll::run(args, &global, ui).await,
            Command::RotateKey(args) => rotate_key::run(args, &global, ui).await,
            Command::StartOver(args) => start_over::run(&args, &global, ui),
            Command::Deliver(args) => deliver::run(args, &global, ui).await,
            Command::Status(args) => status::run(args, &global, ui),
            Command::Explain(args) => explain::run(args, &global, ui),
            Command::Preview(args) => preview::run(args, &global, ui),
            Command::Verify(args) => verify::run(args, &global, ui),
            Command::Attestation(args) => attestation::run(&args, ui),
            Command::Connector(args) => connector::run(args, &global, ui).await,
            Command::Canary(args) => canary::run(args, &global, ui).await,
            Command::CheckUrl(args) => check_url::run(&args, &global, ui),
            Command::Intel(args) => intel::run(args, &global, ui),
            Command::Policy(args) => policy::run(args, &global, ui),
            Command::Stage(args) => stage::run(args, &global, ui).await,
        }
    })
}

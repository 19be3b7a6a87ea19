//! `mtd intel`: the commands, and the keys that they share.

use std::path::{Path, PathBuf};

use agent_core::intel::bundle::BundleKey;
use agent_core::model::Timestamp;
use agent_core::platform::Clock as _;
use clap::Subcommand;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;

use super::folder::{data_dir, open_agent};
use super::{Global, Outcome, intel_build, intel_inspect};
use crate::CliError;
use crate::device::{self, INTEL_SIGNING_KEY as KEY_NAME, public_half};
use crate::host::SystemClock;
use crate::private_file::{self, PrivateFileError};
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd intel build feeds/*.stix2 stalkerware.yaml blocklist.txt --psl public_suffix_list.dat -o intel.mtdi
  mtd intel inspect intel.mtdi
  mtd intel install intel.mtdi
  mtd intel check intel.mtdi https://login.example.com/a com.example.tracker")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compile feeds (STIX 2, YAML, CSV, hosts files, lists) into one signed bundle
    Build(intel_build::Args),
    /// Verify a bundle whole, and tell what is in it
    Inspect(intel_inspect::InspectArgs),
    /// Look values up in a bundle
    Check(intel_inspect::CheckArgs),
    /// Put a bundle in force for this machine
    Install(InstallArgs),
}

pub(crate) fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    match args.command {
        Command::Build(args) => intel_build::run(args, global, ui),
        Command::Inspect(args) => intel_inspect::inspect(&args, global, ui),
        Command::Check(args) => intel_inspect::check(&args, global, ui),
        Command::Install(args) => install(&args, global, ui),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd intel install intel.mtdi
  mtd intel install intel.mtdi --key ed25519/7M0k…      of somebody else, from now on

An enrolled machine takes the key from its organisation's settings, where these name one.")]
struct InstallArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Public key of whose bundles are taken from now on [default: as before, else the key that this machine signs with]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

fn install(args: &InstallArgs, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    if args.key.is_some() {
        let key = verifying_key(args.key.as_deref(), global)?;
        device::take_bundles_of(&data_dir(global)?, &key)?;
    }
    let agent = open_agent(global)?;
    let status =
        agent.install_intel(&args.bundle).map_err(|error| format!("{}: {error}", args.bundle.display()))?;
    if ui.json {
        ui.json(&status)?;
    } else {
        ui.line(format!("In force: version {}, built {}", status.version, status.built_at));
    }
    Ok(Outcome::Done)
}

/// The moment, for what has expired.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// The signing key in `path`, else in the data folder; made where there is none.
pub(super) fn signing_key(path: Option<&Path>, global: &Global) -> Result<Ed25519KeyPair, CliError> {
    let (folder, name) = match path {
        Some(path) => {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let name = path.file_name().and_then(|name| name.to_str());
            (folder.to_owned(), name.ok_or_else(|| format!("{}: not the name of a file", path.display()))?)
        }
        None => (data_dir(global)?, KEY_NAME),
    };
    let bytes = private_file::read_or_create::<CliError>(&folder, name, || {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        Ok(made.map_err(|_| "no random numbers for a key")?.as_ref().to_vec())
    })?;
    key_pair(&bytes, &folder.join(name))
}

fn key_pair(bytes: &[u8], path: &Path) -> Result<Ed25519KeyPair, CliError> {
    Ed25519KeyPair::from_pkcs8(bytes)
        .map_err(|_| PrivateFileError::new(path, "not an Ed25519 key in PKCS #8 version 2 (RFC 8410)").into())
}

/// `--key`: a public key as text, or the file of a signing key; without it that of the data folder.
pub(crate) fn verifying_key(key: Option<&str>, global: &Global) -> Result<BundleKey, CliError> {
    if let Some(text) = key.filter(|text| text.starts_with("ed25519/")) {
        return Ok(text.parse()?);
    }
    let path = match key {
        Some(path) => PathBuf::from(path),
        None => data_dir(global)?.join(KEY_NAME),
    };
    let bytes = private_file::read(&path)
        .map_err(|error| format!("{error}; name the public key with --key ed25519/…"))?;
    public_half(&key_pair(&bytes, &path)?)
}

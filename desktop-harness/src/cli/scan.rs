//! `mtd scan`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use agent_core::agent::{ScanResult, ScanTrigger};
use agent_core::model::{CheckId, Coverage, Depth, ProbeEndpoint, RiskLevel, Settings};
use clap::ValueEnum;
use serde_json::Value;

use super::folder::data_dir;
use super::intel::verifying_key;
use super::{Global, Outcome, recording};
use crate::CliError;
use crate::device::{Overrides, open_agent, take_bundles_of};
use crate::host::{FactsFileError, InventorySource, PostureOverride, SnapshotOverride};
use crate::ui::{Ui, scan_view};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd scan
  mtd scan --fail-at medium                      exit status 3 at medium or above, 4 if the level is unknown
  mtd scan --probe mail.example.org --captive http://portal-check.example.org/generate_204
  mtd scan --record case-17                      keep what was measured for `mtd analyze case-17`
  mtd scan --inventory installed.plist --managed managed.plist --json
  mtd scan --snapshot cafe.json                  pretend to be on another Wi-Fi
  mtd scan --posture phone.json --inventory apps.txt --intel intel.mtdi

Without enrolment no host is contacted but those named by --probe, --captive or --settings.
A snapshot is like {\"ssid\": {\"state\": \"known\", \"value\": \"cafe\"}}: facts by name, as in \"network\" of --json.
With --json every app has the eight inventory fields, null where its source does not tell.
A posture is the same, as in \"posture\" of --json: {\"platform\": \"android\", \"os_version\": {…}}.
A scan with --inventory, --snapshot, --posture or --intel is kept apart from this machine's own history unless --data is given.")]
pub(crate) struct Args {
    /// Read the apps from FILE instead of this machine's package database; its format is recognised
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Apple ManagedApplicationList to join with --inventory
    #[arg(long, value_name = "FILE", requires = "inventory")]
    managed: Option<PathBuf>,
    /// For tests: pretend that the platform tells the facts of the network that FILE (JSON) names; what it does
    /// not name stays this machine's own, and whatever is measured is measured
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// For tests: scan the device whose facts FILE (JSON) tells; with "platform": "android" or "ios" it is that
    /// phone, otherwise what FILE does not name stays this machine's own
    #[arg(long, value_name = "FILE")]
    posture: Option<PathBuf>,
    /// Put the intelligence bundle FILE in force first
    #[arg(long, value_name = "FILE")]
    intel: Option<PathBuf>,
    /// Public key of who signed --intel, or the file of the signing key [default: that of the data folder]
    #[arg(long, value_name = "KEY", requires = "intel")]
    intel_key: Option<String>,
    /// Settings (JSON) for a machine that is not enrolled: endpoints, indicators, policy overrides
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Probe the TLS server HOST[:PORT]; repeatable. Endpoints count as different networks
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_endpoint)]
    probe: Vec<ProbeEndpoint>,
    /// Probe URL, which must answer 204, for a captive portal; repeatable
    #[arg(long, value_name = "URL")]
    captive: Vec<String>,
    /// Look at the network briefly, and at everything only if that finds something out of the ordinary
    #[arg(long)]
    quick: bool,
    /// Stop after SECONDS and report what is known by then
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    deadline: u64,
    /// Keep what was measured of the network in DIR, for `mtd analyze`
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Exit with 3 if the level is LEVEL or above, with 4 if that cannot be told
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_at: Option<FailAt>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailAt {
    Low,
    Medium,
    High,
}

impl From<FailAt> for RiskLevel {
    fn from(level: FailAt) -> Self {
        match level {
            FailAt::Low => Self::Low,
            FailAt::Medium => Self::Medium,
            FailAt::High => Self::High,
        }
    }
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    if let Some(folder) = &args.record {
        recording::prepare(folder)?;
    }
    let overrides = Overrides {
        apps: match &args.inventory {
            Some(inventory) => {
                InventorySource::Export { inventory: inventory.clone(), managed: args.managed.clone() }
            }
            None => InventorySource::Dpkg,
        },
        network: replaced(args.snapshot.as_deref(), SnapshotOverride::from_json)?,
        posture: replaced(args.posture.as_deref(), PostureOverride::from_json)?,
        unenrolled_settings: unenrolled_settings(&args)?,
    };
    let scratch;
    let pretends =
        [&args.inventory, &args.snapshot, &args.posture, &args.intel].iter().any(|it| it.is_some());
    let folder = match &global.data {
        None if pretends => {
            scratch = tempfile::tempdir()?;
            scratch.path().to_owned()
        }
        _ => data_dir(global)?,
    };
    // A folder of its own knows by itself whose bundles it takes.
    if args.intel_key.is_some() || (args.intel.is_some() && global.data.is_none()) {
        take_bundles_of(&folder, &verifying_key(args.intel_key.as_deref(), global)?)?;
    }
    let agent = open_agent(folder, overrides)?;
    if let Some(bundle) = &args.intel {
        agent.install_intel(bundle).map_err(|error| format!("{}: {error}", bundle.display()))?;
    }
    let result = {
        let _progress = ui.progress("checking apps, network and device");
        let depth = if args.quick { Depth::First } else { Depth::Everything };
        agent.scan_to(depth, ScanTrigger::Requested, Duration::from_secs(args.deadline)).await?
    };
    if args.inventory.is_some() {
        require_inventory(&result)?;
    }
    if let (Some(folder), Some(recorded)) = (&args.record, &result.recording) {
        recording::write(recorded, folder)?;
    }
    if ui.json {
        ui.json(&for_scripts(&result)?)?;
    } else if let Some(explanation) = agent.explain(global.lang.into())? {
        scan_view::show(ui, &result, &explanation);
    }
    Ok(args.fail_at.map_or(Outcome::Done, |limit| judge(&result.assessment, limit.into())))
}

/// The members that every app of the JSON has.
const APP_FIELDS: [&str; 8] =
    ["id", "version", "short_version", "name", "bundle_size", "dynamic_size", "validated", "managed"];

/// The result with all of [`APP_FIELDS`] in every app, null where the source does not tell: scripts want one shape.
fn for_scripts(result: &ScanResult) -> Result<Value, CliError> {
    let mut document = serde_json::to_value(result)?;
    let apps = document.pointer_mut("/inventory/apps").and_then(Value::as_array_mut);
    for app in apps.into_iter().flatten().filter_map(Value::as_object_mut) {
        for field in APP_FIELDS {
            app.entry(field).or_insert(Value::Null);
        }
    }
    Ok(document)
}

/// A file that was asked for and cannot be used is an error, not a gap in the coverage.
fn require_inventory(result: &ScanResult) -> Result<(), CliError> {
    match result
        .checks
        .iter()
        .find(|outcome| outcome.check == CheckId::Inventory)
        .map(|outcome| &outcome.coverage)
    {
        Some(Coverage::Unknown { why } | Coverage::NotPermitted { why }) => Err(why.as_str().into()),
        Some(Coverage::Complete) | None => Ok(()),
    }
}

fn judge(assessment: &agent_core::policy::Assessment, limit: RiskLevel) -> Outcome {
    if assessment.at_least >= limit {
        Outcome::SaysNo
    } else if assessment.level.risk().is_none() {
        Outcome::CannotTell
    } else {
        Outcome::Done
    }
}

/// The facts in the file of `--snapshot` or `--posture`; none without one.
fn replaced<T: Default>(
    path: Option<&Path>,
    read: impl FnOnce(&str) -> Result<T, FactsFileError>,
) -> Result<T, CliError> {
    let Some(path) = path else { return Ok(T::default()) };
    read(&super::files::read_text(path)?).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// What an unenrolled machine is checked against: the file, then what the command line adds.
fn unenrolled_settings(args: &Args) -> Result<Settings, CliError> {
    let mut settings = match &args.settings {
        Some(path) => super::files::read_json(path)?,
        None => Settings::default(),
    };
    settings.network.endpoints.extend(args.probe.iter().cloned());
    settings.network.captive_probes.extend(args.captive.iter().cloned());
    Ok(settings)
}

fn parse_endpoint(text: &str) -> Result<ProbeEndpoint, String> {
    let url =
        url::Url::parse(&format!("https://{text}")).map_err(|error| format!("not HOST[:PORT]: {error}"))?;
    let host = url.host_str().ok_or("not HOST[:PORT]: no host")?;
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        return Err("not HOST[:PORT]: only a host name and a port".to_owned());
    }
    Ok(ProbeEndpoint {
        host: host.to_owned(),
        port: url.port().unwrap_or(443),
        address: None,
        network: host.to_owned(),
        private_anchors: Vec::new(),
    })
}

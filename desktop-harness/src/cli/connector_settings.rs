//! `mtd connector settings`.

use std::path::PathBuf;

use agent_core::model::{CheckId, Indicator, NetworkSettings, PolicyOverride, RiskLevel, UnknownLevelAccess};
use clap::ValueEnum;
use serde::Deserialize;

use super::switch::Switch;
use super::{connector_attestation, files};
use crate::CliError;
use crate::connector::{Connector, Resource, TenantSettings};
use crate::ui::{Ui, clean, plural};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
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
enum LevelChoice {
    Secured,
    Low,
    Medium,
    High,
}

pub(super) fn run(connector: &Connector, change: Args, ui: &Ui) -> Result<(), CliError> {
    show(&apply(connector, change)?, ui)
}

fn apply(connector: &Connector, change: Args) -> Result<TenantSettings, CliError> {
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

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn show(settings: &TenantSettings, ui: &Ui) -> Result<(), CliError> {
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

impl From<Switch> for UnknownLevelAccess {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::Allow,
            Switch::Off => Self::Block,
        }
    }
}

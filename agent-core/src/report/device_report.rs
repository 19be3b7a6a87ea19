//! The device report: everything that a scan saw and the organisation may know.
//!
//! A report that does not fit one token is told in parts that share `txn`. Every part repeats the members that
//! hold for the scan; the lists (findings, apps, removed apps) continue from part to part and are put together
//! by concatenation in order of `part.n`. A part that was too large itself is told again in parts that name it
//! (`mtd_replaces`) and stand in its place.

use serde::{Deserialize, Serialize};

use crate::model::{
    AppId, AppRecord, CoverageItem, DevicePosture, Fact, Finding, Level, NetworkSnapshot, RiskLevel, Sha256,
};
use crate::platform::KeyProtection;

/// The form of this event. Grows when a member changes its meaning or goes; a new member alone does not.
pub const SCHEMA_VERSION: u32 = 1;

/// One scan, or one part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which part this is.
    pub part: Part,
    /// The level of the device.
    pub level: Level,
    /// The worst open finding: the level is at least this, whatever could not be looked at.
    pub at_least: RiskLevel,
    /// How far each check got.
    pub coverage: Vec<CoverageItem>,
    /// The state of the device.
    pub posture: DevicePosture,
    /// The network in use.
    pub network: NetworkState,
    /// Open, ignored and lately resolved findings.
    pub findings: Vec<Finding>,
    /// The apps, as far as they are shared.
    pub inventory: InventoryReport,
    /// Version of the threat intelligence in use; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intel_version: Option<String>,
    /// Version of the policy file in use.
    pub policy_version: u32,
    /// Version of the organisation's settings in use.
    pub settings_version: u64,
    /// How the device key is kept.
    pub key_protection: KeyProtection,
    /// Reports that this device had lost unsent when it made this one: dropped for want of room, or left undelivered by
    /// an earlier enrolment. Counts on from enrolment to enrolment.
    pub dropped: u64,
    /// Version of the agent.
    pub agent_version: String,
}

/// `n` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// This part.
    pub n: u32,
    /// All parts.
    pub of: u32,
}

impl Part {
    /// A report that is not split.
    pub const WHOLE: Self = Self { n: 1, of: 1 };
}

/// What an access policy needs to know of the network: whether, never which. Names, addresses and hosts stay on
/// the device, unless a finding is about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkState {
    /// The platform sees a captive portal.
    pub captive: Fact<bool>,
    /// Traffic goes through a proxy.
    pub proxied: Fact<bool>,
    /// A VPN is active.
    pub vpn: Fact<bool>,
}

impl From<&NetworkSnapshot> for NetworkState {
    fn from(snapshot: &NetworkSnapshot) -> Self {
        Self {
            captive: snapshot.captive.clone(),
            proxied: is_any(&snapshot.proxies),
            vpn: is_any(&snapshot.vpns),
        }
    }
}

fn is_any<T>(list: &Fact<Vec<T>>) -> Fact<bool> {
    match list {
        Fact::Known { value } => Fact::known(!value.is_empty()),
        Fact::NotPermitted { why } => Fact::not_permitted(why.as_str()),
        Fact::NotAvailable { why } => Fact::not_available(why.as_str()),
    }
}

/// The apps, after the consent filter. `sha256` names a whole inventory as shared, so that both sides can tell
/// what a delta starts from and that it arrived at the same list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InventoryReport {
    /// Every shared app.
    Full {
        /// The apps.
        apps: Vec<AppRecord>,
        /// How many apps the consent filter kept back.
        withheld: u64,
        /// The digest of the shared inventory.
        sha256: Sha256,
    },
    /// What is different from an inventory that was sent before.
    Delta {
        /// The digest of that inventory.
        base_sha256: Sha256,
        /// Apps that are new or differ, as they are now.
        changed: Vec<AppRecord>,
        /// Apps that are gone.
        removed: Vec<AppKey>,
        /// How many apps the consent filter kept back.
        withheld: u64,
        /// The digest of the shared inventory, as it is now.
        sha256: Sha256,
    },
    /// The organisation does not collect apps, or they could not be read.
    NotShared {
        /// How many apps the consent filter kept back; absent when they could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withheld: Option<u64>,
    },
}

/// What tells an app from others: its identifier, its name where it has none, neither where it has neither.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppKey {
    /// Its identifier, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AppId>,
    /// Its name, where it has no identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

//! What the agent's calls give back. Everything here is serializable: `mtd --json` prints it as it is.

use serde::{Deserialize, Serialize};

use crate::connector::{Decision, Enrolment};
use crate::inventory::InventoryDiff;
use crate::model::{
    AppSync, CheckOutcome, Depth, DevicePosture, Exposure, Finding, Inventory, Level, NetworkSnapshot,
    Ownership, RiskLevel, Settings, Timestamp,
};
use crate::network::Recording;
use crate::policy::Assessment;
use crate::report::jws;
use crate::schedule::ScanTrigger;
use crate::store::{ReadTx, StoredReport};

use super::error::AgentError;
use super::intel::IntelStatus;
use super::trouble::{EnrolAgain, KeyTrouble};

/// One scan: what was looked at, what was found, what it means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScanResult {
    /// Identifies the scan; the `txn` of its reports.
    pub scan_id: String,
    /// Why it ran.
    pub trigger: ScanTrigger,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds of a monotonic clock.
    pub elapsed_ms: u64,
    /// The level, the worst finding and the gaps.
    pub assessment: Assessment,
    /// Every check, in the order of `CheckId`.
    pub checks: Vec<CheckOutcome>,
    /// All findings of this device: open, ignored, and the recently resolved.
    pub findings: Vec<Finding>,
    /// The device.
    pub posture: DevicePosture,
    /// The network.
    pub network: NetworkSnapshot,
    /// Weaknesses of the network itself, apart from attacks.
    pub exposure: Vec<Exposure>,
    /// What looking at the network cost.
    pub network_cost: NetworkCost,
    /// What the network checks were judged by, to be kept where a case is worth it; absent in a result that was
    /// read back.
    #[serde(skip)]
    pub recording: Option<Recording>,
    /// What changed among the apps since the scan before.
    pub app_changes: InventoryDiff,
    /// The apps, all of them: this stays on the device.
    pub inventory: Inventory,
    /// Version of the intelligence bundle in use; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intel_version: Option<u64>,
    /// Sequence numbers of the reports that were queued; empty where the device is not enrolled.
    pub queued_reports: Vec<u64>,
    /// Events, of this scan and of earlier ones, that wait for the device key to sign them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unsigned: usize,
    /// What keeps the device key from signing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_trouble: Option<KeyTrouble>,
}

/// What the network checks of one scan cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkCost {
    /// How deep they went.
    pub depth: Depth,
    /// How long measuring took, in milliseconds of a monotonic clock.
    pub elapsed_ms: u64,
    /// Bytes sent over TCP and UDP, without their headers and without the system's own name resolution.
    pub sent: u64,
    /// Bytes received, of the same kind.
    pub received: u64,
}

/// What one exchange with the connector did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeliverySummary {
    /// Reports with a valid receipt.
    pub delivered: Vec<u64>,
    /// Reports that the connector refused; kept aside, with its words.
    pub quarantined: Vec<Quarantined>,
    /// Reports that were too large, and are told again in smaller parts.
    pub replaced: Vec<Replacement>,
    /// Why the connector takes nothing from this device until it is enrolled again, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrol_again: Option<EnrolAgain>,
    /// Reports that are still queued.
    pub still_queued: usize,
    /// Events that wait for the device key to sign them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unsigned: usize,
    /// What keeps the device key from signing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_trouble: Option<KeyTrouble>,
    /// Why delivery stopped, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The version of the settings, where they changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_settings: Option<u64>,
    /// The version of the policy, where a new one is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_policy: Option<u32>,
    /// What is to be known of the new policy, or why the one on offer was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_notes: Vec<String>,
    /// The connector's decision, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// What came of the download of threat intelligence, where there was something to fetch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intel: Option<IntelDownload>,
    /// Reports that wait for a better moment: that only tell apps, while the host says that sending costs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<u64>,
    /// Whether a sign-in page is in the way. No attempt was counted: deliver again when the user has signed in, or on
    /// another network.
    #[serde(skip_serializing_if = "is_false")]
    pub behind_portal: bool,
    /// Whether something was met in the connector's place that a scan should tell of: [`super::Agent::due`] says so too.
    #[serde(skip_serializing_if = "is_false")]
    pub scan_due: bool,
    /// Connections that were made to the connector.
    pub connections: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What came of the download of threat intelligence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum IntelDownload {
    /// A new bundle is in force.
    Installed {
        /// Its version.
        version: u64,
    },
    /// A part of one has come; the next exchange goes on.
    Part {
        /// Bytes that are there.
        received: u64,
        /// Bytes in all.
        total: u64,
    },
    /// It waits for a better moment.
    Waiting {
        /// Why.
        why: String,
    },
    /// One came that is not what it should be; what was in force stays so.
    Refused {
        /// What is wrong with it.
        why: String,
    },
    /// It broke off; what was in force stays so.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

/// A report that the connector refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// Its sequence number.
    pub seq: u64,
    /// The connector's error and description.
    pub why: String,
}

/// A report that was too large for the connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// Its sequence number.
    pub seq: u64,
    /// The reports that tell its content, in order.
    pub by: Vec<u64>,
}

/// Where the agent stands, without scanning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The level of the last scan; `None` before the first. Unknown, or high, once the scan is too old.
    pub level: Option<Level>,
    /// The worst open finding of the last scan.
    pub at_least: Option<RiskLevel>,
    /// When the last scan started.
    pub last_scan_at: Option<Timestamp>,
    /// Whether it is too old to tell a level.
    pub is_stale: bool,
    /// The enrolment; `None` on a device that is not enrolled.
    pub enrolment: Option<EnrolmentStatus>,
    /// Why the connector takes nothing from this device until it is enrolled again, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrol_again: Option<EnrolAgain>,
    /// Reports that wait for delivery.
    pub queued: usize,
    /// Events that wait for the device key to sign them: reports in the making.
    pub unsigned: usize,
    /// What keeps the device key from signing, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_trouble: Option<KeyTrouble>,
    /// Reports that were lost unsent: dropped because the queue was full, or left by an earlier enrolment.
    pub dropped: u64,
    /// The threat intelligence in force; `None` where there is no bundle.
    pub intel: Option<IntelStatus>,
    /// The download of threat intelligence that is under way.
    pub intel_download: Option<DownloadProgress>,
    /// Since when a sign-in page has been in the way of delivery; `None` where the last one met none.
    pub behind_portal_since: Option<Timestamp>,
    /// The connector's last decision.
    pub decision: Option<Decision>,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DownloadProgress {
    /// Bytes that are there.
    pub received: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Who this device reports to, and what it shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrolmentStatus {
    /// The device's name at the connector.
    pub device_id: String,
    /// The organisation.
    pub tenant: String,
    /// Where reports go.
    pub connector_url: String,
    /// Whose device it is.
    pub ownership: Ownership,
    /// Whether apps are shared, and how far.
    pub app_sync: AppSync,
    /// The highest level that is let in.
    pub allowed_level: RiskLevel,
    /// Version of the settings in force.
    pub settings_version: u64,
    /// RFC 7638 thumbprint of the device key; empty in an enrolment of before keys could change.
    pub kid: String,
    /// How the device key is kept: `software`, `trusted_environment`, `strongbox` or `secure_enclave`.
    pub key_protection: String,
}

/// One report exactly as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewedReport {
    /// Its sequence number.
    pub seq: u64,
    /// The payload of the token, byte for byte: a JSON object.
    pub payload: String,
    /// The whole token.
    pub token: String,
}

impl PreviewedReport {
    pub(super) fn of(report: &StoredReport, tx: &ReadTx<'_>) -> Result<Option<Self>, AgentError> {
        let Some(token) = tx.token(report.id)? else { return Ok(None) };
        let payload = jws::payload_of(&token)?;
        Ok(Some(Self { seq: report.seq, payload: String::from_utf8_lossy(&payload).into_owned(), token }))
    }
}

impl EnrolmentStatus {
    pub(super) fn new(enrolment: &Enrolment, settings: &Settings) -> Self {
        Self {
            device_id: enrolment.device_id.clone(),
            tenant: enrolment.tenant.clone(),
            connector_url: enrolment.connector_url.clone(),
            ownership: settings.ownership,
            app_sync: settings.app_sync,
            allowed_level: settings.allowed_level,
            settings_version: settings.version,
            kid: enrolment.kid.clone(),
            key_protection: enrolment.key_protection.clone(),
        }
    }
}

/// Nothing to tell of.
const fn is_none(count: &usize) -> bool {
    *count == 0
}

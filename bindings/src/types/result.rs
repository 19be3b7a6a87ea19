//! Where the agent stands, and what an exchange with the connector did.

use std::time::SystemTime;

use agent_core::{agent, connector};

use super::scan::count;
use super::{Access, DownloadProgress, IntelDownload, KeyTrouble, Level, Ownership, RiskLevel, system_time};

/// Where the agent stands, without scanning.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Status {
    /// The level of the last scan; absent before the first.
    pub level: Option<Level>,
    /// The worst open finding of the last scan.
    pub at_least: Option<RiskLevel>,
    /// When the last scan started.
    pub last_scan_at: Option<SystemTime>,
    /// Whether the last scan is too old to tell a level: it is then unknown, or high where it was.
    pub is_stale: bool,
    /// The enrolment; absent on a device that is not enrolled.
    pub enrolment: Option<EnrolmentStatus>,
    /// Reports that wait for delivery.
    pub queued: u64,
    /// Reports that were dropped because the queue was full, since enrolment.
    pub dropped: u64,
    /// The threat intelligence in force; absent where there is no bundle.
    pub intel: Option<IntelStatus>,
    /// The connector's last decision.
    pub decision: Option<Decision>,
    /// Why the connector takes nothing from this device until it is enrolled again, where that is so.
    #[uniffi(default = None)]
    pub enrol_again: Option<EnrolAgain>,
    /// The download of threat intelligence that is under way.
    #[uniffi(default = None)]
    pub intel_download: Option<DownloadProgress>,
    /// Since when a sign-in page has been in the way of delivery; absent where the last one met none.
    #[uniffi(default = None)]
    pub behind_portal_since: Option<SystemTime>,
    /// Events that wait for the device key to sign them: reports in the making.
    #[uniffi(default = 0)]
    pub unsigned: u64,
    /// What keeps the device key from signing, and what to do about it.
    #[uniffi(default = None)]
    pub key_trouble: Option<KeyTrouble>,
}

/// The threat intelligence in force.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct IntelStatus {
    /// Its version.
    pub version: u64,
    /// When it was built.
    pub built_at: SystemTime,
    /// Its size, in bytes.
    pub size: u64,
}

impl From<agent::IntelStatus> for IntelStatus {
    fn from(status: agent::IntelStatus) -> Self {
        Self { version: status.version, built_at: system_time(status.built_at), size: status.size }
    }
}

/// Who this device reports to, and what it shares.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EnrolmentStatus {
    /// The device's name at the connector.
    pub device_id: String,
    /// The organisation.
    pub tenant: String,
    /// Where reports go.
    pub connector_url: String,
    /// Whose device it is.
    pub ownership: Ownership,
    /// Whether the app inventory is shared: all apps of corporate devices, managed apps of personal ones.
    pub app_sync: bool,
    /// Whether personal devices share all apps too.
    pub app_sync_personal: bool,
    /// The highest level that is let in.
    pub allowed_level: RiskLevel,
    /// Version of the settings in force.
    pub settings_version: u64,
}

/// What one exchange with the connector did.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DeliverySummary {
    /// Sequence numbers of the reports with a valid receipt.
    pub delivered: Vec<u64>,
    /// Reports that the connector refused; kept aside, with its words.
    pub quarantined: Vec<Quarantined>,
    /// Reports that are still queued.
    pub still_queued: u64,
    /// Why delivery stopped, where it did.
    pub stopped: Option<String>,
    /// The version of the settings, where they changed.
    pub new_settings: Option<u64>,
    /// The version of the policy, where a new one is in force.
    pub new_policy: Option<u32>,
    /// What is to be known of the new policy, or why the one on offer was refused.
    pub policy_notes: Vec<String>,
    /// The connector's decision, where it gave one.
    pub decision: Option<Decision>,
    /// Reports that were too large, and are told again in smaller parts.
    #[uniffi(default = [])]
    pub replaced: Vec<Replacement>,
    /// Why the connector takes nothing from this device until it is enrolled again, where that is so. Its reports stay
    /// queued.
    #[uniffi(default = None)]
    pub enrol_again: Option<EnrolAgain>,
    /// What came of the download of threat intelligence, where there was something to fetch.
    #[uniffi(default = None)]
    pub intel: Option<IntelDownload>,
    /// Reports that wait for a better moment: they only tell apps, and the hints say that sending costs.
    #[uniffi(default = [])]
    pub held: Vec<u64>,
    /// Whether a sign-in page is in the way. No attempt was counted: deliver again once the user has signed in, or on another
    /// network.
    #[uniffi(default = false)]
    pub behind_portal: bool,
    /// Whether something was met in the connector's place that a scan should tell of: `due` says so too.
    #[uniffi(default = false)]
    pub scan_due: bool,
}

/// A report that was too large for the connector.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Replacement {
    /// Its sequence number.
    pub seq: u64,
    /// The reports that tell its content, in order.
    pub by: Vec<u64>,
}

/// The connector does not know this device any more.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EnrolAgain {
    /// The connector's error and description.
    pub why: String,
    /// When it said so first.
    pub since: SystemTime,
}

/// A report that the connector refused.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Quarantined {
    /// Its sequence number.
    pub seq: u64,
    /// The connector's error and description.
    pub why: String,
}

/// What the connector made of a device's level.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Decision {
    /// The highest level that is let in.
    pub allowed_level: RiskLevel,
    /// The level last reported; absent when the device has not reported since it enrolled.
    pub level: Option<Level>,
    /// Whether the device is within the allowed level.
    pub compliant: bool,
    /// Why, for a person.
    pub reason: String,
    /// Access to each resource.
    pub resources: Vec<ResourceAccess>,
    /// Sequence number of the newest report that the decision rests on.
    pub last_seq: Option<u64>,
    /// When it was decided.
    pub decided_at: SystemTime,
}

/// Access to one resource.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ResourceAccess {
    /// Which: `mail`, `files`.
    pub name: String,
    /// Let in or not.
    pub access: Access,
    /// Why, for a person.
    pub reason: String,
}

/// One report exactly as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PreviewedReport {
    /// Its sequence number.
    pub seq: u64,
    /// The payload of the token: a JSON object.
    pub payload: String,
    /// The whole token, byte for byte.
    pub token: String,
}

impl From<agent::Status> for Status {
    fn from(status: agent::Status) -> Self {
        Self {
            level: status.level,
            at_least: status.at_least,
            last_scan_at: status.last_scan_at.map(system_time),
            is_stale: status.is_stale,
            enrolment: status.enrolment.map(Into::into),
            queued: count(status.queued),
            dropped: status.dropped,
            intel: status.intel.map(Into::into),
            decision: status.decision.map(Into::into),
            enrol_again: status.enrol_again.map(Into::into),
            intel_download: status.intel_download.map(Into::into),
            behind_portal_since: status.behind_portal_since.map(system_time),
            unsigned: count(status.unsigned),
            key_trouble: status.key_trouble.map(Into::into),
        }
    }
}

impl From<agent::EnrolAgain> for EnrolAgain {
    fn from(told: agent::EnrolAgain) -> Self {
        Self { why: told.why, since: system_time(told.since) }
    }
}

impl From<agent::EnrolmentStatus> for EnrolmentStatus {
    fn from(status: agent::EnrolmentStatus) -> Self {
        Self {
            device_id: status.device_id,
            tenant: status.tenant,
            connector_url: status.connector_url,
            ownership: status.ownership,
            app_sync: status.app_sync.enabled,
            app_sync_personal: status.app_sync.personal_full_inventory,
            allowed_level: status.allowed_level,
            settings_version: status.settings_version,
        }
    }
}

impl From<agent::DeliverySummary> for DeliverySummary {
    fn from(summary: agent::DeliverySummary) -> Self {
        let quarantined = |it: agent::Quarantined| Quarantined { seq: it.seq, why: it.why };
        Self {
            delivered: summary.delivered,
            quarantined: summary.quarantined.into_iter().map(quarantined).collect(),
            still_queued: count(summary.still_queued),
            stopped: summary.stopped,
            new_settings: summary.new_settings,
            new_policy: summary.new_policy,
            policy_notes: summary.policy_notes,
            decision: summary.decision.map(Into::into),
            replaced: summary.replaced.into_iter().map(|it| Replacement { seq: it.seq, by: it.by }).collect(),
            enrol_again: summary.enrol_again.map(Into::into),
            intel: summary.intel.map(Into::into),
            held: summary.held,
            behind_portal: summary.behind_portal,
            scan_due: summary.scan_due,
        }
    }
}

impl From<connector::Decision> for Decision {
    fn from(decision: connector::Decision) -> Self {
        let resource = |it: connector::ResourceAccess| ResourceAccess {
            name: it.name,
            access: it.access,
            reason: it.reason,
        };
        Self {
            allowed_level: decision.allowed_level,
            level: decision.level,
            compliant: decision.compliant,
            reason: decision.reason,
            resources: decision.resources.into_iter().map(resource).collect(),
            last_seq: decision.last_seq,
            decided_at: system_time(decision.decided_at),
        }
    }
}

impl From<agent::PreviewedReport> for PreviewedReport {
    fn from(report: agent::PreviewedReport) -> Self {
        Self { seq: report.seq, payload: report.payload, token: report.token }
    }
}

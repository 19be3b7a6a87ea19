//! What a report tells: one of two events, under the URI that names it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::device_report::DeviceReport;
use crate::model::{Finding, Level, ReportKind, ReportWorth, Severity, Timestamp};

/// CAEP 1.0, section 3.8: the level of risk changed.
pub const RISK_LEVEL_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/risk-level-change";

/// This project's event: everything that a scan saw. An identifier, never fetched.
pub const DEVICE_REPORT: &str = "https://schemas.mtd-agent.dev/secevent/event-type/device-report";

/// The one event of a report. Serialized as an object with one member, named by the event's URI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// See [`RISK_LEVEL_CHANGE`].
    #[serde(rename = "https://schemas.openid.net/secevent/caep/event-type/risk-level-change")]
    RiskLevelChange(RiskLevelChange),
    /// See [`DEVICE_REPORT`].
    #[serde(rename = "https://schemas.mtd-agent.dev/secevent/event-type/device-report")]
    DeviceReport(Box<DeviceReport>),
}

impl Event {
    /// Which one it is.
    pub const fn kind(&self) -> ReportKind {
        match self {
            Self::RiskLevelChange(_) => ReportKind::RiskLevelChange,
            Self::DeviceReport(_) => ReportKind::DeviceReport,
        }
    }

    /// What it is worth where not all reports can be kept.
    pub fn worth(&self) -> ReportWorth {
        match self {
            Self::RiskLevelChange(_) => ReportWorth::Level,
            Self::DeviceReport(report) if report.findings.iter().any(counts) => ReportWorth::Findings,
            Self::DeviceReport(_) => ReportWorth::Inventory,
        }
    }
}

/// Whether it bears on the level.
fn counts(finding: &Finding) -> bool {
    finding.is_open() && finding.severity > Severity::None
}

/// The CAEP event, with the finer level beside it. Sent only on a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskLevelChange {
    /// What carries the risk.
    pub principal: Principal,
    /// The level now, in CAEP's words.
    pub current_level: CaepLevel,
    /// The level before, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_level: Option<CaepLevel>,
    /// The detections that make the level, by identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_reason: Option<String>,
    /// When the level changed.
    pub event_timestamp: Timestamp,
    /// Why, for an administrator, by language (BCP 47).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reason_admin: BTreeMap<String, String>,
    /// Why, for the user, by language (BCP 47).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reason_user: BTreeMap<String, String>,
    /// The level now, in ours.
    pub mtd_level: Level,
    /// The level before, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtd_previous_level: Option<Level>,
}

impl RiskLevelChange {
    /// The change from `previous` to `current` at `at`; reasons are left to fill in.
    pub fn new(current: Level, previous: Option<Level>, at: Timestamp) -> Self {
        Self {
            principal: Principal::Device,
            current_level: current.into(),
            previous_level: previous.map(CaepLevel::from),
            risk_reason: None,
            event_timestamp: at,
            reason_admin: BTreeMap::new(),
            reason_user: BTreeMap::new(),
            mtd_level: current,
            mtd_previous_level: previous,
        }
    }
}

/// CAEP `principal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Principal {
    /// The device: the only one this agent speaks of.
    Device,
}

/// CAEP `current_level` and `previous_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CaepLevel {
    /// Secured or low.
    Low,
    /// Medium.
    Medium,
    /// High, unknown or misconfigured.
    High,
}

impl From<Level> for CaepLevel {
    /// CAEP has no word for a level that cannot be told. It becomes `HIGH`, for a receiver that reads no
    /// further must not let in a device because its checks were kept from running.
    fn from(level: Level) -> Self {
        match level {
            Level::Secured | Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High | Level::Unknown | Level::Misconfigured => Self::High,
        }
    }
}

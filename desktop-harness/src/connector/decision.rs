//! The decision: a pure function of what a device last reported and what the organisation allows.

use agent_core::connector::{Access, Decision, ResourceAccess};
use agent_core::model::{Level, RiskLevel, Timestamp, UnknownLevelAccess};
use agent_core::policy::is_compliant;

use super::chain::Fault;
use super::tenants::TenantSettings;

/// What is known of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The newest report that tells a level.
    pub reported: Option<Reported>,
    /// The worst that its chain of reports shows.
    pub fault: Option<Fault>,
}

/// The level that a report told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// `mtd_seq`.
    pub seq: u64,
    /// The level.
    pub level: Level,
    /// The worst open finding, as last told.
    pub at_least: Option<RiskLevel>,
}

/// Decides on one device.
pub fn decide(standing: Standing, settings: &TenantSettings, now: Timestamp) -> Decision {
    let allowed_level = settings.device.allowed_level;
    let unknown = settings.unknown_level_access;
    let judge = |allowed| judge(standing, allowed, unknown);
    let (compliant, reason) = judge(allowed_level);
    let resources = settings.resources.iter().map(|resource| {
        let (allowed, reason) = judge(resource.allowed_level.unwrap_or(allowed_level));
        let access = if allowed { Access::Allow } else { Access::Block };
        ResourceAccess { name: resource.name.clone(), access, reason }
    });
    Decision {
        allowed_level,
        level: standing.level(),
        compliant,
        reason,
        resources: resources.collect(),
        last_seq: standing.reported.map(|report| report.seq),
        decided_at: now,
    }
}

impl Standing {
    /// The level that counts: that of a compromised device is high, whatever it says of itself.
    pub fn level(&self) -> Option<Level> {
        match self.fault {
            Some(_) => Some(Level::High),
            None => self.reported.map(|report| report.level),
        }
    }
}

fn judge(standing: Standing, allowed: RiskLevel, unknown: UnknownLevelAccess) -> (bool, String) {
    if let Some(fault) = standing.fault {
        let what = match fault {
            Fault::Fork => "two different reports claim one place in its chain",
            Fault::Regression => "its chain of reports continues from an earlier state",
        };
        let reason = format!(
            "the device may have been cloned or set back ({what}): look at it, then enrol it with a new key"
        );
        return (false, reason);
    }
    let Some(report) = standing.reported else {
        return (false, "the device has not reported yet".to_owned());
    };
    // A report without it comes from an agent that tells nothing of its findings: the worst is assumed.
    let at_least = report.at_least.unwrap_or(RiskLevel::High);
    let compliant = is_compliant(report.level, at_least, allowed, unknown);
    let level = report.level;
    let reason = match (level, compliant) {
        (Level::Unknown | Level::Misconfigured, true) => {
            format!("level {level}, which the organisation lets in")
        }
        (Level::Unknown, false) => "level unknown: a required check did not run".to_owned(),
        (Level::Misconfigured, false) => {
            "level misconfigured: a required check lacks a permission or a setting".to_owned()
        }
        (_, true) => format!("level {level} is within the allowed {allowed}"),
        (_, false) => format!("level {level} is above the allowed {allowed}"),
    };
    (compliant, reason)
}

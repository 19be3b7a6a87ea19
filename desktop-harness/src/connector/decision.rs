//! The decision: a pure function of what a device last reported and what the organisation allows.

use std::collections::BTreeMap;

use agent_core::connector::{Access, Decision, ResourceAccess};
use agent_core::model::{Level, RiskLevel, Timestamp, UnknownLevelAccess};
use agent_core::policy::is_compliant;

use super::chain::Fault;
use super::tenants::{Resource, TenantSettings};

/// Seconds of an hour.
const HOUR: i64 = 60 * 60;

/// Seconds of a day.
const DAY: i64 = 24 * HOUR;

/// What is known of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The newest report that tells a level.
    pub reported: Option<Reported>,
    /// The worst that its chain of reports shows.
    pub fault: Option<Fault>,
    /// When an administrator revoked it.
    pub revoked_at: Option<Timestamp>,
    /// When its last report came; when it enrolled, before the first.
    pub last_heard: Timestamp,
    /// Since when its level is above another, for each that it was within before: what it was let into.
    pub above_since: BTreeMap<RiskLevel, Timestamp>,
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
pub fn decide(standing: &Standing, settings: &TenantSettings, now: Timestamp) -> Decision {
    let allowed_level = settings.device.allowed_level;
    let judge = |allowed| judge(standing, allowed, settings, now);
    let (compliant, reason) = judge(allowed_level);
    let resources = settings.resources.iter().map(|resource| {
        let allowed = resource.allowed_level.unwrap_or(allowed_level);
        let (is_let_in, reason) = match judge(allowed) {
            (false, reason) => match standing.kept_until(resource, allowed, settings, now) {
                Some(until) => (true, format!("{reason}; access is kept until {until}, mend it before")),
                None => (false, reason),
            },
            let_in => let_in,
        };
        let access = if is_let_in { Access::Allow } else { Access::Block };
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

    /// Whether it has not reported for longer than the organisation lets pass.
    pub fn is_unresponsive(&self, settings: &TenantSettings, now: Timestamp) -> bool {
        settings
            .unresponsive_after_days
            .is_some_and(|days| self.last_heard.plus_seconds(i64::from(days) * DAY) <= now)
    }

    /// Until when access to `resource` is kept although the level is above `allowed`: what a device was let into it is
    /// let into for a while. Not where the chain has a fault, nor where the device is silent or its level is not known.
    fn kept_until(
        &self,
        resource: &Resource,
        allowed: RiskLevel,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let risk = self.reported?.level.risk()?;
        if self.revoked_at.is_some()
            || self.fault.is_some()
            || risk <= allowed
            || self.is_unresponsive(settings, now)
        {
            return None;
        }
        let since = self.above_since.get(&allowed)?;
        let until = since.plus_seconds(i64::from(resource.grace_hours?) * HOUR);
        (now < until).then_some(until)
    }
}

fn judge(
    standing: &Standing,
    allowed: RiskLevel,
    settings: &TenantSettings,
    now: Timestamp,
) -> (bool, String) {
    if let Some(at) = standing.revoked_at {
        return (
            false,
            format!("the device was revoked at {at}; to return, it enrols again with a new code"),
        );
    }
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
    if standing.is_unresponsive(settings, now) && settings.unresponsive_access == UnknownLevelAccess::Block {
        let (since, days) = (standing.last_heard, settings.unresponsive_after_days.unwrap_or_default());
        return (
            false,
            format!("unresponsive: no report since {since}, at least one in {days} days is needed"),
        );
    }
    // A report without it comes from an agent that tells nothing of its findings: the worst is assumed.
    let at_least = report.at_least.unwrap_or(RiskLevel::High);
    let compliant = is_compliant(report.level, at_least, allowed, settings.unknown_level_access);
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

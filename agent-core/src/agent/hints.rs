//! What may wait for a better moment to be sent or fetched.
//!
//! Changes of the level and findings never wait. A large report that only tells apps does, while the host says that the
//! moment is bad, for [`LONGEST_HOLD`] at most: the reports behind it overtake it. The order of sending is then not that
//! of the chain; the connector takes reports in any order, and shows a gap until the one that waits has come.

use serde_json::Value;

use crate::model::{ReportKind, Timestamp};
use crate::report::jws;
use crate::store::StoredReport;

/// What the host knows of the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryHints {
    /// Traffic costs (Android lacks `NET_CAPABILITY_NOT_METERED`, iOS `NWPath.isExpensive` or `isConstrained`).
    pub metered: bool,
    /// The battery is being spared (Android `PowerManager.isPowerSaveMode`, iOS `isLowPowerModeEnabled`).
    pub low_power: bool,
    /// Abroad (Android lacks `NET_CAPABILITY_NOT_ROAMING`).
    pub roaming: bool,
}

impl DeliveryHints {
    /// Why what can wait should do so; `None` where nothing speaks against it.
    pub(super) const fn reason(self) -> Option<&'static str> {
        match self {
            Self { roaming: true, .. } => Some("the device is roaming"),
            Self { metered: true, .. } => Some("this network's traffic costs"),
            Self { low_power: true, .. } => Some("the battery is being spared"),
            Self { .. } => None,
        }
    }
}

/// How long a report may wait for a better moment, in seconds: less than a working day.
const LONGEST_HOLD: i64 = 6 * 60 * 60;

/// Bytes from which on a report is worth holding back: smaller ones cost less than waking the radio.
const WORTH_HOLDING: u64 = 32 * 1024;

/// How old threat intelligence may become before a download no longer waits, in seconds.
const STALE_INTEL: i64 = 3 * 24 * 60 * 60;

/// Whether `report` could be held back by its outside, so that its content is worth a look.
pub(super) fn may_be_held(report: &StoredReport, now: Timestamp) -> bool {
    let waited = now.unix().saturating_sub(report.queued_at.unix());
    report.kind == ReportKind::DeviceReport
        && report.size >= WORTH_HOLDING
        && (0..LONGEST_HOLD).contains(&waited)
}

/// Whether `token` tells apps and no finding that is open.
pub(super) fn is_inventory_only(token: &str) -> bool {
    let Ok(claims) = jws::peek_claims::<Value>(token) else { return false };
    let Some(events) = claims.get("events").and_then(Value::as_object) else { return false };
    events.values().all(|event| {
        let findings = event.get("findings").and_then(Value::as_array);
        let is_open = |finding: &Value| finding.get("state").and_then(Value::as_str) == Some("open");
        event.get("inventory").is_some() && findings.is_none_or(|findings| !findings.iter().any(is_open))
    })
}

/// Whether threat intelligence of `built_at` can wait for a better moment.
pub(super) fn intel_can_wait(built_at: Timestamp, now: Timestamp) -> bool {
    (0..STALE_INTEL).contains(&now.unix().saturating_sub(built_at.unix()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::ReportState;

    const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

    fn report(kind: ReportKind, size: u64, age: i64) -> StoredReport {
        StoredReport {
            id: 1,
            state: ReportState::Queued,
            kind,
            seq: 1,
            jti: "j".into(),
            size,
            queued_at: NOW.plus_seconds(-age),
            attempts: 0,
            unproven: 0,
            tried_at: None,
            next_attempt_at: NOW,
            closed_at: None,
            reason: None,
        }
    }

    #[test]
    fn only_a_large_young_device_report_may_be_held() {
        assert!(may_be_held(&report(ReportKind::DeviceReport, WORTH_HOLDING, 0), NOW));
        assert!(may_be_held(&report(ReportKind::DeviceReport, WORTH_HOLDING, LONGEST_HOLD - 1), NOW));
        for other in [
            report(ReportKind::DeviceReport, WORTH_HOLDING, LONGEST_HOLD),
            report(ReportKind::DeviceReport, WORTH_HOLDING, -1),
            report(ReportKind::DeviceReport, WORTH_HOLDING - 1, 0),
            report(ReportKind::RiskLevelChange, WORTH_HOLDING, 0),
        ] {
            assert!(!may_be_held(&other, NOW), "{other:?}");
        }
    }

    #[test]
    fn a_report_with_an_open_finding_is_more_than_inventory() {
        let token = |event: Value| {
            let claims = json!({"events": {"https://example/device-report": event}}).to_string();
            let part = |text: &str| {
                use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
                BASE64_URL_SAFE_NO_PAD.encode(text)
            };
            format!("{}.{}.{}", part("{}"), part(&claims), part(&"s".repeat(64)))
        };
        let inventory = json!({"mode": "full"});
        assert!(is_inventory_only(&token(json!({"inventory": inventory, "findings": []}))));
        assert!(is_inventory_only(&token(
            json!({"inventory": inventory, "findings": [{"state": "resolved"}]})
        )));
        assert!(!is_inventory_only(&token(json!({"inventory": inventory, "findings": [{"state": "open"}]}))));
        assert!(!is_inventory_only(&token(json!({"current_level": "HIGH"}))));
        assert!(!is_inventory_only("garbage"));
    }

    #[test]
    fn intelligence_waits_for_three_days_and_no_clock_makes_it_wait_longer() {
        assert!(intel_can_wait(NOW, NOW.plus_seconds(STALE_INTEL - 1)));
        assert!(!intel_can_wait(NOW, NOW.plus_seconds(STALE_INTEL)));
        assert!(!intel_can_wait(NOW, NOW.plus_seconds(-1)));
    }
}

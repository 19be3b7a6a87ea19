//! From a judged scan to signed reports in the queue: one for a change of level, one for the device.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::backlog::{self, Signed, Unsigned};
use super::error::AgentError;
use super::redact::{shareable_findings, shareable_posture};
use super::signing;
use super::{AGENT_VERSION, Inner};
use crate::connector::Enrolment;
use crate::inventory::{self, AppIdentity, InventoryDelta, SharedInventory};
use crate::model::{
    AppRecord, CoverageItem, DevicePosture, Finding, FindingState, Inventory, Level, NetworkSnapshot,
    RiskLevel, Settings, Severity, Timestamp,
};
use crate::platform::KeyProtection;
use crate::policy::{self, Assessment, Language, Policy, System};
use crate::report::{
    AppKey, DeviceReport, Event, InventoryReport, NetworkState, Part, RiskLevelChange, SCHEMA_VERSION,
};
use crate::store::{Slot, WriteTx};

/// A scan, as far as reports tell of it.
pub(super) struct Reportable<'a> {
    pub(super) scan_id: &'a str,
    pub(super) now: Timestamp,
    pub(super) settings: &'a Settings,
    pub(super) policy: &'a Policy,
    pub(super) assessment: &'a Assessment,
    pub(super) coverage: &'a [CoverageItem],
    /// The findings before this scan.
    pub(super) known: &'a [Finding],
    /// The findings after it.
    pub(super) findings: &'a [Finding],
    pub(super) posture: &'a DevicePosture,
    pub(super) network: &'a NetworkSnapshot,
    pub(super) inventory: Option<&'a Inventory>,
    pub(super) intel_version: Option<u64>,
}

/// Signs and queues what the connector does not know yet; what the key does not sign now waits. Nothing where the device is
/// not enrolled.
pub(super) fn queue_reports(
    inner: &Inner,
    tx: &WriteTx<'_>,
    scan: &Reportable<'_>,
) -> Result<Signed, AgentError> {
    let Some(enrolment) = tx.get::<Enrolment>(Slot::Enrolment)? else { return Ok(Signed::default()) };
    // Room is made only for what cannot go now.
    let before = backlog::sign(inner, tx, &enrolment, scan.settings, Vec::new())?;
    backlog::make_room(tx)?;
    let findings = shareable(scan);
    let unsigned = |event| Unsigned { txn: scan.scan_id.to_owned(), at: scan.now, event };
    let mut events = Vec::new();
    let previous: Option<Level> = tx.get(Slot::LastLevel)?;
    if previous != Some(scan.assessment.level) {
        events.push(unsigned(Event::RiskLevelChange(level_change(scan, previous, &findings))));
        tx.put(Slot::LastLevel, &scan.assessment.level)?;
    }
    let report = device_report(tx, scan, findings, signing::key_protection(&enrolment))?;
    events.push(unsigned(Event::DeviceReport(Box::new(report))));
    let signed = backlog::sign(inner, tx, &enrolment, scan.settings, events)?;
    Ok(Signed { news: signed.news.or(before.news), ..signed })
}

/// What is open or set aside, and what this scan resolved.
fn shareable(scan: &Reportable<'_>) -> Vec<Finding> {
    let is_news = |finding: &&Finding| match finding.state {
        FindingState::Open | FindingState::Ignored { .. } => true,
        FindingState::Resolved { .. } => !scan.known.contains(finding),
    };
    let news: Vec<_> = scan.findings.iter().filter(is_news).collect();
    let nothing = Inventory::default();
    shareable_findings(&news, scan.inventory.unwrap_or(&nothing), scan.settings)
}

fn level_change(scan: &Reportable<'_>, previous: Option<Level>, findings: &[Finding]) -> RiskLevelChange {
    // A headline names no menus, which is all that the version decides.
    let system = System { platform: scan.posture.platform, version: None };
    let headline =
        |language| policy::explain(scan.assessment, findings, scan.policy, language, &system).headline;
    let texts: BTreeMap<_, _> =
        Language::ALL.iter().map(|language| (language.as_str().to_owned(), headline(*language))).collect();
    RiskLevelChange {
        risk_reason: causes(scan.assessment, findings),
        reason_admin: texts.clone(),
        reason_user: texts,
        ..RiskLevelChange::new(scan.assessment.level, previous, scan.now)
    }
}

/// The detections that make the level, by identifier; `None` where only a gap does, or nothing.
fn causes(assessment: &Assessment, findings: &[Finding]) -> Option<String> {
    let is_cause = |finding: &&Finding| {
        finding.is_open()
            && finding.severity > Severity::None
            && RiskLevel::from(finding.severity) == assessment.at_least
    };
    let causes: BTreeSet<_> =
        findings.iter().filter(is_cause).map(|finding| finding.judgement.detection.as_str()).collect();
    (!causes.is_empty()).then(|| causes.into_iter().collect::<Vec<_>>().join(", "))
}

fn device_report(
    tx: &WriteTx<'_>,
    scan: &Reportable<'_>,
    findings: Vec<Finding>,
    key_protection: KeyProtection,
) -> Result<DeviceReport, AgentError> {
    Ok(DeviceReport {
        schema_version: SCHEMA_VERSION,
        part: Part::WHOLE,
        level: scan.assessment.level,
        at_least: scan.assessment.at_least,
        coverage: scan.coverage.to_vec(),
        posture: shareable_posture(scan.posture),
        network: NetworkState::from(scan.network),
        findings,
        inventory: inventory_report(tx, scan)?,
        intel_version: scan.intel_version.map(|version| version.to_string()),
        policy_version: scan.policy.version(),
        settings_version: scan.settings.version,
        key_protection,
        dropped: tx.dropped()?,
        agent_version: AGENT_VERSION.to_owned(),
    })
}

/// The apps as the connector will know them once the queue is delivered.
#[derive(Serialize, Deserialize)]
struct Shared {
    apps: Vec<AppRecord>,
    /// The drop counter of that time: a report that was dropped since may have been the one with the base.
    dropped: u64,
}

/// The apps that the user's consent covers: in full the first time, then what changed since the last report.
fn inventory_report(tx: &WriteTx<'_>, scan: &Reportable<'_>) -> Result<InventoryReport, AgentError> {
    if !scan.settings.app_sync.enabled {
        tx.delete(Slot::SharedInventory)?;
    }
    let Some(inventory) = scan.inventory else { return Ok(InventoryReport::NotShared { withheld: None }) };
    let SharedInventory { apps, withheld, .. } =
        inventory::consent_filter(inventory, scan.settings.ownership, scan.settings.app_sync);
    if !scan.settings.app_sync.enabled {
        return Ok(InventoryReport::NotShared { withheld: Some(withheld) });
    }
    let dropped = tx.dropped()?;
    let known: Option<Shared> = tx.get(Slot::SharedInventory)?;
    let base = known.filter(|known| known.dropped == dropped).map(|known| known.apps);
    tx.put(Slot::SharedInventory, &Shared { apps: apps.clone(), dropped })?;
    let delta = base.as_deref().and_then(|base| nameable_delta(base, &apps, inventory, scan.settings));
    Ok(match delta {
        None => InventoryReport::Full { sha256: inventory::digest(&apps), apps, withheld },
        Some(InventoryDelta { base_sha256, sha256, changed, removed }) => InventoryReport::Delta {
            base_sha256,
            changed,
            removed: removed.into_iter().map(|app| AppKey { id: app.id, name: app.name }).collect(),
            withheld,
            sha256,
        },
    })
}

/// What changed among the shared apps; `None` where that would name an app which is no longer shared, though
/// it was when `base` was sent.
fn nameable_delta(
    base: &[AppRecord],
    shared: &[AppRecord],
    installed: &Inventory,
    settings: &Settings,
) -> Option<InventoryDelta> {
    let delta = inventory::delta(base, shared);
    let removed: BTreeSet<_> = delta.removed.iter().collect();
    let is_removed = |app: &&AppRecord| removed.contains(&AppIdentity::of(app));
    let was_withdrawn = base
        .iter()
        .filter(is_removed)
        .any(|app| !inventory::may_share(app, settings.ownership, settings.app_sync));
    let is_withheld = installed.apps.iter().any(|app| is_removed(&app));
    (!was_withdrawn && !is_withheld).then_some(delta)
}

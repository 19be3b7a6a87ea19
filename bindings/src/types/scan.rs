//! What a scan found, and what it means.

use std::time::{Duration, SystemTime};

use agent_core::{agent, model};

use super::{
    CheckId, Depth, Detection, Exposure, Level, RiskLevel, ScanTrigger, Severity, Verdict, system_time,
};

/// One scan: what was looked at, what was found, what it means.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ScanResult {
    /// Identifies the scan; the `txn` of its reports.
    pub scan_id: String,
    /// Why it ran.
    pub trigger: ScanTrigger,
    /// When it started.
    pub started_at: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// What the device reports.
    pub level: Level,
    /// The worst open finding. The level itself, unless a gap hides it.
    pub at_least: RiskLevel,
    /// Required checks without a result.
    pub gaps: Vec<CoverageItem>,
    /// Every check that ran, in the order of `CheckId`.
    pub checks: Vec<CheckOutcome>,
    /// All findings of this device: open, ignored, and the recently resolved.
    pub findings: Vec<Finding>,
    /// Weaknesses of the network itself, apart from attacks.
    pub exposure: Vec<Exposure>,
    /// What looking at the network cost.
    pub network_cost: NetworkCost,
    /// How many apps the host listed; absent where it did not.
    pub app_count: Option<u64>,
    /// What changed among the apps since the scan before.
    pub app_changes: AppChanges,
    /// Version of the intelligence bundle in use; absent where there is none.
    pub intel_version: Option<u64>,
    /// Sequence numbers of the reports that were queued; empty where the device is not enrolled.
    pub queued_reports: Vec<u64>,
}

/// What the network checks of one scan cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NetworkCost {
    /// How deep they went.
    pub depth: Depth,
    /// How long measuring took.
    pub elapsed: Duration,
    /// Bytes sent over TCP and UDP, without their headers.
    pub sent: u64,
    /// Bytes received, of the same kind.
    pub received: u64,
}

/// How many apps are otherwise than in the scan before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AppChanges {
    /// New ones.
    pub added: u64,
    /// Gone ones.
    pub removed: u64,
    /// With another version.
    pub updated: u64,
    /// With another signer.
    pub resigned: u64,
}

/// Everything that one check of one scan has to say.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CheckOutcome {
    /// The check.
    pub check: CheckId,
    /// How far it got.
    pub coverage: Coverage,
    /// The gravest verdict; `Inconclusive` for a check without result.
    pub verdict: Verdict,
    /// One sentence for a person, in English: what was seen, for a clean check too.
    pub summary: String,
    /// What another check judged, of which something that this one saw is a part: one cause is one finding.
    pub part_of: Option<Detection>,
}

/// How far a check got.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Coverage {
    /// The check ran to its end.
    Complete,
    /// The check did not come to a result.
    Unknown {
        /// Why not, in words for a person.
        why: String,
    },
    /// A permission or setting that the check needs is missing.
    NotPermitted {
        /// Which one, in words for a person.
        why: String,
    },
}

/// One line of the coverage report.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CoverageItem {
    /// The check.
    pub check: CheckId,
    /// How far it got.
    pub coverage: Coverage,
}

/// A judgement with a severity and a life: what the level is made of.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Finding {
    /// What it is.
    pub detection: Detection,
    /// Of what: an app id, a host name, or empty where the device or the network as a whole is meant.
    pub subject: String,
    /// How sure.
    pub verdict: Verdict,
    /// How bad it is under the policy in force.
    pub severity: Severity,
    /// Why, in English words that a person can check.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// When it was first seen in this life.
    pub detected_at: SystemTime,
    /// When it was last seen.
    pub last_seen_at: SystemTime,
    /// Open, resolved or ignored.
    pub state: FindingState,
}

/// One thing that a second person can check: a name from the field, and its value.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Evidence {
    /// What it is: `endpoint`, `issuer`, `certificate_sha256`.
    pub name: String,
    /// Its value as text.
    pub value: String,
}

/// Where a finding is in its life.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FindingState {
    /// It counts.
    Open,
    /// A later scan looked again and found it gone.
    Resolved {
        /// When that was seen.
        at: SystemTime,
    },
    /// The organisation's policy sets it aside.
    Ignored {
        /// Since when.
        at: SystemTime,
        /// Why, from the policy.
        reason: String,
    },
}

impl From<agent::ScanResult> for ScanResult {
    fn from(scan: agent::ScanResult) -> Self {
        let listed = scan.checks.iter().any(|outcome| {
            outcome.check == CheckId::Inventory && outcome.coverage == model::Coverage::Complete
        });
        let changes = &scan.app_changes;
        Self {
            app_count: listed.then(|| count(scan.inventory.apps.len())),
            app_changes: AppChanges {
                added: count(changes.added.len()),
                removed: count(changes.removed.len()),
                updated: count(changes.updated.len()),
                resigned: count(changes.resigned.len()),
            },
            scan_id: scan.scan_id,
            trigger: scan.trigger,
            started_at: system_time(scan.started_at),
            elapsed: Duration::from_millis(scan.elapsed_ms),
            level: scan.assessment.level,
            at_least: scan.assessment.at_least,
            gaps: scan.assessment.gaps.into_iter().map(Into::into).collect(),
            checks: scan.checks.into_iter().map(Into::into).collect(),
            findings: scan.findings.into_iter().map(Into::into).collect(),
            exposure: scan.exposure,
            network_cost: NetworkCost {
                depth: scan.network_cost.depth,
                elapsed: Duration::from_millis(scan.network_cost.elapsed_ms),
                sent: scan.network_cost.sent,
                received: scan.network_cost.received,
            },
            intel_version: scan.intel_version,
            queued_reports: scan.queued_reports,
        }
    }
}

pub(crate) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl From<model::CheckOutcome> for CheckOutcome {
    fn from(outcome: model::CheckOutcome) -> Self {
        Self {
            check: outcome.check,
            verdict: outcome.verdict(),
            coverage: outcome.coverage.into(),
            summary: outcome.summary,
            part_of: outcome.part_of,
        }
    }
}

impl From<model::Coverage> for Coverage {
    fn from(coverage: model::Coverage) -> Self {
        match coverage {
            model::Coverage::Complete => Self::Complete,
            model::Coverage::Unknown { why } => Self::Unknown { why },
            model::Coverage::NotPermitted { why } => Self::NotPermitted { why },
        }
    }
}

impl From<model::CoverageItem> for CoverageItem {
    fn from(item: model::CoverageItem) -> Self {
        Self { check: item.check, coverage: item.coverage.into() }
    }
}

impl From<model::Finding> for Finding {
    fn from(finding: model::Finding) -> Self {
        let judgement = finding.judgement;
        Self {
            detection: judgement.detection,
            subject: judgement.subject,
            verdict: judgement.verdict,
            severity: finding.severity,
            reason: judgement.reason,
            evidence: judgement.evidence.into_iter().map(Into::into).collect(),
            detected_at: system_time(finding.detected_at),
            last_seen_at: system_time(finding.last_seen_at),
            state: finding.state.into(),
        }
    }
}

impl From<model::Evidence> for Evidence {
    fn from(evidence: model::Evidence) -> Self {
        Self { name: evidence.name, value: evidence.value }
    }
}

impl From<model::FindingState> for FindingState {
    fn from(state: model::FindingState) -> Self {
        match state {
            model::FindingState::Open => Self::Open,
            model::FindingState::Resolved { at } => Self::Resolved { at: system_time(at) },
            model::FindingState::Ignored { at, reason } => Self::Ignored { at: system_time(at), reason },
        }
    }
}

//! Between the scheduler and a scan: where the device is, what is known of the network, what came of the scan.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::Inner;
use super::error::AgentError;
use super::last_scan::LastScan;
use super::path;
use super::portal;
use crate::model::{
    CheckOutcome, Coverage, Depth, Finding, NetworkSettings, NetworkSnapshot, Settings, Severity, Timestamp,
    Transport, Verdict,
};
use crate::network::baseline::{Baseline, network_key};
use crate::network::observation::Observations;
use crate::network::tier::{LEFT_OUT, Review};
use crate::network::{self, Recording};
use crate::policy::{Policy, ResolvingEvent};
use crate::schedule::{
    Clean, Finished, History, Moment, NetworkKey, Plan, ScanOutcome, ScanTrigger, Scheduler, Surroundings,
};
use crate::store::{ReadTx, Slot, WriteTx};

/// Notes `trigger`, if something happened, and says what to do.
pub(super) fn plan(inner: &Inner, trigger: Option<ScanTrigger>) -> Result<Plan, AgentError> {
    let snapshot = inner.host.device.network_snapshot();
    inner.store.write(|tx| {
        let settings = inner.settings(tx)?;
        let findings = tx.findings()?;
        let policy = inner.policy(tx, &settings, inner.host.clock.now())?;
        let last: Option<LastScan> = tx.get(Slot::LastScan)?;
        let around = Surroundings {
            network: NetworkKey::of(&snapshot, &settings.network),
            metered: is_metered(&snapshot),
            finding_open: is_any_open(&findings),
            mendable: is_any_mendable(&findings, &policy)
                || last.is_some_and(|last| lacks_a_permission(&last)),
            met_on_the_way: path::is_untold(tx, portal::digest(&snapshot))?,
        };
        scheduled(inner, tx, |scheduler, now| match trigger {
            Some(trigger) => scheduler.on(trigger, now, &around),
            None => scheduler.due(now, &around),
        })
    })
}

/// The events that tell that what resolves a finding may have happened. The first is what tells it at once where the
/// platform tells such things at all.
pub(super) const fn triggers_of(event: ResolvingEvent) -> &'static [ScanTrigger] {
    match event {
        ResolvingEvent::Rescan => &[ScanTrigger::Requested, ScanTrigger::Periodic],
        ResolvingEvent::NetworkChanged => &[ScanTrigger::NetworkChanged],
        ResolvingEvent::AppRemoved | ResolvingEvent::AppUpdated => &[ScanTrigger::AppsChanged],
        ResolvingEvent::AppManaged => &[ScanTrigger::AppsChanged, ScanTrigger::Foreground],
        ResolvingEvent::SettingChanged => &[ScanTrigger::SettingsChanged, ScanTrigger::Foreground],
        ResolvingEvent::SystemUpdated => &[ScanTrigger::SystemUpdated, ScanTrigger::Foreground],
    }
}

/// Whether a finding counts that is resolved by something of which the way back to this app may be the only sign.
fn is_any_mendable(findings: &[Finding], policy: &Policy) -> bool {
    let counting = findings.iter().filter(|finding| finding.is_open() && finding.severity > Severity::None);
    let mut events = counting.flat_map(|finding| &policy.row(finding.judgement.detection).resolved_by);
    events.any(|event| triggers_of(*event).contains(&ScanTrigger::Foreground))
}

/// Whether a required check waits for a permission, which is given in the settings.
fn lacks_a_permission(last: &LastScan) -> bool {
    last.assessment.gaps.iter().any(|gap| matches!(gap.coverage, Coverage::NotPermitted { .. }))
}

/// The platform's word for it, else what carriers usually do.
fn is_metered(snapshot: &NetworkSnapshot) -> bool {
    let cellular = || snapshot.transport.value() == Some(&Transport::Cellular);
    snapshot.metered.value().copied().unwrap_or_else(cellular)
}

/// Tells the scheduler how a scan went.
pub(super) fn finished(inner: &Inner, tx: &WriteTx<'_>, finished: Finished) -> Result<(), AgentError> {
    scheduled(inner, tx, |scheduler, now| scheduler.finished(finished, now))
}

/// Works on the scheduler as all processes left it. Called in a transaction only, so that no two do so at once.
fn scheduled<T>(
    inner: &Inner,
    tx: &WriteTx<'_>,
    work: impl FnOnce(&mut Scheduler, Moment) -> T,
) -> Result<T, AgentError> {
    let before: History = tx.get(Slot::Schedule)?.unwrap_or_default();
    let now = Moment { monotonic: inner.opened.elapsed(), wall: inner.host.clock.now() };
    let mut scheduler = inner.scheduler.lock().unwrap_or_else(PoisonError::into_inner);
    scheduler.recall(before.clone());
    let result = work(&mut scheduler, now);
    if *scheduler.history() != before {
        tx.put(Slot::Schedule, scheduler.history())?;
    }
    Ok(result)
}

/// What is known of the network before it is measured.
pub(super) struct Known {
    baseline: Option<Baseline>,
    clean: Option<Clean>,
    finding_open: bool,
}

impl Known {
    pub(super) fn of(
        tx: &ReadTx<'_>,
        snapshot: &NetworkSnapshot,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Self, AgentError> {
        let baseline = network_key(snapshot).map(|key| tx.baseline(&key)).transpose()?.flatten();
        let clean = clean(tx, snapshot, &settings.network, now)?;
        Ok(Self { baseline, clean, finding_open: is_any_open(&tx.findings()?) })
    }

    /// How deep to go at least, where `depth` is asked for: a finding is looked at with everything.
    pub(super) const fn depth(&self, depth: Depth) -> Depth {
        if self.finding_open { Depth::Everything } else { depth }
    }

    /// Whether the first tier, `seen` under `settings`, asks for no closer look.
    pub(super) fn is_enough(&self, seen: &Observations, settings: &NetworkSettings, now: Timestamp) -> bool {
        let recording = Recording {
            baseline: self.baseline.clone(),
            ..Recording::new(seen.clone(), settings.clone(), now)
        };
        let outcomes = network::judge(&recording).outcomes;
        let known = self.clean.as_ref().map_or_else(BTreeSet::new, |clean| clean.explained.clone());
        let same_exit = self.clean.as_ref().is_none_or(|clean| clean.exit == network::exit(settings, seen));
        same_exit && Review::of(&outcomes, settings, &seen.network, seen.depth).is_ordinary(&known)
    }
}

/// The clean scan of everything that counts for the network of `snapshot`.
pub(super) fn clean(
    tx: &ReadTx<'_>,
    snapshot: &NetworkSnapshot,
    settings: &NetworkSettings,
    now: Timestamp,
) -> Result<Option<Clean>, AgentError> {
    let history: History = tx.get(Slot::Schedule)?.unwrap_or_default();
    Ok(history.clean(NetworkKey::of(snapshot, settings), now).cloned())
}

/// Puts the outcomes of `clean` in the place of those that a first tier leaves out.
pub(super) fn carry(outcomes: &mut [CheckOutcome], clean: &Clean) {
    for outcome in outcomes.iter_mut().filter(|outcome| LEFT_OUT.contains(&outcome.check)) {
        if let Some(carried) = clean.carried(outcome.check) {
            *outcome = carried;
        }
    }
}

/// What the scheduler is told of a scan: what it saw, and what was judged of it.
pub(super) fn report(recording: &Recording, outcomes: &[CheckOutcome]) -> Finished {
    let Recording { observations: seen, settings, now, .. } = recording;
    let review = Review::of(outcomes, settings, &seen.network, seen.depth);
    let outcome = if review.is_suspicious() {
        ScanOutcome::NotClean
    } else if !review.is_conclusive() {
        ScanOutcome::Inconclusive
    } else if seen.depth == Depth::First {
        ScanOutcome::StillClean
    } else {
        let left_out = outcomes.iter().filter(|outcome| LEFT_OUT.contains(&outcome.check));
        ScanOutcome::Clean(Clean {
            at: *now,
            exit: network::exit(settings, seen),
            explained: review.explanations(),
            outcomes: left_out.cloned().collect(),
        })
    };
    let bytes = seen.traffic.sent + seen.traffic.received;
    Finished { network: NetworkKey::of(&seen.network, settings), outcome, bytes }
}

/// Whether something suspicious was found on a network and not seen to be gone.
fn is_any_open(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| {
        let judgement = &finding.judgement;
        let is_of_network = judgement.detection.check().as_str().starts_with("network.");
        finding.is_open() && is_of_network && judgement.verdict >= Verdict::Suspicious
    })
}

//! One scan: collect, measure, judge, classify, queue.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::apps::{self, Yardsticks};
use super::error::AgentError;
use super::events::AgentEvent;
use super::last_scan::LastScan;
use super::path;
use super::planning::{self, Known};
use super::reporting::{self, Reportable};
use super::result::{NetworkCost, ScanResult};
use super::runtime::{ask_host, on_own_thread};
use super::signing;
use super::web;
use super::{AGENT_VERSION, Inner};
use crate::connector::Enrolment;
use crate::intel::bundle::Bundle;
use crate::model::{
    Coverage, CoverageItem, Depth, Detection, DevicePosture, Fact, Finding, FindingState, Inventory,
    NetworkSnapshot, Settings, Sha256, Timestamp,
};
use crate::network::baseline::network_key;
use crate::network::observation::Observations;
use crate::network::{self, Recording};
use crate::policy::{self, Policy};
use crate::posture::{self, Device, Thresholds};
use crate::report::random_id;
use crate::schedule::ScanTrigger;
use crate::store::{self, Looked, Slot};

/// Kept free at the end of a scan for judging, signing and storing.
const FINISH_MARGIN: Duration = Duration::from_millis(500);

/// How long judging, signing and storing may take even where the deadline has passed: an answer that is this near is
/// worth more than none. A key that does not answer at all must not hold the caller for ever; what it signs later
/// is stored all the same.
const FINISH_GRACE: Duration = Duration::from_secs(2);

/// The device's own facts, before anything is judged.
struct Collected {
    apps: Fact<Inventory>,
    posture: DevicePosture,
    network: Observations,
    /// How long measuring the network took.
    network_time: Duration,
}

pub(super) async fn scan(
    inner: Arc<Inner>,
    depth: Depth,
    trigger: ScanTrigger,
    deadline: Instant,
) -> Result<ScanResult, AgentError> {
    let started = Instant::now();
    let now = inner.host.clock.now();
    let settings = inner.store.read(|tx| inner.settings(tx))?;
    let stop = deadline.checked_sub(FINISH_MARGIN).unwrap_or(deadline);
    let collected = collect(&inner, &settings, depth, now, stop).await?;
    let finish_by = deadline.max(Instant::now() + FINISH_GRACE);
    let concluded = on_own_thread(move || conclude(&inner, &settings, collected, trigger, now));
    let mut result = match timeout_at(finish_by, concluded).await {
        Ok(result) => result??,
        Err(_) => return Err(AgentError::Deadline(started.elapsed().as_secs())),
    };
    result.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    log_summary(&result);
    Ok(result)
}

/// One line, in which nothing is named.
fn log_summary(result: &ScanResult) {
    let open = result.findings.iter().filter(|finding| finding.is_open()).count();
    let complete = result.checks.iter().filter(|check| check.coverage == Coverage::Complete).count();
    log::info!(
        "scan ({}): level {}, {open} open findings, {complete} of {} checks complete, {} reports queued, {} ms",
        result.trigger,
        result.assessment.level,
        result.checks.len(),
        result.queued_reports.len(),
        result.elapsed_ms
    );
}

/// Asks the host and measures the network, all at once.
async fn collect(
    inner: &Inner,
    settings: &Settings,
    depth: Depth,
    now: Timestamp,
    deadline: Instant,
) -> Result<Collected, AgentError> {
    let (device, platform) = (&inner.host.device, inner.config.platform);
    let apps = async {
        let device = device.clone();
        ask_host(deadline, move || device.installed_apps()).await.unwrap_or_else(Fact::not_available)
    };
    let posture = async {
        let device = device.clone();
        let answer = ask_host(deadline, move || device.device_posture()).await;
        answer.unwrap_or_else(|why| DevicePosture::not_available(platform, why))
    };
    let network = async {
        let begin = Instant::now();
        let asked = device.clone();
        let snapshot = ask_host(deadline, move || asked.network_snapshot()).await;
        let snapshot = snapshot.unwrap_or_else(NetworkSnapshot::not_available);
        let known = inner.store.read(|tx| Known::of(tx, &snapshot, settings, now))?;
        let (entropy, device, settings) = (inner.host.entropy.clone(), device.clone(), &settings.network);
        let seen = match known.depth(depth) {
            Depth::Everything => network::measure(settings, snapshot, device, entropy, deadline).await,
            Depth::First => {
                let is_enough = |seen: &Observations| known.is_enough(seen, settings, now);
                network::measure_in_tiers(settings, snapshot, device, entropy, deadline, is_enough).await
            }
        };
        Ok::<_, AgentError>((seen, begin.elapsed()))
    };
    let (apps, posture, network) = tokio::join!(apps, posture, network);
    let (network, network_time) = network?;
    Ok(Collected { apps, posture, network, network_time })
}

/// Judges what was collected, moves the findings on, and queues the reports: one transaction, so that a crash
/// leaves either all of a scan or nothing of it.
fn conclude(
    inner: &Inner,
    settings: &Settings,
    collected: Collected,
    trigger: ScanTrigger,
    now: Timestamp,
) -> Result<ScanResult, AgentError> {
    let scan_id = random_id(inner.host.entropy.as_ref())?;
    let Collected { apps: installed, posture, network, network_time } = collected;
    let network_cost = NetworkCost {
        depth: network.depth,
        elapsed_ms: u64::try_from(network_time.as_millis()).unwrap_or(u64::MAX),
        sent: network.traffic.sent,
        received: network.traffic.received,
    };
    let key = network_key(network.network_after.as_ref().unwrap_or(&network.network));
    let mut recording = Recording::new(network, settings.network.clone(), now);
    let (result, last, before, news) = inner.store.write(|tx| {
        let policy = inner.policy(tx, settings, now)?;
        let intel = inner.intel(tx, settings)?;
        let intel_version = intel.bundle.as_ref().map(|bundle| bundle.version());
        let previous: Option<Inventory> = tx.get(Slot::Inventory)?;
        let before = tx.findings()?;
        let minimum_target_sdk = policy.parameters().minimum_target_sdk;
        let by = Yardsticks { settings, intel: &intel, minimum_target_sdk, now };
        let (mut checks, app_changes) = apps::judge(&installed, previous.as_ref(), &before, by);
        recording.baseline = key.as_deref().map(|key| tx.baseline(key)).transpose()?.flatten();
        let judged = network::judge(&recording);
        if let Some(key) = &key {
            tx.put_baseline(key, &judged.baseline, now)?;
        }
        let network = &recording.observations.network;
        let clean = planning::clean(tx, network, &settings.network, now)?;
        planning::finished(inner, tx, planning::report(&recording, &judged.outcomes))?;
        checks.extend(judged.outcomes);
        checks.extend(posture::judge(&Device {
            posture: &posture,
            network,
            inventory: installed.value(),
            settings,
            thresholds: thresholds(&policy),
            tables: intel.bundle.as_deref().map(Bundle::os_tables),
            key: tx.get::<Enrolment>(Slot::Enrolment)?.as_ref().map(signing::key_protection),
            agent_version: AGENT_VERSION,
            now,
        }));
        intel.judge_profiles(&mut checks, &posture, now);
        let network_digest = key.as_deref().map(|key| Sha256::of(key.as_bytes()));
        checks.push(path::judge(tx, network_digest, now)?);
        checks.push(web::judge(tx, &intel, settings, policy.parameters().contact_days, now)?);
        checks.push(policy.compose(&checks, &before));
        checks.sort_by_key(|outcome| outcome.check);

        let looked = Looked { outcomes: &checks, network: network_digest, now };
        let findings = store::advance(&before, &looked, |finding| policy.weigh(finding));
        tx.put_findings(&findings)?;
        // Only now: what was not measured again says nothing of what is open.
        if let Some(clean) = clean.filter(|_| network_cost.depth == Depth::First) {
            planning::carry(&mut checks, &clean);
        }
        let coverage: Vec<_> = checks.iter().map(CoverageItem::from).collect();
        let assessment = policy::assess(&findings, &coverage, &settings.required_checks);
        let inventory = installed.value();
        if let Some(inventory) = inventory {
            tx.put(Slot::Inventory, inventory)?;
        }
        let reportable = Reportable {
            scan_id: &scan_id,
            now,
            settings,
            policy: &policy,
            assessment: &assessment,
            coverage: &coverage,
            known: &before,
            findings: &findings,
            posture: &posture,
            network,
            inventory,
            intel_version,
        };
        let signed = reporting::queue_reports(inner, tx, &reportable)?;
        let last: Option<LastScan> = tx.get(Slot::LastScan)?;
        let os_version = posture.os_version.value().and_then(|version| version.parse().ok());
        let platform = Some(posture.platform);
        tx.put(Slot::LastScan, &LastScan { at: now, assessment: assessment.clone(), os_version, platform })?;
        let result = ScanResult {
            scan_id: scan_id.clone(),
            trigger,
            started_at: now,
            elapsed_ms: 0,
            assessment,
            checks,
            findings,
            posture,
            network: network.clone(),
            exposure: judged.exposure,
            network_cost,
            recording: Some(recording),
            app_changes,
            inventory: installed.into_value().unwrap_or_default(),
            intel_version,
            queued_reports: signed.queued,
            unsigned: signed.waiting,
            key_trouble: signed.trouble,
        };
        Ok::<_, AgentError>((result, last, before, signed.news))
    })?;
    announce(inner, &result, last, &before);
    news.into_iter().for_each(|event| inner.events.send(event));
    Ok(result)
}

fn thresholds(policy: &Policy) -> Thresholds {
    let parameters = policy.parameters();
    Thresholds {
        patch_max_age_days: parameters.patch_max_age_days,
        patch_overdue_days: parameters.patch_overdue_days,
    }
}

/// Tells the host what changed.
fn announce(inner: &Inner, result: &ScanResult, last: Option<LastScan>, before: &[Finding]) {
    let from = last.map(|scan| scan.assessment.level);
    let to = result.assessment.level;
    if from != Some(to) {
        inner.events.send(AgentEvent::LevelChanged { from, to });
    }
    let (before, after) = (subjects(before, Finding::is_open), subjects(&result.findings, Finding::is_open));
    for (detection, subject) in after.difference(&before) {
        inner
            .events
            .send(AgentEvent::FindingDetected { detection: *detection, subject: (*subject).to_owned() });
    }
    // What the policy sets aside from now on is not gone.
    let live = subjects(&result.findings, |finding| !matches!(finding.state, FindingState::Resolved { .. }));
    for (detection, subject) in before.difference(&live) {
        inner
            .events
            .send(AgentEvent::FindingResolved { detection: *detection, subject: (*subject).to_owned() });
    }
}

fn subjects(findings: &[Finding], of_interest: impl Fn(&Finding) -> bool) -> BTreeSet<(Detection, &str)> {
    let findings = findings.iter().filter(|finding| of_interest(finding));
    findings.map(|finding| (finding.judgement.detection, finding.judgement.subject.as_str())).collect()
}

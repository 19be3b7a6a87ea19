//! How deep scans go, what they carry over, and what is planned.

use std::time::Duration;

use super::support::*;
use crate::agent::*;
use crate::model::*;
use crate::network::tier::LEFT_OUT;

fn quick(device: &Device) -> ScanResult {
    block_on(device.agent.scan_to(Depth::First, ScanTrigger::NetworkChanged, AMPLE)).unwrap()
}

fn outcomes(scan: &ScanResult, wanted: impl Fn(CheckId) -> bool) -> Vec<&CheckOutcome> {
    scan.checks.iter().filter(|outcome| wanted(outcome.check)).collect()
}

fn found(detection: Detection, verdict: Verdict) -> Finding {
    Finding {
        judgement: Judgement::new(detection, verdict).because("seen before"),
        severity: Severity::Medium,
        detected_at: NOW,
        last_seen_at: NOW,
        state: FindingState::Open,
        trace: Trace::default(),
    }
}

fn know(device: &Device, finding: Finding) {
    let put = device.agent.inner().unwrap().store.write(|tx| tx.put_findings(&[finding]));
    put.unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"));
}

#[test]
fn a_requested_scan_looks_at_everything_and_tells_its_cost() {
    let cost = Device::new().scan().network_cost;
    assert_eq!((cost.depth, cost.sent, cost.received), (Depth::Everything, 0, 0));
}

#[test]
fn a_quick_scan_of_an_unknown_network_says_what_it_left_out() {
    let scan = quick(&Device::new());
    assert_eq!(scan.network_cost.depth, Depth::First);
    for outcome in outcomes(&scan, |check| LEFT_OUT.contains(&check)) {
        assert_eq!(outcome.summary, "not part of a quick scan: scan everything");
        assert_eq!(outcome.verdict(), Verdict::Inconclusive);
    }
}

#[test]
fn a_quick_scan_carries_over_what_a_clean_scan_of_everything_said() {
    let device = Device::new();
    let before = device.scan();
    device.clock.advance(600);
    let scan = quick(&device);
    assert_eq!(scan.network_cost.depth, Depth::First);
    let left_out = |check: CheckId| LEFT_OUT.contains(&check);
    for (old, new) in outcomes(&before, left_out).into_iter().zip(outcomes(&scan, left_out)) {
        let told = format!("{} (at {NOW}, not measured again)", old.summary);
        assert_eq!((&new.summary, new.verdict()), (&told, old.verdict()));
    }
    device.clock.advance(3600);
    let summary = outcomes(&quick(&device), left_out)[0].summary.clone();
    assert!(summary.starts_with("not part of a quick scan"), "after an hour it counts no longer: {summary}");
}

#[test]
fn what_is_carried_over_belongs_to_one_network() {
    let device = Device::new();
    device.scan();
    device.host.script(|script| script.network.gateways = Fact::known(vec!["198.51.100.1".into()]));
    let scan = quick(&device);
    assert!(outcomes(&scan, |check| check == CheckId::HttpTamper)[0].summary.starts_with("not part of"));
}

#[test]
fn an_open_finding_is_looked_at_with_everything() {
    let device = Device::new();
    know(&device, found(Detection::ContentTampering, Verdict::Confirmed));
    assert_eq!(quick(&device).network_cost.depth, Depth::Everything);
}

#[test]
fn what_was_not_measured_again_resolves_nothing() {
    let device = Device::new();
    know(&device, found(Detection::TransparentProxy, Verdict::Benign));
    device.scan();
    let scan = quick(&device);
    assert_eq!(scan.network_cost.depth, Depth::First, "a benign cause asks for no closer look");
    let finding = scan.findings.iter().find(|it| it.judgement.detection == Detection::TransparentProxy);
    assert!(finding.unwrap().is_open());
}

#[test]
fn a_person_who_asks_is_planned_at_once_and_nothing_without_an_event() {
    let agent = Device::new().agent;
    assert_eq!(agent.due().unwrap(), Plan::Skip { why: Reason::NothingNew });
    let now = Plan::Now { trigger: ScanTrigger::Requested, depth: Depth::Everything };
    assert_eq!(agent.plan(ScanTrigger::Requested).unwrap(), now);
}

#[test]
fn what_was_scanned_is_remembered_beyond_the_process() {
    let device = Device::new();
    device.scan();
    let device = device.reopened();
    assert_eq!(device.agent.plan(ScanTrigger::Foreground).unwrap(), Plan::Skip { why: Reason::Recent });

    device.host.script(|script| script.network.gateways = Fact::known(vec!["198.51.100.1".into()]));
    let plan = device.agent.plan(ScanTrigger::Foreground).unwrap();
    let settling = Plan::Later { after: Duration::from_secs(2), why: Reason::Settling };
    assert_eq!(plan, settling, "another network is another matter");
}

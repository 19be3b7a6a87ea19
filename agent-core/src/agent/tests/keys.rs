//! A keystore that does not sign: nothing is lost, the app is told what to do, and it heals.

use super::support::*;
use super::uploads::receipt_for;
use crate::agent::*;
use crate::model::*;
use crate::platform::testing::Asked;
use crate::platform::{FailureKind, KeySlot};
use crate::report::{DeviceReport, Event, Expected, InventoryReport, SetClaims, verify_report};
use crate::store::Slot;

const PASSING: [FailureKind; 3] = [FailureKind::Locked, FailureKind::Busy, FailureKind::Failed];

/// The claims of everything that is queued.
fn queued(device: &Device) -> Vec<SetClaims> {
    let key = device.agent.public_key().unwrap();
    let reports = device.agent.preview_report().unwrap();
    let claims = |report: &PreviewedReport| verify_report(&report.token, &key, Expected::default()).unwrap();
    reports.iter().map(claims).collect()
}

fn levels(claims: &[SetClaims]) -> Vec<(&str, Level)> {
    let level = |claims: &SetClaims| match &claims.events {
        Event::RiskLevelChange(change) => ("change", change.mtd_level),
        Event::DeviceReport(report) => ("state", report.level),
    };
    claims.iter().map(level).collect()
}

fn events(device: &Device) -> Vec<AgentEvent> {
    let mut seen = Vec::new();
    while let Some(event) = {
        let mut next = std::pin::pin!(device.agent.next_event());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::future::Future::poll(next.as_mut(), &mut context) {
            std::task::Poll::Ready(event) => event,
            std::task::Poll::Pending => None,
        }
    } {
        seen.push(event);
    }
    seen
}

#[test]
fn what_a_key_cannot_sign_waits_in_order_and_is_signed_before_anything_newer() {
    for kind in PASSING {
        let device = Device::enrolled(&settings());
        let first = device.scan();
        assert_eq!((first.unsigned, &first.key_trouble), (0, &None));

        device.key.fail_always(Some(kind));
        device.clock.advance(60);
        device.install([app(MALWARE)]);
        let second = device.scan();
        device.clock.advance(60);
        device.install([]);
        let third = device.scan();
        assert_eq!((second.unsigned, third.unsigned), (2, 4), "{kind:?}");
        assert!(second.queued_reports.is_empty() && third.queued_reports.is_empty());
        assert_eq!(third.key_trouble.as_ref().map(|trouble| trouble.kind), Some(kind));

        // Another process, and still no key.
        let device = device.reopened();
        let status = device.agent.status().unwrap();
        assert_eq!((status.unsigned, status.queued), (4, first.queued_reports.len()));
        let trouble = status.key_trouble.unwrap();
        assert_eq!((trouble.kind, trouble.since), (kind, NOW.plus_seconds(60)), "since the first time");
        assert!(!trouble.advice().is_empty());

        device.key.fail_always(None);
        device.clock.advance(60);
        let fourth = device.scan();
        assert_eq!((fourth.unsigned, &fourth.key_trouble), (0, &None));
        let claims = queued(&device);
        assert_eq!(
            levels(&claims)[first.queued_reports.len()..],
            [
                ("change", Level::High),
                ("state", Level::High),
                ("change", first.assessment.level),
                ("state", first.assessment.level),
                ("state", first.assessment.level),
            ]
        );
        device.assert_sound_chain();
        // Each says of which scan it is, and when that was.
        let waited: Vec<_> = claims.iter().skip(first.queued_reports.len()).collect();
        let scans = [&second, &second, &third, &third, &fourth].map(|scan| scan.scan_id.as_str());
        assert_eq!(waited.iter().map(|it| it.txn.as_str()).collect::<Vec<_>>(), scans);
        let times: Vec<_> = waited.iter().map(|it| it.toe.map(|toe| toe.unix() - NOW.unix())).collect();
        assert_eq!(times, [Some(60), Some(60), Some(120), Some(120), None]);
        assert!(waited.iter().all(|it| it.iat == NOW.plus_seconds(180)));
        assert_eq!(fourth.queued_reports.len(), 1, "those of this scan alone");
    }
}

#[test]
fn a_delivery_signs_what_waits() {
    let device = Device::enrolled(&settings());
    device.key.fail_always(Some(FailureKind::Locked));
    device.scan();
    // The key is needed for requests too: the first reason is told.
    let summary = block_on(device.agent.deliver(AMPLE)).unwrap();
    assert_eq!((summary.unsigned, summary.still_queued), (2, 0));
    assert_eq!(summary.key_trouble.unwrap().kind, FailureKind::Locked);
    assert!(summary.stopped.is_some());

    device.key.fail_always(None);
    let summary = block_on(device.agent.deliver(AMPLE)).unwrap();
    assert_eq!((summary.unsigned, summary.key_trouble, summary.still_queued), (0, None, 2));
    assert_eq!(device.agent.status().unwrap().key_trouble, None);
    device.assert_sound_chain();
}

#[test]
fn the_app_is_told_once_that_the_key_does_not_sign_and_once_that_it_does_again() {
    let device = Device::enrolled(&settings());
    device.scan();
    events(&device);
    let told = |device: &Device| {
        device.scan();
        let news = events(device).into_iter();
        news.filter(|it| matches!(it, AgentEvent::KeyTrouble { .. } | AgentEvent::KeyUsable))
            .collect::<Vec<_>>()
    };
    device.key.fail_always(Some(FailureKind::Busy));
    assert!(
        matches!(&told(&device)[..], [AgentEvent::KeyTrouble { trouble }] if trouble.kind == FailureKind::Busy)
    );
    assert_eq!(told(&device), [], "nothing new");
    device.key.fail_always(Some(FailureKind::Locked));
    assert!(
        matches!(&told(&device)[..], [AgentEvent::KeyTrouble { trouble }] if trouble.kind == FailureKind::Locked)
    );
    device.key.fail_always(None);
    assert_eq!(told(&device), [AgentEvent::KeyUsable]);
}

#[test]
fn a_key_that_fails_at_the_second_report_signs_none_twice() {
    let device = Device::enrolled(&settings());
    device.key.fail(Asked::Sign, &[FailureKind::Busy]);
    let first = device.scan();
    assert_eq!((first.queued_reports.len(), first.unsigned), (0, 2), "in order, or not at all");
    // The first of two goes through, the second does not.
    device.key.fail(Asked::PublicKey, &[]);
    device.key.asked.lock().unwrap().clear();
    let second = device.scan();
    assert_eq!((second.unsigned, second.queued_reports.len()), (0, 1));
    assert_eq!(levels(&queued(&device)).len(), 3);
    device.assert_sound_chain();
}

#[test]
fn a_key_that_is_gone_asks_for_a_new_enrolment_and_keeps_what_was_seen() {
    let device = Device::enrolled(&settings());
    device.scan();
    device.key.lose(KeySlot::Current);
    device.install([app(MALWARE)]);
    let scan = device.scan();
    assert_eq!(scan.assessment.level, Level::High, "the device is judged all the same");
    let trouble = device.agent.status().unwrap().key_trouble.unwrap();
    assert_eq!(trouble.kind, FailureKind::Gone);
    assert!(trouble.advice().contains("enrol this device again"));
    assert!(scan.unsigned > 0);
    assert!(device.agent.status().unwrap().enrol_again.unwrap().why.contains("enrol"));
    // What was signed before needs no key.
    assert!(device.agent.next_upload().unwrap().is_some());
    assert!(matches!(block_on(device.agent.rotate_key(AMPLE)), Err(AgentError::Connector(_))));
}

#[test]
fn a_backlog_has_an_end_and_says_what_it_lost() {
    let mut shared = settings();
    shared.app_sync.enabled = true;
    let device = Device::enrolled(&shared);
    device.key.fail_always(Some(FailureKind::Locked));
    for scan in 0..80_u32 {
        // A change of level at every second scan.
        device.install(if scan % 4 < 2 { vec![app(MALWARE)] } else { vec![app("com.example.harmless")] });
        device.scan();
    }
    let status = device.agent.status().unwrap();
    assert!(status.unsigned <= 64 && status.unsigned >= 60, "{}", status.unsigned);
    assert!(status.dropped > 40, "{}", status.dropped);
    let lost = status.dropped;

    device.key.fail_always(None);
    device.scan();
    let claims = queued(&device);
    let changes = levels(&claims).iter().filter(|(kind, _)| *kind == "change").count();
    assert_eq!(changes, 40, "older states made room, no change of level did");
    device.assert_sound_chain();
    let states: Vec<&DeviceReport> = claims
        .iter()
        .filter_map(|claims| match &claims.events {
            Event::DeviceReport(report) => Some(&**report),
            Event::RiskLevelChange(_) => None,
        })
        .collect();
    assert_eq!(states.last().unwrap().dropped, lost, "nothing more once the key signs");
    // What a delta starts from may be what was lost: after each loss the apps are told in full again.
    let before_last = &states[states.len() - 2];
    assert!(matches!(before_last.inventory, InventoryReport::Full { .. }), "{:?}", before_last.inventory);
}

#[test]
fn an_adoption_that_a_crash_cut_off_is_made_up_for_by_who_signs_next() {
    let device = Device::enrolled(&settings());
    device.scan();
    device.key.prepare_candidate();
    let candidate = device.key.thumbprint(KeySlot::Candidate);
    let inner = device.agent.inner().unwrap();
    inner
        .store
        .write(|tx| {
            let mut enrolment: crate::connector::Enrolment = tx.get(Slot::Enrolment)?.unwrap();
            enrolment.kid = candidate.clone();
            tx.put(Slot::Enrolment, &enrolment)
        })
        .unwrap();
    drop(inner);
    let device = device.reopened();
    // The keystore does not adopt it at first: the report waits, and the key in use is not taken for it.
    device.key.fail(Asked::Adopt, &[FailureKind::Busy]);
    assert_eq!(device.scan().unsigned, 1);
    let scan = device.scan();
    assert_eq!((scan.unsigned, scan.queued_reports.len()), (0, 1));
    assert_eq!(device.key.thumbprint(KeySlot::Current), candidate);
    assert_eq!(device.agent.public_key().unwrap().thumbprint(), candidate);
}

#[test]
fn an_enrolment_of_before_keys_had_names_goes_on_with_the_key_in_use() {
    let device = Device::enrolled(&settings());
    let inner = device.agent.inner().unwrap();
    inner
        .store
        .write(|tx| {
            let mut stored: serde_json::Value = tx.get(Slot::Enrolment)?.unwrap();
            stored.as_object_mut().unwrap().remove("kid");
            tx.put(Slot::Enrolment, &stored)
        })
        .unwrap();
    drop(inner);
    assert_eq!(device.reopened().scan().queued_reports, [1, 2]);
}

#[test]
fn a_receipt_needs_no_key() {
    let device = Device::enrolled(&settings());
    device.scan();
    let upload = device.agent.next_upload().unwrap().unwrap();
    let answer = receipt_for(&device, &upload, &serde_json::json!({}));
    device.key.fail_always(Some(FailureKind::Locked));
    assert_eq!(device.agent.upload_result(&upload.id, answer).unwrap(), UploadOutcome::Delivered);
}

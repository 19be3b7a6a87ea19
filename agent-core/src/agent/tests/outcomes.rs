//! What each answer of the connector does to a report.

use serde_json::json;

use super::support::*;
use super::uploads::{body, http, receipt_for, refusal_of, too_large};
use crate::agent::*;
use crate::model::*;
use crate::platform::FailureKind;
use crate::report::{
    DeviceReport, Event, Expected, InventoryReport, ProblemKind, SetClaims, verify_chain, verify_report,
};

/// Answers the report whose turn it is.
fn answer(device: &Device, answer: UploadAnswer) -> (Upload, UploadOutcome) {
    let upload = device.agent.next_upload().unwrap().unwrap();
    let outcome = device.agent.upload_result(&upload.id, answer).unwrap();
    (upload, outcome)
}

fn next(device: &Device) -> Upload {
    device.agent.next_upload().unwrap().unwrap()
}

/// Takes every report that is at most `limit` long, as a connector with that limit does; the tokens taken.
fn deliver_all(device: &Device, limit: u64) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(upload) = device.agent.next_upload().unwrap() {
        let token = body(&upload);
        let answer = match upload.size <= limit {
            true => receipt_for(device, &upload, &json!({})),
            false => too_large(device, &upload),
        };
        match device.agent.upload_result(&upload.id, answer).unwrap() {
            UploadOutcome::Delivered => taken.push(token),
            UploadOutcome::Replaced { .. } => {}
            other => panic!("report {}: {other:?}", upload.seq),
        }
    }
    taken
}

fn claims(device: &Device, token: &str) -> SetClaims {
    verify_report(token, &device.agent.public_key().unwrap(), Expected::default()).unwrap()
}

/// The device reports of one scan put together as a receiver does: parts in order, and parts of a part in its place.
fn join(device: &Device, tokens: &[String]) -> DeviceReport {
    let mut parts: Vec<_> = tokens
        .iter()
        .map(|token| claims(device, token))
        .filter_map(|claims| match claims.events {
            Event::DeviceReport(report) => {
                let place = claims.mtd_replaces.iter().map(|it| it.part.n).chain([report.part.n]);
                Some((place.collect::<Vec<_>>(), *report))
            }
            Event::RiskLevelChange(_) => None,
        })
        .collect();
    parts.sort_by(|one, other| one.0.cmp(&other.0));
    let mut parts = parts.into_iter().map(|(_, report)| report);
    let mut whole = parts.next().unwrap();
    for part in parts {
        whole.findings.extend(part.findings);
        match (&mut whole.inventory, part.inventory) {
            (InventoryReport::Full { apps, .. }, InventoryReport::Full { apps: more, .. }) => {
                apps.extend(more)
            }
            other => panic!("{other:?}"),
        }
    }
    whole
}

/// A device with `apps` apps that it tells, and one that is malware.
fn with_apps(apps: usize, settings: &Settings) -> Device {
    let device = Device::enrolled(settings);
    let many = (0..apps).map(|n| app(&format!("com.example.app{n:04}")));
    device.install(many.chain([app(MALWARE)]));
    device
}

fn inventory(report: &DeviceReport) -> Vec<String> {
    let InventoryReport::Full { apps, .. } = &report.inventory else { panic!("{:?}", report.inventory) };
    apps.iter().map(|app| app.id.as_ref().unwrap().as_str().to_owned()).collect()
}

#[test]
fn a_report_that_is_too_large_is_told_whole_in_smaller_parts() {
    for (apps, limit) in [(300, 60_000), (600, 30_000), (150, 20_000)] {
        let device = with_apps(apps, &sharing(Ownership::Corporate));
        let scan = device.scan();
        let before = device.agent.preview_report().unwrap();
        let whole = join(&device, &before.iter().map(|report| report.token.clone()).collect::<Vec<_>>());
        assert!(before.iter().any(|report| report.token.len() as u64 > limit), "nothing is too large");

        let taken = deliver_all(&device, limit);
        let told = join(&device, &taken);
        assert_eq!((&told.findings, inventory(&told)), (&whole.findings, inventory(&whole)), "{apps} apps");
        assert!(taken.iter().all(|token| claims(&device, token).txn == scan.scan_id));
        assert_eq!(device.agent.status().unwrap().dropped, 0);
    }
}

#[test]
fn the_chain_of_what_was_delivered_has_no_hole_and_no_fault() {
    let device = with_apps(300, &sharing(Ownership::Corporate));
    device.scan();
    device.clock.advance(60);
    device.install([app(MALWARE)]);
    device.scan();
    let key = device.agent.public_key().unwrap();
    let mut taken = deliver_all(&device, 25_000);
    let judge = |tokens: &[String]| {
        let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
        verify_chain(&tokens, &key, Expected::default())
    };
    let found = judge(&taken);
    assert!(found.is_sound(), "{found:#?}");
    let kinds: Vec<_> = found.epochs[0].problems.iter().map(|problem| problem.kind).collect();
    assert!(kinds.len() > 1 && kinds.iter().all(|kind| *kind == ProblemKind::Replaced), "{kinds:?}");

    // A part that is kept back is a hole like any other.
    let part = taken.iter().position(|token| !claims(&device, token).mtd_replaces.is_empty()).unwrap();
    taken.remove(part);
    assert!(!judge(&taken).is_sound());
}

#[test]
fn parts_count_in_the_order_of_what_they_replace() {
    let device = with_apps(300, &sharing(Ownership::Corporate));
    device.scan();
    device.install([]);
    device.scan();
    let taken = deliver_all(&device, 25_000);
    let mut reports: Vec<_> = taken.iter().map(|token| claims(&device, token)).collect();
    let level = |claims: &SetClaims| match &claims.events {
        Event::RiskLevelChange(change) => change.mtd_level,
        Event::DeviceReport(report) => report.level,
    };
    assert_eq!(
        level(reports.iter().max_by_key(|claims| claims.mtd_seq).unwrap()),
        Level::High,
        "the old scan's"
    );
    reports.sort_by_key(|claims| (claims.stands_for(), claims.mtd_seq));
    assert_eq!(level(reports.last().unwrap()), Level::Secured);
}

#[test]
fn the_size_that_got_through_is_remembered_until_the_settings_say_another() {
    let settings = sharing(Ownership::Corporate);
    let device = with_apps(300, &settings);
    device.scan();
    deliver_all(&device, 40_000);
    let device = device.reopened();
    let largest = |device: &Device| {
        // The full list again: the connector asked for nothing, but its base is gone.
        device.agent.inner().unwrap().store.write(|tx| tx.delete(Slot::SharedInventory)).unwrap();
        let reports = device.reports_of(&device.scan());
        reports.iter().map(|report| report.token.len()).max().unwrap()
    };
    assert!(largest(&device) <= 40_000);
    let mut allowed = settings.clone();
    allowed.limits.max_token_bytes = 200_000;
    allowed.version += 1;
    device.obey(&allowed);
    assert!(largest(&device) > 40_000);
}

#[test]
fn what_cannot_be_told_in_smaller_parts_is_set_aside_and_told() {
    let device = Device::enrolled(&settings());
    device.scan();
    // A change of the level, and a report without lists.
    for _ in 0..2 {
        let (upload, outcome) = answer(&device, too_large(&device, &next(&device)));
        assert!(
            matches!(&outcome, UploadOutcome::Quarantined { why } if why.contains("more than the connector takes")),
            "{outcome:?}"
        );
        let again = device.agent.upload_result(&upload.id, http(500, Vec::new(), Vec::new())).unwrap();
        assert_eq!(again, outcome, "what became of it stays");
    }
    assert_eq!(device.agent.next_upload().unwrap(), None);

    // Whoever answers 413 to everything gets no shreds.
    let device = with_apps(600, &sharing(Ownership::Corporate));
    device.scan();
    let mut pieces = 0;
    while device.agent.next_upload().unwrap().is_some() {
        let (upload, outcome) = answer(&device, too_large(&device, &next(&device)));
        pieces += usize::from(matches!(outcome, UploadOutcome::Quarantined { .. }));
        assert!(upload.seq < 200, "{pieces} pieces");
    }
    assert!((10..120).contains(&pieces), "{pieces}");
}

#[test]
fn a_key_that_is_away_leaves_the_large_report_as_it_was() {
    let device = with_apps(300, &sharing(Ownership::Corporate));
    device.scan();
    answer(&device, receipt_next(&device));
    let large = device.agent.preview_report().unwrap();
    // Signed first: the connector of these tests has the device's key.
    let refused = too_large(&device, &next(&device));
    device.key.fail_always(Some(FailureKind::Failed));
    let (_, outcome) = answer(&device, refused);
    assert!(
        matches!(&outcome, UploadOutcome::Again { why, .. } if why.contains("not made smaller")),
        "{outcome:?}"
    );
    assert_eq!(device.agent.preview_report().unwrap(), large);
    device.key.fail_always(None);
    device.clock.advance(60 * 60);
    assert!(matches!(answer(&device, too_large(&device, &next(&device))).1, UploadOutcome::Replaced { .. }));
}

fn receipt_next(device: &Device) -> UploadAnswer {
    receipt_for(device, &next(device), &json!({}))
}

#[test]
fn a_refusal_that_the_connector_did_not_sign_costs_no_report() {
    let device = Device::enrolled(&settings());
    device.scan();
    let queued = device.agent.preview_report().unwrap();
    let said = |code: &str| json!({"err": code, "description": "says a proxy"}).to_string().into_bytes();
    let codes = ["invalid_request", "invalid_audience", "authentication_failed", "access_denied"];
    let answers = codes.map(|code| http(400, Vec::new(), said(code)));
    for unsigned in answers.into_iter().chain([http(413, Vec::new(), Vec::new())]) {
        for _ in 0..2 {
            let (_, outcome) = answer(&device, unsigned.clone());
            assert!(matches!(outcome, UploadOutcome::Again { .. }), "{outcome:?}");
            assert_eq!(device.agent.preview_report().unwrap(), queued);
            device.clock.advance(60 * 60);
        }
    }
    assert_eq!(device.agent.status().unwrap().enrol_again, None);
}

#[test]
fn a_connector_that_does_not_know_the_device_costs_no_report_and_the_user_is_told() {
    for code in ["invalid_key", "invalid_issuer", "access_denied"] {
        let device = Device::enrolled(&settings());
        device.scan();
        assert_eq!(device.agent.status().unwrap().enrol_again, None);
        let queued = device.agent.preview_report().unwrap();
        for round in 0..3 {
            let (_, outcome) = answer(&device, refusal_of(&device, &next(&device), code));
            assert!(
                matches!(&outcome, UploadOutcome::Again { why, .. } if why.contains("enrol")),
                "{outcome:?}"
            );
            assert_eq!(device.agent.preview_report().unwrap(), queued, "{code}, round {round}");
            device.clock.advance(60 * 60);
        }
        let device = device.reopened();
        let told = device.agent.status().unwrap().enrol_again.unwrap();
        assert_eq!((told.why, told.since), (format!("{code}: says the test"), NOW));

        assert_eq!(answer(&device, receipt_next(&device)).1, UploadOutcome::Delivered);
        assert_eq!(device.agent.status().unwrap().enrol_again, None, "it knows the device after all");
    }
}

#[test]
fn a_signature_that_does_not_hold_is_sent_once_more_as_it_is() {
    let device = Device::enrolled(&settings());
    device.scan();
    let (first, outcome) = answer(&device, refusal_of(&device, &next(&device), "authentication_failed"));
    let UploadOutcome::Again { at, .. } = outcome else { panic!("{outcome:?}") };
    device.clock.advance(at.unix() - NOW.unix());
    let (second, outcome) = answer(&device, refusal_of(&device, &next(&device), "authentication_failed"));
    assert_eq!((&second.id, second.sha256), (&first.id, first.sha256), "the same bytes");
    assert!(matches!(outcome, UploadOutcome::Quarantined { why } if why.contains("authentication_failed")));
    assert_eq!(device.agent.status().unwrap().queued, 1);
}

#[test]
fn what_the_connector_will_never_take_is_set_aside_at_once() {
    for code in ["invalid_request", "invalid_audience"] {
        let device = Device::enrolled(&settings());
        device.scan();
        let (_, outcome) = answer(&device, refusal_of(&device, &next(&device), code));
        assert_eq!(outcome, UploadOutcome::Quarantined { why: format!("{code}: says the test") });
    }
}

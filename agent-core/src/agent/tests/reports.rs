//! The reports of a scan, as a connector reads them.

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::support::*;
use crate::model::*;
use crate::report::{DEVICE_REPORT, Event, RiskLevelChange, jws, schema};
use crate::store::ReportState;

/// A device that is secured, gets malware, keeps it, and is cured.
fn story() -> Device {
    let device = Device::enrolled(&sharing(Ownership::Corporate));
    for apps in [vec![], vec![app(MALWARE)], vec![app(MALWARE)], vec![]] {
        device.install(apps);
        device.scan();
        device.clock.advance(60);
    }
    device
}

#[test]
fn a_change_of_level_is_told_once_and_with_the_level_before() {
    let device = Device::enrolled(&settings());
    let change_of = |apps: &[AppRecord]| -> Option<RiskLevelChange> {
        device.install(apps.to_vec());
        let scan = device.scan();
        let mut events = device.claims_of(&scan).into_iter().map(|claims| claims.events);
        let change = events.next().and_then(|event| match event {
            Event::RiskLevelChange(change) => Some(change),
            Event::DeviceReport(_) => None,
        });
        assert_eq!(events.count(), usize::from(change.is_some()), "and one device report in any case");
        change
    };
    let levels = |change: RiskLevelChange| (change.mtd_previous_level, change.mtd_level);
    assert_eq!(change_of(&[]).map(levels), Some((None, Level::Secured)));
    assert_eq!(change_of(&[]), None);
    assert_eq!(change_of(&[app(MALWARE)]).map(levels), Some((Some(Level::Secured), Level::High)));
    assert_eq!(change_of(&[app(MALWARE)]), None);
    assert_eq!(change_of(&[]).map(levels), Some((Some(Level::High), Level::Secured)));
}

#[test]
fn a_change_of_level_names_the_detections_that_make_it() {
    let device = Device::enrolled(&settings());
    device.install([app(MALWARE)]);
    device.host.script(|script| {
        script.posture.root_signs = Fact::known(vec!["su".into()]);
        script.posture.screen_lock = Fact::known(false);
    });
    let reason = |device: &Device| match device.claims_of(&device.scan()).swap_remove(0).events {
        Event::RiskLevelChange(change) => change.risk_reason,
        Event::DeviceReport(_) => panic!("the level changed"),
    };
    assert_eq!(reason(&device).as_deref(), Some("app.malicious, device.rooted"));
    device.host.script(|script| {
        script.posture.root_signs = Fact::known(Vec::new());
        script.posture.screen_lock = Fact::known(true);
        script.apps = Fact::known(Inventory::default());
    });
    assert_eq!(reason(&device), None);
}

#[test]
fn the_reports_of_one_scan_share_its_transaction() {
    let device = Device::enrolled(&settings());
    let scans = [device.scan(), device.scan()];
    for scan in &scans {
        let claims = device.claims_of(scan);
        assert!(!claims.is_empty() && claims.iter().all(|claims| claims.txn == scan.scan_id), "{claims:?}");
    }
    assert_ne!(scans[0].scan_id, scans[1].scan_id);
}

#[test]
fn the_reports_of_all_scans_are_one_chain() {
    story().assert_sound_chain();
}

#[test]
fn every_payload_holds_to_the_schemas() {
    let schemas = schemas();
    let device = story();
    device.host.script(|script| {
        script.apps = Fact::not_permitted("QUERY_ALL_PACKAGES");
        script.posture = DevicePosture::not_available(Platform::Android, "asleep");
        script.network = NetworkSnapshot::not_available("asleep");
    });
    device.scan();
    let reports = device.agent.preview_report().unwrap();
    assert_eq!(reports.len(), 9);
    for report in reports {
        let claims = serde_json::from_str(&report.payload).unwrap();
        let errors: Vec<_> = schemas.iter_errors(&claims).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", report.payload);
    }
}

#[test]
fn the_preview_is_what_is_stored_and_will_be_sent_byte_for_byte() {
    let device = story();
    let preview = device.agent.preview_report().unwrap();
    let inner = device.agent.inner().unwrap();
    let store = &inner.store;
    let stored: Vec<_> = store
        .read(|tx| {
            let reports = tx.reports(ReportState::Queued)?;
            reports.iter().map(|report| tx.token(report.id)).collect::<Result<Option<Vec<_>>, _>>()
        })
        .unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"))
        .unwrap();
    assert_eq!(preview.iter().map(|report| report.token.clone()).collect::<Vec<_>>(), stored);
    for report in &preview {
        assert_eq!(report.payload.as_bytes(), jws::payload_of(&report.token).unwrap());
    }
}

#[test]
fn a_report_that_does_not_fit_one_token_is_told_in_parts() {
    let mut settings = sharing(Ownership::Corporate);
    settings.limits.max_token_bytes = 16 * 1024;
    let device = Device::enrolled(&settings);
    device.install((0..300).map(|n| app(&format!("com.example.app{n:03}"))));
    let scan = device.scan();
    assert!(scan.queued_reports.len() > 3);
    assert!(device.reports_of(&scan).iter().all(|report| report.token.len() <= 16 * 1024));
    device.assert_sound_chain();
}

#[test]
fn claims_without_app_sync() {
    insta::assert_json_snapshot!(golden_claims(&settings()));
}

#[test]
fn claims_with_app_sync() {
    insta::assert_json_snapshot!(golden_claims(&sharing(Ownership::Corporate)));
}

/// The claims of a device with malware, without what differs from run to run.
fn golden_claims(settings: &Settings) -> Vec<Value> {
    let device = Device::enrolled(settings);
    device.install([managed("com.work.mail"), app(MALWARE)]);
    let scan = device.scan();
    let mut claims: Vec<Value> = device
        .reports_of(&scan)
        .iter()
        .map(|report| serde_json::from_str(&report.payload).unwrap())
        .collect();
    for claims in &mut claims {
        for random in ["jti", "txn", "mtd_prev"] {
            if let Some(value) = claims.get_mut(random) {
                *value = json!(format!("<{random}>"));
            }
        }
        if let Some(report) = claims["events"].get_mut(DEVICE_REPORT) {
            report["agent_version"] = json!("<version>");
        }
    }
    claims
}

fn schemas() -> Validator {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let resources = [schema::RISK_LEVEL_CHANGE, schema::DEVICE_REPORT].map(|text| {
        let schema = parse(text);
        (schema["$id"].as_str().unwrap().to_owned(), schema)
    });
    let registry = Registry::new().extend(resources).unwrap().prepare().unwrap();
    jsonschema::options().with_registry(&registry).build(&parse(schema::SECURITY_EVENT)).unwrap()
}

//! Everything that is written holds to the schemas, and the schemas let nothing else through.

use jsonschema::{Registry, Validator};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::model::*;
use crate::report::jws;
use crate::report::*;

/// Validates claims, offline.
pub struct Schemas(Validator);

impl Schemas {
    pub fn load() -> Self {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let resource = |text| {
            let schema = parse(text);
            let id = schema["$id"].as_str().unwrap().to_owned();
            (id, schema)
        };
        let resources = [schema::RISK_LEVEL_CHANGE, schema::DEVICE_REPORT].map(resource);
        let registry = Registry::new().extend(resources).unwrap().prepare().unwrap();
        let options = jsonschema::options().with_registry(&registry);
        Self(options.build(&parse(schema::SECURITY_EVENT)).unwrap())
    }

    pub fn errors(&self, claims: &Value) -> Vec<String> {
        self.0.iter_errors(claims).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    pub fn check(&self, token: &str) {
        let claims = serde_json::from_slice(&jws::payload_of(token).unwrap()).unwrap();
        assert_eq!(self.errors(&claims), [""; 0]);
    }
}

fn claims(event: Event) -> Value {
    let host = Host::new();
    let token = host.reporter().sign(&first_position(), event).unwrap().token;
    serde_json::from_slice(&jws::payload_of(&token).unwrap()).unwrap()
}

#[test]
fn schemas_are_schemas() {
    for text in [schema::SECURITY_EVENT, schema::RISK_LEVEL_CHANGE, schema::DEVICE_REPORT] {
        jsonschema::meta::validate(&serde_json::from_str(text).unwrap()).unwrap();
    }
}

#[test]
fn both_events_hold_to_the_schemas_at_every_place_of_a_chain() {
    let (host, schemas) = (Host::new(), Schemas::load());
    let mut position = first_position();
    for event in [level_change(), device_report(rich_report()), device_report(rich_delta())] {
        let token = host.reporter().sign(&position, event).unwrap().token;
        schemas.check(&token);
        position = position_after(&position, &token);
    }
}

#[test]
fn every_level_and_every_change_of_it_holds_to_the_schemas() {
    let schemas = Schemas::load();
    let levels =
        [Level::Secured, Level::Low, Level::Medium, Level::High, Level::Unknown, Level::Misconfigured];
    for (current, previous) in levels.iter().flat_map(|level| levels.map(|other| (*level, Some(other)))) {
        let change = Event::RiskLevelChange(RiskLevelChange::new(current, previous, NOW));
        assert_eq!(schemas.errors(&claims(change)), [""; 0]);
    }
    let first = Event::RiskLevelChange(RiskLevelChange::new(Level::Low, None, NOW));
    assert_eq!(schemas.errors(&claims(first)), [""; 0]);
}

#[test]
fn every_word_of_the_model_holds_to_the_schemas() {
    let schemas = Schemas::load();
    let mut report = rich_report();
    report.coverage =
        CheckId::ALL.iter().map(|&check| CoverageItem { check, coverage: Coverage::Complete }).collect();
    report.findings = Detection::ALL
        .iter()
        .flat_map(|&detection| {
            [Verdict::Benign, Verdict::Suspicious, Verdict::Confirmed].map(|verdict| Finding {
                judgement: Judgement::new(detection, verdict),
                severity: Severity::Low,
                detected_at: NOW,
                last_seen_at: NOW,
                state: FindingState::Open,
                trace: Trace::default(),
            })
        })
        .collect();
    for &platform in Platform::ALL {
        report.posture.platform = platform;
        assert_eq!(schemas.errors(&claims(device_report(report.clone()))), [""; 0]);
    }
}

#[test]
fn the_schemas_are_closed() {
    let schemas = Schemas::load();
    let full = claims(device_report(rich_report()));
    let places = [
        "",
        "/sub_id",
        "/sub_id/device",
        "/events",
        "/report",
        "/report/part",
        "/report/coverage/0",
        "/report/posture",
        "/report/posture/model",
        "/report/network",
        "/report/findings/0",
        "/report/findings/0/evidence/0",
        "/report/inventory",
        "/report/inventory/apps/0",
    ];
    for place in places {
        let pointer = place.replace("/report", &format!("/events/{}", DEVICE_REPORT.replace('/', "~1")));
        let mut claims = full.clone();
        claims.pointer_mut(&pointer).unwrap()["surprise"] = json!(1);
        assert!(!schemas.errors(&claims).is_empty(), "{place}");
    }
    for member in ["sub", "exp"] {
        let mut claims = full.clone();
        claims[member] = json!("x");
        assert!(!schemas.errors(&claims).is_empty(), "{member}");
    }
}

#[test]
fn the_schemas_tie_members_to_the_state_they_belong_to() {
    let schemas = Schemas::load();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims(device_report(rich_report()));
        change(&mut claims["events"][DEVICE_REPORT]);
        assert!(!schemas.errors(&claims).is_empty());
    };
    refused(&|report| report["findings"][0]["at"] = json!(1));
    refused(&|report| report["findings"][0]["ignored_because"] = json!("x"));
    refused(&|report| report["findings"][1]["state"] = json!("open"));
    refused(&|report| report["coverage"][0]["why"] = json!("x"));
    refused(&|report| report["coverage"][1]["state"] = json!("complete"));
    refused(&|report| report["posture"]["model"] = json!({"state": "known"}));
    refused(&|report| report["posture"]["model"] = json!({"state": "not_available", "value": "x"}));
    refused(&|report| report["posture"]["screen_lock"] = json!({"state": "known", "value": "yes"}));
    refused(&|report| report["posture"]["verified_boot"] = json!({"state": "known", "value": "purple"}));
    for kept_back in [
        "unknown_sources",
        "always_on_vpn",
        "accessibility_services",
        "device_admins",
        "profiles",
        "added_roots",
    ] {
        refused(&|report| report["posture"][kept_back] = json!({"state": "known", "value": []}));
    }
    refused(&|report| report["inventory"]["kind"] = json!("delta"));

    let mut second = claims(level_change());
    second["mtd_seq"] = json!(2);
    assert!(!schemas.errors(&second).is_empty());
    second["mtd_prev"] = json!("A".repeat(43));
    assert!(schemas.errors(&second).is_empty());
    second["mtd_seq"] = json!(1);
    assert!(!schemas.errors(&second).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_report_holds_to_the_schemas_and_reads_back(report in arbitrary_report()) {
        let host = Host::new();
        let event = device_report(report);
        let signed = host.reporter().sign(&first_position(), event.clone()).unwrap();
        let claims = verify_report(&signed.token, &host.key.public(), Expected::default()).unwrap();
        prop_assert_eq!(claims.events, event);
        let claims = serde_json::from_slice(&jws::payload_of(&signed.token).unwrap()).unwrap();
        prop_assert_eq!(Schemas::load().errors(&claims), Vec::<String>::new());
    }
}

/// Reports of any size, with any text.
pub fn arbitrary_report() -> impl Strategy<Value = DeviceReport> {
    let lists = (
        proptest::collection::vec(arbitrary_finding(), 0..12),
        proptest::collection::vec(arbitrary_app(), 0..40),
        proptest::collection::vec(any::<String>(), 0..12),
    );
    (lists, 0u8..3, any::<u64>()).prop_map(|((findings, apps, gone), kind, withheld)| {
        let sha256 = Sha256::of(b"inventory");
        let removed = gone.into_iter().map(|name| AppKey { id: AppId::new(&name), name: Some(name) });
        let inventory = match kind {
            0 => InventoryReport::Full { apps, withheld, sha256 },
            1 => InventoryReport::Delta {
                base_sha256: sha256,
                changed: apps,
                removed: removed.collect(),
                withheld,
                sha256,
            },
            _ => InventoryReport::NotShared { withheld: Some(withheld) },
        };
        DeviceReport { findings, inventory, ..rich_report() }
    })
}

fn arbitrary_app() -> impl Strategy<Value = AppRecord> {
    let texts = proptest::option::of(any::<String>());
    (texts, any::<Option<String>>(), any::<Option<u64>>(), any::<Option<bool>>()).prop_map(
        |(id, name, bundle_size, managed)| {
            let mut app = AppRecord::from_source(AppSource::Dpkg);
            app.id = id.and_then(AppId::new);
            app.name = name;
            app.bundle_size = bundle_size;
            app.managed = managed;
            app
        },
    )
}

fn arbitrary_finding() -> impl Strategy<Value = Finding> {
    let state = prop_oneof![
        Just(FindingState::Open),
        any::<i32>().prop_map(|at| FindingState::Resolved { at: Timestamp::from_unix(at.into()) }),
        any::<String>().prop_map(|reason| FindingState::Ignored { at: NOW, reason }),
    ];
    (0..Detection::ALL.len(), any::<String>(), any::<String>(), state).prop_map(
        |(detection, subject, value, state)| Finding {
            judgement: Judgement::new(Detection::ALL[detection], Verdict::Confirmed)
                .about(subject)
                .because("arbitrary")
                .with("value", value),
            severity: Severity::High,
            detected_at: NOW,
            last_seen_at: NOW,
            state,
            trace: Trace::default(),
        },
    )
}

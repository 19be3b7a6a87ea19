//! What deliveries meet in the connector's place, and what scans make of it.

use super::support::*;
use crate::agent::path::{self, Exchanged};
use crate::agent::portal::Place;
use crate::agent::*;
use crate::connector::{Trouble, TroubleKind};
use crate::model::*;

const DAY: i64 = 24 * 60 * 60;

fn on(network: &str) -> Device {
    let device = Device::enrolled(&settings());
    go_to(&device, network);
    device
}

fn go_to(device: &Device, network: &str) {
    device.host.script(|script| script.network.ssid = Fact::known(network.to_owned()));
}

fn digest(network: &str) -> Option<Sha256> {
    Some(Sha256::of(format!("ssid {network}").as_bytes()))
}

fn met(kind: TroubleKind) -> Trouble {
    Trouble { kind, host: "mtd.example:8443".into(), detail: "sha256/AAAA".into() }
}

/// An exchange over `network`; whether a scan is due.
fn exchange(device: &Device, network: &str, troubles: Vec<Trouble>, is_proved: bool) -> bool {
    let place = Place { network: digest(network), is_portal: false };
    path::note(&device.agent.inner().unwrap(), Exchanged { place, troubles, is_proved }).unwrap()
}

/// What is open after a scan, labels included.
fn open(device: &Device) -> Vec<(Detection, Verdict)> {
    let findings = device.scan().findings.into_iter().filter(Finding::is_open);
    let told = findings.map(|it| (it.judgement.detection, it.judgement.verdict));
    told.filter(|(detection, _)| detection.as_str().starts_with("network.")).collect()
}

const INTERCEPTED: [(Detection, Verdict); 1] = [(Detection::TlsInterception, Verdict::Suspicious)];

#[test]
fn each_forgery_in_the_connector_s_place_is_a_suspicion_until_the_connector_proves_itself_there() {
    use TroubleKind::*;
    for kind in [Unpinned, Untrusted, NoReceipt, ForgedReceipt, Forged, UnknownKey] {
        let device = on("café");
        assert!(exchange(&device, "café", vec![met(kind)], false), "{kind}");
        assert_eq!(open(&device), INTERCEPTED, "{kind}");
        assert_eq!(open(&device), INTERCEPTED, "{kind}: it stays");
        assert!(!exchange(&device, "café", Vec::new(), true), "{kind}");
        assert_eq!(open(&device), [], "{kind}");
    }
}

#[test]
fn what_was_met_is_told_once_though_the_connector_proves_itself_before_the_scan() {
    let device = on("café");
    assert!(exchange(&device, "café", vec![met(TroubleKind::NoReceipt)], true), "in one exchange");
    assert!(exchange(&device, "café", Vec::new(), true), "in the next");
    assert_eq!(open(&device), INTERCEPTED);
    exchange(&device, "café", Vec::new(), true);
    assert_eq!(open(&device), []);
}

#[test]
fn a_finding_names_what_a_second_person_can_check() {
    let device = on("café");
    exchange(&device, "café", vec![met(TroubleKind::Untrusted)], false);
    device.clock.advance(60);
    exchange(&device, "café", vec![met(TroubleKind::Untrusted)], false);
    let outcome = device.scan().checks.into_iter().find(|it| it.check == CheckId::ConnectorPath).unwrap();
    let evidence: Vec<_> =
        outcome.judgements[0].evidence.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    let (first, last) = (NOW.to_string(), NOW.plus_seconds(60).to_string());
    let expected = [
        ("endpoint", "mtd.example:8443"),
        ("met", "untrusted_certificate"),
        ("detail", "sha256/AAAA"),
        ("first_at", first.as_str()),
        ("last_at", last.as_str()),
        ("times", "2"),
    ];
    assert_eq!(evidence, expected);
    assert!(outcome.summary.contains("a certificate for which nobody vouches"), "{}", outcome.summary);
}

#[test]
fn a_portal_explains_what_portals_do_and_nothing_else() {
    use TroubleKind::*;
    for (kind, expected) in
        [(Untrusted, [].as_slice()), (NotTls, &[]), (Unpinned, &INTERCEPTED), (ForgedReceipt, &INTERCEPTED)]
    {
        let device = on("hotel");
        let place = Place { network: digest("hotel"), is_portal: true };
        let exchanged = Exchanged { place, troubles: vec![met(kind)], is_proved: false };
        path::note(&device.agent.inner().unwrap(), exchanged).unwrap();
        assert_eq!(device.agent.status().unwrap().behind_portal_since, Some(NOW));
        assert_eq!(open(&device), expected, "{kind}");
    }
}

#[test]
fn declared_inspection_is_benign() {
    let device = on("office");
    assert!(!exchange(&device, "office", vec![met(TroubleKind::Inspected)], false), "no news");
    assert_eq!(open(&device), [(Detection::ManagedInspection, Verdict::Benign)]);
}

#[test]
fn a_stray_error_is_nothing() {
    use TroubleKind::*;
    for kind in [Damaged, NotTls] {
        let device = on("train");
        assert!(!exchange(&device, "train", vec![met(kind)], false));
        assert!(!exchange(&device, "train", vec![met(kind)], false));
        assert_eq!(open(&device), [], "{kind}");
    }
    let device = on("train");
    let damaged = || vec![met(Damaged)];
    assert_eq!([0, 1, 2].map(|_| exchange(&device, "train", damaged(), false)), [false, false, true]);
    assert_eq!(open(&device), INTERCEPTED, "that goes on");
}

#[test]
fn an_incident_is_of_its_network() {
    let device = on("café");
    exchange(&device, "café", vec![met(TroubleKind::Untrusted)], false);
    assert_eq!(open(&device), INTERCEPTED);
    go_to(&device, "home");
    assert_eq!(open(&device), [], "left behind");
    exchange(&device, "home", Vec::new(), true);
    go_to(&device, "café");
    assert_eq!(open(&device), INTERCEPTED, "proved elsewhere only");
    device.clock.advance(8 * DAY);
    go_to(&device, "home");
    device.scan();
    go_to(&device, "café");
    assert_eq!(open(&device), [], "a week is enough");
}

#[test]
fn a_scan_is_asked_for_at_once_and_only_once() {
    let device = on("café");
    device.scan();
    assert!(matches!(device.agent.due().unwrap(), Plan::Skip { .. }));
    exchange(&device, "café", vec![met(TroubleKind::Untrusted)], false);
    let Plan::Later { after, why: Reason::Settling } = device.agent.due().unwrap() else { panic!() };
    assert!(after <= std::time::Duration::from_secs(2));
    std::thread::sleep(after);
    let plan = device.agent.due().unwrap();
    assert!(matches!(plan, Plan::Now { depth: Depth::Everything, .. }), "{plan:?}");
    device.scan();
    exchange(&device, "café", vec![met(TroubleKind::Untrusted)], false);
    assert!(matches!(device.agent.due().unwrap(), Plan::Skip { .. }), "it is known");
}

#[test]
fn memory_is_bounded() {
    let device = on("café");
    for number in 0..100 {
        let trouble =
            Trouble { host: format!("h{number}"), detail: "x".repeat(5000), ..met(TroubleKind::Forged) };
        exchange(&device, "café", vec![trouble], false);
    }
    let outcome = device.scan().checks.into_iter().find(|it| it.check == CheckId::ConnectorPath).unwrap();
    let evidence = &outcome.judgements[0].evidence;
    assert!(evidence.len() <= 32 * 6 && evidence.iter().all(|it| it.value.len() <= 240));
}

#[test]
fn without_an_exchange_nothing_can_be_told_and_without_an_enrolment_there_is_nothing_to_tell() {
    let coverage = |device: &Device| {
        let checks = device.scan().checks.into_iter();
        checks.filter(|it| it.check == CheckId::ConnectorPath).map(|it| it.coverage).next().unwrap()
    };
    assert_eq!(coverage(&Device::new()), Coverage::Complete);
    let device = on("café");
    let why = "the connector has not been reached over this network yet".to_owned();
    assert_eq!(coverage(&device), Coverage::Unknown { why });
    exchange(&device, "café", Vec::new(), true);
    assert_eq!(coverage(&device), Coverage::Complete);
}

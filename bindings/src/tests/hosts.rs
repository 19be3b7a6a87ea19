//! What a host tells, and what becomes of what it gets wrong.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use agent_core::model::Timestamp;
use agent_core::platform as core;
use uniffi::UnexpectedUniFFICallbackError;

use super::support::*;
use crate::adapter::HostAdapter;
use crate::types::*;
use crate::{Agent, AgentError, HostError};

#[test]
fn what_a_host_tells_is_judged() {
    let bench = Bench::new();
    assert_eq!(bench.coverage(CheckId::Integrity), Coverage::Complete);
    bench.script(|script| {
        let posture = script.posture.as_mut().unwrap();
        posture.root_signs = TextListFact::Known { value: vec!["/system/xbin/su".to_owned()] };
    });
    let scan = bench.scan();
    let finding = scan.findings.iter().find(|it| it.detection == Detection::Rooted).unwrap();
    assert_eq!((finding.severity, &finding.state), (Severity::High, &FindingState::Open));
    assert_eq!(scan.level, Level::High);
}

#[test]
fn what_a_host_withholds_keeps_its_reason_and_its_kind() {
    let bench = Bench::new();
    bench.script(|script| {
        let why = "allow usage access in Settings".to_owned();
        script.apps = Err(HostError::NotPermitted { why });
        script.posture = Err(HostError::NotAvailable { why: "this is a test".to_owned() });
    });
    let scan = bench.scan();
    let coverage = |check| &scan.checks.iter().find(|it| it.check == check).unwrap().coverage;
    let not_permitted = Coverage::NotPermitted { why: "allow usage access in Settings".to_owned() };
    assert_eq!(coverage(CheckId::Inventory), &not_permitted);
    assert_eq!(coverage(CheckId::Integrity), &Coverage::Unknown { why: "this is a test".to_owned() });
    assert_eq!((scan.level, scan.app_count), (Level::Misconfigured, None));
}

#[test]
fn an_exception_s_type_is_told_and_its_text_is_not() {
    let told = |reason: &str| HostError::from(UnexpectedUniFFICallbackError::new(reason)).to_string();
    let text = told("java.lang.IllegalStateException: user alice@example.org at 10.0.0.7");
    assert_eq!(text, "the host app failed while answering (java.lang.IllegalStateException)");
    assert_eq!(told("alice's phone"), "the host app failed while answering (alice)");
    assert_eq!(told(""), "the host app failed while answering (an exception)");
    assert!(told(&"x".repeat(10_000)).len() < 200);
}

#[test]
fn facts_in_a_wrong_form_are_not_available_and_never_wrong() {
    let bench = Bench::new();
    let text = |value: &str| TextFact::Known { value: value.to_owned() };
    bench.script(|script| {
        script.posture.as_mut().unwrap().security_patch = text("October");
    });
    let Coverage::Unknown { why } = bench.coverage(CheckId::OsVersion) else { panic!("a patch of October") };
    assert!(why.contains("security_patch") && !why.contains("October"), "{why}");

    let snapshot = NetworkSnapshot {
        bssid: text("<redacted>"),
        dhcp_server: text("10.0.0"),
        nat64_prefix: text("64:ff9b::/7"),
        neighbours: NeighboursFact::Known {
            value: vec![Neighbour { address: "10.0.0.1".to_owned(), mac: "none".to_owned() }],
        },
        ..network()
    };
    bench.script(|script| script.network = Ok(snapshot));
    let adapter = HostAdapter::new(bench.host.clone(), Platform::Android);
    let told = agent_core::platform::DeviceHost::network_snapshot(&adapter);
    assert_eq!((told.bssid.value(), told.dhcp_server.value()), (None, None));
    assert_eq!((told.nat64_prefix.value(), told.neighbours.value()), (None, None));
}

#[test]
fn facts_in_their_right_form_arrive() {
    let text = |value: &str| TextFact::Known { value: value.to_owned() };
    let bench = Bench::new();
    let snapshot = NetworkSnapshot {
        bssid: text("02-00-5E-10-00-01"),
        dhcp_server: text("10.0.0.1"),
        nat64_prefix: text("64:ff9b::/96"),
        metered: BoolFact::Known { value: true },
        proxies: ProxiesFact::Known {
            value: vec![Proxy { scheme: "http".to_owned(), address: "proxy.example:8080".to_owned() }],
        },
        private_dns: PrivateDnsFact::Known { value: PrivateDns::Active { server: None } },
        ..network()
    };
    bench.script(|script| script.network = Ok(snapshot));
    let adapter = HostAdapter::new(bench.host.clone(), Platform::Android);
    let told = agent_core::platform::DeviceHost::network_snapshot(&adapter);
    assert_eq!(told.bssid.value().unwrap().to_string(), "02:00:5e:10:00:01");
    assert_eq!(told.dhcp_server.value().unwrap().to_string(), "10.0.0.1");
    assert_eq!(told.metered.value(), Some(&true));
    assert_eq!(told.proxies.value().unwrap()[0].address, "proxy.example:8080");
    assert!(told.nat64_prefix.value().is_some() && told.private_dns.value().is_some());
}

#[test]
fn absurd_apps_are_kept_without_what_cannot_be() {
    let bench = Bench::new();
    let odd = AppRecord { bundle_size: Some(-1), signers: vec!["sha256:no".to_owned()], ..app("com.odd") };
    bench.script(|script| {
        script.apps = Ok(Inventory { apps: vec![odd, app("")], notes: Vec::new(), incomplete: None })
    });
    let scan = bench.scan();
    assert_eq!((scan.app_count, scan.app_changes.added), (Some(2), 0), "a first list is no change");
}

#[test]
fn a_list_beyond_any_device_is_not_available() {
    let bench = Bench::new();
    let apps = vec![app("com.a"); 100_001];
    bench.script(|script| script.apps = Ok(Inventory { apps, notes: Vec::new(), incomplete: None }));
    let Coverage::Unknown { why } = bench.coverage(CheckId::Inventory) else { panic!("taken") };
    assert!(why.contains("100000"), "{why}");
}

#[test]
fn a_keystore_that_fails_is_told_in_its_own_words() {
    let bench = Bench::new();
    let payload = "mtd-enrol:nonsense".to_owned();
    let error = block_on(bench.agent.enroll(payload, AMPLE)).unwrap_err();
    assert!(
        matches!(&error, AgentError::InvalidPayload { reason } if !reason.contains("nonsense")),
        "{error}"
    );

    let key = crate::adapter::KeyAdapter(Arc::new(NoKeystore));
    let told = core::DeviceKey::sign_es256(&key, core::KeySlot::Current, b"x").unwrap_err();
    assert_eq!(told.to_string(), "sign: the keystore is locked: unlock the device");
    assert_eq!(told.kind, core::FailureKind::Locked);
}

#[test]
fn settings_in_a_wrong_form_and_stores_in_a_wrong_place_are_told_apart() {
    let bench = Bench::new();
    let mut broken = options(&bench.folder, &bench.host);
    broken.unenrolled_settings_json = Some("{\n  \"version\": \"one\"".to_owned());
    let error = block_on(Agent::open(broken, AMPLE)).err().unwrap();
    assert!(
        matches!(&error, AgentError::InvalidConfiguration { reason } if reason.contains("line 2")),
        "{error}"
    );

    let mut nowhere = options(&bench.folder, &bench.host);
    nowhere.store_path = bench.folder.path().join("missing/agent.db").to_string_lossy().into_owned();
    let error = block_on(Agent::open(nowhere, AMPLE)).err().unwrap();
    assert!(matches!(&error, AgentError::Store { .. }), "{error}");
}

#[test]
fn a_keystore_that_hangs_is_not_waited_for_beyond_the_limit() {
    let bench = Bench::new();
    bench.agent.shut_down();
    let (release, hung) = std::sync::mpsc::channel();
    let mut slow = options(&bench.folder, &bench.host);
    slow.secrets = Arc::new(HangingSecrets(std::sync::Mutex::new(hung)));
    let error = block_on(Agent::open(slow, Duration::from_millis(200))).err().unwrap();
    assert!(matches!(&error, AgentError::Deadline { .. }), "{error}");
    release.send(()).unwrap();
    let again = block_on(Agent::open(options(&bench.folder, &bench.host), AMPLE)).unwrap();
    assert!(block_on(again.status(AMPLE)).is_ok());
}

#[test]
fn a_closed_agent_says_so_to_every_call() {
    let bench = Bench::new();
    let scoped = bench.agent.scope();
    bench.agent.shut_down();
    bench.agent.shut_down();
    bench.agent.cancel();
    for agent in [&bench.agent, &scoped] {
        assert_eq!(block_on(agent.status(AMPLE)), Err(AgentError::Closed));
        assert_eq!(block_on(agent.deliver(AMPLE, None)), Err(AgentError::Closed));
        assert_eq!(block_on(agent.explain(Language::Ko, AMPLE)), Err(AgentError::Closed));
        assert_eq!(block_on(agent.next_event()), None);
    }
}

#[test]
fn moments_pass_in_both_directions() {
    for seconds in [0, 1_790_000_000, -86_400] {
        assert_eq!(timestamp(system_time(Timestamp::from_unix(seconds))).unix(), seconds);
    }
    let held = |seconds| timestamp(system_time(Timestamp::from_unix(seconds))).unix();
    assert_eq!(held(i64::MAX), 253_402_300_799, "9999-12-31T23:59:59Z");
    assert_eq!(held(i64::MIN), -62_135_596_800, "0001-01-01T00:00:00Z");
    assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(1500)).unix(), 1);
}

#[test]
fn an_apple_list_is_read_with_what_its_mdm_manages() {
    let list = br#"<?xml version="1.0"?><plist version="1.0"><dict><key>InstalledApplicationList</key><array>
        <dict><key>Identifier</key><string>com.a</string><key>BundleSize</key><integer>23048830844</integer></dict>
        </array></dict></plist>"#;
    let managed = br#"<?xml version="1.0"?><plist version="1.0"><dict><key>ManagedApplicationList</key><dict>
        <key>com.a</key><dict><key>Status</key><string>Managed</string></dict></dict></dict></plist>"#;
    let inventory = crate::inventory::read_app_inventory(list, None, Some(managed.to_vec())).unwrap();
    assert_eq!(inventory.apps[0].managed, Some(true));
    assert_eq!(inventory.apps[0].bundle_size, Some(23_048_830_844));
    let error = crate::inventory::read_app_inventory(b"nothing of the kind", None, None).unwrap_err();
    assert!(error.to_string().contains("form"), "{error}");
}

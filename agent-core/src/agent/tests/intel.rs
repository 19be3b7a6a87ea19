//! The intelligence bundle of an agent: put in force, kept, never rolled back.

use std::fs;
use std::path::PathBuf;

use super::support::*;
use crate::agent::*;
use crate::intel::bundle::BundleError;
use crate::intel::testing::{attribution, contents, write};
use crate::intel::value::ValueKind;
use crate::model::*;

/// A bundle of `version` that lists one app and one host, in a file.
pub fn bundle(device: &Device, version: u64) -> PathBuf {
    let path = device.folder.path().join("download");
    let listed = contents(&[
        (ValueKind::AppId, "com.listed.app", attribution(ThreatCategory::Banker, None)),
        (ValueKind::Domain, "bad.test", attribution(ThreatCategory::Phishing, None)),
    ]);
    write(&path, &listed, version);
    path
}

fn in_force(device: &Device) -> Option<u64> {
    device.agent.status().unwrap().intel.map(|intel| intel.version)
}

#[test]
fn a_bundle_is_in_force_until_a_newer_one_is() {
    let device = Device::enrolled(&settings());
    assert_eq!(in_force(&device), None);
    assert_eq!(device.agent.install_intel(&bundle(&device, 5)).unwrap().version, 5);
    let scan = device.scan();
    assert_eq!(scan.intel_version, Some(5));
    assert_eq!(device.device_report_of(&scan).intel_version.as_deref(), Some("5"));

    let device = device.reopened();
    assert_eq!(in_force(&device), Some(5));
    device.agent.install_intel(&bundle(&device, 6)).unwrap();
    assert_eq!(in_force(&device), Some(6));
}

#[test]
fn an_older_bundle_is_refused_however_it_comes() {
    let device = Device::new();
    device.agent.install_intel(&bundle(&device, 5)).unwrap();
    let older = bundle(&device, 4);
    let refused = device.agent.install_intel(&older);
    assert!(matches!(refused, Err(AgentError::Intel(BundleError::Older { found: 4, have: 5 }))));
    assert_eq!(in_force(&device), Some(5));

    // Put back by hand, and then taken away.
    fs::copy(&older, device.folder.path().join("agent.mtdi")).unwrap();
    assert_eq!(in_force(&device), None);
    let scan = device.scan();
    let told = scan.checks.iter().find(|it| it.check == CheckId::WebContacts).unwrap();
    assert_ne!(told.coverage, Coverage::Complete);
    fs::remove_file(device.folder.path().join("agent.mtdi")).unwrap();
    assert!(device.agent.install_intel(&older).is_err());
    device.agent.install_intel(&bundle(&device, 6)).unwrap();
    assert_eq!(in_force(&device), Some(6));
}

#[test]
fn a_bundle_that_fails_leaves_the_old_one_in_force() {
    let device = Device::new();
    device.agent.install_intel(&bundle(&device, 5)).unwrap();
    let good = fs::read(bundle(&device, 6)).unwrap();
    let damaged = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cases =
        [good[..good.len() - 1].to_vec(), damaged(good.len() - 4096), damaged(130), damaged(20), vec![]];
    for bytes in cases {
        let path = device.folder.path().join("download");
        fs::write(&path, bytes).unwrap();
        assert!(matches!(device.agent.install_intel(&path), Err(AgentError::Intel(_))));
        assert_eq!(in_force(&device), Some(5));
        let verdict = device.agent.check_url("https://bad.test/", Default::default()).unwrap();
        assert_eq!((verdict.severity, verdict.coverage), (Severity::High, Coverage::Complete));
    }
}

#[test]
fn the_organisations_key_comes_before_that_of_the_app() {
    let device = Device::enrolled(&settings());
    device.agent.install_intel(&bundle(&device, 5)).unwrap();
    let other = BundleKey::from_bytes([9; 32]);
    device.obey(&Settings { intel_key: Some(other), ..settings() });
    assert_eq!(in_force(&device), None);
    let refused = device.agent.install_intel(&bundle(&device, 6));
    assert!(matches!(refused, Err(AgentError::Intel(BundleError::Signature))));
}

#[test]
fn a_profile_that_is_known_is_found_whoever_manages_it() {
    let device = Device::new();
    let path = device.folder.path().join("download");
    let listed = attribution(ThreatCategory::Spyware, None);
    write(&path, &contents(&[(ValueKind::Profile, "com.spy.profile", listed)]), 1);
    device.agent.install_intel(&path).unwrap();
    let profile = |identifier: &str| ConfigurationProfile {
        identifier: identifier.into(),
        name: None,
        organization: None,
        managed: Some(true),
        signed: Some(true),
        payload_types: Vec::new(),
    };
    let have = |profiles: Vec<ConfigurationProfile>| {
        device.host.script(|script| script.posture.profiles = Fact::known(profiles));
        let open = device.scan().findings.into_iter().filter(Finding::is_open);
        open.map(|it| (it.judgement.detection, it.judgement.subject)).collect::<Vec<_>>()
    };
    assert_eq!(have(vec![profile("com.work.wifi")]), []);
    let found = have(vec![profile("com.work.wifi"), profile("com.spy.profile")]);
    assert_eq!(found, [(Detection::RiskyProfile, "com.spy.profile".to_owned())]);
    assert_eq!(have(vec![profile("com.work.wifi")]), []);
}

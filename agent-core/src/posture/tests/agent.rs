//! The agent's key and version.

use super::*;

#[test]
fn a_software_key_is_told_where_hardware_was_promised() {
    let judged = |key, hardware_key| {
        let mut world = World { key: Some(key), ..World::phone() };
        world.settings.device.hardware_key = hardware_key;
        world.verdict(Detection::KeyNotAttested)
    };
    assert_eq!(judged(KeyProtection::Software, true), Verdict::Confirmed);
    assert_eq!(judged(KeyProtection::Software, false), Verdict::Clean);
    for key in [KeyProtection::TrustedEnvironment, KeyProtection::StrongBox, KeyProtection::SecureEnclave] {
        assert_eq!(judged(key, true), Verdict::Clean, "{key}");
    }
}

#[test]
fn a_device_without_a_key_is_unknown_only_where_hardware_was_promised() {
    let judged = |hardware_key| {
        let mut world = World { key: None, ..World::phone() };
        world.settings.device.hardware_key = hardware_key;
        world.outcome(CheckId::KeyAttestation).coverage
    };
    assert!(matches!(judged(true), Coverage::Unknown { why } if why.contains("enrolment makes it")));
    assert_eq!(judged(false), Coverage::Complete);
}

#[test]
fn an_agent_older_than_the_organisation_wants_is_told() {
    let judged = |agent_version, minimum: &str| {
        let mut world = World { agent_version, ..World::phone() };
        world.settings.device.minimum_agent = Some(version(minimum));
        world.outcome(CheckId::AgentVersion).verdict()
    };
    assert_eq!(judged("1.4.2", "1.5"), Verdict::Confirmed);
    assert_eq!(judged("1.10.0", "1.5"), Verdict::Clean, "numbers, not texts");
    assert_eq!(judged("1.5", "1.5.0"), Verdict::Clean);
    assert_eq!(judged("next", "1.5"), Verdict::Inconclusive);
    assert_eq!(World::phone().outcome(CheckId::AgentVersion).verdict(), Verdict::Clean);
}

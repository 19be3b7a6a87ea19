//! Configuration profiles.

use super::*;

pub(super) fn vpn() -> ConfigurationProfile {
    ConfigurationProfile {
        identifier: "com.example.freevpn".into(),
        name: Some("Free VPN".into()),
        organization: None,
        managed: Some(false),
        signed: Some(true),
        payload_types: vec!["com.apple.vpn.managed".into()],
    }
}

fn judged(profile: ConfigurationProfile) -> Vec<(String, Verdict)> {
    let world = World::iphone("26.6.1").with(|it| it.profiles = Fact::known(vec![profile]));
    world.judged(Detection::RiskyProfile)
}

#[test]
fn a_payload_that_can_do_harm_is_told() {
    for payload in [
        "com.apple.vpn.managed",
        "com.apple.security.root",
        "com.apple.proxy.http.global",
        "com.apple.webcontent-filter",
        "com.apple.dnsSettings.managed",
        "com.apple.mdm",
    ] {
        let profile = ConfigurationProfile { payload_types: vec![payload.into()], ..vpn() };
        assert_eq!(judged(profile), [("com.example.freevpn".to_owned(), Verdict::Confirmed)], "{payload}");
    }
}

#[test]
fn an_unsigned_profile_is_suspicious_whatever_it_holds() {
    let wifi = vec!["com.apple.wifi.managed".to_owned()];
    let signed = ConfigurationProfile { payload_types: wifi, ..vpn() };
    assert_eq!(judged(signed.clone()), []);
    let unsigned = ConfigurationProfile { signed: Some(false), ..signed };
    assert_eq!(judged(unsigned)[0].1, Verdict::Suspicious);
}

#[test]
fn a_profile_of_the_organisation_is_in_order() {
    assert_eq!(judged(ConfigurationProfile { managed: Some(true), signed: Some(false), ..vpn() }), []);
    let mut world = World::iphone("26.6.1").with(|it| it.profiles = Fact::known(vec![vpn()]));
    assert_eq!(world.judged(Detection::RiskyProfile).len(), 1);
    world.settings.device.profiles = vec!["com.example.freevpn".into()];
    assert_eq!(world.judged(Detection::RiskyProfile), []);
}

#[test]
fn a_profile_that_the_mdm_may_manage_is_suspicious_at_most() {
    assert_eq!(judged(ConfigurationProfile { managed: None, ..vpn() })[0].1, Verdict::Suspicious);
}

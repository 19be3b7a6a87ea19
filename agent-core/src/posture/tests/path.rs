//! Proxies and VPNs.

use super::*;

fn proxies(addresses: &[&str]) -> NetworkSnapshot {
    let proxy = |address: &&str| Proxy { scheme: "https".into(), address: (*address).into() };
    NetworkSnapshot { proxies: Fact::known(addresses.iter().map(proxy).collect()), ..World::phone().network }
}

fn outcome(network: &NetworkSnapshot) -> CheckOutcome {
    World { network: network.clone(), ..World::phone() }.outcome(CheckId::NetworkPath)
}

fn judged_with(declared: &[&str], network: &NetworkSnapshot) -> Judgement {
    let mut world = World { network: network.clone(), ..World::phone() };
    world.settings.network.proxies = declared.iter().map(|address| (*address).to_owned()).collect();
    world.outcome(CheckId::NetworkPath).judgements.into_iter().next().unwrap()
}

#[test]
fn a_proxy_that_the_organisation_declared_is_benign() {
    for (declared, used) in [
        ("10.77.0.1:3128", "10.77.0.1:3128"),
        ("Proxy.Example:3128", "proxy.example:3128"),
        ("http://proxy.example:3128/", "proxy.example:3128"),
        ("http://wpad.example/proxy.pac?site=7", "http://wpad.example/proxy.pac?site=7"),
    ] {
        let judgement = judged_with(&[declared], &proxies(&[used]));
        assert_eq!(
            (judgement.detection, judgement.verdict),
            (Detection::LocalProxy, Verdict::Benign),
            "{used}"
        );
        assert!(judgement.evidence[0].value.ends_with("(declared)"));
    }
}

#[test]
fn a_declared_proxy_excuses_no_other() {
    for (declared, used) in [
        (["10.77.0.1:3128"], "10.77.0.1:8080"),
        (["http://wpad.example/proxy.pac"], "http://wpad.example/other.pac"),
        (["http://wpad.example/proxy.pac"], "wpad.example:80"),
        (["::::"], "::::"),
    ] {
        assert_eq!(judged_with(&declared, &proxies(&[used])).verdict, Verdict::Suspicious, "{used}");
    }
    let both = judged_with(&["proxy.example:3128"], &proxies(&["proxy.example:3128", "evil.example:3128"]));
    assert_eq!(both.verdict, Verdict::Suspicious);
    assert_eq!(both.reason, "traffic goes through a proxy: evil.example:3128");
}

#[test]
fn a_proxy_on_this_device_is_recognised_however_it_is_written() {
    let local = [
        "127.0.0.1:8080",
        "127.1:8080",
        "0x7f000001:8080",
        "0.0.0.0:8080",
        "localhost:8080",
        "LOCALHOST.:8080",
        "mitm.localhost:8080",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:8080",
        "http://localhost:8080/proxy.pac",
        "socks5://127.0.0.1:1080",
    ];
    for address in local {
        let judged = outcome(&proxies(&[address])).judgements;
        assert_eq!(judged[0].verdict, Verdict::Suspicious);
        assert!(judged[0].evidence[0].value.ends_with("(on this device)"), "{address}");
    }
    for address in
        ["proxy.example:3128", "10.0.0.1:80", "localhost.example:80", "[fe80::1]:80", "", "a b", "::"]
    {
        let judged = outcome(&proxies(&[address])).judgements;
        assert_eq!(judged[0].verdict, Verdict::Suspicious);
        assert!(!judged[0].evidence[0].value.ends_with("(on this device)"), "{address}");
    }
}

#[test]
fn credentials_and_queries_of_a_proxy_are_not_told() {
    let addresses =
        ["alice:hunter2@proxy.example:3128", "https://alice:hunter2@pac.example/x.pac?token=hunter2"];
    let told = serde_json::to_string(&outcome(&proxies(&addresses))).unwrap();
    assert!(told.contains("proxy.example:3128") && told.contains("pac.example:443"), "{told}");
    assert!(!told.contains("alice") && !told.contains("hunter2"), "{told}");
}

#[test]
fn a_vpn_is_a_label() {
    let network = NetworkSnapshot { vpns: Fact::known(vec!["wg0".into()]), ..World::phone().network };
    let outcome = outcome(&network);
    assert_eq!(outcome.verdict(), Verdict::Benign);
    assert_eq!(outcome.judgements[0].detection, Detection::VpnActive);
}

#[test]
fn what_one_half_of_the_path_shows_counts_though_the_other_is_missing() {
    let network =
        NetworkSnapshot { vpns: Fact::not_available("no such API"), ..proxies(&["127.0.0.1:8080"]) };
    let half = outcome(&network);
    assert_eq!(half.coverage, Coverage::Unknown { why: "no such API".into() });
    assert_eq!(half.judgements.len(), 1);

    let network = NetworkSnapshot { proxies: Fact::not_permitted("location is off"), ..network };
    let none = outcome(&network);
    assert_eq!(none.coverage, Coverage::NotPermitted { why: "location is off".into() });
    assert_eq!(none.judgements, []);
}

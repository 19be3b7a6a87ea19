//! Cases that were recorded in the attack lab (`mtd scan --record`): judged again, they are told as then.

use std::path::Path;

use serde_json::Value;

use crate::device::Device;

#[test]
fn a_session_that_ends_elsewhere_is_proved_by_the_canaries_under_a_trusted_root_too() {
    let judged = judged("interception");
    assert_eq!(findings(&judged), [("network.tls_interception", "confirmed")]);
}

#[test]
fn a_forged_name_from_a_rogue_dhcp_server_is_one_attack_on_two_layers() {
    let judged = judged("rogue-dhcp");
    assert_eq!(
        findings(&judged),
        [("network.dns_spoofing", "confirmed"), ("network.rogue_dhcp", "confirmed")]
    );
}

fn judged(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings").join(name);
    Device::new().json(&format!("analyze {}", folder.display()))
}

/// Detection and verdict of every judgement, each once.
fn findings(judged: &Value) -> Vec<(&str, &str)> {
    let outcomes = judged["outcomes"].as_array().unwrap().iter();
    let judgements = outcomes.filter_map(|outcome| outcome["judgements"].as_array()).flatten();
    let mut found: Vec<_> = judgements
        .map(|judgement| (judgement["detection"].as_str().unwrap(), judgement["verdict"].as_str().unwrap()))
        .collect();
    found.sort();
    found.dedup();
    found
}

//! Facts of the network that a file tells in the machine's place.

use serde_json::json;

use crate::device::Device;

#[test]
fn facts_in_the_file_replace_the_machines_own_and_no_others() {
    let device = Device::new();
    let own = &device.json("scan")["network"];
    let snapshot = json!({
        "transport": {"state": "known", "value": "wifi"},
        "ssid": {"state": "known", "value": "café"},
        "security": {"state": "known", "value": "open"},
        "neighbours": {"state": "not_permitted", "why": "Android 13 does not show neighbours to apps"},
    });
    device.file("cafe.json", snapshot.to_string());

    let scan = device.json("scan --snapshot cafe.json");

    let mut expected = own.clone();
    for (name, fact) in snapshot.as_object().unwrap() {
        expected[name] = fact.clone();
    }
    assert_eq!(scan["network"], expected);
    assert_eq!(scan["exposure"], json!(["open"]));
}

#[test]
fn pretended_network_stays_out_of_this_machines_history() {
    let device = Device::new();
    device.file("cafe.json", r#"{"ssid": {"state": "known", "value": "café"}}"#);
    let scan = device.command("scan --snapshot cafe.json");
    crate::device::run(scan, "scan", "").ends_with(0);
    for folder in ["home", "tmp"] {
        assert_eq!(std::fs::read_dir(device.path(folder)).unwrap().count(), 0, "{folder}");
    }
}

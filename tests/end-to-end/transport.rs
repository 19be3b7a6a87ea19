//! The way to a connector as its administrator changes it: keys, pins, and what devices fetch.

use agent_core::report::jws;

use crate::device::Device;
use crate::organisation::Organisation;
use crate::outage::{deliver_all, scanned, tokens};

#[test]
fn a_signing_key_is_announced_and_then_used_under_a_running_connector() {
    let organisation = Organisation::acme();
    let device = scanned(&organisation);
    let prepared = organisation.admin("connector rotate-key --json").ends_with(0).json();
    assert_eq!(prepared["behind"].as_array().unwrap().len(), 1, "{prepared:#}");
    let early = organisation.admin("connector rotate-key --use");
    assert!(early.error().contains("have not fetched the settings that announce the new key"), "{early:?}");

    // The first fetches, the second tells that it has them.
    deliver_all(&device);
    device.mtd("deliver").ends_with(0);
    let used = organisation.admin("connector rotate-key --use --json").ends_with(0).json();
    assert_eq!(used["current"], prepared["next"], "{used:#}");

    device.mtd("scan --inventory dpkg-status").ends_with(0);
    let delivered = device.json("deliver");
    assert_eq!((&delivered["still_queued"], &delivered["connections"]), (&0.into(), &1.into()));
    organisation.admin("connector rotate-key --forget").ends_with(0);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    device.mtd("deliver").ends_with(0).says("ALLOWED");
    assert_eq!(organisation.devices()[0]["chain"]["status"], "intact");
}

#[test]
fn pins_are_at_least_two_and_those_in_use_are_not_taken_back_by_mistake() {
    let organisation = Organisation::acme();
    let device = scanned(&organisation);
    let shown = organisation.admin("connector pins --json").ends_with(0).json();
    let pins: Vec<_> = shown["pins"].as_array().unwrap().iter().map(|pin| pin.as_str().unwrap()).collect();
    assert_eq!(pins.len(), 2);
    let locked_out = organisation.admin(&format!("connector pins --remove {}", pins[0]));
    assert!(locked_out.error().contains("devices could not reach it any more"), "{locked_out:?}");
    let alone = organisation.admin(&format!("connector pins --remove {}", pins[1]));
    assert!(alone.error().contains("transport.spki_pins must be 2 to 8"), "{alone:?}");

    let third = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    organisation.admin(&format!("connector pins --add {third}")).ends_with(0).says(third);
    deliver_all(&device);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    assert_eq!(device.json("deliver")["still_queued"], 0);
}

#[test]
fn threat_intelligence_is_fetched_and_told() {
    let organisation = Organisation::acme();
    let device = scanned(&organisation);
    organisation.write("list.txt", "bad.example\n");
    let built = organisation.admin("intel build list.txt -o i.mtdi --bundle-version 7 --json").ends_with(0);
    let key = built.json()["key"].as_str().unwrap().to_owned();
    let served =
        organisation.admin(&format!("connector intel i.mtdi --key {key} --json")).ends_with(0).json();
    assert_eq!(served["version"], 7);

    device.mtd("deliver").says("Threat intelligence version 7 is in force.");
    device.mtd("status").ends_with(0).says("Intel     version 7");
    assert_eq!(device.json("deliver")["intel"], serde_json::Value::Null, "once is enough");

    organisation.admin("intel build list.txt -o older.mtdi --bundle-version 6").ends_with(0);
    let older = organisation.admin("connector intel older.mtdi");
    assert!(older.error().contains("older than version 7"), "{older:?}");
}

#[test]
fn an_impostor_is_found_by_the_scan_after_it_was_met() {
    let mut organisation = Organisation::acme();
    let device = scanned(&organisation);
    deliver_all(&device);
    organisation.kill();
    let impostor = Organisation::start_at(organisation.address());
    let ran = device.mtd("deliver").ends_with(4);
    ran.says("Something answered in the connector's place: run `mtd scan`");
    let scan = device.json("scan --inventory dpkg-status");
    let check = scan["checks"].as_array().unwrap().iter().find(|it| it["check"] == "network.connector_path");
    let judgement = &check.unwrap()["judgements"][0];
    assert_eq!(
        (&judgement["detection"], &judgement["verdict"]),
        (&"network.tls_interception".into(), &"suspicious".into())
    );

    drop(impostor);
    organisation.restart();
    deliver_all(&device);
    let scan = device.json("scan --inventory dpkg-status");
    let open =
        |it: &&serde_json::Value| it["detection"] == "network.tls_interception" && it["state"] == "open";
    assert_eq!(scan["findings"].as_array().unwrap().iter().filter(open).count(), 0, "{:#}", scan["findings"]);
}

#[test]
fn a_report_that_the_organisation_finds_too_large_by_now_comes_in_parts_and_the_chain_holds() {
    let organisation = Organisation::acme();
    let device = Device::new();
    let package = |number| {
        format!(
            "Package: package-{number}\nStatus: install ok installed\nArchitecture: all\nVersion: 1.{number}\nInstalled-Size: 9\n\n"
        )
    };
    device.file("many", (0..1500).map(package).collect::<String>());
    organisation.enrol(&device);
    device.mtd("scan --inventory many").ends_with(0);
    let largest = |reports: &[String]| reports.iter().map(String::len).max().unwrap();
    let queued = tokens(&device);
    assert!(largest(&queued) > 60_000, "{}", largest(&queued));

    organisation.admin("connector settings --max-report-bytes 60000").ends_with(0).says("60000 bytes");
    assert!(
        organisation.admin("connector settings --max-report-bytes 16383").stderr.contains("16384..=1048576")
    );
    let delivered = device.json("deliver");
    let parts = delivered["replaced"][0]["by"].as_array().unwrap().len();
    assert!(parts > 1 && delivered["still_queued"] == 0, "{delivered}");

    let received = organisation.reports();
    assert!(largest(&received) <= 60_000, "{}", largest(&received));
    device.mtd_reading("verify -", &received.join("\n")).ends_with(0);
    assert_eq!(organisation.devices()[0]["chain"]["status"], "intact");
    let apps: usize = received.iter().map(|token| apps_in(token)).sum();
    assert_eq!(apps, 1500);
}

/// How many apps a report tells of.
fn apps_in(token: &str) -> usize {
    let claims: serde_json::Value = jws::peek_claims(token).unwrap();
    let events = claims["events"].as_object().unwrap();
    events.values().filter_map(|event| event["inventory"]["apps"].as_array().map(Vec::len)).sum()
}

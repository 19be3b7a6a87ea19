use agent_core::intel::value::{Value, ValueKind};
use agent_core::model::{Severity, ThreatCategory};
use serde_json::json;

use super::{NOW, bundle, compiled, error, rejects};

fn names(contents: &agent_core::intel::bundle::Contents) -> Vec<String> {
    let names = contents.values.iter().filter_map(|(value, _)| match value {
        Value::Domain(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

#[test]
fn stix_revoked_expired_and_future_indicators_are_told_apart() {
    let indicator = |id: &str, name: &str, more: serde_json::Value| {
        let mut object =
            json!({"type": "indicator", "id": id, "pattern": format!("[domain-name:value='{name}']")});
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let objects = json!([
        {"type": "malware", "id": "malware--1", "name": "Fam", "malware_types": ["spyware"]},
        {"type": "tool", "id": "tool--1", "name": "Tool"},
        {"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "malware--1"},
        {"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--2", "target_ref": "tool--1"},
        // Cycles, and relations to what is not there.
        {"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "indicator--1"},
        {"type": "relationship", "relationship_type": "variant-of", "source_ref": "malware--1", "target_ref": "malware--1"},
        {"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "malware--9"},
        indicator("indicator--1", "one.example", json!({"valid_from": "2020-01-01T00:00:00.123Z", "confidence": 80})),
        indicator("indicator--2", "two.example", json!({"valid_until": "2100-01-01T00:00:00Z"})),
        indicator("indicator--3", "three.example", json!({"revoked": true})),
        indicator("indicator--4", "four.example", json!({"valid_until": "2020-01-01T00:00:00Z"})),
        indicator("indicator--5", "five.example", json!({"valid_from": "2100-01-01T00:00:00Z"})),
        indicator("indicator--6", "six.example", json!({"valid_until": "soon"})),
        indicator("indicator--7", "seven.example", json!({"pattern_type": "yara"})),
        indicator("indicator--8", "eight.example", json!({"indicator_types": ["benign"]})),
        {"type": "indicator", "id": "indicator--9"},
        {"type": "indicator", "id": "indicator--10", "pattern": "[domain-name:value="},
        {"type": "indicator", "pattern": 7},
        {"type": "x-unknown", "id": "x--1"},
        {"id": "none--1"},
        17,
    ]);
    let text = json!({"type": "bundle", "objects": objects}).to_string();
    let (contents, report) = compiled("feed.stix2", text);
    assert_eq!(names(&contents), ["five.example", "one.example", "two.example"]);
    assert_eq!((report.summary.lapsed, report.summary.rejected), (2, 8));
    let places: Vec<_> = rejects(&report).into_iter().map(|(place, _)| place.to_owned()).collect();
    assert_eq!(
        places,
        [
            "object 20",
            "indicator--6",
            "indicator--7",
            "indicator--8",
            "indicator--9",
            "indicator--10",
            "object 17",
            "none--1"
        ]
    );

    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&contents, folder.path());
    let hit =
        |host: &str| bundle.check_host(host, NOW).unwrap().into_iter().next().map(|hit| hit.attribution);
    let one = hit("one.example").unwrap();
    assert_eq!(
        (one.category, one.family.as_str(), one.confidence),
        (ThreatCategory::Spyware, "Fam", Some(80))
    );
    let two = hit("two.example").unwrap();
    assert_eq!(
        (two.category, two.severity, two.family.as_str()),
        (ThreatCategory::DualUse, Severity::Medium, "Tool")
    );
    assert_eq!(hit("five.example"), None, "does not hold yet");
}

#[test]
fn what_is_no_stix_bundle_is_an_error_that_names_the_file_and_the_place() {
    assert!(error("a.stix2", "{\"objects\": [").starts_with("a: not a STIX bundle: EOF"));
    assert_eq!(error("a.stix2", "{}"), "a: not a STIX bundle: it has no objects");
    let deep = format!("{{\"objects\": {}", "[".repeat(100_000));
    assert!(error("a.stix2", deep).contains("recursion limit"));
}

#[test]
fn lists_are_read_whatever_their_line_ends_comments_ports_and_wildcards() {
    let text = "\u{feff}# list\r\none.example\r\n  TWO.example. # comment\r\n; no\r\n// no\r\n! no\r\n*.three.example\r\n\
                four.example:8443\r\nb\u{fc}cher.example\r\n0.0.0.0 five.example six.example\r\n127.0.0.1 localhost\r\n\
                192.0.2.7\r\n198.51.100.0/24\r\nhttps://seven.example/\r\nhttps://eight.example/p#x\r\none.example\r\n";
    let (contents, report) = compiled("list.txt", text);
    assert_eq!(rejects(&report), []);
    assert_eq!(
        names(&contents),
        [
            "five.example",
            "four.example",
            "one.example",
            "seven.example",
            "six.example",
            "three.example",
            "two.example",
            "xn--bcher-kva.example"
        ]
    );
    assert_eq!(report.summary.duplicates, 1);
    assert_eq!(report.summary.values.get(&ValueKind::Network), Some(&2));
    assert!(contents.values.iter().any(|(value, _)| *value == Value::Url("eight.example/p".into())));
}

#[test]
fn lines_that_name_nothing_are_rejected_by_their_number() {
    let text =
        b"good.example\na..b\nev*l.example\nintranet\ntwo words here\n||ads.example^\nex\xffample.com\n-\n";
    let (_, report) = compiled("list.txt", text.as_slice());
    let lines: Vec<_> = rejects(&report).into_iter().map(|(place, _)| place.to_owned()).collect();
    assert_eq!(lines, ["line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 8"]);
    assert_eq!(rejects(&report)[2].1, "\"intranet\": a single label is no public host name");
    assert!(error("list.txt", b"\xff\xfea\0".as_slice()).contains("UTF-16"));
}

#[test]
fn tables_name_the_line_of_what_they_cannot_give() {
    let text = "type,value,category,family,confidence,valid_until\n\
                domain,evil.example,phishing,Kit,70,\n\
                sha256,12,malware,,,\n\
                package,com.a,dual-use,\"A, B\",,\n\
                ,https://x.example/p?a=b,scam,,,2100-01-01T00:00:00Z\n\
                domain,x.example,nonsense,,,\n\
                domain,y.example,malware,,900,\n\
                colour,z.example,malware,,,\n\
                domain,w.example,malware,,,2020-01-01T00:00:00Z\n";
    let (contents, report) = compiled("t.csv", text);
    assert_eq!(contents.values.len(), 3);
    assert_eq!(report.summary.lapsed, 1);
    let lines: Vec<_> = rejects(&report).into_iter().map(|(place, _)| place.to_owned()).collect();
    assert_eq!(lines, ["line 3", "line 6", "line 7", "line 8"]);
    assert!(error("t.csv", "a,b\n1,2\n").contains("line 1: no column"));
}

#[test]
fn yaml_families_keep_digits_that_look_like_numbers() {
    let text = "- name: Fam\n  type: stalkerware\n  packages: [com.a, com.b]\n  certificates:\n  - 40E5123456789012345678901234567890123456\n  \
                - 1234567890123456789012345678901234567890\n  - broken\n  websites: [a.example]\n  c2:\n    ips: [192.0.2.1]\n    domains: [c2.example]\n  \
                certificate_cname_re: [x.*]\n- name: Parent\n  type: watchware\n  packages: [com.watch]\n- type: odd\n  packages: [com.odd]\n";
    let (contents, report) = compiled("ioc.yaml", text);
    assert_eq!(report.summary.values.get(&ValueKind::Certificate), Some(&2));
    assert_eq!(report.summary.values.get(&ValueKind::AppId), Some(&4));
    let places: Vec<_> = rejects(&report).into_iter().map(|(place, _)| place.to_owned()).collect();
    assert_eq!(places, ["family \"Fam\"", "family \"Fam\"", "family 2, which has no name"]);
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&contents, folder.path());
    let category = |id: &str| bundle.check(ValueKind::AppId, id, NOW).unwrap()[0].attribution.category;
    assert_eq!(category("com.a"), ThreatCategory::Stalkerware);
    assert_eq!(category("com.watch"), ThreatCategory::DualUse);
    assert_eq!(category("com.odd"), ThreatCategory::DualUse, "never more than is said");
}

#[test]
fn properties_of_a_family_that_are_not_read_are_named() {
    let text = "- name: Fam\n  names: [Other]\n  type: stalkerware\n  c2:\n    ip: [192.0.2.1]\n    urls: [x]\n  hashes: [y]\n";
    let (contents, report) = compiled("ioc.yaml", text);
    assert_eq!(report.summary.values.get(&ValueKind::Network), Some(&1), "{:?}", contents.values);
    assert_eq!(
        rejects(&report),
        [
            ("family \"Fam\"", "the property \"hashes\" is none that is read"),
            ("family \"Fam\"", "the property \"c2.urls\" is none that is read")
        ]
    );
}

#[test]
fn a_yaml_bomb_is_refused_quickly() {
    let mut text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let before = format!("*a{}", n - 1);
        text += &format!("- &a{n} [{}]\n", vec![before; 10].join(", "));
    }
    let started = std::time::Instant::now();
    let bomb = format!(
        "- name: x\n  packages:\n{}",
        text.lines().map(|line| format!("  {line}\n")).collect::<String>()
    );
    assert!(error("b.yaml", bomb).contains("not a list of families"));
    assert!(error("b.yaml", "- name: [\n").contains("line"));
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn two_inputs_of_one_name_are_refused() {
    let inputs = [Ok(super::input("a.txt", "x.example")), Ok(super::input("a.csv", "value\ny.example"))];
    let error = super::compile(super::options(None), inputs.into_iter()).unwrap_err();
    assert!(error.contains("two inputs are named a"), "{error}");
}

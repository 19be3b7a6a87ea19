//! Feeds become one signed bundle, in which a value is found, and which nobody can exchange or set back.

use crate::device::Device;

const STIX: &str = r#"{"type": "bundle", "objects": [
    {"type": "malware", "id": "malware--1", "name": "Pegasus", "is_family": true},
    {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'evil.example']"},
    {"type": "indicator", "id": "indicator--2", "pattern": "[a:b = 'x'] FOLLOWEDBY [c:d = 'y']"},
    {"type": "relationship", "id": "relationship--1", "relationship_type": "indicates",
     "source_ref": "indicator--1", "target_ref": "malware--1"}
]}"#;

fn built() -> Device {
    let device = Device::new();
    device.file("feed.stix2", STIX);
    device.file("list.txt", "# a list\r\nbad.example\r\nbad.example\r\nnot a name!\r\n");
    device.json("intel build feed.stix2 list.txt -o i.mtdi --bundle-version 7");
    device
}

#[test]
fn feeds_are_compiled_and_looked_up() {
    let device = built();
    let hit = device.mtd("intel check i.mtdi https://a.b.evil.example:8443/p").ends_with(3);
    hit.says("Pegasus").says("feed");
    device.mtd("intel check i.mtdi evil.example.org").ends_with(0).says("not known");
    let told = device.json("intel inspect i.mtdi");
    assert_eq!(told["version"], 7, "{told:#}");
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    let device = built();
    let report = device.mtd("intel build feed.stix2 list.txt -o other.mtdi").ends_with(0);
    let report = report.says("indicator--2").says("FOLLOWEDBY");
    report.says("line 4");
}

#[test]
fn an_older_bundle_and_another_key_are_refused() {
    let device = built();
    let older = device.mtd("intel build list.txt -o i.mtdi --bundle-version 6");
    assert!(older.error().contains("older"), "{older:?}");
    device.mtd("intel check i.mtdi evil.example").ends_with(3);

    let other = device.mtd("intel build list.txt -o j.mtdi --key other.p8");
    other.ends_with(0);
    let foreign = device.mtd("intel check j.mtdi bad.example");
    assert!(foreign.error().starts_with("j.mtdi: its signature does not verify"), "{foreign:?}");
}

#[test]
fn values_come_from_a_file_or_from_standard_input() {
    let device = built();
    device.file("hosts.txt", "\u{feff}evil.example\r\n\r\n  good.example  \r\n");
    let told = device.mtd("intel check i.mtdi --kind domain --from hosts.txt --json").ends_with(3).json();
    let hits = |at: usize| (told[at]["value"].as_str().unwrap(), told[at]["hits"].as_array().unwrap().len());
    assert_eq!([hits(0), hits(1)], [("evil.example", 1), ("good.example", 0)], "{told:#}");
    let both = device.mtd_reading("intel check i.mtdi good.example --from -", "bad.example\n").ends_with(3);
    both.says("good.example: not known").says("bad.example: malware");

    device.file("odd.txt", "good.example\n\na..b\n");
    device.file("nothing.txt", "\n\n");
    for (file, why) in [
        ("odd.txt", "line 3: a..b: a label is empty"),
        ("nothing.txt", "no values in it"),
        ("missing.txt", "No such file"),
    ] {
        let ran = device.mtd(&format!("intel check i.mtdi --kind domain --from {file}"));
        assert!(ran.error().starts_with(&format!("{file}: {why}")), "{ran:?}");
    }
}

#[test]
fn a_damaged_bundle_is_told_as_such() {
    let device = built();
    let whole = std::fs::read(device.path("i.mtdi")).unwrap();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 3;
        bytes
    };
    for (bytes, why) in [
        (changed(0), "not an intelligence bundle"),
        (changed(8), "its format is 2, this agent reads format 1: update the agent"),
        (changed(16), "its signature does not verify"),
        (changed(130), "its signature does not verify"),
        (changed(192), "its table of page digests is damaged"),
        (whole[..100].to_vec(), "truncated"),
        (whole[..whole.len() / 2].to_vec(), "truncated"),
        ([whole.as_slice(), b"more"].concat(), "truncated or damaged"),
        (Vec::new(), "not an intelligence bundle"),
    ] {
        std::fs::write(device.path("i.mtdi"), bytes).unwrap();
        for command in ["inspect i.mtdi", "check i.mtdi evil.example"] {
            let ran = device.mtd(&format!("intel {command}"));
            let error = ran.error();
            assert!(error.starts_with("i.mtdi: ") && error.contains(why), "no \"{why}\": {ran:?}");
        }
    }
}

/// The head is whole, so the bundle opens; what the page holds is not told, and nothing wrong either.
#[test]
fn a_page_that_is_damaged_in_the_middle_is_an_error_of_the_values_that_need_it() {
    let device = Device::new();
    let names: String = (0..20_000).map(|n| format!("n{n}.example.com\n")).collect();
    device.file("list.txt", names);
    device.json("intel build list.txt -o i.mtdi");
    let mut bytes = std::fs::read(device.path("i.mtdi")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(device.path("i.mtdi"), bytes).unwrap();

    let inspected = device.mtd("intel inspect i.mtdi");
    let error = inspected.error();
    assert!(
        error.starts_with("i.mtdi: page ") && error.contains("download the bundle again"),
        "{inspected:?}"
    );
    let checked = device.mtd("intel check i.mtdi --kind domain --from list.txt");
    let error = checked.error();
    assert!(error.starts_with("list.txt: line ") && error.contains("bundle: page "), "{checked:?}");
    device.mtd("intel check i.mtdi n0.example.com n1.example.com n2.example.com").ends_with(3);
}

#[test]
fn odd_objects_of_a_stix_file_are_named_and_cost_no_others() {
    let device = Device::new();
    device.file(
        "odd.stix2",
        r#"{"type": "bundle", "objects": [
        {"type": "malware", "id": "malware--1", "name": "One"},
        {"type": "malware", "id": "malware--2", "name": "Two"},
        {"type": "relationship", "relationship_type": "variant-of", "source_ref": "malware--1", "target_ref": "malware--2"},
        {"type": "relationship", "relationship_type": "variant-of", "source_ref": "malware--2", "target_ref": "malware--1"},
        {"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "indicator--1"},
        {"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "malware--1"},
        {"type": "relationship"},
        {"type": "x-unknown", "id": "x-unknown--1", "anything": [[]]},
        {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'one.example']"},
        {"type": "indicator", "id": "indicator--2"},
        {"type": "indicator", "id": "indicator--3", "pattern": 7},
        {"type": "indicator", "pattern": "[domain-name:value = "},
        {"id": "no-type--1"},
        "no object"
    ]}"#,
    );
    let told = device.json("intel build odd.stix2 -o i.mtdi");
    let rejects = told["sources"][0]["rejects"].as_array().unwrap();
    let places: Vec<_> = rejects.iter().map(|it| it["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["object 13", "indicator--2", "indicator--3", "object 11", "no-type--1"], "{told:#}");
    device.mtd("intel check i.mtdi one.example").ends_with(3).says("One");
}

#[test]
fn a_stix_file_of_100_mb_is_read() {
    let device = Device::new();
    let padding = "x".repeat(1024 * 1024);
    let indicator = |n: u32| {
        format!(
            r#"{{"type": "indicator", "id": "indicator--{n}", "description": "{padding}", "pattern": "[domain-name:value = 'n{n}.example']"}}"#
        )
    };
    let objects: Vec<_> = (0..100).map(indicator).collect();
    device.file("large.stix2", format!(r#"{{"type": "bundle", "objects": [{}]}}"#, objects.join(",")));
    let told = device.json("intel build large.stix2 -o i.mtdi");
    assert_eq!(told["sources"][0]["values"]["domain"], 100, "{told:#}");
}

/// Nothing is built, and the bundle that is there stays.
#[test]
fn a_feed_that_is_none_is_an_error_with_its_place() {
    let device = built();
    let before = std::fs::read(device.path("i.mtdi")).unwrap();
    let nested = |n: usize| format!("- &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
    let levels: String = (1..12).map(|n| format!("    {}", nested(n))).collect();
    device.file("bomb.yaml", format!("- name: x\n  packages:\n    - &a0 [x, x]\n{levels}"));
    device.file("depth.yaml", format!("- name: {}\n", "[".repeat(10_000)));
    device.file("cut.stix2", &STIX[..STIX.len() / 2]);
    device.file("deep.stix2", format!(r#"{{"objects": {}"#, "[".repeat(100_000)));
    device.file("utf16.txt", b"\xff\xfea\0");
    device.file("empty.txt", "");
    device.file("comments.txt", "# nothing\r\n");
    device.file("columns.csv", "a,b\n1,2\n");
    for (file, why) in [
        ("bomb.yaml", "line "),
        ("depth.yaml", "line 1"),
        ("cut.stix2", "line 4"),
        ("deep.stix2", "recursion limit exceeded at line 1"),
        ("utf16.txt", "convert it to UTF-8"),
        ("empty.txt", "it is empty"),
        ("comments.txt", "no indicator"),
        ("columns.csv", "line 1: no column"),
    ] {
        let ran = device.mtd(&format!("intel build {file} -o i.mtdi"));
        let (name, _) = file.split_once('.').unwrap();
        let error = ran.error();
        assert!(
            error.contains(why) && (error.starts_with(name) || file == "comments.txt"),
            "no \"{why}\": {ran:?}"
        );
    }
    assert_eq!(std::fs::read(device.path("i.mtdi")).unwrap(), before);
}

#[test]
fn lists_may_have_marks_line_ends_comments_ports_and_wildcards_and_name_what_is_no_value() {
    let device = Device::new();
    device.file(
        "list.txt",
        "\u{feff}# hosts\r\none.example:8443 # inline\r\n*.two.example\r\nb\u{fc}cher.example\r\n0.0.0.0 three.example\r\n\
         a..b\r\nev*l.example\r\nxn--a.example\r\ntwo words\r\n",
    );
    let told = device.json("intel build list.txt -o i.mtdi");
    let rejects = told["sources"][0]["rejects"].as_array().unwrap();
    let places: Vec<_> = rejects.iter().map(|it| it["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["line 6", "line 7", "line 8", "line 9"], "{told:#}");
    let known = "one.example a.two.example xn--bcher-kva.example three.example";
    let checked = device.mtd(&format!("intel check i.mtdi --kind domain {known} --json")).ends_with(3).json();
    assert!(
        checked.as_array().unwrap().iter().all(|it| !it["hits"].as_array().unwrap().is_empty()),
        "{checked:#}"
    );
}

#[test]
fn a_bundle_is_put_in_force_and_urls_are_judged_by_it() {
    let device = built();
    let unknown = device.mtd("check-url https://bad.example/").ends_with(4);
    unknown.says("no threat intelligence");
    device.mtd("intel install i.mtdi").ends_with(0).says("version 7");
    assert_eq!(device.json("status")["intel"]["version"], 7);
    let bad = device.mtd("check-url https://user@www.bad.example.:8443/a?b=c").ends_with(3);
    bad.says("high").says("bad.example").says("list");
    device.mtd("check-url good.example").ends_with(0).says("nothing known");
    let wrong = device.mtd("check-url http://");
    assert!(wrong.error().contains("http://"), "{wrong:?}");
}

#[test]
fn an_older_or_foreign_bundle_is_never_put_in_force() {
    let device = built();
    device.mtd("intel install i.mtdi").ends_with(0);
    device.mtd("intel build list.txt -o older.mtdi --bundle-version 6").ends_with(0);
    let older = device.mtd("intel install older.mtdi");
    assert!(older.error().contains("older.mtdi") && older.error().contains("roll-back"), "{older:?}");
    device.mtd("intel build list.txt -o foreign.mtdi --key other.p8 --bundle-version 9").ends_with(0);
    let foreign = device.mtd("intel install foreign.mtdi");
    assert!(foreign.error().contains("signature"), "{foreign:?}");
    assert_eq!(device.json("status")["intel"]["version"], 7);

    device.mtd("intel install foreign.mtdi --key other.p8").ends_with(0);
    assert_eq!(device.json("status")["intel"]["version"], 9);
}

#[test]
fn look_alikes_of_the_organisations_domains_are_told() {
    let device = built();
    device
        .file("psl.dat", "// ===BEGIN ICANN DOMAINS===\n\n// com\ncom\nco.kr\n// ===END ICANN DOMAINS===\n");
    device.json("intel build list.txt --psl psl.dat -o k.mtdi --bundle-version 8");
    device.mtd("intel install k.mtdi").ends_with(0);
    let bank = "check-url --own-domain paypal.co.kr";
    device.mtd(&format!("{bank} https://www.paypal.co.kr/")).ends_with(0).says("nothing known");
    let proved = device.mtd(&format!("{bank} https://login.p\u{430}ypal.com/x")).ends_with(3);
    proved.says("medium").says("paypal.co.kr");
    device.mtd(&format!("{bank} https://paypal.co.kr.evil.example/")).ends_with(3).says("low");
}

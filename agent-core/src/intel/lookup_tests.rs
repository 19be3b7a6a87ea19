//! The table of meanings: an indicator, an observation, and whether they meet.

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::bundle::{Attribution, Bundle, BundleKey, Contents, encode};
use super::value::{Value, ValueKind};
use crate::model::{AppId, AppRecord, AppSource, Severity, ThreatCategory, Timestamp};

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);
const SHA256: &str = "3f1d2a9c0b8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a392817060504";
const SHA1: &str = "00112233445566778899aabbccddeeff01234567";

fn attribution() -> Attribution {
    Attribution {
        category: ThreatCategory::Spyware,
        family: "Sample".into(),
        source: "tests".into(),
        severity: Severity::High,
        confidence: Some(85),
        reference: Some("https://reports.example.org/sample".into()),
        valid_from: None,
        valid_until: None,
        only_itself: false,
    }
}

/// A bundle of `(kind, value, attribution)`.
fn bundle(entries: &[(ValueKind, &str, Attribution)]) -> Bundle {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = BundleKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
    let mut contents = Contents::default();
    for (row, (kind, text, attribution)) in entries.iter().enumerate() {
        let value = Value::parse(*kind, text).unwrap_or_else(|why| panic!("{text}: {why}"));
        contents.values.insert((value, u16::try_from(row).unwrap()));
        contents.attributions.push(attribution.clone());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    std::fs::write(&path, encode(&contents, 1, NOW, &pair).unwrap()).unwrap();
    Bundle::open(&path, &public).unwrap()
}

use ValueKind::{
    Certificate, Domain, Email, FileHash, FileName, FilePath, Network, Process, Profile, Property, Url,
};

/// Kind and value of the indicator; kind and value of the observation; whether they meet.
#[rustfmt::skip]
const MEANINGS: &[(ValueKind, &str, ValueKind, &str, bool)] = &[
    // Host names: themselves, and below.
    (Domain, "evil.example", Url, "https://evil.example/p", true),
    (Domain, "evil.example", Url, "http://evil.example", true),
    (Domain, "evil.example", Url, "evil.example", true),
    (Domain, "evil.example", Url, "https://evil.example:8443/p", true),
    (Domain, "evil.example", Url, "https://user:secret@evil.example/", true),
    (Domain, "evil.example", Url, "https://evil.example@good.example/", false),
    (Domain, "evil.example", Url, "https://good.example/?u=https://evil.example/", false),
    (Domain, "evil.example", Url, "https://good.example/evil.example", false),
    (Domain, "evil.example", Url, "https://good.example/#evil.example", false),
    (Domain, "evil.example", Url, "https://evil.example./p", true),
    (Domain, "evil.example.", Url, "https://evil.example/p", true),
    (Domain, "EVIL.Example", Url, "https://eViL.eXample/p", true),
    (Domain, "evil.example", Url, "https://a.evil.example/", true),
    (Domain, "evil.example", Url, "https://a.b.c.d.e.f.evil.example/", true),
    (Domain, "a.evil.example", Url, "https://evil.example/", false),
    (Domain, "a.evil.example", Url, "https://b.evil.example/", false),
    (Domain, "b.evil.example", Url, "https://a.b.evil.example/", true),
    (Domain, "evil.example", Url, "https://notevil.example/", false),
    (Domain, "evil.example", Url, "https://evil.example.good.example/", false),
    (Domain, "evil.example", Url, "https://evil.examples/", false),
    (Domain, "www.evil.example", Url, "https://evil.example/", false),
    (Domain, "www.evil.example", Url, "https://www.evil.example/", true),
    (Domain, "evil.example", Url, "https://www.evil.example/", true),
    (Domain, "evil.example", Url, "ftp://evil.example/", true),
    (Domain, "evil.example", Url, "wss://evil.example/", true),
    (Domain, "evil.example", Url, "whatever://EVIL.example/p", true),
    (Domain, "b\u{fc}cher.example", Url, "whatever://B\u{fc}cher.example/p", true),
    (Domain, "evil.example", Domain, "x.evil.example", true),
    (Domain, "_dmarc.evil.example", Domain, "_dmarc.evil.example", true),
    // IDNA: Unicode, punycode, full-width and other notations of one name.
    (Domain, "b\u{fc}cher.example", Url, "https://xn--bcher-kva.example/", true),
    (Domain, "xn--bcher-kva.example", Url, "https://B\u{dc}CHER.example/", true),
    (Domain, "b\u{fc}cher.example", Url, "https://bucher.example/", false),
    (Domain, "evil.example", Url, "https://\u{ff45}vil.example/", true),
    (Domain, "evil.example", Url, "https://evil\u{3002}example/", true),
    (Domain, "evil.example", Url, "https://%65vil.example/", true),
    (Domain, "\u{d55c}\u{ad6d}.example", Url, "https://a.xn--3e0b707e.example/", true),
    // Addresses are numbers, never text.
    (Network, "192.0.2.1", Url, "https://192.0.2.1/p", true),
    (Network, "192.0.2.1", Url, "https://192.0.2.1:8443/p", true),
    (Network, "192.0.2.1", Url, "https://192.0.2.10/", false),
    (Network, "192.0.2.1", Url, "https://192.0.2.1.evil.example/", false),
    (Network, "192.0.2.1", Url, "https://3221225985/", true),
    (Network, "192.0.2.1", Url, "https://0xc0.0.2.1/", true),
    (Network, "192.0.2.1", Url, "https://[::ffff:192.0.2.1]/", true),
    (Network, "2.0.2.1", Url, "https://192.0.2.1/", false),
    (Domain, "192.0.2.1", Url, "https://192.0.2.1/", true),
    (Domain, "192.0.2.1", Url, "https://a.192.0.2.1.example/", false),
    (Network, "198.51.100.0/24", Url, "https://198.51.100.77/", true),
    (Network, "198.51.100.0/24", Url, "https://198.51.101.77/", false),
    (Network, "198.51.100.77/24", Url, "https://198.51.100.3/", true),
    (Network, "198.51.100.0/24", Network, "198.51.100.128/25", true),
    (Network, "198.51.100.0/24", Network, "198.51.0.0/16", false),
    (Network, "2001:db8::/32", Url, "https://[2001:db8:1::5]/", true),
    (Network, "2001:db8::/32", Url, "https://[2001:db9::5]/", false),
    (Network, "2001:DB8::1", Network, "2001:db8:0:0:0:0:0:1", true),
    (Network, "::/96", Url, "https://192.0.2.1/", false),
    // URLs: host, path by component, query by parameter.
    (Url, "https://evil.example/a/b", Url, "https://evil.example/a/b", true),
    (Url, "https://evil.example/a/b", Url, "http://evil.example/a/b/c?x=1", true),
    (Url, "https://evil.example/a/b", Url, "https://evil.example/a/bc", false),
    (Url, "https://evil.example/a/b", Url, "https://evil.example/a", false),
    (Url, "https://evil.example/a/", Url, "https://evil.example/a", true),
    (Url, "https://evil.example/a", Url, "https://evil.example/x/../a/b", true),
    (Url, "https://evil.example/a", Url, "https://evil.example/%61/b", true),
    (Url, "https://evil.example/a%2fb", Url, "https://evil.example/a%2Fb", true),
    (Url, "https://evil.example/a%2fb", Url, "https://evil.example/a/b", false),
    (Url, "https://evil.example/A", Url, "https://evil.example/a", false),
    (Url, "https://evil.example/a", Url, "https://sub.evil.example/a", false),
    (Url, "https://evil.example/", Url, "https://evil.example/any", true),
    (Url, "https://evil.example/a?id=1=2", Url, "https://evil.example/a?id=1=2", true),
    (Url, "https://evil.example/a?id=1", Url, "https://evil.example/a?id=1&utm=2", true),
    (Url, "https://evil.example/a?id=1", Url, "https://evil.example/a?id=11", false),
    (Url, "https://evil.example/a?id=1", Url, "https://evil.example/a", false),
    (Url, "https://evil.example/a?id=1", Url, "https://evil.example/a/b?id=1", false),
    (Url, "https://evil.example/a", Url, "https://evil.example/a#frag", true),
    (Url, "https://evil.example:8443/a", Url, "https://evil.example:8443/a", true),
    (Url, "https://evil.example:8443/a", Url, "https://evil.example/a", false),
    (Url, "https://evil.example:443/a", Url, "https://evil.example/a", true),
    (Url, "https://evil.example/a", Url, "https://evil.example:8443/a", true),
    // Digests: bytes, however written; certificate and file are different things.
    (Certificate, SHA1, Certificate, "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01:23:45:67", true),
    (Certificate, SHA256, Certificate, "sha256:3F1D2A9C0B8E7D6C5B4A39281706F5E4D3C2B1A09F8E7D6C5B4A392817060504", true),
    (Certificate, SHA1, FileHash, SHA1, false),
    (FileHash, SHA256, FileHash, SHA256, true),
    (FileHash, "d41d8cd98f00b204e9800998ecf8427e", FileHash, "D41D8CD98F00B204E9800998ECF8427E", true),
    (FileHash, "d41d8cd98f00b204e9800998ecf8427e", FileHash, "d41d8cd98f00b204e9800998ecf8427f", false),
    // Paths by whole components; names whole.
    (FilePath, "/private/var/tmp/x", FilePath, "/private/var/tmp/x", true),
    (FilePath, "/private/var/tmp/x/", FilePath, "/private/var/tmp/x/y/z", true),
    (FilePath, "/private/var/tmp/x", FilePath, "/private/var/tmp/xy", false),
    (FilePath, "/private/var/tmp/x", FilePath, "/private/var/tmp", false),
    (FilePath, "/tmp/x", FilePath, "/private/tmp/x", false),
    (FileName, "payload.so", FilePath, "/data/local/tmp/payload.so", true),
    (FileName, "payload.so", FilePath, "/data/payload.so/other", false),
    (Process, "bh", Process, "bh", true),
    (Process, "bh", Process, "bhd", false),
    (Process, "bh", Process, "/usr/libexec/bh", true),
    (Process, "bh", Process, "BH", false),
    (Profile, "57DCD0A1-38C4-4C5F-B2F5-5A3A4B4E0000", Profile, "57dcd0a1-38c4-4c5f-b2f5-5a3a4b4e0000", true),
    (Profile, "57DCD0A1", Profile, "57DCD0A1-38C4", false),
    (Email, "Who@Mail.example", Email, "who@mail.example", true),
    (Email, "who@mail.example", Email, "xwho@mail.example", false),
    (Property, "sys.brand.note", Property, "sys.brand.note", true),
    (Property, "sys.brand", Property, "sys.brand.note", false),
];

#[test]
fn every_meaning_of_the_table_holds() {
    assert!(MEANINGS.len() >= 60);
    for (kind, indicator, observed_as, observation, meets) in MEANINGS {
        let bundle = bundle(&[(*kind, *indicator, attribution())]);
        let hits = bundle.check(*observed_as, observation, NOW).unwrap();
        assert_eq!(
            !hits.is_empty(),
            *meets,
            "{kind} {indicator} against {observed_as} {observation}: {hits:?}"
        );
    }
}

#[test]
fn a_hit_gives_family_source_confidence_severity_and_reference() {
    let bundle = bundle(&[(Domain, "evil.example", attribution())]);
    let hits = bundle.check_url("https://a.evil.example/p", NOW).unwrap();
    insta::assert_json_snapshot!("hit", hits);
}

#[test]
fn a_public_suffix_matches_only_itself() {
    let suffix = Attribution { only_itself: true, ..attribution() };
    let bundle = bundle(&[(Domain, "github.io", suffix), (Domain, "evil.github.io", attribution())]);
    let met = |url: &str| {
        bundle.check_url(url, NOW).unwrap().into_iter().map(|it| it.indicator).collect::<Vec<_>>()
    };
    assert_eq!(met("https://github.io/"), ["github.io"]);
    assert_eq!(met("https://good.github.io/"), [""; 0]);
    assert_eq!(met("https://a.evil.github.io/"), ["evil.github.io"]);
}

#[test]
fn what_has_lapsed_or_does_not_hold_yet_meets_nothing() {
    let until = Attribution { valid_until: Some(NOW), ..attribution() };
    let from = Attribution { valid_from: Some(NOW), ..attribution() };
    let bundle = bundle(&[(Domain, "old.example", until), (Domain, "new.example", from)]);
    let meets = |host: &str, now| !bundle.check_host(host, now).unwrap().is_empty();
    assert!(meets("old.example", NOW.plus_seconds(-1)) && !meets("old.example", NOW));
    assert!(!meets("new.example", NOW.plus_seconds(-1)) && meets("new.example", NOW));
}

#[test]
fn all_indicators_of_a_value_are_told_the_gravest_first() {
    let tool = Attribution {
        category: ThreatCategory::DualUse,
        severity: Severity::Medium,
        family: "Tool".into(),
        ..attribution()
    };
    let bundle = bundle(&[
        (Domain, "evil.example", tool),
        (Domain, "a.evil.example", attribution()),
        (Url, "a.evil.example/p", attribution()),
    ]);
    let hits = bundle.check_url("https://a.evil.example/p/q", NOW).unwrap();
    let told: Vec<_> = hits.iter().map(|hit| (hit.kind, hit.attribution.severity)).collect();
    assert_eq!(told, [(Domain, Severity::High), (Url, Severity::High), (Domain, Severity::Medium)]);
}

fn app(id: &str, signer: &str) -> AppRecord {
    let signers = signer.parse().into_iter().collect();
    AppRecord { id: AppId::new(id), signers, ..AppRecord::from_source(AppSource::AndroidPackageManager) }
}

#[test]
fn apps_meet_by_identifier_by_signer_and_by_both_together() {
    let signed = format!("com.both.app {SHA256}");
    let bundle = bundle(&[
        (ValueKind::AppId, "com.Example.Tracker", attribution()),
        (Certificate, SHA1, attribution()),
        (ValueKind::SignedApp, &signed, attribution()),
    ]);
    let sha256 = format!("sha256:{SHA256}");
    let sha1 = format!("sha1:{SHA1}");
    for (id, signer, expected) in [
        ("com.Example.Tracker", "", vec![(ValueKind::AppId, false)]),
        ("com.example.tracker", "", vec![(ValueKind::AppId, true)]),
        ("com.Example.Tracker.pro", "", vec![]),
        ("com.other", sha1.as_str(), vec![(Certificate, false)]),
        ("com.both.app", sha256.as_str(), vec![(ValueKind::SignedApp, false)]),
        ("com.both.app", sha1.as_str(), vec![(Certificate, false)]),
        ("com.both.other", sha256.as_str(), vec![]),
        ("com.both.app", "hashcode:1234abcd", vec![]),
    ] {
        let hits = bundle.check_app(&app(id, signer), NOW).unwrap();
        let met: Vec<_> = hits.iter().map(|hit| (hit.kind, hit.weak)).collect();
        assert_eq!(met, expected, "{id} {signer}");
    }
}

#[test]
fn an_observation_that_is_none_is_an_error_with_the_reason() {
    let bundle = bundle(&[]);
    for (kind, text) in [
        (Url, "https://"),
        (Url, ""),
        (Domain, "a..b"),
        (Domain, "a b"),
        (Network, "1.2.3"),
        (FileHash, "12"),
        (Email, "@"),
    ] {
        assert!(bundle.check(kind, text, NOW).is_err(), "{kind} {text:?}");
    }
}

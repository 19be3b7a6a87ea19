//! The table of meanings, from the pattern of an indicator to an observation: compiled, looked up, met or not.

use agent_core::intel::value::ValueKind;
use publicsuffix::List;

use super::{NOW, bundle, compile, input, options};

/// Public suffixes as the list has them: of registries, of companies (private), and with a wildcard.
const SUFFIXES: &str = "// ===BEGIN ICANN DOMAINS===\nexample\nco.example\nio\n*.wild.example\n!own.wild.example\n\
                        // ===BEGIN PRIVATE DOMAINS===\ngithub.io\nblogs.example\n";
const SHA1: &str = "00112233445566778899aabbccddeeff01234567";

use ValueKind::{AppId, Certificate, Domain, FileHash, FileName, FilePath, Network, Process, Url};

/// Pattern; other properties of the indicator, as JSON; kind and value of the observation; whether they meet.
#[rustfmt::skip]
const MEANINGS: &[(&str, &str, ValueKind, &str, bool)] = &[
    // Public suffixes, registries' and private: only themselves. What is registered below one: everything below, too.
    ("[domain-name:value = 'github.io']", "", Url, "https://github.io/", true),
    ("[domain-name:value = 'github.io']", "", Url, "https://good.github.io/", false),
    ("[domain-name:value = 'evil.github.io']", "", Url, "https://a.b.evil.github.io/", true),
    ("[domain-name:value = 'evil.github.io']", "", Url, "https://good.github.io/", false),
    ("[domain-name:value = 'co.example']", "", Url, "https://shop.co.example/", false),
    ("[domain-name:value = 'blogs.example']", "", Url, "https://me.blogs.example/", false),
    ("[domain-name:value = 'a.wild.example']", "", Url, "https://x.a.wild.example/", false),
    ("[domain-name:value = 'x.a.wild.example']", "", Url, "https://y.x.a.wild.example/", true),
    ("[domain-name:value = 'own.wild.example']", "", Url, "https://x.own.wild.example/", true),
    ("[domain-name:value = 'example']", "", Url, "https://any.example/", false),
    ("[domain-name:value LIKE '%.github.io']", "", Url, "https://good.github.io/", false),
    ("[domain-name:value = 'GitHub.IO.']", "", Url, "https://good.github.io/", false),
    // OR, IN, LIKE.
    ("[domain-name:value = 'a.example' OR domain-name:value = 'b.example']", "", Url, "https://b.example/", true),
    ("[domain-name:value = 'a.example'] OR [domain-name:value = 'b.example']", "", Url, "https://b.example/", true),
    ("[domain-name:value IN ('a.example', 'b.example')]", "", Url, "https://x.b.example/", true),
    ("[domain-name:value IN ('a.example', 'b.example')]", "", Url, "https://c.example/", false),
    ("[domain-name:value LIKE '%.a.example']", "", Url, "https://x.a.example/", true),
    ("[domain-name:value LIKE '%.a.example']", "", Url, "https://ba.example/", false),
    ("[file:path LIKE '/var/tmp/x/%']", "", FilePath, "/var/tmp/x/y", true),
    ("[file:path LIKE '/var/tmp/x/%']", "", FilePath, "/var/tmp/xy", false),
    ("[domain-name:value = 'a.example' OR file:size > 5]", "", Url, "https://a.example/", true),
    // AND: together, or not at all.
    ("[app:id = 'com.a' AND app:cert.sha1 = '00112233445566778899aabbccddeeff01234567']", "", AppId, "com.a", false),
    ("[app:id = 'com.a' AND app:cert.sha1 = '00112233445566778899aabbccddeeff01234567']", "", Certificate, SHA1, false),
    ("[file:name = 'a' AND file:hashes.'SHA-1' = '00112233445566778899aabbccddeeff01234567']", "", FileHash, SHA1, true),
    ("[file:name = 'a' AND file:hashes.'SHA-1' = '00112233445566778899aabbccddeeff01234567']", "", FileName, "a", false),
    // `=` and quotes inside of a value.
    ("[url:value = 'https://a.example/p?x=y=z']", "", Url, "https://a.example/p?x=y=z&t=1", true),
    ("[url:value = 'https://a.example/p?x=y=z']", "", Url, "https://a.example/p?x=y", false),
    (r"[process:name = 'it\'s']", "", Process, "it's", true),
    // Addresses.
    ("[ipv4-addr:value = '198.51.100.0/24']", "", Url, "https://198.51.100.9:8443/", true),
    ("[ipv4-addr:value = '198.51.100.1']", "", Url, "https://198.51.100.10/", false),
    ("[ipv6-addr:value = '2001:db8::/32']", "", Url, "https://[2001:db8::5]/", true),
    ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", "", Network, "198.51.100.9", true),
    ("[domain-name:value = '198.51.100.1']", "", Url, "https://x.198.51.100.1.example/", false),
    // Digests, with colons and quoted keys.
    ("[app:cert.sha1 = '00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01:23:45:67']", "", Certificate, SHA1, true),
    ("[x509-certificate:hashes.'SHA-1' = '00112233445566778899aabbccddeeff01234567']", "", Certificate, SHA1, true),
    ("[file:hashes.'SHA-1' = '00112233445566778899aabbccddeeff01234567']", "", Certificate, SHA1, false),
    // Revoked, expired, not yet; the end itself is excluded.
    ("[domain-name:value = 'a.example']", r#""revoked": true"#, Url, "https://a.example/", false),
    ("[domain-name:value = 'a.example']", r#""revoked": false"#, Url, "https://a.example/", true),
    ("[domain-name:value = 'a.example']", r#""valid_until": "2020-01-01T00:00:00Z""#, Url, "https://a.example/", false),
    ("[domain-name:value = 'a.example']", r#""valid_until": "2100-01-01T00:00:00Z""#, Url, "https://a.example/", true),
    ("[domain-name:value = 'a.example']", r#""valid_from": "2020-01-01T00:00:00Z""#, Url, "https://a.example/", true),
    ("[domain-name:value = 'a.example']", r#""valid_from": "2100-01-01T00:00:00Z""#, Url, "https://a.example/", false),
    ("[domain-name:value = 'a.example'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'", "", Url, "https://a.example/", false),
    ("[domain-name:value = 'a.example']", r#""pattern_type": "yara""#, Url, "https://a.example/", false),
    ("[domain-name:value = 'a.example']", r#""indicator_types": ["benign"]"#, Url, "https://a.example/", false),
    // Host names in the notations that feeds have.
    ("[domain-name:value = 'B\u{fc}cher.example']", "", Domain, "a.xn--bcher-kva.example", true),
    ("[domain-name:value = 'xn--bcher-kva.example']", "", Url, "https://b\u{fc}cher.example:8443/", true),
    ("[domain-name:value = 'www.a.example']", "", Url, "https://a.example/", false),
    ("[domain-name:value != 'a.example']", "", Url, "https://b.example/", false),
];

#[test]
fn every_meaning_of_the_table_holds() {
    for (pattern, properties, kind, observation, meets) in MEANINGS {
        let more = if properties.is_empty() { String::new() } else { format!(", {properties}") };
        let pattern_text = serde_json::to_string(pattern).unwrap();
        // Beside one that is always there, for a bundle is not empty.
        let feed = format!(
            r#"{{"objects": [{{"type": "indicator", "id": "indicator--1", "pattern": {pattern_text}{more}}},
            {{"type": "indicator", "id": "indicator--2", "pattern": "[process:name = 'other']"}}]}}"#
        );
        let suffixes = List::from_bytes(SUFFIXES.as_bytes()).unwrap();
        let (contents, _) =
            compile(options(Some(suffixes)), [Ok(input("feed.stix2", feed))].into_iter()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let hits = bundle(&contents, folder.path()).check(*kind, observation, NOW).unwrap();
        assert_eq!(!hits.is_empty(), *meets, "{pattern} {properties} against {kind} {observation}: {hits:?}");
    }
}

use agent_core::intel::value::{Value, ValueKind};
use proptest::prelude::*;

use crate::intel::stix::lower::lower;
use crate::intel::stix::pattern::parse;

const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
const SHA1: &str = "00112233445566778899aabbccddeeff01234567";
const SHA256: &str = "3f1d2a9c0b8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a392817060504";

/// The values of a pattern, and how many parts cannot be expressed.
fn lowered(text: &str) -> (Vec<Value>, Vec<String>) {
    let pattern = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    let lowered = lower(&pattern);
    (lowered.values.into_iter().map(|(value, _)| value).collect(), lowered.cannot)
}

fn domain(name: &str) -> Value {
    Value::parse(ValueKind::Domain, name).unwrap()
}

#[test]
fn what_indicators_use_is_expressed() {
    let sha256 = || Value::parse(ValueKind::FileHash, SHA256).unwrap();
    let expected: Vec<(String, Vec<Value>)> = vec![
        ("[domain-name:value='a.example']".into(), vec![domain("a.example")]),
        ("[ domain-name:value = 'a.example' ]".into(), vec![domain("a.example")]),
        (
            "[domain-name:value = 'a.example' OR domain-name:value = 'b.example']".into(),
            vec![domain("a.example"), domain("b.example")],
        ),
        (
            "[domain-name:value = 'a.example'] OR [domain-name:value = 'b.example']".into(),
            vec![domain("a.example"), domain("b.example")],
        ),
        (
            "([domain-name:value IN ('a.example', 'b.example')])".into(),
            vec![domain("a.example"), domain("b.example")],
        ),
        ("[domain-name:value LIKE '%.a.example']".into(), vec![domain("a.example")]),
        ("[domain-name:value LIKE 'a.example']".into(), vec![domain("a.example")]),
        (format!("[file:hashes.'SHA-256' = '{SHA256}']"), vec![sha256()]),
        (format!("[file:hashes.\"x\" = '{SHA256}']").replace("\"x\"", "sha256"), vec![sha256()]),
        (format!("[file:hashes.MD5 = '{MD5}' AND file:hashes.'SHA-256' = '{SHA256}']"), vec![sha256()]),
        (
            format!("[(file:name = 'a' OR file:name = 'b') AND file:hashes.'SHA-256' = '{SHA256}']"),
            vec![sha256(), sha256()],
        ),
        (
            format!("[app:id = 'com.a' AND app:cert.sha1 = '{SHA1}']"),
            vec![Value::SignedApp(format!("com.a {SHA1}"))],
        ),
        (
            "[file:parent_directory_ref.path = '/tmp/' AND file:name = 'x']".into(),
            vec![Value::FilePath("/tmp/x".into())],
        ),
        (r"[file:name = 'it\'s a \\ name']".into(), vec![Value::FileName(r"it's a \ name".into())]),
        ("[url:value = 'https://a.example/p?x=y=z']".into(), vec![Value::Url("a.example/p?x=y=z".into())]),
        ("[file:path LIKE '/var/tmp/%']".into(), vec![Value::FilePath("/var/tmp".into())]),
        (
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24']".into(),
            vec![Value::parse(ValueKind::Network, "192.0.2.0/24").unwrap()],
        ),
        ("[process:name = 'bh'] WITHIN 300 SECONDS".into(), vec![Value::Process("bh".into())]),
        ("[process:name = 'bh'] REPEATS 1 TIMES".into(), vec![Value::Process("bh".into())]),
    ];
    for (text, values) in expected {
        assert_eq!(lowered(&text), (values, vec![]), "{text}");
    }
}

#[test]
fn start_and_stop_bound_the_time() {
    let pattern =
        parse("[process:name='a'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'").unwrap();
    let bounds = lower(&pattern).values[0].1;
    assert_eq!(bounds.from.map(|it| it.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(bounds.until.map(|it| it.to_string()).as_deref(), Some("2026-01-02T00:00:00Z"));
}

#[test]
fn what_cannot_be_expressed_is_named_and_costs_no_alternative() {
    for (text, why) in [
        ("[process:name='a'] FOLLOWEDBY [process:name='b']", "FOLLOWEDBY"),
        ("[process:name='a'] AND [process:name='b']", "AND of separate observations"),
        ("[process:name='a'] REPEATS 5 TIMES", "REPEATS 5 TIMES"),
        ("[domain-name:value != 'a.example']", "negated"),
        ("[domain-name:value NOT IN ('a.example')]", "negated"),
        ("[domain-name:value MATCHES '^a.*$']", "MATCHES"),
        ("[domain-name:value LIKE '%evil%']", "LIKE"),
        ("[domain-name:value LIKE '%evil.example']", "LIKE"),
        ("[EXISTS domain-name:value]", "EXISTS"),
        ("[file:size > 100]", "no text"),
        ("[windows-registry-key:key = 'x']", "no property that is matched"),
        ("[file:hashes.'SHA-512' = '00']", "not the hexadecimal digits"),
        (
            "[domain-name:value = 'a.example' AND domain-name:resolves_to_refs[*].value = '192.0.2.1']",
            "no property",
        ),
        ("[domain-name:value = 'a.example' AND process:name = 'x']", "cannot be matched together"),
    ] {
        let (values, cannot) = lowered(text);
        assert!(
            values.is_empty() && cannot.len() == 1 && cannot[0].contains(why),
            "{text}: {values:?} {cannot:?}"
        );
        let either = format!("[domain-name:value = 'other.example'] OR ({text})");
        assert_eq!(lowered(&either), (vec![domain("other.example")], cannot), "{text}");
    }
    let wrong = format!("[file:hashes.MD5 = '{SHA1}']");
    assert!(lowered(&wrong).1[0].contains("not one of the algorithm"), "{wrong}");
}

#[test]
fn what_is_no_pattern_says_where_it_ends_being_one() {
    for (text, why) in [
        ("", "ends in the middle"),
        ("domain-name:value = 'a'", "\"domain-name\" where an observation"),
        ("[domain-name:value = 'a'", "ends in the middle"),
        ("[domain-name:value = 'a]", "closing quote"),
        ("[domain-name:value 'a']", "where a comparison should be"),
        ("[domain-name:value SOUNDS 'a']", "\"SOUNDS\" is no comparison"),
        ("[domain-name = 'a']", "where : should be"),
        ("[domain-name:value = 'a'] ]", "] after the end"),
        ("[domain-name:value IN ()]", "where a constant should be"),
        ("[a:b = 'c'] START t'x'", "START without STOP"),
        ("[a:b = §]", "has no meaning"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    assert!(parse(&"(".repeat(100_000)).unwrap_err().contains("nested"));
    assert!(parse(&format!("[a:b = '{}']", "x".repeat(1_100_000))).unwrap_err().contains("1 MiB"));
}

#[test]
fn a_pattern_that_multiplies_out_too_far_is_told_not_expanded() {
    let set: Vec<_> = (0..100).map(|n| format!("'{n}'")).collect();
    let test = format!("a:b IN ({})", set.join(","));
    let text = format!("[{}]", [test.as_str(); 6].join(" AND "));
    let (values, cannot) = lowered(&text);
    assert!(values.is_empty() && cannot[0].contains("multiplies out"), "{cannot:?}");
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_an_error(text in r"[\[\]()'a:=. ANDORINLKE\\]{0,60}") {
        _ = parse(&text).map(|pattern| lower(&pattern));
    }

    #[test]
    fn every_string_survives_its_escapes(name in "[^/\\p{Cc}]{1,20}") {
        prop_assume!(name.trim() == name && !name.is_empty());
        let escaped = name.replace('\\', r"\\").replace('\'', r"\'");
        let (values, cannot) = lowered(&format!("[file:name = '{escaped}']"));
        prop_assert_eq!((values, cannot), (vec![Value::FileName(name)], vec![]));
    }
}

//! The public feeds, where they lie beside this project. The counts are made by a reader that shares nothing with the
//! compiler but the JSON and YAML parsers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use agent_core::intel::value::{HostName, Value, ValueKind, host};
use publicsuffix::List;

use super::{Input, NOW, bundle, compile, options};
use crate::intel::SourceReport;

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("MTD_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    if !data.join("intel").is_dir() {
        eprintln!("skipped: {} absent", data.join("intel").display());
        return None;
    }
    Some(data)
}

fn files(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(data.join("intel")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn compiled(data: &Path) -> (agent_core::intel::bundle::Contents, Vec<SourceReport>) {
    let inputs = files(data).into_iter().map(|path| {
        let part = |it: Option<&std::ffi::OsStr>| it.unwrap().to_str().unwrap().to_owned();
        let content = std::fs::read(&path).unwrap();
        Ok(Input { name: part(path.file_stem()), extension: part(path.extension()), content })
    });
    let suffixes =
        List::from_bytes(&std::fs::read(data.join("psl/public_suffix_list.dat")).unwrap()).unwrap();
    compile(options(Some(suffixes)), inputs).unwrap()
}

/// `(kind, value as written)` of a STIX file, by splitting the one-comparison patterns that these files have.
fn of_stix(text: &str) -> Vec<(&'static str, String)> {
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let objects = document["objects"].as_array().unwrap();
    let patterns =
        objects.iter().filter(|it| it["type"] == "indicator").map(|it| it["pattern"].as_str().unwrap());
    patterns
        .map(|pattern| {
            let inside = pattern.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap();
            let (property, value) = inside.split_once('=').unwrap();
            let kind = match property.trim() {
                "domain-name:value" => "domain",
                "ipv4-addr:value" => "network",
                "file:path" => "file_path",
                "file:name" => "file_name",
                "file:hashes.sha256" => "file_hash",
                "app:id" => "app_id",
                "app:cert.sha256" => "certificate",
                "process:name" => "process",
                "email-addr:value" => "email",
                "configuration-profile:id" => "profile",
                "android-property:name" => "property",
                other => panic!("{other}"),
            };
            (kind, value.trim().trim_matches('\'').to_owned())
        })
        .collect()
}

fn of_yaml(text: &str) -> Vec<(&'static str, String)> {
    let families: Vec<BTreeMap<String, serde_json::Value>> = serde_saphyr::from_str(text).unwrap();
    let texts = |json: Option<&serde_json::Value>| -> Vec<String> {
        json.and_then(|it| it.as_array())
            .into_iter()
            .flatten()
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect()
    };
    let mut found = Vec::new();
    for family in &families {
        for (member, kind) in [
            ("packages", "app_id"),
            ("certificates", "certificate"),
            ("websites", "host"),
            ("distribution", "host"),
        ] {
            found.extend(texts(family.get(member)).into_iter().map(|it| (kind, it)));
        }
        let c2 = family.get("c2").and_then(|it| it.as_object()).into_iter().flatten();
        found.extend(c2.flat_map(|(_, hosts)| texts(Some(hosts))).map(|it| ("host", it)));
    }
    found
}

#[test]
fn counts_agree_with_an_independent_reader() {
    let Some(data) = data() else { return };
    let (contents, reports) = compiled(&data);
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&contents, folder.path());
    for path in files(&data) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let raw = if path.extension().unwrap() == "yaml" { of_yaml(&text) } else { of_stix(&text) };
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut seen = 0;
        for (kind, value) in &raw {
            let value = if *kind == "app_id"
                || *kind == "process"
                || kind.starts_with("file_") && *kind != "file_hash"
                || *kind == "property"
            {
                value.clone()
            } else {
                value.to_lowercase().trim_end_matches('.').to_owned()
            };
            let is_address = value.parse::<std::net::IpAddr>().is_ok();
            let kind = match *kind {
                "host" | "domain" if is_address => "network",
                "host" if value.contains('/') => "url",
                "host" => "domain",
                kind => kind,
            };
            seen += 1;
            expected.entry(kind.to_owned()).or_default().insert(value);
        }
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(kind, values)| (kind, values.len() as u64)).collect();
        let source = bundle.sources().iter().find(|source| source.name == name).unwrap();
        let counted: BTreeMap<_, _> =
            source.values.iter().map(|(kind, count)| (kind.to_string(), *count)).collect();
        let report = reports.iter().find(|report| report.summary.name == name).unwrap();
        assert_eq!(counted, expected, "{name}: {:?}", report.rejects);
        let all = counted.values().sum::<u64>() + source.duplicates;
        assert!(all <= seen && seen <= all + source.rejected, "{name}: {seen} seen, {all} taken");
    }
}

#[test]
fn every_host_of_the_given_files_matches_itself() {
    let Some(data) = data() else { return };
    let (contents, _) = compiled(&data);
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&contents, folder.path());
    let (mut tried, mut misses, mut suffixes) = (0, Vec::new(), BTreeSet::new());
    for path in files(&data) {
        let text = std::fs::read_to_string(&path).unwrap();
        let raw = if path.extension().unwrap() == "yaml" { of_yaml(&text) } else { of_stix(&text) };
        for (_, value) in raw.iter().filter(|(kind, _)| ["domain", "host", "network"].contains(kind)) {
            tried += 1;
            for url in forms(value) {
                let hits = bundle.check_url(&url, NOW).unwrap();
                let known = bundle.check_url(value, NOW).unwrap();
                let only_itself = known.iter().all(|hit| hit.attribution.only_itself) && !known.is_empty();
                if hits.is_empty() && only_itself && url.contains("//a.b.") {
                    suffixes.insert(value.clone());
                } else if hits.is_empty() {
                    misses.push(url);
                }
            }
        }
    }
    assert_eq!(misses, [""; 0]);
    assert_eq!(suffixes, BTreeSet::from(PUBLIC_SUFFIXES.map(str::to_owned)));
    assert!(tried > 4_500, "{tried}");
}

#[test]
fn every_other_indicator_of_the_given_files_matches_itself() {
    let Some(data) = data() else { return };
    let (contents, _) = compiled(&data);
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&contents, folder.path());
    let mut kinds = BTreeSet::new();
    for (value, row) in &contents.values {
        let text = match value {
            Value::Domain(_) | Value::Url(_) | Value::Network(_) => continue,
            Value::Certificate(digest) | Value::FileHash(digest) => digest.hex(),
            Value::AppId(text)
            | Value::SignedApp(text)
            | Value::Process(text)
            | Value::FilePath(text)
            | Value::FileName(text)
            | Value::Profile(text)
            | Value::Email(text)
            | Value::Property(text) => text.clone(),
        };
        let hits = bundle.check(value.kind(), &text, NOW).unwrap();
        let expected = &contents.attributions[usize::from(*row)];
        assert!(hits.iter().any(|hit| hit.attribution == *expected && !hit.weak), "{text}");
        kinds.insert(value.kind());
    }
    assert_eq!(kinds.len(), 9, "{kinds:?}");
}

/// Listed hosts that are public suffixes, below which nothing matches: none of today's files has one.
const PUBLIC_SUFFIXES: [&str; 0] = [];

/// The URLs that an indicator must meet.
fn forms(value: &str) -> Vec<String> {
    let value = value.strip_prefix("https://").unwrap_or(value);
    // A few of the given hosts are URLs with a path, which have no place for a port behind them.
    if value.contains('/') {
        return vec![format!("https://{value}"), format!("https://{}/p", value.trim_end_matches('/'))];
    }
    let mut forms = vec![format!("https://{value}/p"), format!("https://{value}:8443/p")];
    if matches!(host(value), Ok(HostName::Name(_))) {
        forms.push(format!("https://a.b.{value}/"));
    }
    forms
}

#[test]
fn what_is_benign_does_not_match() {
    let Some(data) = data() else { return };
    let (contents, _) = compiled(&data);
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&contents, folder.path());
    for name in [
        "google.com",
        "apple.com",
        "wikipedia.org",
        "github.io",
        "co.uk",
        "example.com",
        "amazon.com",
        "kakao.com",
    ] {
        assert_eq!(bundle.check_host(name, NOW).unwrap(), [], "{name}");
    }
    for id in ["com.whatsapp", "com.google.android.gms", "com.android.vending", "com.kakao.talk"] {
        assert_eq!(bundle.check(ValueKind::AppId, id, NOW).unwrap(), [], "{id}");
    }
}

//! The public files in `../shared/data/versions`, read in place, against counts by a reader that shares nothing with the
//! compiler but the JSON and YAML parsers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agent_core::model::{EndOfLife, Fix, OsFamily};
use serde_json::Value;

use super::super::{VersionFile, compile};
use super::{day, exploited, version};

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("MTD_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let versions = data.join("versions");
    if !versions.is_dir() {
        eprintln!("skipped: {} absent", versions.display());
        return None;
    }
    Some(versions)
}

fn files(data: &Path) -> Vec<VersionFile> {
    let mut paths: Vec<_> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| VersionFile {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        content: std::fs::read(path).unwrap(),
    };
    paths.iter().map(read).collect()
}

#[test]
fn cycles_agree_with_an_independent_reader() {
    let Some(data) = data() else { return };
    let (tables, _) = compile(&files(&data)).unwrap();
    for os in [OsFamily::Android, OsFamily::Ios, OsFamily::Ipados] {
        let text = std::fs::read_to_string(data.join(format!("{os}.md"))).unwrap();
        let page: BTreeMap<String, Value> =
            serde_saphyr::from_str(text.split("\n---").next().unwrap().trim_start_matches("---")).unwrap();
        let listed = page["releases"].as_array().unwrap();
        let numbered: Vec<_> = listed
            .iter()
            .filter(|it| it["releaseCycle"].as_str().unwrap().chars().all(|c| c.is_ascii_digit() || c == '.'))
            .collect();
        let taken = &tables.releases[&os];
        assert_eq!(taken.len(), numbered.len(), "{os}");
        for release in numbered {
            let cycle = version(release["releaseCycle"].as_str().unwrap());
            let taken = taken.iter().find(|it| it.cycle == cycle).unwrap();
            let expected = match &release["eol"] {
                Value::Bool(true) => EndOfLife::Ended,
                Value::Bool(false) => EndOfLife::Supported,
                date => EndOfLife::On(day(date.as_str().unwrap())),
            };
            assert_eq!(taken.end_of_life, expected, "{os} {cycle}");
            assert_eq!(taken.latest, release["latest"].as_str().map(version), "{os} {cycle}");
        }
    }
    assert_eq!(tables.releases[&OsFamily::Android].len(), 33, "all but 4.4W, of watches");
}

#[test]
fn vulnerabilities_agree_with_an_independent_reader() {
    let Some(data) = data() else { return };
    let (tables, reports) = compile(&files(&data)).unwrap();
    let text = std::fs::read_to_string(data.join("known_exploited_vulnerabilities.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let entries = document["vulnerabilities"].as_array().unwrap();
    let of = |vendor: &str| entries.iter().filter(|it| it["vendorProject"] == vendor).count();
    // As a person counts: of Apple's, five are of macOS alone; of Android's, three are of Pixel alone.
    let (apple, android) = (of("Apple"), of("Android"));
    assert_eq!((apple, android), (84, 13));
    let only_macos = ["CVE-2015-1130", "CVE-2019-8526", "CVE-2021-30657", "CVE-2021-30713", "CVE-2022-22674"];
    let only_pixel = ["CVE-2023-21237", "CVE-2024-29745", "CVE-2024-29748"];
    let taken = |os| tables.exploited.iter().filter(|it| it.os == os).count();
    assert_eq!(taken(OsFamily::Ios), apple - only_macos.len());
    assert_eq!(taken(OsFamily::Android), android - only_pixel.len());
    for cve in only_macos.iter().chain(&only_pixel) {
        assert!(tables.exploited.iter().all(|it| it.cve != **cve), "{cve}");
    }
    let report = reports.iter().find(|report| report.kind == "catalogue").unwrap();
    let cves: std::collections::BTreeSet<_> = tables.exploited.iter().map(|it| it.cve.as_str()).collect();
    assert_eq!(report.left_out.values().sum::<u64>() + cves.len() as u64, entries.len() as u64);
    assert_eq!(report.rejects, []);
}

#[test]
fn every_vulnerability_of_the_catalogue_has_a_known_fix() {
    let Some(data) = data() else { return };
    let (tables, _) = compile(&files(&data)).unwrap();
    let without: Vec<_> = tables.exploited.iter().filter(|it| it.fixes.is_empty()).collect();
    assert_eq!(without, Vec::<&agent_core::model::ExploitedVulnerability>::new());
    let patch = |cve| exploited(&tables, cve, OsFamily::Android).unwrap().fixes.clone();
    assert_eq!(patch("CVE-2024-43093"), [Fix::Patch(day("2024-11-01"))], "from its notes");
    assert_eq!(
        patch("CVE-2024-36971"),
        [Fix::Patch(day("2024-08-05"))],
        "its notes name the first level only"
    );
}

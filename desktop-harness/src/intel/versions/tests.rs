//! Version tables: what is taken, what is left out and why, and the public files against an independent count.

mod given;

use agent_core::model::{Date, EndOfLife, ExploitedVulnerability, Fix, OsFamily, OsTables, OsVersion};
use serde_json::{Value, json};

use super::{VersionFile, VersionReport, compile};

fn file(name: &str, content: impl Into<Vec<u8>>) -> VersionFile {
    VersionFile { name: name.into(), content: content.into() }
}

fn version(text: &str) -> OsVersion {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn compiled(files: &[VersionFile]) -> (OsTables, Vec<VersionReport>) {
    compile(files).unwrap()
}

fn error(files: &[VersionFile]) -> String {
    compile(files).unwrap_err()
}

/// Places and reasons.
fn rejects(report: &VersionReport) -> Vec<(&str, &str)> {
    report.rejects.iter().map(|reject| (reject.place.as_str(), reject.why.as_str())).collect()
}

const IOS: &str = "---\ntitle: Apple iOS\npermalink: /ios\nreleases:\n  - releaseCycle: \"26\"\n    releaseDate: 2025-09-15\n    \
                   eol: false\n    latest: \"26.6.1\"\n    latestReleaseDate: 2026-08-17\n---\n\n> prose\n";

fn entry(cve: &str, vendor: &str, product: &str, description: &str, notes: &str) -> Value {
    json!({
        "cveID": cve, "vendorProject": vendor, "product": product, "dateAdded": "2025-01-02",
        "shortDescription": description, "notes": notes,
    })
}

fn catalogue(entries: &[Value]) -> VersionFile {
    let document = json!({
        "dateReleased": "2025-08-25T17:04:19.9796Z", "count": entries.len(), "vulnerabilities": entries,
    });
    file("known_exploited_vulnerabilities.json", document.to_string())
}

fn exploited<'a>(tables: &'a OsTables, cve: &str, os: OsFamily) -> Option<&'a ExploitedVulnerability> {
    tables.exploited.iter().find(|it| it.cve == cve && it.os == os)
}

#[test]
fn a_page_of_endoflife_date_is_read_whatever_its_line_ends() {
    let page = "\u{feff}---\r\npermalink: /debian\r\nreleases:\r\n  - releaseCycle: \"12\"\r\n    releaseDate: 2023-06-10\r\n    \
                eol: 2028-06-30\r\n    latest: '12.12'\r\n  - releaseCycle: 11\r\n    releaseDate: 2021-08-14\r\n    eol: true\r\n---\r\n";
    let (tables, reports) = compiled(&[file("debian.md", page)]);
    let releases = &tables.releases[&OsFamily::Debian];
    assert_eq!(releases.len(), 2);
    assert_eq!(
        (&releases[0].cycle, releases[0].end_of_life),
        (&version("12"), EndOfLife::On(day("2028-06-30")))
    );
    assert_eq!((&releases[0].latest, releases[0].latest_released), (&Some(version("12.12")), None));
    assert_eq!((&releases[1].cycle, releases[1].end_of_life), (&version("11"), EndOfLife::Ended));
    assert_eq!((reports[0].kind, reports[0].taken[&OsFamily::Debian]), ("releases", 2));
}

#[test]
fn a_page_without_a_link_is_told_by_its_name() {
    let (tables, _) = compiled(&[file("ios.md", IOS.replace("permalink: /ios\n", ""))]);
    assert_eq!(tables.releases[&OsFamily::Ios].len(), 1);
}

#[test]
fn a_cycle_that_cannot_be_read_is_left_out_by_its_name() {
    let page = "---\npermalink: /android\nreleases:\n  - {releaseCycle: \"16\", releaseDate: 2025-06-10, eol: false}\n  \
                - {releaseCycle: 4.4w, releaseDate: 2014-03-31, eol: 2017-10-01}\n  - {releaseCycle: \"15\", eol: false}\n  \
                - {releaseCycle: \"14\", releaseDate: 2023-10-04, eol: soon}\n  - {releaseDate: 2023-10-04, eol: false}\n  \
                - {releaseCycle: \"16.0\", releaseDate: 2025-06-10, eol: false}\n  - {releaseCycle: \"13\", releaseDate: 2022-08-15}\n---\n";
    let (tables, reports) = compiled(&[file("android.md", page)]);
    assert_eq!(tables.releases[&OsFamily::Android].len(), 1);
    let places: Vec<_> = rejects(&reports[0]).iter().map(|(place, _)| (*place).to_owned()).collect();
    assert_eq!(places, ["cycle 4.4w", "cycle 15", "cycle 14", "release 4", "cycle 16.0", "cycle 13"]);
    assert!(rejects(&reports[0])[2].1.starts_with("eol \"soon\""));
}

#[test]
fn a_page_of_another_product_and_what_is_no_page_are_left_out() {
    let ubuntu = IOS.replace("/ios", "/ubuntu");
    let (_, reports) = compiled(&[file("ios.md", IOS), file("ubuntu.md", ubuntu), file("README", "hello")]);
    assert_eq!(rejects(&reports[1]), [("page of ubuntu", "no system that the agent runs on")]);
    assert!(rejects(&reports[2])[0].1.starts_with("neither a page"));
    assert!(error(&[file("README", "hello")]).contains("no file tells"));
}

#[test]
fn a_page_that_is_broken_is_an_error_that_names_the_file() {
    for (page, words) in [
        ("---\npermalink: /ios\n", "no end"),
        ("---\npermalink: /ios\n---\n", "not a page of endoflife.date"),
        ("---\npermalink: [\n---\n", "not a page of endoflife.date"),
        ("---\npermalink: /ios\nreleases: []\n---\n", "no release"),
    ] {
        let error = error(&[file("ios.md", page)]);
        assert!(error.starts_with("ios.md: ") && error.contains(words), "{error}");
    }
    assert!(error(&[file("ios.md", IOS), file("ios2.md", IOS)]).contains("another file tells of ios"));
}

#[test]
fn a_yaml_bomb_in_a_page_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let before = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{before}]\n");
    }
    let page = format!("---\npermalink: /ios\nreleases: [*a11]\n{bomb}---\n");
    assert!(error(&[file("ios.md", page)]).contains("not a page of endoflife.date"));
}

#[test]
fn entries_go_to_the_systems_that_they_name() {
    let entries = [
        entry(
            "CVE-2030-0001",
            "Apple",
            "Multiple Products",
            "Apple iOS, iPadOS, and macOS contain a flaw.",
            "",
        ),
        entry("CVE-2030-0002", "Apple", "iOS", "Apple iOS WebKit contains a flaw.", ""),
        entry("CVE-2030-0003", "Apple", "macOS", "Apple macOS contains a flaw.", ""),
        entry("CVE-2030-0004", "Cisco", "Cisco IOS XE", "Cisco IOS contains a flaw.", ""),
        entry("CVE-2030-0005", "Android", "Pixel", "Android Pixel contains a flaw.", ""),
        entry("CVE-2030-0006", "Qualcomm", "Multiple Chipsets", "A flaw.", ""),
        entry("CVE-2030-0007", "Samsung", "Mobile Devices", "A flaw.", ""),
        entry(
            "CVE-2030-0008",
            "Android",
            "Framework",
            "Android Framework contains a flaw.",
            "https://source.android.com/docs/security/bulletin/2030-11-01 ; https://nvd.nist.gov/",
        ),
        entry(
            "CVE-2030-0009",
            "Android",
            "Kernel",
            "Android kernel contains a flaw.",
            "https://source.android.com/security/bulletin/pixel/2030-11-01",
        ),
        // Apple's own word on these is in the table that comes with the compiler.
        entry("CVE-2021-1789", "Apple", "Multiple Products", "A type confusion issue.", ""),
        entry("CVE-2024-32896", "Android", "Pixel", "Android Pixel contains a flaw.", ""),
    ];
    let (tables, reports) = compiled(&[catalogue(&entries)]);
    let systems = |cve: &str| -> Vec<_> {
        OsFamily::ALL.iter().filter(|os| exploited(&tables, cve, **os).is_some()).copied().collect()
    };
    let both = [OsFamily::Ios, OsFamily::Ipados];
    assert_eq!(systems("CVE-2030-0001"), both);
    assert_eq!(systems("CVE-2030-0002"), [OsFamily::Ios]);
    assert_eq!(systems("CVE-2021-1789"), both);
    for android in ["CVE-2030-0008", "CVE-2030-0009", "CVE-2024-32896"] {
        assert_eq!(systems(android), [OsFamily::Android], "{android}");
    }
    let fixes = |cve: &str| exploited(&tables, cve, OsFamily::Android).unwrap().fixes.clone();
    assert_eq!(fixes("CVE-2030-0008"), [Fix::Patch(day("2030-11-01"))]);
    assert_eq!(fixes("CVE-2030-0009"), [], "a bulletin of Pixel is none of Android");
    let report = &reports[0];
    assert_eq!(report.left_out.values().sum::<u64>(), 5);
    assert_eq!((report.catalogue, tables.catalogue), (Some(day("2025-08-25")), Some(day("2025-08-25"))));
    assert_eq!((report.taken[&OsFamily::Ios], report.without_fix[&OsFamily::Ios]), (3, 2));
}

#[test]
fn the_users_table_of_fixes_counts_before_the_one_that_is_built_in() {
    let entries = [
        entry("CVE-2025-43300", "Apple", "iOS and iPadOS", "Apple iOS and iPadOS contain a flaw.", ""),
        entry("CVE-2030-0001", "Apple", "iOS", "Apple iOS contains a flaw.", ""),
    ];
    let table = "# ours\r\ncve,os,fixed_in\r\nCVE-2025-43300,ios,99.1\r\nCVE-2030-0001,ios,30.1\r\n\
                 CVE-2030-0009,ios,30.1\r\nCVE-2030-0001,beos,1\r\nCVE-30-1,ios,1\r\nCVE-2030-0001,ios,soon\r\nCVE-2030-0001\r\n";
    let (tables, reports) = compiled(&[catalogue(&entries), file("exploited-fixes.csv", table)]);
    let fixes = |cve, os| exploited(&tables, cve, os).unwrap().fixes.clone();
    assert_eq!(fixes("CVE-2025-43300", OsFamily::Ios), [Fix::Version(version("99.1"))]);
    assert!(
        fixes("CVE-2025-43300", OsFamily::Ipados).contains(&Fix::Version(version("17.7.10"))),
        "as built in"
    );
    assert_eq!(fixes("CVE-2030-0001", OsFamily::Ios), [Fix::Version(version("30.1"))]);
    let told = rejects(&reports[1]);
    let places: Vec<_> = told.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, ["line 6", "line 7", "line 8", "line 9", "CVE-2030-0009 of ios"]);
    assert!(told[0].1.starts_with("\"beos\" is not one of"), "{told:?}");
}

#[test]
fn a_broken_catalogue_or_table_is_an_error_that_names_the_file() {
    let whole = catalogue(&[entry("CVE-2030-0001", "Apple", "iOS", "Apple iOS.", "")]);
    let mut short: Value = serde_json::from_slice(&whole.content).unwrap();
    short["count"] = json!(2);
    let cut = file("kev.json", &whole.content[..whole.content.len() / 2]);
    assert!(
        error(&[file("kev.json", short.to_string())])
            .contains("says that it has 2 vulnerabilities, and has 1")
    );
    assert!(
        error(&[cut]).starts_with("kev.json: not CISA's catalogue of known exploited vulnerabilities: EOF")
    );
    assert!(error(&[file("kev.json", "[]")]).contains("not CISA's catalogue"));
    assert!(error(&[catalogue(&[]), catalogue(&[])]).contains("another catalogue"));
    assert!(error(&[file("fixes.csv", "cve,fixed\nCVE-2030-0001,1\n")]).contains("its first row has to be"));
}

#[test]
fn an_entry_that_is_broken_costs_itself_alone() {
    let entries = [
        json!({"cveID": "CVE-2030-0001"}),
        json!(7),
        entry("CVE-X", "Apple", "iOS", "Apple iOS.", ""),
        entry("CVE-2030-0002", "Apple", "iOS", "Apple iOS.", ""),
    ];
    let (tables, reports) = compiled(&[catalogue(&entries)]);
    assert_eq!(tables.exploited.len(), 1);
    let places: Vec<_> = rejects(&reports[0]).iter().map(|(place, _)| (*place).to_owned()).collect();
    assert_eq!(places, ["CVE-2030-0001", "vulnerability 1", "CVE-X"]);
}

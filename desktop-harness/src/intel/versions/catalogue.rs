//! CISA's catalogue of known exploited vulnerabilities (KEV), as far as it is about the systems that the agent runs on.

use agent_core::model::{Date, ExploitedVulnerability, Fix, OsFamily};
use serde::Deserialize;
use serde_json::Value;

use super::VersionReport;
use super::fixes::Fixes;

/// Makers of what phones are built from, whose catalogue entries do not say which phones have it.
const OF_PARTS: &[&str] = &["Arm", "Imagination Technologies", "MediaTek", "Qualcomm", "Unisoc"];

/// The catalogue, read but not yet sorted.
pub(super) struct Catalogue {
    released: Option<Date>,
    entries: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    date_released: String,
    count: Option<usize>,
    vulnerabilities: Vec<Value>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(rename = "vendorProject")]
    vendor: String,
    product: String,
    #[serde(rename = "dateAdded")]
    added: Date,
    #[serde(rename = "shortDescription", default)]
    description: String,
    #[serde(default)]
    notes: String,
}

/// Reads the catalogue.
pub(super) fn read(text: &str) -> Result<Catalogue, String> {
    let document: Document = serde_json::from_str(text)
        .map_err(|error| format!("not CISA's catalogue of known exploited vulnerabilities: {error}"))?;
    let found = document.vulnerabilities.len();
    if let Some(count) = document.count.filter(|count| *count != found) {
        return Err(format!(
            "it says that it has {count} vulnerabilities, and has {found}: download it again"
        ));
    }
    let day = document.date_released.get(..10).and_then(|day| day.parse().ok());
    Ok(Catalogue { released: day, entries: document.vulnerabilities })
}

/// Whether `text` is a CVE identifier: `CVE-2025-43300`.
pub(super) fn is_cve(text: &str) -> bool {
    let digits = |text: &str, least: usize| {
        (least..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(year, number)| year.len() == 4 && digits(year, 4) && digits(number, 4))
}

impl Catalogue {
    /// The vulnerabilities of our systems, and the day of the catalogue; what is left out is told in `report`.
    pub(super) fn take(
        self,
        fixes: &Fixes,
        report: &mut VersionReport,
    ) -> (Vec<ExploitedVulnerability>, Option<Date>) {
        report.catalogue = self.released;
        let mut taken: Vec<ExploitedVulnerability> = Vec::new();
        for (at, value) in self.entries.into_iter().enumerate() {
            let name = value.get("cveID").and_then(Value::as_str).map(str::to_owned);
            let place = name.unwrap_or_else(|| format!("vulnerability {at}"));
            let entry: Entry = match serde_json::from_value(value) {
                Ok(entry) => entry,
                Err(error) => {
                    report.reject(place, error.to_string());
                    continue;
                }
            };
            if !is_cve(&entry.cve) {
                report.reject(place, "it has no CVE identifier");
                continue;
            }
            match systems(&entry, fixes) {
                Ok(systems) => taken.extend(systems.into_iter().map(|os| vulnerability(&entry, os, fixes))),
                Err(why) => *report.left_out.entry(why).or_insert(0) += 1,
            }
        }
        taken.sort();
        taken.dedup_by(|one, other| (&one.cve, one.os) == (&other.cve, other.os));
        for vulnerability in &taken {
            *report.taken.entry(vulnerability.os).or_insert(0) += 1;
            if vulnerability.fixes.is_empty() {
                *report.without_fix.entry(vulnerability.os).or_insert(0) += 1;
            }
        }
        (taken, self.released)
    }
}

/// The systems that `entry` is about, by its own words and by the fixes that are known of it; or why it is about none.
fn systems(entry: &Entry, fixes: &Fixes) -> Result<Vec<OsFamily>, &'static str> {
    let says = |name: &str| {
        let words = [&entry.product, &entry.description];
        words.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).any(|word| word == name)
    };
    let (of_vendor, why_not): (Vec<OsFamily>, _) = match entry.vendor.as_str() {
        "Apple" => {
            let named = [("iOS", OsFamily::Ios), ("iPadOS", OsFamily::Ipados)];
            let named = named.into_iter().filter(|(name, _)| says(name)).map(|(_, os)| os).collect();
            (named, "of Apple, and neither of iOS nor of iPadOS")
        }
        "Android" | "Google" if says("Pixel") => (Vec::new(), "of Pixel phones only"),
        "Android" => (vec![OsFamily::Android], ""),
        vendor if OF_PARTS.contains(&vendor) || (vendor == "Samsung" && says("Mobile")) => {
            (Vec::new(), "of one maker's chips or devices, and which phones have them is not told")
        }
        _ => (Vec::new(), "of other products"),
    };
    let is_about = |os: &OsFamily| of_vendor.contains(os) || fixes.of(&entry.cve, *os).is_some();
    let systems: Vec<_> = OsFamily::ALL.iter().copied().filter(is_about).collect();
    if systems.is_empty() { Err(why_not) } else { Ok(systems) }
}

fn vulnerability(entry: &Entry, os: OsFamily, fixes: &Fixes) -> ExploitedVulnerability {
    let stated = || match os {
        OsFamily::Android => bulletin(&entry.notes).map(Fix::Patch).into_iter().collect(),
        OsFamily::Ios | OsFamily::Ipados | OsFamily::Debian => Vec::new(),
    };
    ExploitedVulnerability {
        cve: entry.cve.clone(),
        os,
        added: entry.added,
        fixes: fixes.of(&entry.cve, os).unwrap_or_else(stated),
    }
}

/// The day of the Android Security Bulletin that `notes` link to. Those of Pixel have another path.
fn bulletin(notes: &str) -> Option<Date> {
    let links = notes.split("source.android.com/").skip(1);
    let mut days = links.filter_map(|rest| {
        let rest = rest.strip_prefix("docs/").unwrap_or(rest);
        rest.strip_prefix("security/bulletin/")?.get(..10)?.parse().ok()
    });
    days.next()
}
